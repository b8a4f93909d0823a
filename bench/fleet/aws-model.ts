import { UpstreamError } from '../../src/errors.ts'
import { say } from '../../src/public.ts'
import { RateLimits } from '../../local/emulators/aws/rate.ts'
import type { VirtualTime } from './virtual-time.ts'

// One AWS account: its quota, which all sandboxes share, and how the SDK of a sandbox handles a refusal.

export type Operation = 'GetParameter' | 'GetParameters' | 'GetSecretValue'

const PARAMETER_STORE = ['GetParameter', 'GetParameters']
const LATENCY_MS = { least: 15, most: 45 }
const MAX_ATTEMPTS = 3
/** The AWS SDK for JavaScript, @smithy/core retry: `THROTTLING_RETRY_DELAY_BASE`, full jitter, doubled each time. */
const THROTTLED_DELAY_MS = 500

export class Account {
  calls = 0
  throttled = 0
  readonly #limits = new RateLimits()
  readonly #time: VirtualTime
  readonly #random: () => number

  constructor(time: VirtualTime, perSecond: number, random: () => number) {
    this.#time = time
    this.#random = random
    this.#limits.set(PARAMETER_STORE, perSecond, time.now)
    this.#limits.set(['GetSecretValue'], perSecond, time.now)
  }

  /** One call as an SDK makes it, up to three attempts. Rejects with UpstreamError when the last is throttled. */
  async call(operation: Operation): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.calls++
      const isAllowed = this.#limits.allows(operation, this.#time.now)
      await this.#time.sleep(LATENCY_MS.least + this.#random() * (LATENCY_MS.most - LATENCY_MS.least))
      if (isAllowed) return
      this.throttled++
      if (attempt === MAX_ATTEMPTS) {
        throw new UpstreamError({
          code: say`ThrottlingException`,
          reason: say`Rate exceeded`,
          report: say`throttled`,
          status: 400,
          attempts: attempt,
        })
      }
      await this.#time.sleep(this.#random() * THROTTLED_DELAY_MS * 2 ** (attempt - 1))
    }
  }
}
