import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { UpstreamError } from '../errors.ts'
import { isLoopbackAddress } from '../loopback.ts'
import { say } from '../public.ts'
import { readRegularFile } from '../regular-file.ts'
import { parseObject } from '../json.ts'
import { credentialsError } from './failure.ts'
import { retried } from './retried.ts'
import type { ContainerSettings, StaticCredentials, UpstreamSettings } from '../config/upstream.ts'

// Credentials of the environment, else of the container endpoint (SnapStart). The SDK's `fromHttp` is not used: it
// refuses an answer whose Expiration cannot be read, waits a whole second before each of its retries, has no limit on
// a silent endpoint, and prints to the console.

export interface Credentials {
  /** The current ones. Asks the endpoint when they are about to expire. Rejects with UpstreamError only. */
  get(): Promise<StaticCredentials>
  /** To be called when AWS refused `used` as expired. Resolves with others if the endpoint has any, else undefined. */
  replace(used: StaticCredentials): Promise<StaticCredentials | undefined>
  /**
   * The session tokens that a client in this environment may have: that of the newest credentials, and until they
   * expire those of the two before. Rejects with UpstreamError when there are none.
   */
  tokens(): Promise<readonly string[]>
  /** Forgets everything; asks again at the next `get`. */
  forget(): void
}

/** Credentials for a while. */
export interface Held {
  readonly credentials: StaticCredentials
  readonly fetchedAt: number
  readonly refreshAt: number
  readonly expiresAt: number
}

const LINK_LOCAL = 'http://169.254.170.2'
const REFRESH_BEFORE_EXPIRY_MS = 5 * 60_000
/** Milliseconds between two questions in the last minutes before an expiry: there may be nothing newer yet. */
const REFRESH_PAUSE_MS = 30_000
/** How long credentials without a readable expiry are kept: Lambda's interface emulator sends the year 1. */
const UNKNOWN_EXPIRY_MS = 5 * 60_000
/**
 * How long a replaced session token counts at least, in milliseconds, also where AWS calls it expired already: an
 * invocation may have taken it from its SDK a moment before.
 */
const REPLACED_GRACE_MS = 60_000
const MOST_REPLACED = 2
const ATTEMPT_TIMEOUT_MS = 2_000
const LONGEST_ANSWER = 64 * 1024
const LONGEST_TOKEN = 64 * 1024

/** `wokeAt`: as in `renewed`. */
export function createCredentials(settings: UpstreamSettings, wokeAt: () => number): Credentials {
  const { credentials, container } = settings
  if (credentials !== undefined) {
    const tokens = [credentials.sessionToken ?? []].flat()
    return {
      get: async () => credentials,
      replace: async () => undefined,
      tokens: async () => tokens,
      forget: () => {},
    }
  }
  if (container === undefined) return { get: none, replace: none, tokens: none, forget: () => {} }
  return renewed(() => askWithRetries(container), wokeAt)
}

async function none(): Promise<never> {
  throw credentialsError(say`there are no credentials in the environment and no container endpoint`)
}

/**
 * Those that `question` gives, kept and renewed in time. It rejects with UpstreamError only. One that was requested
 * before `wokeAt`, in epoch milliseconds, is not waited for: the process slept, and its connection may be dead.
 */
export function renewed(question: () => Promise<Held>, wokeAt: () => number): Credentials {
  let held: Held | undefined
  let inflight: { readonly answer: Promise<Held>; readonly requestedAt: number } | undefined
  /** The newest, also when `held` is to be requested anew. */
  let newest: Held | undefined
  let replaced: readonly { readonly token: string; readonly until: number }[] = []

  function keep(fresh: Held): void {
    const token = newest?.credentials.sessionToken
    if (newest !== undefined && token !== undefined && token !== fresh.credentials.sessionToken) {
      replaced = [{ token, until: replacedUntil(newest) }, ...replaced].slice(0, MOST_REPLACED)
    }
    held = newest = fresh
  }

  /** Asks one question at a time, whose answer all callers share. */
  function refresh(): Promise<Held> {
    if (inflight !== undefined && inflight.requestedAt >= wokeAt()) return inflight.answer
    const answer = question()
      .then((fresh) => {
        if (inflight === mine) keep(fresh)
        return fresh
      })
      .finally(() => {
        if (inflight === mine) inflight = undefined
      })
    const mine = { answer, requestedAt: Date.now() }
    inflight = mine
    return answer
  }

  async function get(): Promise<StaticCredentials> {
    const now = Date.now()
    const current = held
    // After the clock was set back, the time to the expiry is unknown.
    if (current !== undefined && now >= current.fetchedAt && now < current.refreshAt)
      return current.credentials
    try {
      return (await refresh()).credentials
    } catch (error) {
      if (current !== undefined && now >= current.fetchedAt && now < current.expiresAt)
        return current.credentials
      throw error
    }
  }

  return {
    get,
    async replace(used) {
      const before = held
      if (before?.credentials === used) held = undefined
      const current = await get().catch((error: unknown) => {
        // They may be good still, where a token that nobody knows made us ask.
        held ??= before
        throw error
      })
      return current.accessKeyId === used.accessKeyId && current.sessionToken === used.sessionToken
        ? undefined
        : current
    },
    async tokens() {
      // Where the endpoint fails, no client has a newer token than the last one.
      await get().catch((error: unknown) => {
        if (newest === undefined) throw error
      })
      const now = Date.now()
      const before = replaced.filter(({ until }) => now < until).map(({ token }) => token)
      return [newest?.credentials.sessionToken ?? [], before].flat()
    },
    forget() {
      held = newest = undefined
      inflight = undefined
      replaced = []
    },
  }
}

function replacedUntil({ expiresAt }: Held): number {
  const now = Date.now()
  return Number.isFinite(expiresAt) ? Math.max(expiresAt, now + REPLACED_GRACE_MS) : now + UNKNOWN_EXPIRY_MS
}

async function askWithRetries(container: ContainerSettings): Promise<Held> {
  const url = containerUrl(container)
  return retried(() => ask(url, authorization(container))).catch((error: unknown) => {
    throw error instanceof UpstreamError
      ? error
      : credentialsError(say`the container endpoint did not answer`)
  })
}

/** Plain HTTP only to this machine or to the link-local addresses of ECS and EKS, as in every AWS SDK. */
function containerUrl(container: ContainerSettings): URL {
  const text = container.relativeUri === undefined ? container.fullUri : LINK_LOCAL + container.relativeUri
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:') return url
  const host = url?.protocol === 'http:' ? url.hostname : ''
  if (isLoopbackAddress(host) || /^(169\.254\.170\.(2|23)|\[fd00:ec2::23\])$/.test(host)) return url!
  throw credentialsError(say`the container endpoint must be HTTPS, a loopback or a link-local address`)
}

function authorization(container: ContainerSettings): string | undefined {
  if (container.authorizationTokenFile === undefined) return container.authorizationToken
  try {
    return readRegularFile(container.authorizationTokenFile, LONGEST_TOKEN).trim()
  } catch {
    throw credentialsError(say`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read`)
  }
}

async function ask(url: URL, token: string | undefined): Promise<Held> {
  const fetchedAt = Date.now()
  const { status, text } = await download(url, token)
  if (status !== 200) throw credentialsError(say`the container endpoint answered ${status}`)
  // An error of JSON.parse would quote the text, which holds the keys.
  const answer = parseObject(text)
  if (answer === undefined) throw malformed()
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken } = answer
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string') throw malformed()
  const credentials = {
    accessKeyId,
    secretAccessKey,
    sessionToken: typeof sessionToken === 'string' ? sessionToken : undefined,
  }
  const expiresAt = typeof answer.Expiration === 'string' ? Date.parse(answer.Expiration) : Number.NaN
  if (!(expiresAt > 0)) {
    const refreshAt = fetchedAt + UNKNOWN_EXPIRY_MS
    return { credentials, fetchedAt, refreshAt, expiresAt: Number.POSITIVE_INFINITY }
  }
  return heldUntil(credentials, fetchedAt, expiresAt)
}

/** To be renewed five minutes before they expire. Epoch milliseconds. */
export function heldUntil(credentials: StaticCredentials, fetchedAt: number, expiresAt: number): Held {
  const refreshAt = Math.max(
    expiresAt - REFRESH_BEFORE_EXPIRY_MS,
    Math.min(expiresAt, fetchedAt + REFRESH_PAUSE_MS),
  )
  return { credentials, fetchedAt, refreshAt, expiresAt }
}

function malformed(): UpstreamError {
  return credentialsError(say`the container endpoint's answer is not of the documented form`)
}

/** One GET on a socket of its own, bounded in time and size. Rejects with a socket error. */
function download(url: URL, token: string | undefined): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const read = (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size > LONGEST_ANSWER) request.destroy(new Error('answer too long'))
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      )
    }
    const headers = { accept: 'application/json', ...(token !== undefined && { authorization: token }) }
    const signal = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)
    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    const request = send(url, { agent: false, headers, signal }, read)
    request.on('error', reject)
    request.end()
  })
}
