import { basename } from 'node:path'
import { LOCAL_CREDENTIALS, startAws } from '../local/emulators/aws/server.ts'
import { testTls } from '../local/emulators/aws/tls.ts'
import { type LambdaHost, startLambda } from '../local/emulators/lambda/host.ts'
import { freePort } from '../tools/free-port.ts'
import { exchange } from '../tools/wire.ts'
import { EXTENSION_PATH } from './layers.ts'

const PATIENCE_MS = 60_000

/** Throws unless the extension answers 200. */
type Get = (target: string) => Promise<void>

export interface Run {
  readonly command: string[]
  /** The names of those that AWS has, beside the parameter `/p`. */
  readonly secrets: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** How long AWS takes for each call; default: as long as it needs. */
  readonly awsMs?: number
  /** Of the function; default: the emulated Lambda's. */
  readonly memorySizeMb?: number
  /** What the function asks while it loads. */
  functionInit?(get: Get): Promise<void>
  /** What is done after INIT, while the extension still runs. */
  use?(lambda: LambdaHost, get: Get): Promise<void> | void
  /** A line that the extension writes. */
  onLog?(text: string): void
}

/**
 * Runs an extension as Lambda does, in front of an emulated AWS behind TLS. Resolves when it has left by itself,
 * rejects where it ends otherwise.
 */
export async function runExtension(run: Run): Promise<void> {
  const { command, secrets, env, awsMs, memorySizeMb, functionInit, use, onLog } = run
  const { caPath, ...tls } = testTls()
  const seed = { secrets: Object.fromEntries(secrets.map((name) => [name, 'v'])), parameters: { '/p': 'v' } }
  const aws = await startAws({ seed, tls })
  if (awsMs !== undefined) aws.fault({}, { delayMs: awsMs })
  const port = await freePort()
  const sessionToken = LOCAL_CREDENTIALS.sessionToken ?? ''
  const get = async (target: string) => {
    const head = `Host: localhost:${port}\r\nX-Aws-Parameters-Secrets-Token: ${sessionToken}\r\n\r\n`
    const [reply] = await exchange(port, `GET ${target} HTTP/1.1\r\n${head}`)
    if (reply?.status !== 200) throw new Error(`${target} was answered ${reply?.status}`)
  }
  const lambda = await startLambda({
    extensions: [{ name: basename(EXTENSION_PATH), command }],
    credentials: { ...LOCAL_CREDENTIALS, sessionToken },
    functionEnvironment: {
      AWS_ENDPOINT_URL: aws.url,
      AWS_CA_BUNDLE: caPath,
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
      ...env,
    },
    ...(memorySizeMb !== undefined && { memorySizeMb }),
    initTimeoutMs: PATIENCE_MS,
    shutdownTimeoutMs: PATIENCE_MS,
    ...(functionInit !== undefined && { functionInit: () => functionInit(get) }),
    onLog: ({ text }) => onLog?.(text),
  })
  try {
    await lambda.initialized()
    await use?.(lambda, get)
    const { exitCode } = await lambda.shutdown()
    if (exitCode !== 0) throw new Error(`it left with ${exitCode}: ${lambda.logs.join('\n')}`)
  } finally {
    await lambda.close()
    await aws.close()
  }
}
