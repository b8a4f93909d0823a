import type { Entries } from '../contenders/contenders.ts'

/** How much is measured: all of it, or just enough to see that every part works. */
export interface Amount {
  readonly initRounds: number
  readonly initColdRounds: number
  readonly startRounds: number
  readonly coldRounds: number
  readonly hitRounds: number
  readonly hitMs: number
  readonly hitWarmupMs: number
  readonly spreadKeys: number
  readonly missRounds: number
  readonly misses: number
  /** So many requests at once. */
  readonly crowd: number
  /** Over three times to live. */
  readonly aheadReads: number
  readonly memoryRounds: number
  /** Capacity of the cache in the memory benchmark. */
  readonly entries: number
  readonly evictions: number
  /** In the memory benchmark, of a few secrets. */
  readonly usualHits: number
  /** Until memory is read: the part with the SDK loads behind `next`, and is part of what an idle extension holds. */
  readonly settleMs: number
  readonly microRounds: number
  readonly microMs: number
  readonly emulatedRounds: number
  /** Sizes of the simulated fleets, and how long they live. */
  readonly fleetSandboxes: readonly number[]
  readonly fleetMinutes: number
}

export const FULL: Amount = {
  initRounds: 10,
  initColdRounds: 6,
  startRounds: 12,
  coldRounds: 10,
  hitRounds: 6,
  hitMs: 400,
  hitWarmupMs: 1_000,
  spreadKeys: 1_000,
  missRounds: 6,
  misses: 400,
  crowd: 1_000,
  aheadReads: 10_000,
  memoryRounds: 6,
  entries: 1_000,
  evictions: 30_000,
  usualHits: 10_000,
  settleMs: 500,
  microRounds: 7,
  microMs: 300,
  emulatedRounds: 8,
  fleetSandboxes: [100, 1_000, 10_000],
  fleetMinutes: 60,
}

/** Intervals need six samples, so most of these figures have none, and claim nothing. */
export const QUICK: Amount = {
  initRounds: 1,
  initColdRounds: 1,
  startRounds: 1,
  coldRounds: 1,
  hitRounds: 1,
  hitMs: 80,
  hitWarmupMs: 60,
  spreadKeys: 50,
  missRounds: 1,
  misses: 60,
  crowd: 100,
  aheadReads: 300,
  memoryRounds: 1,
  entries: 100,
  evictions: 200,
  usualHits: 100,
  settleMs: 100,
  microRounds: 1,
  microMs: 40,
  emulatedRounds: 1,
  fleetSandboxes: [100],
  fleetMinutes: 10,
}

export interface Context extends Entries {
  readonly amount: Amount
  readonly port: number
  /** Draws the order; the same for the same seed. */
  readonly random: () => number
  /** Says what runs now, as the n-th of that many. */
  progress(text: string, done: number, of: number): void
}
