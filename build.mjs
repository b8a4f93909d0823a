// @ts-check
//
// One file from src/main.ts: dist/extension.cjs, and what it is made of: dist/meta.json.
//
// CommonJS, because Lambda executes the file without an extension, which Node takes for CommonJS. The half that holds
// the AWS SDK is bundled on its own first: a dynamic import inside one bundle would stop esbuild's tree shaking. It is
// embedded as text that is compiled when first needed, so that V8 does not parse it before `listen`.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** @typedef {import('esbuild').BuildOptions} BuildOptions */
/** @typedef {import('esbuild').Plugin} Plugin */

/** Minified bytes, about 5 % over what was reached. Raise it in the commit that says what was bought with it. */
const BUDGET = { ours: 116_000, sdk: 128_000 }

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

// What the SDK brings and a Lambda extension never runs. Each entry replaces one kind of file; an entry that matches
// nothing fails the build, so that a new SDK version cannot quietly undo it. The tests of src/upstream run with and
// without these.
/** @type {{ why: string, file: RegExp, replace: (text: string) => string }[]} */
const SDK_TRIMS = [
  {
    why: 'profiles, SSO, process, web identity and metadata credentials; client.ts gives every setting itself',
    file: /client-(ssm|secrets-manager)\/dist-es\/runtimeConfig\.js$/,
    replace: () => `
      import { version } from '../package.json'
      import { createDefaultUserAgentProvider } from '@aws-sdk/core/client'
      import { calculateBodyLength } from '@smithy/core/serde'
      import { getRuntimeConfig as getSharedRuntimeConfig } from './runtimeConfig.shared'
      export const getRuntimeConfig = (config) => {
        const shared = getSharedRuntimeConfig(config)
        const defaultUserAgentProvider = createDefaultUserAgentProvider({
          serviceId: shared.serviceId,
          clientVersion: version,
        })
        return {
          ...shared,
          ...config,
          runtime: 'node',
          bodyLengthChecker: calculateBodyLength,
          defaultUserAgentProvider,

        }
      }`,
  },
  {
    why: 'the classes of modelled errors: unmodelled ones carry the same name, and failure.ts looks at nothing else',
    file: /client-(ssm|secrets-manager)\/dist-es\/schemas\/schemas_0\.js$/,
    replace: (text) => {
      const constants = new Map(
        [...text.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, value]) => [name, value]),
      )
      const unregistered = text.replace(/^n0_registry\.registerError\(.*\);$/gm, '')
      // esbuild keeps an unused object with computed keys: computing them might have an effect.
      return unregistered.replace(/\[(_\w+)\]:/g, (key, name) =>
        constants.has(name) ? `${constants.get(name)}:` : key,
      )
    },
  },
  {
    why: 'runtime extensions, of which there are none',
    file: /client-(ssm|secrets-manager)\/dist-es\/runtimeExtensions\.js$/,
    replace: () => 'export const resolveRuntimeExtensions = (config) => config',
  },
  {
    why: 'endpoints from profiles; the environment is read by config.ts',
    file: /core\/dist-es\/submodules\/endpoints\/middleware-endpoint\/adaptors\/getEndpointFromConfig\.js$/,
    replace: () => 'export const getEndpointFromConfig = async () => undefined',
  },
  {
    why: 'a bucket is no parameter',
    file: /core\/dist-es\/submodules\/endpoints\/middleware-endpoint\/service-customizations\/index\.js$/,
    replace: () => 'export const resolveParamsForS3 = () => undefined',
  },
  {
    why: 'the clock-skew setting from profiles; client.ts gives it',
    file: /core\/dist-es\/submodules\/httpAuthSchemes\/aws_sdk\/clock-skew-defaults\.js$/,
    replace: () => 'export const DEFAULT_DISABLE_CLOCK_SKEW_CORRECTION = false',
  },
  {
    why: 'event streams',
    file: /@smithy\/core\/dist-es\/submodules\/event-streams\/index\.js$/,
    replace: () => 'export const EventStreamSerde = undefined, eventStreamSerdeProvider = undefined',
  },
  {
    why: 'adaptive retries',
    file: /core\/dist-es\/submodules\/retry\/util-retry\/AdaptiveRetryStrategy\.js$/,
    replace: () => 'export const AdaptiveRetryStrategy = undefined',
  },
  {
    why: 'SHA-256 in JavaScript, for a Node without crypto',
    file: /core\/dist-es\/submodules\/checksum\/sha256\/Sha256Js\.js$/,
    replace: () => 'export const Sha256Js = undefined',
  },
  {
    why: 'a log of inputs and outputs',
    file: /core\/dist-es\/submodules\/client\/middleware-logger\/loggerMiddleware\.js$/,
    replace: () => `
      export const loggerMiddleware = undefined, loggerMiddlewareOptions = undefined
      export const getLoggerPlugin = () => ({ applyToStack: () => {} })`,
  },
  {
    why: 'web streams, of which node:http brings none; to name the class makes Node load all of them, 1.5 ms',
    file: /core\/dist-es\/submodules\/serde\/util-stream\/stream-type-check\.js$/,
    replace: () => 'export const isReadableStream = () => false, isBlob = () => false',
  },
  {
    why: 'web streams: what we send is a string',
    file: /core\/dist-es\/submodules\/retry\/middleware-retry\/isStreamingPayload\/isStreamingPayload\.js$/,
    replace: () => 'export const isStreamingPayload = () => false',
  },
  {
    why: 'the trace id of the current invocation, of which an extension has none',
    file: /core\/dist-es\/submodules\/client\/middleware-recursion-detection\/getRecursionDetectionPlugin\.js$/,
    replace: () => 'export const getRecursionDetectionPlugin = () => ({ applyToStack: () => {} })',
  },
]

/** @type {Plugin} */
const sdkTrimmer = {
  name: 'sdk-trimmer',
  setup(pluginBuild) {
    const unused = new Set(SDK_TRIMS)
    for (const trim of SDK_TRIMS) {
      pluginBuild.onLoad({ filter: trim.file }, async ({ path }) => {
        const text = await readFile(path, 'utf8')
        const contents = trim.replace(text)
        if (contents !== text) unused.delete(trim)
        return { contents, resolveDir: dirname(path) }
      })
    }
    pluginBuild.onEnd(() => ({
      errors: [...unused].map(({ file }) => ({ text: `nothing to trim at ${file}` })),
    }))
  },
}

/**
 * The parts that are loaded later, by the import that loads each, in the order in which they are made: a part may load
 * those before it.
 */
const PARTS = /** @type {const} */ ([
  { name: 'upstream', entry: 'src/upstream/index.ts', exports: 'createUpstream' },
  { name: 'serving', entry: 'src/programs/serving.ts', exports: 'createServing' },
])

// What all parts must share: UpstreamError is one class, and a part is loaded once. By the file that an import means,
// not by how it is spelled: a second copy of the class would make AWS's failures defects of ours.
const SHARED_ERRORS = 'shared:errors'
const ERRORS_FILE = 'src/errors.ts'
/** @type {(name: string) => string} */
const shared = (name) => `shared:${name}`

/** @type {Plugin} */
const share = {
  name: 'share',
  setup({ onResolve, onEnd }) {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir, kind }) => {
      const file = resolve(resolveDir, path)
      if (file === resolve(root, ERRORS_FILE)) return { path: SHARED_ERRORS, external: true }
      const part = PARTS.find(({ entry }) => file === resolve(root, entry))
      if (part !== undefined && kind === 'dynamic-import') return { path: shared(part.name), external: true }
      return undefined
    })
    onEnd(({ metafile }) => ({
      errors:
        ERRORS_FILE in (metafile?.inputs ?? {})
          ? [{ text: `${ERRORS_FILE} is in a part: a second copy` }]
          : [],
    }))
  },
}

/**
 * Puts each bundled part where it is imported, as code or as text that is compiled when it is first needed.
 * @type {(texts: ReadonlyMap<string, string>) => Plugin}
 */
const embed = (texts) => ({
  name: 'embed',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /programs\/serving\.ts$/ }, () => ({ path: 'serving', namespace: 'embedded' }))
    onResolve({ filter: /^shared:/ }, ({ path }) =>
      path === SHARED_ERRORS
        ? { path: `${root}/src/errors.ts` }
        : { path: path.slice('shared:'.length), namespace: 'embedded' },
    )
    onLoad({ filter: /./, namespace: 'embedded' }, ({ path }) => {
      const text = texts.get(path) ?? ''
      return { contents: isInline ? text : compiledWhenNeeded(path, text), resolveDir: root }
    })
  },
})

/** @type {(name: string, text: string) => string} */
const compiledWhenNeeded = (name, text) => {
  const others = PARTS.filter((part) => part.name !== name && text.includes(shared(part.name)))
  const cases = others.map(
    (part) => `if (name === '${shared(part.name)}') return require('${shared(part.name)}')`,
  )
  return `
  import * as errors from '${SHARED_ERRORS}'
  const part = { exports: {} }
  const load = new Function('require', 'module', ${JSON.stringify(text)})
  const find = (name) => {
    if (name === '${SHARED_ERRORS}') return errors
    ${cases.join('\n')}
    return require(name)
  }
  load(find, part)
  export const { ${PARTS.find((one) => one.name === name)?.exports} } = part.exports`
}

function readArguments() {
  const help = `npm run build [-- options]

  --quiet            says nothing but what is wrong
  --local            also dist/local.mjs from local/start.ts, for \`npm start\` on any Node
  --package          also dist/package, the local stand-in to be published by npm: \`npm pack dist/package\`
  --inline-upstream  the SDK half as code instead of text, for compilers that want to see all of it (Bun's)
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
 * @param {{ metafile: import('esbuild').Metafile }} result
 * @param {(path: string) => boolean} isCounted
 */
function bytesOf({ metafile }, isCounted) {
  const counted = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([path]) => isCounted(path))
  return counted.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0)
}

/**
 * The packages of which the bundle holds bytes, by name.
 * @param {import('esbuild').Metafile[]} metafiles
 */
async function packagesIn(metafiles) {
  const inputs = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap((output) => Object.entries(output.inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  const folders = inputs.flatMap(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
  const packages = await Promise.all(
    [...new Set(folders)].map(async (folder) => {
      const { name, version } = JSON.parse(await readFile(`${root}/${folder}/package.json`, 'utf8'))
      return { folder, name, version }
    }),
  )
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** @type {(path: string) => boolean} */
const isOurs = (path) => path.startsWith('src/')

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
    plugins: [embed(new Map(parts.map(({ name, text }) => [name, text])))],
  })
  const { contents, text } = whole
  if (isInline && text.includes('shared:')) throw new Error('a part is not in the bundle')
  if (text.includes(root)) throw new Error('the bundle names the folder it was built in')

  const ours = [whole, ...parts].reduce((sum, made) => sum + bytesOf(made, isOurs), 0)
  const meta = {
    bytes: contents.length,
    ours,
    // With esbuild's own helpers and the escapes of the text.
    sdk: contents.length - ours,
    upstream: isInline ? 'code' : 'text',
    sha256: createHash('sha256').update(contents).digest('hex'),
    packages: await packagesIn([whole, ...parts].map(({ metafile }) => metafile)),
  }
  await mkdir(`${root}/dist`, { recursive: true })
  await put('extension.cjs', contents)
  // Not shipped: the tests of src/upstream run on the trimmed half too.
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

/** A package without dependencies: the program, its extension, its seed, and `startLocal` for tests. */
async function buildPackage() {
  const entries = { local: 'local/start.ts', index: 'local/start-local.ts' }
  await mkdir(`${root}/dist/package`, { recursive: true })
  for (const [name, entry] of Object.entries(entries)) {
    const { contents } = await make({
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
  }
  const { name, version, description, license } = JSON.parse(await readFile(`${root}/package.json`, 'utf8'))
  const manifest = {
    name,
    version,
    description: `${description}: a local stand-in, for development and tests`,
    license,
    type: 'module',
    bin: { [name]: 'local.mjs' },
    exports: { '.': { types: './index.d.ts', default: './index.mjs' } },
    files: ['*.mjs', '*.d.ts', 'extension.cjs', 'seed.json', 'seed.schema.json'],
    engines: { node: '>=20' },
  }
  await put('package/package.json', JSON.stringify(manifest, null, 2) + '\n')
  for (const [from, to] of [
    ['dist/extension.cjs', 'extension.cjs'],
    ['local/seed.json', 'seed.json'],
    ['local/seed.schema.json', 'seed.schema.json'],
    ['local/package.d.ts', 'index.d.ts'],
    ['docs/local.md', 'README.md'],
    ['LICENSE', 'LICENSE'],
  ]) {
    await put(`package/${to}`, await readFile(`${root}/${from}`))
  }
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
if (withPackage) await buildPackage()
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
