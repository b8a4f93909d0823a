// Tags, of which both services take the same and refuse the same, each in its own words.

import { type Input, optionalStructures, requiredText } from './input.ts'

/** https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
const MOST_TAGS = 50

/** By key. `refuse` makes the service's own error of a sentence. */
export function readTags(
  input: Input,
  refuse: (sentence: string) => Error,
  tooMany = refuse,
): ReadonlyMap<string, string> | undefined {
  const given = optionalStructures(input, 'Tags', 1000, 0)
  if (given === undefined) return undefined
  const tags = new Map<string, string>()
  for (const tag of given) {
    const key = requiredText(tag, 'Key', { max: 128 })
    const value = requiredText(tag, 'Value', { min: 0, max: 256 })
    if (/^aws:/i.test(key)) throw refuse('Tag keys must not begin with "aws:", which is reserved.')
    if (tags.has(key)) throw refuse(`Duplicate tag key: ${key}`)
    tags.set(key, value)
  }
  if (tags.size > MOST_TAGS) throw tooMany(`At most ${MOST_TAGS} tags.`)
  return tags
}

/** Adds them or takes their values over; changes nothing where there would be too many. */
export function addTags(
  held: Map<string, string>,
  tags: ReadonlyMap<string, string>,
  tooMany: (sentence: string) => Error,
): void {
  if (new Set([...held.keys(), ...tags.keys()]).size > MOST_TAGS) throw tooMany(`At most ${MOST_TAGS} tags.`)
  for (const [key, value] of tags) held.set(key, value)
}

export function listOfTags(tags: ReadonlyMap<string, string>): object[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }))
}
