// Which secrets a filter of ListSecrets and BatchGetSecretValue keeps:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html

import { type Input, missing, optionalTexts, optionalWord } from './input.ts'
import type { Secret } from './secrets.ts'

const KEYS = [
  'description',
  'name',
  'tag-key',
  'tag-value',
  'primary-region',
  'owning-service',
  'all',
] as const

/** A secret is kept where one of the values matches. A value that begins with `!` matches what its rest does not. */
export function asSecretFilter(filter: Input): (secret: Secret) => boolean {
  const key = optionalWord(filter, 'Key', KEYS) ?? missing('Key')
  const values = optionalTexts(filter, 'Values', 10, { min: 0, max: 512 }) ?? missing('Values')
  return (secret) =>
    values.some((value) =>
      value.startsWith('!') ? !matches(secret, key, value.slice(1)) : matches(secret, key, value),
    )
}

/** "Prefix match, case-sensitive", but for descriptions and for `all`, which looks at words. */
function matches({ name, state }: Secret, key: (typeof KEYS)[number], value: string): boolean {
  const begins = (text: string): boolean => text.startsWith(value)
  switch (key) {
    case 'name':
      return begins(name)
    case 'description':
      return state.description.toLowerCase().startsWith(value.toLowerCase())
    case 'tag-key':
      return [...state.tags.keys()].some(begins)
    case 'tag-value':
      return [...state.tags.values()].some(begins)
    case 'primary-region':
      return state.primaryRegion !== undefined && begins(state.primaryRegion)
    // No secret here is another service's.
    case 'owning-service':
      return false
    case 'all':
      break
  }
  const words = [name, state.description, ...state.tags.keys(), ...state.tags.values()].flatMap(wordsOf)
  return wordsOf(value).every((wanted) => words.some((word) => word.startsWith(wanted)))
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s/_+=.@!:-]+/)
    .filter((word) => word !== '')
}
