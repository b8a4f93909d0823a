import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { argumentsOf, type Options, wholeNumber } from '../tools/arguments.ts'
import { bundle } from '../tools/bundle.ts'
import { type Aws, LOCAL_CREDENTIALS, startAws } from '../local/emulators/aws/server.ts'
import { testTls } from '../local/emulators/aws/tls.ts'
import { startLambda } from '../local/emulators/lambda/host.ts'
import { cpuMs, memoryOf } from '../tools/proc.ts'
import { exchange } from '../tools/wire.ts'
import { COMPILE_FLAGS, executable } from '../layer/executable.ts'
import { NODE_FLAGS } from '../src/engine.ts'
import { nodejsExtension } from '../layer/launcher.ts'
import { EXTENSION_PATH } from '../layer/layers.ts'
import { nodeFor } from '../layer/runtimes.ts'

interface Variant {
  readonly name: string
  readonly command: readonly string[]
}

interface Sample {
  readonly registeredMs: number
  readonly firstSecretMs: number
  readonly cpuMs: number
  readonly residentMb: number
}

const NODE_TRIALS: Record<string, readonly string[]> = {
  none: [],
  'as shipped': NODE_FLAGS,
  'semi-space 1 MB': ['--max-semi-space-size=1'],
  'semi-space 16 MB': ['--min-semi-space-size=16'],
  'no V8 threads': ['--v8-pool-size=0'],
  'single-threaded': ['--single-threaded'],
  'no optimizer': ['--no-opt'],
  'lite mode': ['--lite-mode'],
  jitless: ['--jitless'],
  'no lazy feedback': ['--no-lazy-feedback-allocation'],
  'max lazy': ['--max-lazy'],
  'snapshot unchecked': ['--no-verify-snapshot-checksum'],
}
const BUN_TRIALS: Record<string, readonly string[]> = {
  'as shipped': COMPILE_FLAGS,
  'no bytecode': COMPILE_FLAGS.filter((flag) => flag !== '--bytecode'),
  'bytecode not optimized': [...COMPILE_FLAGS, '--no-optimize-bytecode'],
  'bytecode of the top level': [...COMPILE_FLAGS, '--bytecode-depth=1'],
  'no exec argv': COMPILE_FLAGS.filter((flag) => !flag.startsWith('--compile-exec-argv')),
  smol: [...COMPILE_FLAGS, '--compile-exec-argv=--smol'],
  'JIT sooner': [...COMPILE_FLAGS, '--compile-jit-policy=10'],
  'JIT as ever': COMPILE_FLAGS.filter((flag) => !flag.startsWith('--compile-jit-policy')),
  minified: [...COMPILE_FLAGS, '--minify'],
}

const HELP = `npm run layer:variants [-- [options] [part of a name …]]

What each flag of the runtimes is worth at cold start, in one alternating run; only the variants whose name has every
part. For choosing flags, on a quiet machine; the project's numbers come from bench/.

  --rounds N  starts of each variant (default: 10)
  --help      this text`

const PORT = 27_733
const OPTIONS = { rounds: { type: 'string', default: '10' } } satisfies Options
const { rounds, words } = argumentsOf(HELP, { allowPositionals: true, options: OPTIONS }, (parsed) => ({
  rounds: wholeNumber('--rounds', parsed.values.rounds),
  words: parsed.positionals,
}))
const folder = mkdtempSync(join(tmpdir(), 'variants-'))
const { caPath, ...tls } = testTls()
const aws = await startAws({ seed: { secrets: { s: 'v' } }, tls })
try {
  const variants = build().filter(({ name }) => words.every((word) => name.includes(word)))
  if (variants.length === 0) throw new Error(`no variant is called ${words.join(' ')}`)
  const samples = new Map(variants.map(({ name }) => [name, [] as Sample[]]))
  for (let round = 0; round < rounds; round++) {
    for (const { name, command } of variants) samples.get(name)!.push(await sample(command, aws))
  }
  report(samples)
} finally {
  await aws.close()
  rmSync(folder, { recursive: true })
}

function build(): Variant[] {
  const inline = bundle('--inline-upstream')
  const text = bundle()
  const script = write('nodejs', nodejsExtension(text))
  const node24 = nodeFor(24)
  return [
    ...Object.entries(NODE_TRIALS).map(([name, flags]) => ({
      name: `Node 24, ${name}`,
      command: [node24, ...flags, script],
    })),
    ...Object.entries(BUN_TRIALS).map(([name, flags]) => ({
      name: `Bun, ${name}`,
      command: [write(`bun-${name}`, executable(inline, 'x86_64', flags))],
    })),
  ]
}

function write(name: string, file: Buffer): string {
  const path = join(folder, name.replaceAll(/\W/g, '-'), basename(EXTENSION_PATH))
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, file, { mode: 0o755 })
  return path
}

async function sample(command: readonly string[], { url }: Aws): Promise<Sample> {
  const name = basename(EXTENSION_PATH)
  const credentials = { ...LOCAL_CREDENTIALS, sessionToken: LOCAL_CREDENTIALS.sessionToken ?? '' }
  const functionEnvironment = {
    AWS_ENDPOINT_URL: url,
    AWS_CA_BUNDLE: caPath,
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(PORT),
  }
  const head = `Host: localhost:${PORT}\r\nX-Aws-Parameters-Secrets-Token: ${credentials.sessionToken}\r\n\r\n`
  let firstSecretAt = 0
  // As a function that reads its secret first thing: the moment at which Lambda starts the runtime.
  const functionInit = async () => {
    const [reply] = await exchange(PORT, `GET /secretsmanager/get?secretId=s HTTP/1.1\r\n${head}`)
    firstSecretAt = performance.now()
    if (reply?.status !== 200) throw new Error(`answered ${reply?.status}`)
  }
  const options = {
    extensions: [{ name, command: [...command] }],
    credentials,
    functionEnvironment,
    functionInit,
  }
  const lambda = await startLambda(options)
  try {
    const { registeredMs } = await lambda.initialized()
    const { pid, spawnedAt } = lambda.processes[0]!
    return {
      registeredMs,
      firstSecretMs: firstSecretAt - spawnedAt,
      cpuMs: cpuMs(pid),
      residentMb: memoryOf(pid).rssMb,
    }
  } finally {
    await lambda.shutdown()
    await lambda.close()
  }
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): void {
  const columns = ['registeredMs', 'firstSecretMs', 'cpuMs', 'residentMb'] as const
  console.log(`| variant | ${columns.join(' | ')} |\n|---|---|---|---|---|`)
  for (const [name, all] of samples) {
    const cells = columns.map((column) => median(all.map((one) => one[column])).toFixed(1))
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
