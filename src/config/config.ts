import { say, shown } from '../public.ts'
import { readEnvironmentSettings, type EnvironmentSettings } from './environment.ts'
import { readPrefetch, type PrefetchSettings } from './prefetch.ts'
import {
  integerIn,
  present,
  readInteger,
  readText,
  readWord,
  warn,
  type Environment,
  type Note,
  type Reading,
} from './read.ts'
import * as settings from './settings.ts'
import { readBounds, readUpstream, type UpstreamSettings } from './upstream.ts'

// The whole environment contract, read once. settings.ts has the table of settings, read.ts how one is read.

export interface Config {
  readonly port: number
  readonly logLevel: (typeof settings.LOG_LEVEL.words)[number]
  readonly logFormat: 'text' | 'json'
  /** Most answers held; 0 where the cache is off. */
  readonly capacity: number
  /** Most bytes held; `capacity` bounds the number of answers. */
  readonly cacheMaxBytes: number
  /** The memory of the function's whole sandbox, in megabytes of 2²⁰ bytes. Undefined outside Lambda. */
  readonly functionMemoryMb: number | undefined
  /** What each means is in cache/freshness.ts. */
  readonly freshness: Readonly<
    Record<'refreshAheadPercent' | 'revalidateMs' | 'staleMs' | 'staleWaitMs', number>
  >
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

/** Reads every variable once. Never throws; what was wrong is in `notes`, the lines of the original in its order. */
export function readConfig(env: Environment): Config {
  const notes: Note[] = []
  const reading: Reading = { env, notes }
  const logLevel = readLogLevel(reading)
  const cacheEnabled = readCacheEnabled(reading)
  const size = readInteger(reading, settings.CACHE_SIZE)
  const ofMaxTtl: Note[] = []
  const max = readInteger({ env, notes: ofMaxTtl }, settings.MAX_TTL)
  const secretsTtl = readInteger(reading, { ...settings.SECRETS_TTL, max })
  const parametersTtl = readInteger(reading, { ...settings.PARAMETERS_TTL, max })
  const bounds = readBounds(reading)
  const port = readInteger(reading, settings.HTTP_PORT)
  notes.push(...ofMaxTtl)
  const functionMemoryMb = readFunctionMemory(env)
  const cacheMaxMb = { ...settings.CACHE_MAX_MB, fallback: cacheMbFor(functionMemoryMb) }
  return {
    port,
    logLevel,
    logFormat: env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON' ? 'json' : 'text',
    capacity: cacheEnabled ? size : 0,
    freshness: {
      refreshAheadPercent: readInteger(reading, settings.REFRESH_AHEAD),
      revalidateMs: readInteger(reading, settings.STALE_WHILE_REVALIDATE) * 1000,
      staleMs: readInteger(reading, settings.STALE_ON_ERROR) * 1000,
      staleWaitMs: readInteger(reading, settings.STALE_WAIT),
    },
    negativeTtlMs: readInteger(reading, settings.NEGATIVE_TTL) * 1000,
    cacheMaxBytes: readInteger(reading, cacheMaxMb) * 1024 * 1024,
    functionMemoryMb,
    prefetch: readPrefetch(reading),
    environment: readEnvironmentSettings(reading),
    secretsTtlMs: secretsTtl * 1000,
    parametersTtlMs: parametersTtl * 1000,
    callerTokens: [env.AWS_SESSION_TOKEN, env.AWS_CONTAINER_AUTHORIZATION_TOKEN].flatMap(
      (token) => present(token) ?? [],
    ),
    runtimeApi: readRuntimeApi(reading),
    initializationType: present(env.AWS_LAMBDA_INITIALIZATION_TYPE),
    metrics: readMetrics(reading),
    upstream: readUpstream(reading, bounds, port),
    notes,
  }
}

function readLogLevel(reading: Reading): Config['logLevel'] {
  const { name, words, fallback } = settings.LOG_LEVEL
  const word = readWord(reading, settings.LOG_LEVEL)
  const level = words.find((one) => one === word)
  if (level === undefined && readText(reading, settings.LOG_LEVEL) !== undefined) return fallback
  const said = level === undefined ? say`not present` : shown(level)
  const message = say`${name} is ${said}. Log level set to ${shown(level ?? fallback)}.`
  reading.notes.push({ level: 'plain', message })
  return level ?? fallback
}

function readCacheEnabled(reading: Reading): boolean {
  const { name, otherwise } = settings.CACHE_ENABLED
  const word = readWord(reading, settings.CACHE_ENABLED)
  if (word !== undefined) reading.notes.push({ level: 'debug', message: say`${name} is ${shown(word)}.` })
  else if (readText(reading, settings.CACHE_ENABLED) === undefined)
    reading.notes.push({ level: 'debug', message: say`${name} is not present. ${otherwise}` })
  return word !== 'false'
}

/** Set by Lambda, so a value that is none is no mistake of a user. */
function readFunctionMemory({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: text = '' }: Environment): number | undefined {
  const value = integerIn(text)
  return value !== undefined && value > 0 ? value : undefined
}

/** The cache shares the sandbox's memory with the function. */
function cacheMbFor(functionMemoryMb = Infinity): number {
  if (functionMemoryMb < 192) return 4
  return functionMemoryMb < 512 ? 8 : settings.CACHE_MAX_MB.fallback
}

function readMetrics(reading: Reading): MetricsSettings | undefined {
  const form = readWord(reading, settings.METRICS)
  if (form !== 'emf' && form !== 'prometheus') return undefined
  return { form, functionName: present(reading.env.AWS_LAMBDA_FUNCTION_NAME) ?? 'unknown' }
}

/** `host:port`. Without it no events can be asked for, and only a signal ends the process. */
function readRuntimeApi(reading: Reading): string | undefined {
  const value = present(reading.env.AWS_LAMBDA_RUNTIME_API)
  if (value === undefined || URL.canParse(`http://${value}`)) return value
  warn(reading, say`AWS_LAMBDA_RUNTIME_API must be host:port, got "${shown(value)}". Not registering.`)
  return undefined
}
