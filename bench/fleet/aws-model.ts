import { UpstreamError } from '../../src/errors.ts'
import { say } from '../../src/public.ts'
import { RateLimits } from '../../local/emulators/aws/rate.ts'
import type { VirtualTime } from './virtual-time.ts'

// One AWS account: its quota, which all sandboxes share, its outages, and how the SDK of a sandbox handles a failure.

export type Operation = 'GetParameter' | 'GetParameters' | 'GetSecretValue'

const PARAMETER_STORE = ['GetParameter', 'GetParameters']
const LATENCY_MS = { least: 15, most: 45 }
const MAX_ATTEMPTS = 3
/** The AWS SDK for JavaScript, @smithy/core retry: `THROTTLING_RETRY_DELAY_BASE`, full jitter, doubled each time. */
const THROTTLED_DELAY_MS = 500
/** The same for what is not throttled: `DEFAULT_RETRY_DELAY_BASE`. */
const FAILED_DELAY_MS = 100

/** What an attempt meets while AWS is out, and how long it takes: the bounds are those of src/upstream. */
const OUTAGES = {
  silent: { attemptMs: 13_000, code: say`ConnectionError` },
  'refusing connections': { attemptMs: 1, code: say`ConnectionError` },
  'resetting connections': { attemptMs: LATENCY_MS.most, code: say`ConnectionError` },
  'without DNS': { attemptMs: 2_000, code: say`ConnectionError` },
  throttling: { attemptMs: LATENCY_MS.most, code: say`ThrottlingException` },
} as const

export type OutageKind = keyof typeof OUTAGES

export const OUTAGE_KINDS = Object.keys(OUTAGES) as OutageKind[]

/** From one minute to another. */
export interface Outage {
  readonly kind: OutageKind
  readonly from: number
  readonly to: number
}

export class Account {
  calls = 0
  throttled = 0
  readonly #limits = new RateLimits()
  readonly #time: VirtualTime
  readonly #random: () => number
  readonly #outage: Outage | undefined

  constructor(time: VirtualTime, perSecond: number, random: () => number, outage?: Outage) {
    this.#time = time
    this.#outage = outage
    this.#random = random
    this.#limits.set(PARAMETER_STORE, perSecond, time.now)
    this.#limits.set(['GetSecretValue'], perSecond, time.now)
  }

  /** One call as an SDK makes it, up to three attempts. Rejects with UpstreamError when the last fails. */
  async call(operation: Operation): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.calls++
      const outage = this.#isOut() ? OUTAGES[this.#outage!.kind] : undefined
      const isAllowed = outage === undefined && this.#limits.allows(operation, this.#time.now)
      const latencyMs = LATENCY_MS.least + this.#random() * (LATENCY_MS.most - LATENCY_MS.least)
      await this.#time.sleep(outage?.attemptMs ?? latencyMs)
      if (isAllowed) return
      const code = outage?.code ?? say`ThrottlingException`
      const isThrottled = code === 'ThrottlingException'
      if (isThrottled) this.throttled++
      if (attempt === MAX_ATTEMPTS) {
        const status = isThrottled ? 400 : 0
        throw new UpstreamError({ code, reason: code, report: code, status, attempts: attempt })
      }
      const delayMs = isThrottled ? THROTTLED_DELAY_MS : FAILED_DELAY_MS
      await this.#time.sleep(this.#random() * delayMs * 2 ** (attempt - 1))
    }
  }

  #isOut(): boolean {
    if (this.#outage === undefined) return false
    const minute = (this.#time.now - this.#time.startedAt) / 60_000
    return minute >= this.#outage.from && minute < this.#outage.to
  }
}
