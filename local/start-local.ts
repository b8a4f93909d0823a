import { EXTENSION_NAME } from '../src/version.ts'
import type { Fault, FaultMatch } from './emulators/aws/fault.ts'
import { loadSeed } from './emulators/aws/seed.ts'
import type { ParameterTier, ParameterType, Seed } from './emulators/aws/seed-format.ts'
import { LOCAL_CREDENTIALS, startAws } from './emulators/aws/server.ts'
import { type LambdaHost, startLambda } from './emulators/lambda/host.ts'
import { bundleFile } from './files.ts'
import { availablePort } from './port.ts'
import { defaultRegion } from './default-region.ts'

export interface LocalOptions {
  /** What the emulated AWS holds, or the path of a JSON file that says so. */
  readonly seed: Seed | string
  /** Default 0: any that is free. */
  readonly port?: number
  /** What callers must send. Default `local-token`. */
  readonly token?: string
  /** Where it runs. Default: AWS_REGION, AWS_DEFAULT_REGION, or us-east-1. Every other region holds the seed, too. */
  readonly region?: string
  /** The function's variables: settings of the extension. */
  readonly env?: Readonly<Record<string, string>>
}

/** The extension, as it is beside a function, in front of an emulated AWS. */
export interface Local {
  /** `http://localhost:PORT` */
  readonly url: string
  readonly port: number
  /** For the header `X-Aws-Parameters-Secrets-Token`. */
  readonly token: string
  /**
   * Gives a secret a new current version; the one before is AWSPREVIOUS from then on.
   * Bytes are stored as such, any other object as JSON text.
   */
  rotate(secretId: string, value: string | object): void
  /** A new version, of the type and tier that the parameter has, or of a standard String. */
  putParameter(name: string, value: string, options?: { type?: ParameterType; tier?: ParameterTier }): void
  /** The next `times` matching calls to AWS (default: all from now on) meet the fault. */
  fault(match: FaultMatch, fault: Fault, times?: number): void
  clearFaults(): void
  /** Calls that AWS has had for a name, or altogether. */
  calls(name?: string): number
  /** Ends it as Lambda does. */
  stop(): Promise<void>
}

/** Resolves when it serves. Rejects for a bad seed or a port in use. For tests of what asks the extension. */
export async function startLocal({
  seed,
  port: wanted = 0,
  token = 'local-token',
  region = defaultRegion(process.env),
  env = {},
}: LocalOptions): Promise<Local> {
  const credentials = { ...LOCAL_CREDENTIALS, sessionToken: token }
  const aws = await startAws({ seed: loadSeed(seed), region, regions: 'any', credentials })
  let lambda: LambdaHost | undefined
  const close = async (): Promise<void> => {
    await lambda?.close()
    await aws.close()
  }
  try {
    const port = await availablePort(wanted)
    lambda = await startLambda({
      region,
      extensions: [{ name: EXTENSION_NAME, command: [process.execPath, bundleFile()] }],
      credentials,
      functionEnvironment: {
        ...env,
        AWS_ENDPOINT_URL: aws.url,
        PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
      },
    })
    await lambda.initialized()
    return {
      url: `http://localhost:${port}`,
      port,
      token,
      rotate: (secretId, value) => void aws.putSecret(secretId, storable(value)),
      putParameter: (name, value, options) => void aws.putParameter(name, value, options),
      fault: (match, fault, times) => aws.fault(match, fault, times),
      clearFaults: () => aws.clearFaults(),
      calls: (name) => aws.calls(name),
      async stop() {
        await lambda?.shutdown()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function storable(value: string | object): string | Buffer {
  if (typeof value === 'string') return value
  // Not `instanceof`: a test may run in a realm of its own, as Jest's do.
  if (!ArrayBuffer.isView(value)) return JSON.stringify(value)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
