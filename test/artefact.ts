// Starts the built artefact as Lambda would, as a child process between the two emulators, and looks at its end:
// it must leave by itself at SHUTDOWN, with code 0, and must never have written a secret.
//
// By default the artefact is dist/extension.cjs on the Node that runs the tests. EXTENSION_UNDER_TEST names another:
//   {"name": "bun", "command": ["/abs/path/to/executable"]}
//   {"name": "layer", "extensionsDir": "/abs/path/to/extensions"}
// A name may be followed by "differences": what its runtime is known to do otherwise than Node (layer/README.md).

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Seed } from '../local/emulators/aws/seed.ts'
import { type Aws, type AwsOptions, LOCAL_CREDENTIALS, startAws } from '../local/emulators/aws/server.ts'
import { type LambdaHost, startLambda } from '../local/emulators/lambda/host.ts'
import type { LambdaHostOptions } from '../local/emulators/lambda/options.ts'
import type { ShutdownReport } from '../local/emulators/lambda/shutdown.ts'
import { EXTENSION_NAME } from '../src/version.ts'
import { freePort } from '../tools/free-port.ts'
import { Values } from './leaks.ts'
import { connect, exchange, type Reply, type Wire } from '../tools/wire.ts'

export interface ExtensionOptions {
  /** The function's variables; undefined takes one away that is set here. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Held beside the recorded answers' secrets and parameters. */
  readonly seed?: Seed
  readonly aws?: Partial<AwsOptions>
  readonly lambda?: LambdaHostOptions
  readonly cwd?: string
  /** Default: a free one. */
  readonly port?: number
  /** `launched` returns before the extension has registered. Default `initialized`. */
  readonly until?: 'initialized' | 'launched'
  /** `any` accepts a process that had to be killed. Default `clean`: it exits by itself, with code 0. */
  readonly end?: 'clean' | 'any'
}

export interface Extension {
  readonly port: number
  readonly url: string
  /** The token that a caller must show. */
  readonly token: string
  readonly aws: Aws
  readonly lambda: LambdaHost
  /** A request on a connection of its own, with the token; a header given as undefined is left out. */
  get(target: string, headers?: Readonly<Record<string, string | undefined>>): Promise<Reply>
  /** The bytes of such a request. */
  request(target: string, headers?: Readonly<Record<string, string | undefined>>): string
  /** An open connection for exact bytes. */
  wire(): Promise<Wire>
  /** All that the process has written. */
  logs(): readonly string[]
  /** Resolves once a line matches, with that line. */
  logged(pattern: RegExp): Promise<string>
  /** SHUTDOWN. Later calls get the first report. */
  stop(): Promise<ShutdownReport>
}

const BUNDLE = fileURLToPath(new URL('../dist/extension.cjs', import.meta.url))
const RECORDED = new URL('../local/emulators/aws/recorded-seed.json', import.meta.url)

/** Resolves when the extension is initialised. What it must not do is checked when the test ends. */
export async function startExtension(t: TestContext, options: ExtensionOptions = {}): Promise<Extension> {
  const recorded = JSON.parse(readFileSync(RECORDED, 'utf8')) as Seed
  const seed: Seed = {
    secrets: { ...recorded.secrets, ...options.seed?.secrets },
    parameters: { ...recorded.parameters, ...options.seed?.parameters },
  }
  const values = new Values(seed)
  for (const { seed: held } of Object.values(options.aws?.roles ?? {})) values.addAll(held ?? {})
  const aws = watch(await startAws({ seed, ...options.aws }), values)
  const port = options.port ?? (await freePort())
  const lambda = await startLambda({
    credentials: { ...LOCAL_CREDENTIALS, sessionToken: LOCAL_CREDENTIALS.sessionToken ?? '' },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...options.lambda,
    ...artefact(options.lambda?.extensions),
    functionEnvironment: defined({
      AWS_ENDPOINT_URL: aws.url,
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
      ...options.lambda?.functionEnvironment,
      ...options.env,
    }),
  })
  const { AWS_SESSION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN } = lambda.environment
  const token = AWS_SESSION_TOKEN || AWS_CONTAINER_AUTHORIZATION_TOKEN || 'none'
  for (const one of [
    AWS_SESSION_TOKEN,
    AWS_CONTAINER_AUTHORIZATION_TOKEN,
    LOCAL_CREDENTIALS.secretAccessKey,
  ]) {
    if (one) values.add('the credentials', one)
  }

  const request: Extension['request'] = (target, headers = {}) => {
    const all = defined({ Host: `localhost:${port}`, 'X-Aws-Parameters-Secrets-Token': token, ...headers })
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    return `GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`
  }

  t.after(async () => {
    const crash = lambda.crashed()
    const report = await lambda.shutdown()
    await lambda.close()
    await aws.close()
    for (const { credentials, roleArn } of aws.sessions()) {
      values.add(`a session of ${roleArn}`, credentials.sessionToken)
      values.add(`a session of ${roleArn}`, credentials.secretAccessKey)
    }
    assert.deepEqual(values.foundIn(lambda.logs), [], 'nothing secret in the output')
    assert.equal(crash, undefined, `the extension never ends by itself\n${lambda.logs.join('\n')}`)
    if (options.end === 'any') return
    const { exitCode, killed } = report
    assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false }, 'it leaves by itself at SHUTDOWN')
  })
  if (options.until !== 'launched') await lambda.initialized()

  return {
    port,
    url: `http://localhost:${port}`,
    token,
    aws,
    lambda,
    async get(target, headers) {
      const [reply] = await exchange(port, request(target, headers))
      return reply!
    },
    request,
    wire: () => connect(port),
    logs: () => lambda.logs,
    async logged(pattern) {
      for (;;) {
        const line = lambda.logs.find((one) => pattern.test(one))
        if (line !== undefined) return line
        if (lambda.crashed() !== undefined) throw new Error(`crashed before it logged ${pattern}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    stop: () => lambda.shutdown(),
  }
}

/** The name of the artefact under test, for the titles of tests. */
export function artefactName(): string {
  return underTest()?.name ?? `dist/extension.cjs on Node ${process.versions.node}`
}

/**
 * Whether the runtime of the artefact is known to differ in that section or test. Such a test expects the difference,
 * so that it fails when there is none any more.
 */
export function differs(where: string): boolean {
  return underTest()?.differences?.includes(where) ?? false
}

/** What Lambda would execute, and its arguments. */
export function artefactCommand(): readonly [file: string, ...args: string[]] {
  const { extensionsDir, extensions = [] } = artefact()
  const [file = '', ...args] =
    extensionsDir === undefined ? (extensions[0]?.command ?? []) : [join(extensionsDir, EXTENSION_NAME)]
  return [file, ...args]
}

interface UnderTest {
  readonly name: string
  readonly differences?: string[]
  readonly command?: string[]
  readonly extensionsDir?: string
}

function underTest(): UnderTest | undefined {
  const text = process.env['EXTENSION_UNDER_TEST']
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as UnderTest)
}

/** The artefact, and other extensions of the same function. */
function artefact(
  others: LambdaHostOptions['extensions'] = [],
): Pick<LambdaHostOptions, 'extensions' | 'extensionsDir'> {
  const { command = [process.execPath, BUNDLE], extensionsDir } = underTest() ?? {}
  if (extensionsDir !== undefined) return { extensionsDir, extensions: others }
  if (command[1] === BUNDLE && !existsSync(BUNDLE))
    throw new Error('there is no bundle: `npm run build` makes it')
  return { extensions: [...others, { name: EXTENSION_NAME, command }] }
}

/** What is put into the emulator later is watched for as well. */
function watch(aws: Aws, values: Values): Aws {
  const { putSecret, putParameter } = aws
  aws.putSecret = (name, value, put) => {
    values.add(name, value)
    return putSecret(name, value, put)
  }
  aws.putParameter = (name, value, put) => {
    values.add(name, value)
    return putParameter(name, value, put)
  }
  return aws
}

function defined(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(variables).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return Object.fromEntries(entries)
}
