import { trimmed } from './read.ts'
import { readRoles, type RoleSettings } from './roles.ts'
import { readEnvironmentSettings, type EnvironmentSettings } from './environment.ts'
import { say, shown, type Public } from '../public.ts'

// The whole environment contract. The nine variables, their defaults and ranges are those of the AWS guides
// ("Using Parameter Store parameters in AWS Lambda functions", "Use Secrets Manager secrets in Lambda functions");
// the wording of the lines is the original's as published in awslabs/aws-sdk-rust#905, aws/aws-cdk#26011 and
// aws-samples/aws-lambda-extensions#104, its "Manger" included. A bad value warns and takes the default: stopping
// would fail every invocation of the customer's function.

export type Environment = Readonly<Record<string, string | undefined>>

/** A line to be logged once the log exists; `plain` has no level. */
interface Note {
  readonly level: 'plain' | 'debug' | 'info' | 'warn'
  readonly message: Public
}

export interface Config {
  readonly port: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'none'
  readonly logFormat: 'text' | 'json'
  readonly cacheEnabled: boolean
  readonly capacity: number
  /** Most bytes held; `capacity` bounds the number of answers. */
  readonly cacheMaxBytes: number
  /** The memory of the function's whole sandbox, in megabytes of 2²⁰ bytes. Undefined outside Lambda. */
  readonly functionMemoryMb: number | undefined
  readonly freshness: { readonly refreshAheadPercent: number; readonly staleMs: number }
  /** How long an absence is remembered. 0: not at all. */
  readonly negativeTtlMs: number
  readonly prefetch: PrefetchSettings
  /** Undefined if nothing is to become a variable of the function. */
  readonly environment: EnvironmentSettings | undefined
  readonly secretsTtlMs: number
  readonly parametersTtlMs: number
  /** The tokens that a caller may show, no empty strings. An empty list refuses every request. */
  readonly callerTokens: readonly string[]
  readonly runtimeApi: string | undefined
  readonly initializationType: string | undefined
  /** Undefined: nothing is counted for anybody. */
  readonly metrics: MetricsSettings | undefined
  readonly upstream: UpstreamSettings
  readonly notes: readonly Note[]
}

interface MetricsSettings {
  /** `emf`: lines of the log. `prometheus`: `GET /metrics`. */
  readonly form: 'emf' | 'prometheus'
  /** The dimension of each line. */
  readonly functionName: string
}

/** What is fetched before the function asks. */
interface PrefetchSettings {
  /** Whether nothing at all is named. */
  readonly isEmpty: boolean
  /** Names, ARNs and partial ARNs, each with `?versionStage=` or `?versionId=` if wanted. */
  readonly secrets: readonly string[]
  /** Names and ARNs, each with `:version` or `:label` if wanted; one that ends in `/` is a path. */
  readonly parameters: readonly string[]
  /** Absolute path of a JSON file that names more of both. core/prefetch.ts reads it. */
  readonly file: string | undefined
  /** Secrets by BatchGetSecretValue. */
  readonly batch: boolean
  /** Longest that `next` waits for it, in milliseconds. */
  readonly waitMs: number
}

/** What the half that holds the SDK is made with. */
export interface UpstreamSettings {
  readonly region: string | undefined
  /** Those of the environment. They are used instead of `container`. */
  readonly credentials: StaticCredentials | undefined
  readonly container: ContainerSettings | undefined
  readonly secretsManager: StoreSettings
  readonly parameterStore: StoreSettings
  readonly securityTokens: StoreSettings
  readonly roles: RoleSettings
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

const LEVELS = ['debug', 'info', 'warn', 'error', 'none'] as const
const MAX_TIMEOUT_MS = 2_147_483_647 // the longest timer there is
/** The original's: aws-sdk-go-v2's standard retry, seen as "exceeded maximum number of attempts, 3" in its log. */
const DEFAULT_ATTEMPTS = 3
/** Of one AssumeRole, attempts included. */
const ASSUME_TIMEOUT_MS = 10_000
const INTEGER = /^[+-]?\d{1,15}$/

/** Reads every variable once. Never throws; what was wrong is in `notes`. */
export function readConfig(env: Environment): Config {
  const notes: Note[] = []
  const logLevel = readLogLevel(env, notes)
  const cacheEnabled = readCacheEnabled(env, notes)
  const capacity = readNumber(env, notes, {
    name: 'PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE',
    fallback: 1000,
    min: 0,
    max: 1000,
    absent: (n) => say`Using default cache size: ${n} objects.`,
    present: (n) => say`is ${n} objects.`,
    clamped: (n) => say`Setting cache size to ${n} objects.`,
  })
  const maxTtl = readMaxTtl(env)
  const secretsTtl = readTtl(env, notes, 'SECRETS_MANAGER_TTL', maxTtl.value, say`Secrets Manger`)
  const parametersStore = say`Systems Manager Parameter Store`
  const parametersTtl = readTtl(env, notes, 'SSM_PARAMETER_STORE_TTL', maxTtl.value, parametersStore)
  const secretsTimeoutMs = readTimeout(env, notes, 'SECRETS_MANAGER_TIMEOUT_MILLIS')
  const parametersTimeoutMs = readTimeout(env, notes, 'SSM_PARAMETER_STORE_TIMEOUT_MILLIS')
  const maxConnections = readNumber(env, notes, {
    name: 'PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS',
    fallback: 3,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    absent: (n) => say`Using default maximum connections: ${n}.`,
    present: (n) => say`is ${n}.`,
  })
  const port = readNumber(env, notes, {
    name: 'PARAMETERS_SECRETS_EXTENSION_HTTP_PORT',
    fallback: 2773,
    min: 1,
    max: 65535,
    absent: (n) => say`Using default port: ${n}.`,
    present: (n) => say`is ${n}.`,
  })
  notes.push(...maxTtl.notes)
  const refreshAheadPercent = readOwnNumber(env, notes, {
    name: 'PARAMETERS_SECRETS_EXTENSION_REFRESH_AHEAD_PERCENT',
    fallback: 0,
    min: 0,
    max: 90,
    value: (n) => say`${n} %`,
  })
  const staleSeconds = readOwnNumber(env, notes, {
    name: 'PARAMETERS_SECRETS_EXTENSION_STALE_ON_ERROR_SECONDS',
    fallback: 0,
    min: 0,
    max: 3600,
    value: (n) => say`${n} s`,
  })
  const negativeTtlSeconds = readOwnNumber(env, notes, {
    name: 'PARAMETERS_SECRETS_EXTENSION_NEGATIVE_TTL_SECONDS',
    fallback: 0,
    min: 0,
    max: 60,
    value: (n) => say`${n} s`,
  })
  const functionMemoryMb = readFunctionMemory(env)
  const cacheMaxMb = readOwnNumber(env, notes, {
    name: 'PARAMETERS_SECRETS_EXTENSION_CACHE_MAX_MB',
    fallback: cacheMbFor(functionMemoryMb),
    min: 1,
    max: 1024,
    value: (n) => say`${n} MB`,
  })
  const endpoint = readEndpoint(env, notes, 'AWS_ENDPOINT_URL', port)
  return {
    port,
    logLevel,
    logFormat: env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON' ? 'json' : 'text',
    cacheEnabled,
    capacity,
    freshness: { refreshAheadPercent, staleMs: staleSeconds * 1000 },
    negativeTtlMs: negativeTtlSeconds * 1000,
    prefetch: readPrefetch(env, notes),
    environment: readEnvironmentSettings(env, notes),
    cacheMaxBytes: cacheMaxMb * 1024 * 1024,
    functionMemoryMb,
    secretsTtlMs: secretsTtl * 1000,
    parametersTtlMs: parametersTtl * 1000,
    callerTokens: [env.AWS_SESSION_TOKEN, env.AWS_CONTAINER_AUTHORIZATION_TOKEN].filter(isPresent),
    runtimeApi: readRuntimeApi(env, notes),
    initializationType: present(env.AWS_LAMBDA_INITIALIZATION_TYPE),
    metrics: readMetrics(env, notes),
    upstream: {
      region: present(env.AWS_REGION) ?? present(env.AWS_DEFAULT_REGION),
      credentials: readCredentials(env),
      container: readContainer(env),
      secretsManager: {
        endpoint: readEndpoint(env, notes, 'AWS_ENDPOINT_URL_SECRETS_MANAGER', port) ?? endpoint,
        timeoutMs: secretsTimeoutMs,
      },
      parameterStore: {
        endpoint: readEndpoint(env, notes, 'AWS_ENDPOINT_URL_SSM', port) ?? endpoint,
        timeoutMs: parametersTimeoutMs,
      },
      securityTokens: {
        endpoint: readEndpoint(env, notes, 'AWS_ENDPOINT_URL_STS', port) ?? endpoint,
        timeoutMs: ASSUME_TIMEOUT_MS,
      },
      roles: readRoles(env, notes),
      maxConnections,
      maxAttempts: readMaxAttempts(env, notes),
      useFips: isTrue(env.AWS_USE_FIPS_ENDPOINT),
      useDualstack: isTrue(env.AWS_USE_DUALSTACK_ENDPOINT),
      caBundle: present(env.AWS_CA_BUNDLE),
      certFile: present(env.SSL_CERT_FILE),
      certDirectories: present(env.SSL_CERT_DIR)?.split(':').filter(isPresent),
      proxy: readProxy(env, notes),
    },
    notes,
  }
}

function isPresent(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

function present(value: string | undefined): string | undefined {
  return isPresent(value) ? value : undefined
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true'
}

function readLogLevel(env: Environment, notes: Note[]): Config['logLevel'] {
  const name = say`PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL`
  const value = present(env[name])
  if (value === undefined) {
    notes.push({ level: 'plain', message: say`${name} is not present. Log level set to info.` })
    return 'info'
  }
  const level = LEVELS.find((one) => one === value.trim().toLowerCase())
  if (level === undefined) {
    const rule = say`${name} must be debug, info, warn, error or none, got "${shown(value)}".`
    notes.push({ level: 'warn', message: say`${rule} Log level set to info.` })
    return 'info'
  }
  const word = shown(level)
  notes.push({ level: 'plain', message: say`${name} is ${word}. Log level set to ${word}.` })
  return level
}

function readCacheEnabled(env: Environment, notes: Note[]): boolean {
  const name = say`PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED`
  const value = present(env[name])
  const word = value?.trim().toLowerCase()
  if (word === 'true' || word === 'false') {
    notes.push({ level: 'debug', message: say`${name} is ${shown(word)}.` })
    return word === 'true'
  }
  if (value === undefined) {
    notes.push({ level: 'debug', message: say`${name} is not present. Cache is enabled by default.` })
  } else {
    const rule = say`${name} must be TRUE or FALSE, got "${shown(value)}".`
    notes.push({ level: 'warn', message: say`${rule} Cache is enabled by default.` })
  }
  return true
}

interface NumberRule {
  readonly name: string
  readonly fallback: number
  readonly min: number
  readonly max: number
  /** What the default means, after "X is not present." or "X must be …". */
  absent(value: number): Public
  present(value: number): Public
  /** A larger value is set to `max` with this sentence; without it, it takes the default like any bad value. */
  clamped?(value: number): Public
}

function readNumber(env: Environment, notes: Note[], rule: NumberRule): number {
  const { min, max, fallback } = rule
  const name = shown(rule.name)
  const given = present(env[rule.name])
  const text = given && trimmed(given)
  if (text === undefined) {
    notes.push({ level: 'debug', message: say`${name} is not present. ${rule.absent(fallback)}` })
    return fallback
  }
  const value = INTEGER.test(text) ? Number(text) : Number.NaN
  if (value > max && rule.clamped !== undefined) {
    notes.push({ level: 'warn', message: say`${name} exceeds max limit. ${rule.clamped(max)}` })
    return max
  }
  if (!(value >= min && value <= max)) {
    const range = max === Number.MAX_SAFE_INTEGER ? say`of ${min} or more` : say`from ${min} to ${max}`
    const must = say`${name} must be an integer ${range}, got "${shown(text)}".`
    notes.push({ level: 'warn', message: say`${must} ${rule.absent(fallback)}` })
    return fallback
  }
  notes.push({ level: 'debug', message: say`${name} ${rule.present(value)}` })
  return value
}

interface OwnNumberRule extends Pick<NumberRule, 'name' | 'fallback' | 'min' | 'max'> {
  /** With its unit. */
  value(n: number): Public
}

/** A setting that the original does not have. Unset, it logs nothing, so that our lines stay those of the original. */
function readOwnNumber(env: Environment, notes: Note[], rule: OwnNumberRule): number {
  if (present(env[rule.name]) === undefined) return rule.fallback
  return readNumber(env, notes, {
    ...rule,
    absent: (n) => say`Using ${rule.value(n)}.`,
    present: (n) => say`is ${rule.value(n)}.`,
  })
}

/** Set by Lambda, so a value that is none is no mistake of a user. */
function readFunctionMemory({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: text = '' }: Environment): number | undefined {
  return INTEGER.test(text) && Number(text) > 0 ? Number(text) : undefined
}

/** The cache shares the sandbox's memory with the function. */
function cacheMbFor(functionMemoryMb = Infinity): number {
  if (functionMemoryMb < 192) return 4
  return functionMemoryMb < 512 ? 8 : 16
}

/** The ceiling of the two TTLs, in seconds; 300 in the original. Its notes follow those of the original's settings. */
function readMaxTtl(env: Environment): { value: number; notes: Note[] } {
  const notes: Note[] = []
  const name = 'PARAMETERS_SECRETS_EXTENSION_MAX_TTL_SECONDS'
  const value = readOwnNumber(env, notes, {
    name,
    fallback: 300,
    min: 300,
    max: 3600,
    value: (n) => say`${n} s`,
  })
  return { value, notes }
}

function readPrefetch(env: Environment, notes: Note[]): PrefetchSettings {
  const secrets = readNames(env.PARAMETERS_SECRETS_EXTENSION_PREFETCH_SECRETS)
  const parameters = readNames(env.PARAMETERS_SECRETS_EXTENSION_PREFETCH_PARAMETERS)
  const file = readPrefetchFile(env, notes)
  return {
    isEmpty: secrets.length + parameters.length === 0 && file === undefined,
    secrets,
    parameters,
    file,
    batch: readPrefetchBatch(env, notes),
    waitMs: readOwnNumber(env, notes, {
      name: 'PARAMETERS_SECRETS_EXTENSION_PREFETCH_WAIT_MILLIS',
      fallback: 1000,
      min: 0,
      max: 5000,
      value: (n) => say`${n} ms`,
    }),
  }
}

function readMetrics(env: Environment, notes: Note[]): MetricsSettings | undefined {
  const name = say`PARAMETERS_SECRETS_EXTENSION_METRICS`
  const value = present(env[name])
  const form = value?.trim().toLowerCase()
  if (form === 'emf' || form === 'prometheus')
    return { form, functionName: present(env.AWS_LAMBDA_FUNCTION_NAME) ?? 'unknown' }
  if (value !== undefined) {
    const rule = say`${name} must be emf or prometheus, got "${shown(value)}".`
    notes.push({ level: 'warn', message: say`${rule} Counting nothing.` })
  }
  return undefined
}

/** Between commas and white space. */
function readNames(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter(isPresent)
}

function readPrefetchFile(env: Environment, notes: Note[]): string | undefined {
  const name = say`PARAMETERS_SECRETS_EXTENSION_PREFETCH_FILE`
  const path = present(env[name])
  if (path === undefined || path.startsWith('/')) return path
  const rule = say`${name} must be an absolute path, got "${shown(path)}".`
  notes.push({ level: 'warn', message: say`${rule} Ignoring it.` })
  return undefined
}

function readPrefetchBatch(env: Environment, notes: Note[]): boolean {
  const name = say`PARAMETERS_SECRETS_EXTENSION_PREFETCH_BATCH`
  const value = present(env[name])
  const word = value?.trim().toLowerCase()
  if (value !== undefined && word !== 'true' && word !== 'false') {
    const rule = say`${name} must be TRUE or FALSE, got "${shown(value)}".`
    notes.push({ level: 'warn', message: say`${rule} Using FALSE.` })
  }
  return word === 'true'
}

/** Seconds. */
function readTtl(env: Environment, notes: Note[], name: string, max: number, store: Public): number {
  return readNumber(env, notes, {
    name,
    fallback: 300,
    min: 0,
    max,
    absent: (n) => say`Setting default time-to-live: ${goDuration(n * 1000)}.`,
    present: (n) => say`is ${goDuration(n * 1000)}.`,
    clamped: (n) => say`Setting ${store} TTL to ${goDuration(n * 1000)}.`,
  })
}

/** Milliseconds; 0 is no bound. */
function readTimeout(env: Environment, notes: Note[], name: string): number {
  return readNumber(env, notes, {
    name,
    fallback: 0,
    min: 0,
    max: MAX_TIMEOUT_MS,
    absent: (n) => say`Setting default timeout: ${goDuration(n)}.`,
    present: (n) => say`is ${goDuration(n)}.`,
  })
}

/** Go's `time.Duration` text of whole milliseconds: `0s`, `250ms`, `1.5s`, `5m0s`, `1h0m0s`. */
export function goDuration(ms: number): Public {
  if (ms === 0) return say`0s`
  if (ms < 1000) return say`${ms}ms`
  const seconds = (ms % 60_000) / 1000
  const minutes = Math.floor(ms / 60_000)
  if (minutes === 0) return say`${seconds}s`
  if (minutes < 60) return say`${minutes}m${seconds}s`
  return say`${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`
}

/**
 * The variable's URL, which may hold a password. Undefined if it is absent, ignored, or (with a warning) no URL; also
 * if it is this extension itself, at `port`, which the function's own SDKs are to ask.
 */
function readEndpoint(env: Environment, notes: Note[], name: string, port: number): string | undefined {
  const value = present(env[name])
  if (value === undefined || isTrue(env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS)) return undefined
  if (/^https?:\/\//i.test(value) && URL.canParse(value)) {
    if (!isOwnAddress(new URL(value), port)) return value
    notes.push({ level: 'info', message: say`${shown(name)} is this extension, which itself asks AWS.` })
    return undefined
  }
  const rule = say`${shown(name)} must be a URL that begins with http:// or https://.`
  notes.push({ level: 'warn', message: say`${rule} Ignoring it.` })
  return undefined
}

function isOwnAddress({ protocol, hostname, port: given }: URL, port: number): boolean {
  const isLoopback =
    /^(?:localhost|sandbox\.localdomain|.+\.localhost|127(?:\.\d+){3}|\[::1\]|0\.0\.0\.0)\.?$/
  return protocol === 'http:' && Number(given || 80) === port && isLoopback.test(hostname)
}

/** As Go's `http.ProxyFromEnvironment`: capitals first, and no HTTP_PROXY under a CGI server, where clients set it. */
function readProxy(env: Environment, notes: Note[]): ProxySettings | undefined {
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'] as const
  if (!names.some((name) => isPresent(env[name])) || !usesProxy(env, notes)) return undefined
  const isCgi = isPresent(env.REQUEST_METHOD)
  return {
    https: readProxyUrl(env, notes, 'HTTPS_PROXY') ?? readProxyUrl(env, notes, 'https_proxy'),
    http:
      (isCgi ? undefined : readProxyUrl(env, notes, 'HTTP_PROXY')) ?? readProxyUrl(env, notes, 'http_proxy'),
    noProxy: present(env.NO_PROXY) ?? env.no_proxy ?? '',
  }
}

function usesProxy(env: Environment, notes: Note[]): boolean {
  const name = say`PARAMETERS_SECRETS_EXTENSION_USE_PROXY`
  const value = present(env[name])?.trim().toLowerCase()
  if (value === undefined || value === 'true' || value === 'false') return value !== 'false'
  notes.push({ level: 'warn', message: say`${name} must be TRUE or FALSE. The proxy is used by default.` })
  return true
}

/** A proxy's URL is never quoted, because it may hold a password. One that cannot be used gets a warning. */
function readProxyUrl(env: Environment, notes: Note[], name: string): string | undefined {
  const value = present(env[name])?.trim()
  if (value === undefined) return undefined
  const url = value.includes('://') ? value : `http://${value}`
  if (/^http:\/\//i.test(url) && URL.canParse(url) && isDecodable(new URL(url))) return url
  const rule = say`${shown(name)} must be the address of an HTTP proxy, such as http://user:password@host:port.`
  notes.push({ level: 'warn', message: say`${rule} Going without it.` })
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
function readMaxAttempts(env: Environment, notes: Note[]): number {
  const text = present(env.AWS_MAX_ATTEMPTS)?.trim()
  if (text === undefined) return DEFAULT_ATTEMPTS
  const value = INTEGER.test(text) ? Number(text) : Number.NaN
  if (value >= 0) return value || DEFAULT_ATTEMPTS
  const rule = say`AWS_MAX_ATTEMPTS must be an integer of 0 or more, got "${shown(text)}".`
  notes.push({ level: 'warn', message: say`${rule} Using default attempts: ${DEFAULT_ATTEMPTS}.` })
  return DEFAULT_ATTEMPTS
}

/** `host:port`. Without it no events can be asked for, and only a signal ends the process. */
function readRuntimeApi(env: Environment, notes: Note[]): string | undefined {
  const value = present(env.AWS_LAMBDA_RUNTIME_API)
  if (value === undefined || URL.canParse(`http://${value}`)) return value
  const rule = say`AWS_LAMBDA_RUNTIME_API must be host:port, got "${shown(value)}".`
  notes.push({ level: 'warn', message: say`${rule} Not registering.` })
  return undefined
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
