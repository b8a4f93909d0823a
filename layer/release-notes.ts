// What a release says of itself: its version in every place where it stands, and its part of the changelog.

import { VERSION } from '../src/version.ts'

/** Files that state the version for those who publish or list the layers. */
const PLACES: readonly (readonly [path: string, form: (version: string) => string])[] = [
  ['package.json', (version) => `"version": "${version}"`],
  ['package-lock.json', (version) => `"version": "${version}"`],
  ['layer/template.yaml', (version) => `Extension ${version}`],
  ['layer/main.tf', (version) => `Extension ${version}`],
  ['layer/cdk.md', (version) => `Extension ${version}`],
  ['layer/README.md', (version) => `Extension ${version}`],
]

/** What is wrong, each as a sentence. `textOf` reads a file of the project. */
export function versionFaults(textOf: (path: string) => string, tag: string | undefined): string[] {
  const faults = PLACES.filter(([path, form]) => !textOf(path).includes(form(VERSION))).map(
    ([path, form]) => `${path} does not say ${form(VERSION)}`,
  )
  const heading = headingOf(textOf('CHANGELOG.md'), VERSION)
  if (heading === undefined) faults.push(`CHANGELOG.md has no part of ${VERSION}`)
  if (tag === undefined) return faults
  if (tag !== `v${VERSION}`) faults.push(`the tag is ${tag}, and the version is ${VERSION}`)
  if (heading?.includes('unreleased') === true) faults.push(`CHANGELOG.md calls ${VERSION} unreleased`)
  return faults
}

/** The part of the changelog that is of that version, without its heading. Throws where there is none. */
export function notesOf(changelog: string, version: string): string {
  const heading = headingOf(changelog, version)
  if (heading === undefined) throw new Error(`CHANGELOG.md has no part of ${version}`)
  const [, part = ''] = changelog.split(`${heading}\n`)
  return `${part.split(/^## /m, 1)[0]!.trim()}\n`
}

function headingOf(changelog: string, version: string): string | undefined {
  return changelog.split('\n').find((line) => line === `## ${version}` || line.startsWith(`## ${version} (`))
}
