// Finds the headers that we use in one pass over the raw list. `request.headers` would build an object of every
// header, and lower-case each name, on every hit.

export interface SeenHeaders {
  /**
   * The token header, or where that is missing `X-Vault-Token`, by which clients of aws-workload-credentials-provider
   * may send it. Empty when both are missing, and when the one that counts came twice: then neither counts.
   */
  token: string
  /** Undefined when there is none, as HTTP/1.0 allows. Two are joined, and so name no host (RFC 9112, 3.2). */
  host: string | undefined
  forwarded: boolean
  /**
   * Whether the caller wants a value that is fetched from now on (RFC 9111, 5.2.1.4). Not where `Pragma` says so as
   * well: that is how an HTTP client switches its own cache off (the Fetch standard's `no-store`, Java's
   * `setUseCaches`).
   */
  noCache: boolean
}

const TOKEN = 'x-aws-parameters-secrets-token'
const ALTERNATIVE = 'x-vault-token'
const CACHE_CONTROL = 'cache-control'
const PRAGMA = 'pragma'
const HOST = 'host'
const FORWARDED = 'x-forwarded-for'

/** Reads `rawHeaders` (name, value, name, value, …) into `seen`, which is reused from request to request. */
export function readHeaders(rawHeaders: readonly string[], seen: SeenHeaders): void {
  let tokens = 0
  let alternatives = 0
  seen.token = ''
  seen.host = undefined
  seen.forwarded = false
  seen.noCache = false
  let hasPragma = false
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    // The length rules out nearly every other header before anything is lower-cased.
    switch (name.length) {
      case TOKEN.length:
        if (name.toLowerCase() === TOKEN) {
          seen.token = ++tokens === 1 ? rawHeaders[i + 1]! : ''
        }
        break
      case ALTERNATIVE.length:
        // `Cache-Control` is as long, and so is `Authorization`, which every SDK sends.
        switch (name.charCodeAt(0) | 0x20) {
          case 0x78 /* x */:
            if (name.toLowerCase() !== ALTERNATIVE) break
            alternatives++
            if (tokens === 0) seen.token = alternatives === 1 ? rawHeaders[i + 1]! : ''
            break
          case 0x63 /* c */:
            if (name.toLowerCase() === CACHE_CONTROL && NO_CACHE.test(rawHeaders[i + 1]!)) seen.noCache = true
            break
          default:
        }
        break
      case PRAGMA.length:
        if (name.toLowerCase() === PRAGMA) hasPragma = true
        break
      case HOST.length:
        if (name.toLowerCase() === HOST) {
          const value = rawHeaders[i + 1]!
          seen.host = seen.host === undefined ? value : seen.host + ', ' + value
        }
        break
      case FORWARDED.length:
        if (name.toLowerCase() === FORWARDED) seen.forwarded = true
        break
      default:
    }
  }
  if (hasPragma) seen.noCache = false
}

/** The directive, alone or in a list. */
const NO_CACHE = /(?:^|,)[ \t]*no-cache[ \t]*(?:,|$)/i
