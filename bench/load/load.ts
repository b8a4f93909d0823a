import type { RequestParts } from '../measuring/request.ts'

/** A request and the only body that counts as its answer. */
export interface Known {
  readonly path: string
  readonly request: RequestParts
  readonly body: string
}

/** One measured stretch of load. Rejects at the first wrong answer. */
export interface Load {
  /** Called when the warm-up is over, and when the measured part is. */
  readonly onStart: () => void
  readonly onEnd: () => void
  readonly record: (us: number) => void
}
