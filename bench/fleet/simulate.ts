import { Account, type Outage } from './aws-model.ts'
import { Sandbox, type Settings, type Tally } from './sandbox.ts'
import { VirtualTime } from './virtual-time.ts'

export interface Fleet {
  readonly sandboxes: number
  /** Names that each of them reads; the same ones everywhere. */
  readonly names: number
  readonly store: 'parameters' | 'secrets'
  /** The account's quota. */
  readonly perSecond: number
  readonly minutes: number
  readonly invokeEveryMs: number
  readonly outage?: Outage
}

export interface Outcome extends Tally {
  readonly calls: number
  readonly throttled: number
}

const START_WITHIN_MS = 60_000
const EPOCH_MS = Date.UTC(2026, 0, 1)

/** The fleet starts within a minute and lives for so many. The same seed gives the same outcome. */
export async function simulate(fleet: Fleet, settings: Settings, random: () => number): Promise<Outcome> {
  const time = new VirtualTime(EPOCH_MS, fleet.minutes * 60_000)
  const account = new Account(time, fleet.perSecond, random, fleet.outage)
  const tally: Tally = { reads: 0, waited: 0, failed: 0, stale: 0, worstWaitMs: 0 }
  const questions = Array.from({ length: fleet.names }, (_, i) => ({ key: `name${i}` }))
  const { store, invokeEveryMs } = fleet
  for (let i = 0; i < fleet.sandboxes; i++) {
    time.after(random() * START_WITHIN_MS, () => {
      void new Sandbox({ time, account, settings, questions, store, random, tally, invokeEveryMs }).live()
    })
  }
  await time.run()
  return { ...tally, calls: account.calls, throttled: account.throttled }
}
