// @ts-check
//
// One file from src/main.ts: dist/extension.cjs, and what it is made of: dist/meta.json.
//
// CommonJS, because Lambda executes the file without an extension, which Node takes for CommonJS. The part that holds
// the AWS SDK is bundled on its own first: a dynamic import inside one bundle would stop esbuild's tree shaking. It is
// embedded as text that is compiled when first needed, so that V8 does not parse it before `listen`.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { embed, PARTS, share } from './build/parts.mjs'
import { sdkTrimmer } from './build/sdk-trims.mjs'

/** @typedef {import('esbuild').BuildOptions} BuildOptions */

/** Minified bytes, about 5 % over what was reached. Raise it in the commit that says what was bought with it. */
const BUDGET = { ours: 146_000, sdk: 128_000 }

const root = dirname(fileURLToPath(import.meta.url))
const {
  quiet: isQuiet,
  local: withLocal,
  package: withPackage,
  'inline-upstream': isInline,
} = readArguments()
const { build } = await loadEsbuild()

const common = /** @satisfies {BuildOptions} */ ({
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // From the SDK's CommonJS files esbuild could leave nothing out.
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
  // Code compiled from text has no `import()` of its own.
  supported: { 'dynamic-import': false },
})

function readArguments() {
  const help = `npm run build [-- options]

  --quiet            says nothing but what is wrong
  --local            also dist/local.mjs from local/start.ts, for \`npm start\` on any Node
  --package          also dist/package, the local stand-in to be published by npm: \`npm pack dist/package\`
  --inline-upstream  the part that holds the SDK as code instead of text, for compilers that want to see all of it (Bun's)
  --help             this text`
  try {
    const { values } = parseArgs({
      options: {
        quiet: { type: 'boolean', default: false },
        local: { type: 'boolean', default: false },
        package: { type: 'boolean', default: false },
        'inline-upstream': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (!values.help) return values
  } catch (error) {
    console.error(`${/** @type {Error} */ (error).message}\n\n${help}`)
    return process.exit(2)
  }
  console.log(help)
  return process.exit(0)
}

/** Not imported at the top, so that a user who has installed nothing yet gets a sentence, not a stack. */
async function loadEsbuild() {
  try {
    return await import('esbuild')
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ERR_MODULE_NOT_FOUND') throw error
    console.error('esbuild is not installed: run `npm ci` first')
    return process.exit(1)
  }
}

/**
 * What was bundled, with the bytes that are left of each file.
 * @param {import('esbuild').Metafile[]} metafiles
 */
function inputsOf(metafiles) {
  return metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .map(([path, { bytesInOutput: bytes }]) => ({ path, bytes }))
}

/**
 * The packages of which the bundle holds bytes, by name.
 * @param {import('esbuild').Metafile[]} metafiles
 */
async function packagesIn(metafiles) {
  const folders = inputsOf(metafiles)
    .filter(({ bytes }) => bytes > 0)
    .flatMap(({ path }) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
  const packages = await Promise.all(
    [...new Set(folders)].map(async (folder) => {
      const { name, version } = JSON.parse(await readFile(`${root}/${folder}/package.json`, 'utf8'))
      return { folder, name, version }
    }),
  )
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function buildExtension() {
  const format = isInline ? 'esm' : 'cjs'
  const parts = await Promise.all(
    PARTS.map(async ({ name, entry }) => {
      const plugins = name === 'upstream' ? [sdkTrimmer, share] : [share]
      // Inline, an `import()` must still be one for the bundle around it.
      const supported = isInline ? {} : common.supported
      return { name, ...(await make({ ...common, format, supported, entryPoints: [entry], plugins })) }
    }),
  )
  const whole = await make({
    ...common,
    entryPoints: ['src/main.ts'],
    plugins: [embed(new Map(parts.map(({ name, text }) => [name, text])), isInline)],
  })
  const { contents, text } = whole
  if (isInline && text.includes('shared:')) throw new Error('a part is not in the bundle')
  if (text.includes(root)) throw new Error('the bundle names the folder it was built in')

  const metafiles = [whole, ...parts].map(({ metafile }) => metafile)
  const own = inputsOf(metafiles).filter(({ path }) => path.startsWith('src/'))
  const ours = own.reduce((sum, { bytes }) => sum + bytes, 0)
  const meta = {
    bytes: contents.length,
    ours,
    // With esbuild's own helpers and the escapes of the text.
    sdk: contents.length - ours,
    upstream: isInline ? 'code' : 'text',
    sha256: createHash('sha256').update(contents).digest('hex'),
    packages: await packagesIn(metafiles),
  }
  await mkdir(`${root}/dist`, { recursive: true })
  await put('extension.cjs', contents)
  // Not shipped: the tests of src/upstream run on the trimmed part too.
  for (const { name, contents: part } of parts) {
    if (name === 'upstream' && !isInline) await put('upstream.cjs', part)
  }
  await put('meta.json', JSON.stringify(meta, null, 2) + '\n')
  return meta
}

async function buildLocal() {
  const { contents } = await make({
    ...common,
    entryPoints: ['local/start.ts'],
    format: 'esm',
    supported: {},
    packages: 'external',
    minify: false,
  })
  await put('local.mjs', contents)
}

/**
 * esbuild's result with the one file that it made.
 * @param {BuildOptions} options
 */
async function make(options) {
  const result = await build({ ...options, metafile: true, write: false })
  const [file] = result.outputFiles
  if (file === undefined) throw new Error('esbuild made nothing')
  return { metafile: result.metafile, contents: file.contents, text: file.text }
}

/**
 * Writes the file whole or not at all: a process that starts meanwhile must not read half of it.
 * @param {string} name
 * @param {string | Uint8Array} contents
 */
async function put(name, contents) {
  // Not beside it: dist/package is packed and copied as a folder.
  const written = `${root}/dist/${name.replaceAll('/', '-')}.${process.pid}`
  await writeFile(written, contents)
  await rename(written, `${root}/dist/${name}`)
}

const meta = await buildExtension()
if (withLocal) await buildLocal()
if (withPackage) {
  const { buildPackage } = await import('./local/package.mjs')
  await buildPackage({ root, common, make, put, packagesIn, packages: meta.packages })
}
if (!isQuiet) {
  const { bytes, ours, sdk, sha256 } = meta
  console.log(`dist/extension.cjs  ${bytes} bytes: ours ${ours}, AWS SDK ${sdk}\nsha256 ${sha256}`)
}
for (const part of /** @type {const} */ (['ours', 'sdk'])) {
  const [used, allowed] = [meta[part], BUDGET[part]]
  if (used <= allowed) continue
  console.error(`over budget: ${part} is ${used} bytes, ${allowed} are allowed (build.mjs)`)
  process.exitCode = 1
}
