import { finished, pipeline, type Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { StaticCredentials, StoreSettings, UpstreamSettings } from '../config/upstream.ts'
import { say } from '../public.ts'
import { readRegularFile } from '../regular-file.ts'
import { VERSION } from '../version.ts'
import type { Credentials } from './credentials.ts'
import { unasked, type Operation } from './failure.ts'
import { endpointIn } from './place.ts'
import { createSockets, type Sockets } from './transport/sockets.ts'
import { isBundle, LONGEST_BUNDLE, type Trust } from './transport/trust.ts'

// What the clients of the AWS SDK are made with. Every setting that the SDK would otherwise look up is given, so that
// it asks no metadata service and prints nothing. It would still read profiles; build/sdk-trims.mjs cuts that off.

/**
 * Milliseconds. A response that is silent for this long is given up, and the SDK asks again, also if the whole call
 * has no bound. The SDK begins to count three seconds after the request, so a response that never begins is given up
 * after 13 s.
 */
const SILENCE_TIMEOUT_MS = 10_000
/** Most bytes of an answer's body, unzipped. The largest secret is 64 KB. */
const LONGEST_BODY = 4 * 1024 * 1024
const ignore = () => {}
const silent = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore }

export interface ConfigOptions {
  /** Names the service in an error. */
  readonly operation: Operation
  readonly settings: UpstreamSettings
  readonly store: StoreSettings
  readonly credentials: Credentials
  readonly region: string
  readonly trust: Trust
  readonly wokeAt: () => number
  readonly onSecure?: ((socket: TLSSocket) => void) | undefined
}

export type SdkConfig = ReturnType<typeof configure>['config']

/** What every client is made with. */
export function configure(options: ConfigOptions) {
  const { operation, settings, store, credentials, region, trust, wokeAt, onSecure } = options
  const endpoint = endpointIn(store.endpoint, region, settings.region)
  const secure = endpoint === undefined || /^https:/i.test(endpoint)
  const { caBundle, maxConnections: maxCalls, proxy } = settings
  const bundle = secure && caBundle !== undefined ? { ca: readCaBundle(operation, caBundle) } : undefined
  const sockets = createSockets({ secure, maxCalls, wokeAt, trust: bundle ?? trust, proxy, onSecure })
  const config = {
    region,
    ...(endpoint !== undefined && { endpoint }),
    ignoreConfiguredEndpointUrls: true,
    // The endpoint rules refuse both settings together with a given endpoint.
    useFipsEndpoint: settings.useFips && endpoint === undefined,
    useDualstackEndpoint: settings.useDualstack && endpoint === undefined,
    // Marked as memoized, so that the SDK asks at each call instead of keeping what it got.
    credentials: Object.assign(async () => toSdk(await credentials.get()), { memoized: true }),
    authSchemePreference: [],
    disableClockSkewCorrection: false,
    defaultsMode: 'legacy' as const,
    retryMode: 'standard',
    maxAttempts: settings.maxAttempts,
    streamCollector: collect,
    requestHandler: new FreshSocketHandler(sockets),
    customUserAgent: [['open-parameters-secrets-extension', VERSION]] satisfies [string, string][],
    userAgentAppId: '',
    logger: silent,
  }
  return { config, sockets }
}

/**
 * The SDK's own has no bound. Destroys the stream, and its socket, past `LONGEST_BODY`. Not by `for await`, whose
 * iterator costs the first call more than all of this.
 */
export function collect(stream: Readable): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= LONGEST_BODY) chunks.push(chunk)
      else stream.destroy(Object.assign(new Error('body too long'), { code: 'EFBIG' }))
    })
    finished(stream, { writable: false }, (error) => {
      if (error) reject(error)
      else resolve(Buffer.concat(chunks))
    })
  })
}

function readCaBundle(operation: Operation, path: string): string {
  let pem: string
  try {
    pem = readRegularFile(path, LONGEST_BUNDLE)
  } catch {
    throw unasked(operation, 'TlsError', say`AWS_CA_BUNDLE names a file that cannot be read`)
  }
  // Node would say so when it connects. Bun would trust nobody, and say that the issuer is unknown.
  if (isBundle(pem)) return pem
  throw unasked(
    operation,
    'TlsError',
    say`AWS_CA_BUNDLE names a file without certificates, or with a broken one`,
  )
}

function toSdk({ accessKeyId, secretAccessKey, sessionToken }: StaticCredentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}

/** A NodeHttpHandler that uses no socket which slept too long. It also reads gzip, which a proxy may add unasked. */
class FreshSocketHandler extends NodeHttpHandler {
  readonly #sockets: Sockets

  constructor(sockets: Sockets) {
    const { agent } = sockets
    super({ httpAgent: agent, httpsAgent: agent, socketTimeout: SILENCE_TIMEOUT_MS, logger: silent })
    this.#sockets = sockets
  }

  override async handle(...[request, options]: Parameters<NodeHttpHandler['handle']>) {
    this.#sockets.dropStale()
    const release = await this.#sockets.takeSlot(options?.abortSignal as AbortSignal | undefined)
    const answer = await super.handle(request, options).catch((error: unknown) => {
      release()
      throw error
    })
    const { headers, body } = answer.response
    for (const over of ['end', 'close', 'error']) body.once(over, release)
    if (headers['content-encoding'] === 'gzip') {
      const { createGunzip } = await import('node:zlib') // rare, and a millisecond of every start
      answer.response.body = pipeline(body, createGunzip(), ignore)
    }
    return answer
  }
}
