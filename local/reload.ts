import { unwatchFile, watchFile } from 'node:fs'
import type { ParameterSeed, SecretSeed, Seed } from './emulators/aws/seed.ts'
import { loadSeed } from './emulators/aws/seed.ts'
import { content } from './emulators/aws/secrets.ts'
import type { Aws } from './emulators/aws/server.ts'

const LOOK_EVERY_MS = 300

/**
 * Takes over what changes in the seed file: a changed value is a new version, as after a rotation; a name that is gone
 * is deleted at once; and an entry of which more is changed begins anew, as at the start. `say` gets a sentence each
 * time, also about a file that cannot be read, which changes nothing. Returns what ends it.
 */
export function followSeed(aws: Aws, file: string, first: Seed, say: (sentence: string) => void): () => void {
  let held = first
  const look = () => {
    try {
      const next = loadSeed(file)
      const changes = takeOver(aws, held, next)
      held = next
      if (changes > 0)
        say(
          `${file} has changed: ${changes} ${changes === 1 ? 'entry' : 'entries'}. What is cached stays until its time is over, or refreshNow=true.`,
        )
    } catch (error) {
      say(`nothing is changed: ${(error as Error).message}`)
    }
  }
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, look)
  return () => unwatchFile(file, look)
}

/** How many entries are others now. */
function takeOver(aws: Aws, before: Seed, after: Seed): number {
  let changes = 0
  for (const [name, was, is] of changedIn(before.secrets, after.secrets)) {
    changes++
    if (is === undefined) aws.removeSecret(name)
    else if (was === undefined || !isRotation(was, is)) aws.plantSecret(name, is)
    else aws.putSecret(name, typeof is === 'string' ? is : content(is))
  }
  for (const [name, was, is] of changedIn(before.parameters, after.parameters)) {
    changes++
    if (is === undefined) aws.deleteParameter(name)
    else if (was === undefined || !isRotation(was, is)) aws.plantParameter(name, is)
    else aws.putParameter(name, typeof is === 'string' ? is : is.value)
  }
  return changes
}

/** Whether nothing but the value is another: then what is held already becomes the version before. */
function isRotation(
  was: string | SecretSeed | ParameterSeed,
  is: string | SecretSeed | ParameterSeed,
): boolean {
  const rest = (seed: typeof was): string =>
    JSON.stringify(typeof seed === 'string' ? {} : { ...seed, value: undefined, binary: undefined })
  return rest(was) === rest(is)
}

function changedIn<S>(
  before: Readonly<Record<string, S>> = {},
  after: Readonly<Record<string, S>> = {},
): [string, S | undefined, S | undefined][] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names]
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => [name, before[name], after[name]])
}
