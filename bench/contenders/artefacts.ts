import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'
import { COMPILE_FLAGS, executable as layerExecutable } from '../../layer/executable.ts'
import { EXTENSION_PATH } from '../../layer/layers.ts'
import { entriesOf } from '../../layer/zip.ts'
import { bun, type Found, ROOT } from './runtimes.ts'

// The files that the contenders execute, made in dist/bench: layers as unpacked from their zips, floors and naive
// servers as built here.

const WORK = `${ROOT}/dist/bench`

/** What the launcher of the nodejs layer executes on Lambda. */
const LAMBDA_NODE = '/var/lang/bin/node'

/** As sh it keeps to POSIX. */
const BASH = '/bin/bash'

/** A build of this project. */
export interface Build {
  /** A few letters, such as the commit's; empty for the build of this checkout. */
  readonly name: string
  /** Where its zips are. */
  readonly dist: string
}

/** The extension of a layer, ready to be executed: what is beside it on Lambda is beside it here. */
export async function unpackLayer(
  { name, dist }: Build,
  kind: 'nodejs' | 'x86_64' | 'arm64',
): Promise<Found> {
  const zip = join(dist, `parameters-secrets-${kind}.zip`)
  if (!existsSync(zip)) return { reason: `there is no parameters-secrets-${kind}.zip: npm run layer` }
  const files = new Map(
    await Promise.all(
      (await entriesOf(readFileSync(zip))).map(async (one) => [one.path, await one.read()] as const),
    ),
  )
  const folder = `${name}${kind}`
  rmSync(join(WORK, folder), { recursive: true, force: true })
  for (const [path, contents] of files) executable(`${folder}/${path}`, contents)
  if (!files.has(EXTENSION_PATH)) throw new Error(`expected ${EXTENSION_PATH} in the zip`)
  return { path: join(WORK, folder, EXTENSION_PATH) }
}

/**
 * The nodejs layer's file, with another path of Node, for a Node that is not at /var/lang/bin; executed by bash, where
 * that is here, because Amazon Linux' sh is bash. Under dash the launcher leaves the starter out.
 */
export function relocate(layer: Found, node: Found, name: string): Found {
  if ('reason' in layer) return layer
  if ('reason' in node) return node
  const text = readFileSync(layer.path, 'latin1')
  if (!text.includes(LAMBDA_NODE)) throw new Error(`the nodejs layer does not name ${LAMBDA_NODE}`)
  const folder = `nodejs-${name}`
  const beside = join(dirname(layer.path), '..')
  const files = readdirSync(beside).filter((file) => file.startsWith('parameters-secrets-'))
  for (const file of files) executable(`${folder}/${file}`, readFileSync(join(beside, file)))
  return executable(`${folder}/${EXTENSION_PATH}`, Buffer.from(executedBy(text, node.path), 'latin1'))
}

/** The text of the nodejs layer's file, executed by bash and by the Node of that path. */
export function executedBy(text: string, path: string): string {
  // Quoted: a checkout's folder may have a blank in its name.
  const quoted = `'${path.replaceAll("'", "'\\''")}'`
  const launcher = existsSync(BASH) ? text.replace(/^#!\/bin\/sh\n/, `#!${BASH} --posix\n`) : text
  return launcher.replaceAll(new RegExp(`(?<=\\[ -x |exec (?:"\\$2" )?)${LAMBDA_NODE}`, 'g'), () => quoted)
}

/** One CommonJS file from one of ours. */
export async function bundle(source: string): Promise<{ path: string }> {
  const path = join(WORK, `${nameOf(source)}.cjs`)
  await build({ ...common(source), bundle: true, minify: true, outfile: path })
  return { path }
}

/** The same source with its imports left as they are, to be resolved from node_modules when it starts. */
export async function unbundled(source: string): Promise<{ path: string }> {
  const path = join(WORK, `${nameOf(source)}-unbundled.mjs`)
  const packages = 'external' as const
  await build({ ...common(source), bundle: true, packages, format: 'esm', outfile: path })
  return { path }
}

/**
 * Made in the same way as the executable layers. Those interpret until src/engine.ts tells the engine of many hits. A
 * server without such code would stay interpreted, also where hits are measured, so Bun decides when to compile it.
 */
export function compile(script: { path: string }, measures: 'start' | 'hits'): Found {
  const runtime = bun()
  if ('reason' in runtime) return runtime
  const path = script.path.replace(/\.cjs$/, '')
  const contents = layerExecutable(
    readFileSync(script.path, 'utf8'),
    process.arch === 'arm64' ? 'arm64' : 'x86_64',
    measures === 'start'
      ? COMPILE_FLAGS
      : COMPILE_FLAGS.filter((flag) => !flag.startsWith('--compile-jit-policy')),
  )
  return executable(relative(WORK, path), contents)
}

function common(source: string) {
  return {
    entryPoints: [join(ROOT, source)],
    platform: 'node' as const,
    target: 'node22',
    format: 'cjs' as const,
    logLevel: 'warning' as const,
  }
}

function nameOf(source: string): string {
  return source
    .replace(/^bench\//, '')
    .replace(/\.ts$/, '')
    .replaceAll('/', '-')
}

function executable(name: string, contents: Buffer): { path: string } {
  const path = join(WORK, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, contents)
  chmodSync(path, 0o755)
  return { path }
}

/** The contents of that file of a zip. */
export async function fileIn(zip: Buffer, path: string): Promise<Buffer> {
  const entry = (await entriesOf(zip)).find((one) => one.path === path)
  if (entry === undefined) throw new Error(`expected ${path} in the zip`)
  return entry.read()
}
