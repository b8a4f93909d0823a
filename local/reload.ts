import { unwatchFile, watchFile } from 'node:fs'
import type { ParameterSeed, SecretSeed, Seed } from './emulators/aws/seed.ts'
import { loadSeed } from './emulators/aws/seed.ts'
import type { Aws } from './emulators/aws/server.ts'

const LOOK_EVERY_MS = 300

/**
 * Takes over what changes in the seed file: a changed value is a new version, as after a rotation, and a name that is gone
 * is deleted. `say` is told a sentence each time, also about a file that cannot be read, which changes nothing. Returns
 * what ends it.
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
          `${file} has changed: ${changes} values. What is cached stays until its time is over, or refreshNow=true.`,
        )
    } catch (error) {
      say(`nothing is changed: ${(error as Error).message}`)
    }
  }
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, look)
  return () => unwatchFile(file, look)
}

/** How many values are others now. Throws for one that AWS would not take. */
function takeOver(aws: Aws, before: Seed, after: Seed): number {
  let changes = 0
  for (const [name, seed] of changedIn(before.secrets, after.secrets)) {
    changes++
    if (seed === undefined) aws.deleteSecret(name)
    else aws.putSecret(name, secretValue(seed))
  }
  for (const [name, seed] of changedIn(before.parameters, after.parameters)) {
    changes++
    if (seed === undefined) aws.deleteParameter(name)
    else aws.putParameter(name, ...parameterValue(seed))
  }
  return changes
}

function changedIn<S>(
  before: Readonly<Record<string, S>> = {},
  after: Readonly<Record<string, S>> = {},
): [string, S | undefined][] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names]
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => [name, after[name]])
}

function secretValue(seed: string | SecretSeed): string | Buffer {
  if (typeof seed === 'string') return seed
  if (seed.binary !== undefined) return Buffer.from(seed.binary, 'base64')
  return typeof seed.value === 'string' ? seed.value : JSON.stringify(seed.value)
}

function parameterValue(
  seed: string | ParameterSeed,
): Parameters<Aws['putParameter']> extends [unknown, ...infer Rest] ? Rest : never {
  if (typeof seed === 'string') return [seed]
  const { value, type, tier } = seed
  return [value, { ...(type !== undefined && { type }), ...(tier !== undefined && { tier }) }]
}
