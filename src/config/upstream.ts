import { isLoopback } from '../loopback.ts'
import { say, shown } from '../public.ts'
import {
  integerIn,
  isTrue,
  present,
  readInteger,
  readText,
  readWord,
  warn,
  type Environment,
  type Reading,
} from './read.ts'
import { readRoles, type RoleSettings } from './roles.ts'
import {
  FAILOVER_REGION,
  MAX_CONNECTIONS,
  PARAMETERS_TIMEOUT,
  SECRETS_TIMEOUT,
  USE_PROXY,
} from './settings.ts'

/** What the part that holds the AWS SDK is made with. */
export interface UpstreamSettings {
  readonly region: string | undefined
  /** Those of the environment. They are used instead of `container`. */
  readonly credentials: StaticCredentials | undefined
  readonly container: ContainerSettings | undefined
  readonly secretsManager: StoreSettings
  readonly parameterStore: StoreSettings
  readonly securityTokens: StoreSettings
  readonly roles: RoleSettings
  /** Of the replicas of secrets, as given: upstream/failover.ts says whether it will do. */
  readonly failoverRegion: string | undefined
  /** Sockets per store and region. */
  readonly maxConnections: number
  /** Most attempts of one call, the first included; 1 or more. */
  readonly maxAttempts: number
  readonly useFips: boolean
  readonly useDualstack: boolean
  /** Path of a PEM file that replaces the trusted roots, as `AWS_CA_BUNDLE` does in every AWS SDK. */
  readonly caBundle: string | undefined
  /** Where the system's trusted roots are, if not in the usual places. */
  readonly certFile: string | undefined
  readonly certDirectories: readonly string[] | undefined
  readonly proxy: ProxySettings | undefined
}

/** URLs with the scheme `http:`; they may hold a password. */
export interface ProxySettings {
  /** For addresses that begin with `https:`. */
  readonly https: string | undefined
  readonly http: string | undefined
  readonly noProxy: string
}

export interface StoreSettings {
  /** A URL that is used, for every region, instead of that of the SDK's endpoint rules. */
  readonly endpoint: string | undefined
  /** Longest time of a whole call, retries included, in milliseconds. 0: no bound. */
  readonly timeoutMs: number
}

export interface StaticCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

/** Where the `AWS_CONTAINER_CREDENTIALS_*` variables point. SnapStart functions get their credentials there. */
export interface ContainerSettings {
  readonly fullUri: string | undefined
  readonly relativeUri: string | undefined
  readonly authorizationToken: string | undefined
  readonly authorizationTokenFile: string | undefined
}

/** The original's: aws-sdk-go-v2's standard retry, seen as "exceeded maximum number of attempts, 3" in its log. */
const DEFAULT_ATTEMPTS = 3
/** Of one AssumeRole, attempts included. */
const ASSUME_TIMEOUT_MS = 10_000

/** Those whose lines come among the original's; in its order. */
export function readBounds(reading: Reading) {
  return {
    secretsTimeoutMs: readInteger(reading, SECRETS_TIMEOUT),
    parametersTimeoutMs: readInteger(reading, PARAMETERS_TIMEOUT),
    maxConnections: readInteger(reading, MAX_CONNECTIONS),
  }
}

/** `port` is our own. */
export function readUpstream(
  reading: Reading,
  bounds: ReturnType<typeof readBounds>,
  port: number,
): UpstreamSettings {
  const { env } = reading
  const endpoint = readEndpoint(reading, 'AWS_ENDPOINT_URL', port)
  const endpointOf = (name: string) => readEndpoint(reading, name, port) ?? endpoint
  return {
    region: present(env.AWS_REGION) ?? present(env.AWS_DEFAULT_REGION),
    credentials: readCredentials(env),
    container: readContainer(env),
    secretsManager: {
      endpoint: endpointOf('AWS_ENDPOINT_URL_SECRETS_MANAGER'),
      timeoutMs: bounds.secretsTimeoutMs,
    },
    parameterStore: { endpoint: endpointOf('AWS_ENDPOINT_URL_SSM'), timeoutMs: bounds.parametersTimeoutMs },
    securityTokens: { endpoint: endpointOf('AWS_ENDPOINT_URL_STS'), timeoutMs: ASSUME_TIMEOUT_MS },
    roles: readRoles(reading),
    failoverRegion: present(readText(reading, FAILOVER_REGION)?.trim()),
    maxConnections: bounds.maxConnections,
    maxAttempts: readMaxAttempts(reading),
    useFips: isTrue(env.AWS_USE_FIPS_ENDPOINT),
    useDualstack: isTrue(env.AWS_USE_DUALSTACK_ENDPOINT),
    caBundle: present(env.AWS_CA_BUNDLE),
    certFile: present(env.SSL_CERT_FILE),
    certDirectories: present(env.SSL_CERT_DIR)
      ?.split(':')
      .filter((path) => path !== ''),
    proxy: readProxy(reading),
  }
}

/**
 * The variable's URL, which may hold a password. Undefined if it is absent, ignored, or (with a warning) no URL; also
 * if it is this extension itself, at `port`, which the function's own SDKs are to ask.
 */
function readEndpoint(reading: Reading, name: string, port: number): string | undefined {
  const { env, notes } = reading
  const value = present(env[name])
  if (value === undefined || isTrue(env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS)) return undefined
  if (/^https?:\/\//i.test(value) && URL.canParse(value)) {
    if (!isOwnAddress(new URL(value), port)) return value
    notes.push({ level: 'info', message: say`${shown(name)} is this extension, which itself asks AWS.` })
    return undefined
  }
  warn(reading, say`${shown(name)} must be a URL that begins with http:// or https://. Ignoring it.`)
  return undefined
}

function isOwnAddress({ protocol, hostname, port: given }: URL, port: number): boolean {
  const isOurs = isLoopback(hostname) || hostname === '0.0.0.0'
  return protocol === 'http:' && Number(given || 80) === port && isOurs
}

/** As Go's `http.ProxyFromEnvironment`: capitals first, and no HTTP_PROXY under a CGI server, where clients set it. */
function readProxy(reading: Reading): ProxySettings | undefined {
  const { env } = reading
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']
  if (!names.some((name) => env[name]) || readWord(reading, USE_PROXY) === 'false') return undefined
  const isCgi = Boolean(env.REQUEST_METHOD)
  return {
    https: readProxyUrl(reading, 'HTTPS_PROXY') ?? readProxyUrl(reading, 'https_proxy'),
    http: (isCgi ? undefined : readProxyUrl(reading, 'HTTP_PROXY')) ?? readProxyUrl(reading, 'http_proxy'),
    noProxy: present(env.NO_PROXY) ?? env.no_proxy ?? '',
  }
}

/** A proxy's URL is never quoted, because it may hold a password. One that cannot be used gets a warning. */
function readProxyUrl(reading: Reading, name: string): string | undefined {
  const value = present(reading.env[name])?.trim()
  if (value === undefined) return undefined
  const url = value.includes('://') ? value : `http://${value}`
  if (/^http:\/\//i.test(url) && URL.canParse(url) && isDecodable(new URL(url))) return url
  const rule = say`${shown(name)} must be the address of an HTTP proxy, such as http://user:password@host:port.`
  warn(reading, say`${rule} Going without it.`)
  return undefined
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

/** 0 means the default, as in aws-sdk-go-v2. Logs nothing unless it is wrong, as the original does. */
function readMaxAttempts(reading: Reading): number {
  const text = present(reading.env.AWS_MAX_ATTEMPTS)
  const value = text === undefined ? 0 : (integerIn(text) ?? -1)
  if (value >= 0) return value || DEFAULT_ATTEMPTS
  const rule = say`AWS_MAX_ATTEMPTS must be an integer of 0 or more, got "${shown(text!)}".`
  warn(reading, say`${rule} Using default attempts: ${DEFAULT_ATTEMPTS}.`)
  return DEFAULT_ATTEMPTS
}

function readCredentials(env: Environment): StaticCredentials | undefined {
  const accessKeyId = present(env.AWS_ACCESS_KEY_ID)
  const secretAccessKey = present(env.AWS_SECRET_ACCESS_KEY)
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  return { accessKeyId, secretAccessKey, sessionToken: present(env.AWS_SESSION_TOKEN) }
}

function readContainer(env: Environment): ContainerSettings | undefined {
  const fullUri = present(env.AWS_CONTAINER_CREDENTIALS_FULL_URI)
  const relativeUri = present(env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI)
  if (fullUri === undefined && relativeUri === undefined) return undefined
  return {
    fullUri,
    relativeUri,
    authorizationToken: present(env.AWS_CONTAINER_AUTHORIZATION_TOKEN),
    authorizationTokenFile: present(env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE),
  }
}
