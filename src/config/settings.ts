import { say, type Public } from '../public.ts'

// Every setting: the nine of the original and ours, whose names begin as the original's do. A row has the name, the
// range, the default and the sentences. The nine, their defaults and ranges are those of the AWS guides ("Using
// Parameter Store parameters in AWS Lambda functions", "Use Secrets Manager secrets in Lambda functions"); the wording
// is the original's as published in awslabs/aws-sdk-rust#905, aws/aws-cdk#26011 and
// aws-samples/aws-lambda-extensions#104, its "Manger" included. docs/configure.md has a row for each, which a test
// compares.

export interface TextSetting {
  readonly name: Public
}

export interface WordSetting extends TextSetting {
  /** In lower case; any letter case is read. */
  readonly words: readonly string[]
  readonly fallback: string | undefined
  readonly must: Public
  /** What another value comes to. */
  readonly otherwise: Public
}

export interface IntegerSetting extends TextSetting {
  readonly fallback: number
  readonly min: number
  readonly max: number
  /** What the default means, after "X is not present." or "X must be …". */
  absent(value: number): Public
  present(value: number): Public
  /** A larger value is set to `max` with this sentence; without it, it takes the default like any bad value. */
  clamped?(value: number): Public
  readonly isOwn?: boolean
}

const FLAG = { words: ['true', 'false'], must: say`TRUE or FALSE` }
const NO_BOUND = Number.MAX_SAFE_INTEGER
const LONGEST_TIMER_MS = 2_147_483_647

function our(name: Public): Public {
  return say`PARAMETERS_SECRETS_EXTENSION_${name}`
}

function own(
  name: Public,
  unit: Public,
  range: Pick<IntegerSetting, 'fallback' | 'min' | 'max'>,
): IntegerSetting {
  return {
    ...range,
    name: our(name),
    absent: (n) => say`Using ${n} ${unit}.`,
    present: (n) => say`is ${n} ${unit}.`,
    isOwn: true,
  }
}

/** In seconds. */
function ttl(name: Public, store: Public): IntegerSetting {
  return {
    name,
    fallback: 300,
    min: 0,
    max: 300,
    absent: (n) => say`Setting default time-to-live: ${goDuration(n * 1000)}.`,
    present: (n) => say`is ${goDuration(n * 1000)}.`,
    clamped: (n) => say`Setting ${store} TTL to ${goDuration(n * 1000)}.`,
  }
}

function timeout(name: Public): IntegerSetting {
  return {
    name,
    fallback: 0,
    min: 0,
    max: LONGEST_TIMER_MS,
    absent: (n) => say`Setting default timeout: ${goDuration(n)}.`,
    present: (n) => say`is ${goDuration(n)}.`,
  }
}

export const LOG_LEVEL = {
  name: our(say`LOG_LEVEL`),
  words: ['debug', 'info', 'warn', 'error', 'none'],
  fallback: 'info',
  must: say`debug, info, warn, error or none`,
  otherwise: say`Log level set to info.`,
} as const satisfies WordSetting

export const CACHE_ENABLED: WordSetting = {
  ...FLAG,
  name: our(say`CACHE_ENABLED`),
  fallback: 'true',
  otherwise: say`Cache is enabled by default.`,
}

export const CACHE_SIZE: IntegerSetting = {
  name: our(say`CACHE_SIZE`),
  fallback: 1000,
  min: 0,
  max: 1000,
  absent: (n) => say`Using default cache size: ${n} objects.`,
  present: (n) => say`is ${n} objects.`,
  clamped: (n) => say`Setting cache size to ${n} objects.`,
}

export const SECRETS_TTL = ttl(say`SECRETS_MANAGER_TTL`, say`Secrets Manger`)
export const PARAMETERS_TTL = ttl(say`SSM_PARAMETER_STORE_TTL`, say`Systems Manager Parameter Store`)
export const SECRETS_TIMEOUT = timeout(say`SECRETS_MANAGER_TIMEOUT_MILLIS`)
export const PARAMETERS_TIMEOUT = timeout(say`SSM_PARAMETER_STORE_TIMEOUT_MILLIS`)

export const MAX_CONNECTIONS: IntegerSetting = {
  name: our(say`MAX_CONNECTIONS`),
  fallback: 3,
  min: 1,
  max: NO_BOUND,
  absent: (n) => say`Using default maximum connections: ${n}.`,
  present: (n) => say`is ${n}.`,
}

export const HTTP_PORT: IntegerSetting = {
  name: our(say`HTTP_PORT`),
  fallback: 2773,
  min: 1,
  max: 65535,
  absent: (n) => say`Using default port: ${n}.`,
  present: (n) => say`is ${n}.`,
}

// From here on they are ours alone.

export const MAX_TTL = own(say`MAX_TTL_SECONDS`, say`s`, { fallback: 300, min: 300, max: 3600 })
export const REFRESH_AHEAD = own(say`REFRESH_AHEAD_PERCENT`, say`%`, { fallback: 0, min: 0, max: 90 })
export const STALE_WHILE_REVALIDATE = own(say`STALE_WHILE_REVALIDATE_SECONDS`, say`s`, {
  fallback: 0,
  min: 0,
  max: 86_400,
})
export const STALE_ON_ERROR = own(say`STALE_ON_ERROR_SECONDS`, say`s`, { fallback: 0, min: 0, max: 3600 })
export const STALE_WAIT = own(say`STALE_WAIT_MILLIS`, say`ms`, { fallback: 500, min: 0, max: 60_000 })
export const NEGATIVE_TTL = own(say`NEGATIVE_TTL_SECONDS`, say`s`, { fallback: 0, min: 0, max: 60 })
export const CACHE_MAX_MB = own(say`CACHE_MAX_MB`, say`MB`, { fallback: 16, min: 1, max: 1024 })

export const PREFETCH_SECRETS: TextSetting = { name: our(say`PREFETCH_SECRETS`) }
export const PREFETCH_PARAMETERS: TextSetting = { name: our(say`PREFETCH_PARAMETERS`) }
export const PREFETCH_FILE: TextSetting = { name: our(say`PREFETCH_FILE`) }
export const PREFETCH_BATCH: WordSetting = {
  ...FLAG,
  name: our(say`PREFETCH_BATCH`),
  fallback: 'false',
  otherwise: say`Using FALSE.`,
}
export const PREFETCH_WAIT = own(say`PREFETCH_WAIT_MILLIS`, say`ms`, { fallback: 1000, min: 0, max: 5000 })

export const ROLE_ARNS: TextSetting = { name: our(say`ROLE_ARNS`) }
export const ROLE_EXTERNAL_ID: TextSetting = { name: our(say`ROLE_EXTERNAL_ID`) }
export const ROLE_SESSION_NAME: TextSetting = { name: our(say`ROLE_SESSION_NAME`) }

export const FAILOVER_REGION: TextSetting = { name: our(say`FAILOVER_REGION`) }

export const METRICS: WordSetting = {
  name: our(say`METRICS`),
  words: ['emf', 'prometheus'],
  fallback: undefined,
  must: say`emf or prometheus`,
  otherwise: say`Counting nothing.`,
}

export const ENV_FROM: TextSetting = { name: our(say`ENV_FROM`) }
export const ENV_ON_ERROR: WordSetting = {
  name: our(say`ENV_ON_ERROR`),
  words: ['fail', 'unset'],
  fallback: 'fail',
  must: say`fail or unset`,
  otherwise: say`Using fail.`,
}

export const USE_PROXY: WordSetting = {
  ...FLAG,
  name: our(say`USE_PROXY`),
  fallback: 'true',
  otherwise: say`The proxy is used by default.`,
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
