// What must never be in the output of the extension: every value that the emulated AWS holds, and the token.

import type { Seed } from '../local/emulators/aws/seed.ts'

/** Shorter ones would be found by chance, in a word or a number. */
const SHORTEST = 6

/** Values under the names they may be reported by. */
export class Values {
  readonly #byForm = new Map<string, string>()

  constructor(seed: Seed) {
    this.addAll(seed)
  }

  /** Watches for everything that the seed holds. */
  addAll(seed: Seed): void {
    for (const [name, entry] of Object.entries({ ...seed.secrets, ...seed.parameters })) {
      for (const value of valuesOf(entry)) this.add(name, value)
    }
  }

  /** Watches for a value as it is, as JSON text and as base64. */
  add(name: string, value: string | Buffer): void {
    const text = value.toString()
    if (text.length < SHORTEST) throw new RangeError(`the value of ${name} is too short to be searched for`)
    for (const form of [text, JSON.stringify(text).slice(1, -1), Buffer.from(value).toString('base64')]) {
      this.#byForm.set(form, name)
    }
  }

  /** One sentence per line that holds a value; the sentence does not. */
  foundIn(lines: readonly string[]): string[] {
    return lines.flatMap((line, i) =>
      [...this.#byForm]
        .filter(([form]) => line.includes(form))
        .map(([, name]) => `line ${i + 1} of the output holds the value of ${name}`),
    )
  }
}

/** Whatever stands under `value`, `binary`, `ciphertext` or as a bare string, at any depth. */
function valuesOf(entry: unknown): (string | Buffer)[] {
  if (typeof entry === 'string') return [entry]
  const { value, binary, ciphertext, previous, versions } = entry as Record<string, unknown>
  const older = [previous ?? [], versions ?? []].flat().flatMap(valuesOf)
  const own = [value, ciphertext].filter((one) => one !== undefined)
  return [
    ...own.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))),
    ...(typeof binary === 'string' ? [Buffer.from(binary, 'base64')] : []),
    ...older,
  ]
}
