// @ts-check
//
// Whose work is bundled, and under which licences.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

/**
 * @typedef {object} Package
 * @property {string} folder from the root of the project
 * @property {string} name
 * @property {string} version
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Between two licences. */
export const RULE = `\n${'-'.repeat(80)}\n\n`

/**
 * Each licence text once, below the packages that it is of: the same text at every build of the same packages. Throws
 * for a package that tells no licence.
 * @param {readonly Package[]} packages
 */
export function npmNotices(packages) {
  /** @type {Map<string, string[]>} */
  const byText = new Map()
  for (const one of packages) {
    const { license, text } = licenceOf(one)
    byText.set(text, [...(byText.get(text) ?? []), `${one.name} ${one.version} (${license})`])
  }
  return [...byText].map(([text, names]) => `\n${names.join('\n')}\n\n${text.trim()}\n`).join(RULE)
}

/**
 * Throws for a package that tells none.
 * @param {Package} one
 * @returns {{ license: string, text: string }}
 */
export function licenceOf({ folder, name }) {
  const path = join(ROOT, folder)
  /** @type {{ license?: string }} */
  const { license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  const file = readdirSync(path).find((one) => /^licen[cs]e(\.\w+)?$/i.test(one))
  // The text of Apache-2.0 names nobody, and is the same as ours.
  const whole =
    file === undefined && license === 'Apache-2.0' ? join(ROOT, 'LICENSE') : join(path, file ?? '')
  if (license === undefined || whole === path) throw new Error(`${name} tells no licence`)
  return { license, text: readFileSync(whole, 'utf8') }
}
