import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// Where the built bundle and the seed are: beside this program where it was installed from npm, else in the checkout.

/** The extension, built. */
export function bundleFile(): string {
  return fileOf('extension.cjs', ['./extension.cjs', '../dist/extension.cjs'])
}

/** What the emulated AWS holds where no other seed is given. */
export function defaultSeedFile(): string {
  return fileOf('seed.json', ['./seed.json', '../local/seed.json'])
}

/** Throws where there is none. */
function fileOf(name: string, places: readonly string[]): string {
  const found = places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url))
  if (found === undefined) throw new Error(`there is no ${name}: npm run build`)
  return fileURLToPath(found)
}
