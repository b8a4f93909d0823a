import { readFileSync } from 'node:fs'
import { pipeline } from 'node:stream'
import {
  BatchGetSecretValueCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
  type BatchGetSecretValueCommandInput,
  type BatchGetSecretValueCommandOutput,
  type GetSecretValueCommandInput,
  type GetSecretValueCommandOutput,
} from '@aws-sdk/client-secrets-manager'
import {
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  SSMClient,
  type GetParameterCommandInput,
  type GetParameterCommandOutput,
  type GetParametersByPathCommandInput,
  type GetParametersByPathCommandOutput,
  type GetParametersCommandInput,
  type GetParametersCommandOutput,
} from '@aws-sdk/client-ssm'
import { partition } from '@aws-sdk/core/client'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { say } from '../public.ts'
import { VERSION } from '../version.ts'
import type { Credentials } from './credentials.ts'
import { queuedTooLong, toUpstreamError, unasked, type Operation } from './failure.ts'
import type { StaticCredentials, StoreSettings, UpstreamSettings } from '../config.ts'
import { isBundle, isUnknownIssuer, systemTrust, type Trust } from './trust.ts'
import { waits, type Wait } from './slots.ts'
import { createSockets, type Sockets } from './sockets.ts'

// The clients of the AWS SDK. Every setting that the SDK would otherwise look up is given, so that it asks no metadata
// service and prints nothing. It would still read profiles; build.mjs cuts that off.

export interface Clients {
  /** The function's own. */
  readonly region: string | undefined
  /**
   * `region` undefined: the function's own. `isWanted` is asked before anything is sent: false ends the call, also one
   * that has waited for its turn. Reject with UpstreamError only.
   */
  getSecretValue(
    region: string | undefined,
    input: GetSecretValueCommandInput,
    isWanted?: () => boolean,
  ): Promise<GetSecretValueCommandOutput>
  getParameter(
    region: string | undefined,
    input: GetParameterCommandInput,
    isWanted?: () => boolean,
  ): Promise<GetParameterCommandOutput>
  batchGetSecretValue(
    region: string | undefined,
    input: BatchGetSecretValueCommandInput,
  ): Promise<BatchGetSecretValueCommandOutput>
  getParameters(
    region: string | undefined,
    input: GetParametersCommandInput,
  ): Promise<GetParametersCommandOutput>
  getParametersByPath(input: GetParametersByPathCommandInput): Promise<GetParametersByPathCommandOutput>
  /** Closes every socket and forgets the clients; the next call makes new ones. */
  close(): void
}

/**
 * Milliseconds. A response that is silent for this long is given up, and the SDK asks again, also if the whole call
 * has no bound. The SDK begins to count three seconds after the request, so a response that never begins is given up
 * after 13 s.
 */
const SILENCE_TIMEOUT_MS = 10_000
/** Most clients of other regions, whose names come from callers. The oldest makes room. */
const MAX_REGIONS = 16
/** Most bytes of an answer's body, unzipped. The largest secret is 64 KB. */
const LONGEST_BODY = 4 * 1024 * 1024
const EXPIRED = /^(ExpiredToken(Exception)?|UnrecognizedClientException|InvalidClientTokenId)$/
const NOT_YET = /^Signature not yet current/
/** The SDK's own pattern. Its `partition` cannot be asked: it takes every unknown region for one of `aws`. */
const REGION_OF_AWS = /^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/
const REGION = /^[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}$/

const UNREAD: Trust = {}

const ignore = () => {}
const always = () => true
const silent = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore }

/**
 * The region of an ARN of `service`, such as `arn:aws:ssm:eu-west-1:123456789012:parameter/a`; undefined for a name. It
 * is undefined too for a region that no pattern of the SDK knows, or of another partition than that of `own`, the
 * function's region: callers choose the ARN, and its region becomes a host name to which the session token is sent.
 */
export function regionOfArn(
  service: 'ssm' | 'secretsmanager',
  name: string,
  own: string | undefined,
): string | undefined {
  const [arn, ofPartition, ofService, region = ''] = name.split(':', 4)
  if (arn !== 'arn' || ofService !== service || !REGION.test(region)) return undefined
  const known = partition(region).name
  if (known !== ofPartition || (known === 'aws' && !REGION_OF_AWS.test(region))) return undefined
  return own === undefined || partition(own).name === known ? region : undefined
}

export function createClients(settings: UpstreamSettings, credentials: Credentials): Clients {
  const { secretsManager, parameterStore } = settings
  const secrets = perRegion('GetSecretValue', (region) => {
    const { config, sockets } = configure(
      'GetSecretValue',
      settings,
      secretsManager,
      credentials,
      region,
      trust,
    )
    return { client: new SecretsManagerClient(config), sockets }
  })
  const parameters = perRegion('GetParameter', (region) => {
    const { config, sockets } = configure(
      'GetParameter',
      settings,
      parameterStore,
      credentials,
      region,
      trust,
    )
    return { client: new SSMClient(config), sockets }
  })
  const regionOr = (region: string | undefined) => region ?? settings.region
  /** The runtime's own roots, until a chain ends at an issuer that is not among them. */
  let trust = UNREAD

  /** Tries once more with the system's roots, if they have not been read yet. */
  async function withTrust<T>(send: () => Promise<T>): Promise<T> {
    const tried = trust
    try {
      return await send()
    } catch (error) {
      if (!isUnknownIssuer(error) || settings.caBundle !== undefined) throw error
      if (trust === tried) {
        const system = trust === UNREAD ? systemTrust(settings) : undefined
        if (system === undefined) throw error
        trust = system
        secrets.renew()
        parameters.renew()
      }
      return send()
    }
  }

  const ofSecrets = <T>(
    operation: Operation,
    region: string | undefined,
    send: (client: SecretsManagerClient, options: { abortSignal: AbortSignal }) => Promise<T>,
    isWanted = always,
  ): Promise<T> =>
    bounded(
      operation,
      settings,
      secretsManager.timeoutMs,
      (abortSignal) => {
        // Asks for the client each time: the trusted roots may have changed.
        const ask = () => send(secrets.client(regionOr(region)), { abortSignal })
        return withTrust(() => withFreshCredentials(credentials, ask))
      },
      isWanted,
    )
  const ofParameters = <T>(
    operation: Operation,
    region: string | undefined,
    send: (client: SSMClient, options: { abortSignal: AbortSignal }) => Promise<T>,
    isWanted = always,
  ): Promise<T> =>
    bounded(
      operation,
      settings,
      parameterStore.timeoutMs,
      (abortSignal) => {
        // Asks for the client each time: the trusted roots may have changed.
        const ask = () => send(parameters.client(regionOr(region)), { abortSignal })
        return withTrust(() => withFreshCredentials(credentials, ask))
      },
      isWanted,
    )
  return {
    region: settings.region,
    getSecretValue: (region, input, isWanted) =>
      ofSecrets(
        'GetSecretValue',
        region,
        (client, options) => client.send(new GetSecretValueCommand(input), options),
        isWanted,
      ),
    batchGetSecretValue: (region, input) =>
      ofSecrets('BatchGetSecretValue', region, (client, options) =>
        client.send(new BatchGetSecretValueCommand(input), options),
      ),
    getParameter: (region, input, isWanted) =>
      ofParameters(
        'GetParameter',
        region,
        (client, options) => client.send(new GetParameterCommand(input), options),
        isWanted,
      ),
    getParameters: (region, input) =>
      ofParameters('GetParameters', region, (client, options) =>
        client.send(new GetParametersCommand(input), options),
      ),
    getParametersByPath: (input) =>
      ofParameters('GetParametersByPath', undefined, (client, options) =>
        client.send(new GetParametersByPathCommand(input), options),
      ),
    close() {
      secrets.close()
      parameters.close()
    },
  }
}

/** Bounds a whole call, retries included, by `timeoutMs` (0: no bound). After that its sockets are cut. */
async function bounded<T>(
  operation: Operation,
  settings: UpstreamSettings,
  timeoutMs: number,
  send: (abort: AbortSignal) => Promise<T>,
  isWanted: () => boolean,
): Promise<T> {
  const abort = new AbortController()
  const wait: Wait = { waitedMs: 0, since: undefined, isWanted }
  waits.set(abort.signal, wait)
  const timer = timeoutMs > 0 ? setTimeout(() => abort.abort(), timeoutMs) : undefined
  // The SDK's abort is not enough: fetching credentials does not listen to it.
  const aborted = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
  })
  try {
    return await Promise.race([send(abort.signal), aborted])
  } catch (error) {
    const waitedMs = wait.waitedMs + (wait.since === undefined ? 0 : Date.now() - wait.since)
    if (abort.signal.aborted && waitedMs * 2 > timeoutMs) {
      throw queuedTooLong(operation, Math.min(waitedMs, timeoutMs), timeoutMs, settings.maxConnections)
    }
    throw toUpstreamError(operation, error, abort.signal.aborted ? timeoutMs : 0, settings.maxAttempts)
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Asks once more after either of two refusals. First: the credentials of the container endpoint have rotated, and AWS
 * calls the old ones expired. Second: the clock was wrong and is right again, as after a freeze. The SDK then
 * corrects its clock offset, but asks again by itself only if the correction is large.
 */
async function withFreshCredentials<T>(credentials: Credentials, send: () => Promise<T>): Promise<T> {
  const used = await credentials.get()
  try {
    return await send()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (error.name === 'InvalidSignatureException' && NOT_YET.test(error.message)) return send()
    if (!EXPIRED.test(error.name)) throw error
    const fresh = await credentials.replace(used).catch(ignore)
    if (fresh === undefined) throw error
    return send()
  }
}

interface Opened<Client> {
  readonly client: Client
  readonly sockets: Sockets
}

/** One client for each region, made when it is first asked. */
function perRegion<Client extends { destroy(): void }>(
  operation: Operation,
  open: (region: string) => Opened<Client>,
) {
  const opened = new Map<string, Opened<Client>>()
  return {
    client(region: string | undefined): Client {
      if (region === undefined) throw unasked(operation, 'RegionError', say`no region: AWS_REGION is not set`)
      let found = opened.get(region)
      if (found === undefined) {
        found = open(region)
        opened.set(region, found)
        if (opened.size > MAX_REGIONS) forgetOldest()
      }
      return found.client
    },
    /** The next call makes a new one; calls under way keep their sockets. */
    renew() {
      for (const { sockets } of opened.values()) sockets.retire()
      opened.clear()
    },
    close() {
      for (const { client } of opened.values()) client.destroy()
      opened.clear()
    },
  }

  /** Calls under way keep their sockets, which close after them. */
  function forgetOldest(): void {
    for (const [region, { sockets }] of opened) {
      opened.delete(region)
      sockets.retire()
      return
    }
  }
}

/** What both clients are made with. */
function configure(
  operation: Operation,
  settings: UpstreamSettings,
  store: StoreSettings,
  credentials: Credentials,
  region: string,
  trust: Trust,
) {
  const { endpoint } = store
  const secure = endpoint === undefined || /^https:/i.test(endpoint)
  const { caBundle, maxConnections: maxSockets, proxy } = settings
  const bundle = secure && caBundle !== undefined ? { ca: readCaBundle(operation, caBundle) } : undefined
  const sockets = createSockets({ secure, maxSockets, trust: bundle ?? trust, proxy })
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

/** The SDK's own has no bound. Destroys the stream, and its socket, past `LONGEST_BODY`. */
async function collect(stream: AsyncIterable<Buffer>): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > LONGEST_BODY) throw Object.assign(new Error('body too long'), { code: 'EFBIG' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function readCaBundle(operation: Operation, path: string): string {
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
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

function toSdk({ accessKeyId, secretAccessKey, sessionToken }: StaticCredentials): AwsCredentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}

interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
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
    const release = await this.#sockets.slots.take(options?.abortSignal as AbortSignal | undefined)
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
