// @ts-check
//
// dist/package: the stand-in as a package of npm without dependencies. The program, its extension, its seed,
// `startLocal` for tests with the types of its source, and the notices of what is bundled.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npmNotices } from '../build/notices.mjs'

/** @typedef {import('../build/notices.mjs').Package} Package */

/** @typedef {{ contents: Uint8Array, metafile: import('esbuild').Metafile }} Made */

/**
 * @typedef {object} Build
 * @property {string} root the folder of the project
 * @property {import('esbuild').BuildOptions} common
 * @property {(options: import('esbuild').BuildOptions) => Promise<Made>} make
 * @property {(name: string, contents: string | Uint8Array) => Promise<void>} put writes a file below dist
 * @property {(metafiles: import('esbuild').Metafile[]) => Promise<Package[]>} packagesIn
 * @property {Package[]} packages what is in the extension
 */

const ENTRIES = { local: 'local/start.ts', index: 'local/start-local.ts' }

/** The types that users see, in the order in which they need each other. None of these files imports any other's. */
const DECLARATIONS = ['emulators/aws/seed-format', 'emulators/aws/fault', 'start-local']

/** @param {Build} options */
export async function buildPackage({ root, common, make, put, packagesIn, packages }) {
  await mkdir(`${root}/dist/package`, { recursive: true })
  const metafiles = []
  for (const [name, entry] of Object.entries(ENTRIES)) {
    const { contents, metafile } = await make({
      ...common,
      entryPoints: [entry],
      format: 'esm',
      supported: {},
      // The SDK's CommonJS files call `require`.
      banner: {
        js: `${name === 'local' ? '#!/usr/bin/env node\n' : ''}import{createRequire}from'node:module';const require=createRequire(import.meta.url);`,
      },
    })
    await put(`package/${name}.mjs`, contents)
    metafiles.push(metafile)
  }
  const { name, version, description, license } = JSON.parse(await readFile(`${root}/package.json`, 'utf8'))
  const manifest = {
    name,
    version,
    description: `${description}: a local stand-in, for development and tests`,
    license,
    type: 'module',
    bin: { [name]: 'local.mjs' },
    exports: { '.': { types: './index.d.ts', default: './index.mjs' }, './package.json': './package.json' },
    files: ['*.mjs', '*.d.ts', 'extension.cjs', 'seed.json', 'seed.schema.json', 'THIRD-PARTY-NOTICES.txt'],
    engines: { node: '>=20' },
  }
  await put('package/package.json', JSON.stringify(manifest, null, 2) + '\n')
  await put('package/index.d.ts', declarations(root))
  const held = [...packages, ...(await packagesIn(metafiles))]
  const byName = new Map(held.map((one) => [`${one.name} ${one.version}`, one]))
  const sorted = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  const title = `The local stand-in of the Open Parameters and Secrets Lambda Extension, ${license}.`
  const notices = `${title} It contains the following packages of npm.\n${npmNotices(sorted)}`
  await put('package/THIRD-PARTY-NOTICES.txt', notices)
  await put('package/README.md', withoutPaths(await readFile(`${root}/docs/local.md`, 'utf8')))
  for (const [from, to] of [
    ['dist/extension.cjs', 'extension.cjs'],
    ['local/seed.json', 'seed.json'],
    ['local/seed.schema.json', 'seed.schema.json'],
    ['LICENSE', 'LICENSE'],
  ]) {
    await put(`package/${to}`, await readFile(`${root}/${from}`))
  }
}

/**
 * One file of what tsc declares of those sources.
 * @param {string} root
 */
function declarations(root) {
  const folder = mkdtempSync(join(tmpdir(), 'declarations-'))
  try {
    const flags =
      '--ignoreConfig --declaration --emitDeclarationOnly --module nodenext --target es2023 --allowImportingTsExtensions --strict --exactOptionalPropertyTypes --skipLibCheck --types node'
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    execFileSync(
      process.execPath,
      [tsc, ...flags.split(' '), '--outDir', folder, '--rootDir', '.', 'local/start-local.ts'],
      { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
    )
    const texts = DECLARATIONS.map((name) => readFileSync(join(folder, `local/${name}.d.ts`), 'utf8'))
    return texts.join('\n').replaceAll(/^import type .*;\n/gm, '')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * A path of the project is none of the package.
 * @param {string} markdown
 */
function withoutPaths(markdown) {
  return markdown.replaceAll(/\[([^\]]+)\]\((?!https?:|#)[^)]*\)/g, '`$1` of the project')
}
