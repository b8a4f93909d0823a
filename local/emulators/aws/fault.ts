// What may go wrong with a call, and with which: the types alone, which the npm package exports.

interface Wait {
  /** Milliseconds to wait before the answer, or before what `kind` does instead. */
  readonly delayMs?: number
  /** The answer is held back until this settles. */
  readonly until?: Promise<unknown>
}

export type Fault = Wait &
  (
    | {
        readonly kind?:
          /** Only the wait, then the true answer. */
          | 'delay'
          /** 400 ThrottlingException. */
          | 'throttle'
          /** 500 with the service's own internal error. */
          | 'internal-error'
          /** 503 ServiceUnavailable. */
          | 'unavailable'
          /** The connection is reset before any byte of the answer. */
          | 'reset'
          /** Headers of the true answer, then a reset. */
          | 'reset-after-headers'
          /** Headers, half the promised body, then the end of the connection. */
          | 'half-body'
          /** 200 with JSON that breaks off. */
          | 'garbage'
          /** 200 with no body at all. */
          | 'empty'
          /** 200 with a web page, as from a captive proxy. */
          | 'html'
          /** 200 that claims gzip and is not. */
          | 'bad-gzip'
          /** The request is accepted and never answered. */
          | 'hang'
      }
    | {
        /** The true answer in small pieces, a pause of `pieceMs` (10) between them. */
        readonly kind: 'drip'
        readonly pieceMs?: number
      }
    | { readonly kind: 'error'; readonly code: string; readonly message?: string; readonly status?: number }
  )

export interface FaultMatch {
  /** As the caller sends it: one of the request's names, ARNs or paths. */
  readonly name?: string
  readonly operation?: string
  /** What the request is signed for: a region that is down. */
  readonly region?: string
}
