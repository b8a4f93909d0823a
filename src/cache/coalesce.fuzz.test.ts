// Joins, refreshes, landings, failures, a jumping clock and clears in any order, against the three rules of
// coalesce.ts. Order is counted in steps, not by the clock, because the clock may go backwards.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import fc from 'fast-check'
import { Coalescer } from './coalesce.ts'

const KEYS = ['a', 'b'] as const
const JOINABLE_FOR_MS = 100

interface Flight {
  readonly id: number
  readonly key: string
  /** The step at which it took off. */
  readonly step: number
  readonly startedAt: number
  isOver: boolean
  resolve(answer: Answer): void
  reject(error: unknown): void
}

interface Answer {
  readonly flight: Flight
}

class Failure extends Error {
  readonly flight: Flight
  constructor(flight: Flight) {
    super('flight ' + flight.id)
    this.flight = flight
  }
}

type Step =
  | { readonly kind: 'join' | 'refresh'; readonly key: (typeof KEYS)[number]; readonly callers: number }
  | { readonly kind: 'succeed' | 'fail'; readonly which: number }
  | { readonly kind: 'tick'; readonly ms: number }
  | { readonly kind: 'clear' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('join' as const, 'refresh' as const),
      key: fc.constantFrom(...KEYS),
      callers: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('succeed' as const, 'fail' as const), which: fc.nat(5) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('tick' as const), ms: fc.integer({ min: -20, max: 120 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
)

class World {
  now = 1_000
  step = 0
  orders = 0
  readonly flights: Flight[] = []
  /** Flights that handed in their answer, in that order. */
  readonly kept: Flight[] = []
  /** Flights under way when clear was called: none of their answers may be kept. */
  readonly cleared = new Set<Flight>()
  readonly callers: Promise<void>[] = []
  settled = 0
  readonly coalescer = new Coalescer<{ key: string }, Answer>({
    now: () => this.now,
    fetch: ({ key }) => this.fetch(key),
    request: () => ({ order: ++this.orders, at: this.now }),
    succeed: ({ question, requested }, answer, isNewest) => {
      if (isNewest) this.keep(question.key, answer, requested.at)
    },
    fail: () => {},
    joinableForMs: () => JOINABLE_FOR_MS,
    wokeAt: () => 0,
    after: () => () => undefined,
  })

  fetch(key: string): Promise<Answer> {
    const { flights, step: at, now: startedAt } = this
    return new Promise((resolve, reject) => {
      flights.push({ id: flights.length, key, step: at, startedAt, isOver: false, resolve, reject })
    })
  }

  keep(key: string, { flight }: Answer, startedAt: number): void {
    assert.equal(flight.key, key)
    assert.equal(startedAt, flight.startedAt, 'the instant it started at')
    assert.ok(!this.cleared.has(flight), 'an answer from before the clear was kept')
    const before = this.kept.findLast((one) => one.key === key)
    assert.ok(before === undefined || before.id < flight.id, 'an older answer was kept over a newer one')
    const newest = this.flights.findLast((one) => one.key === key)
    assert.equal(newest, flight, 'only the answer of the newest flight is kept')
    this.kept.push(flight)
  }

  ask(kind: 'join' | 'refresh', key: string): void {
    const asked = this.step
    const callers = this.coalescer[kind]({ key })
    const check = (flight: Flight, outcome: string) => {
      this.settled++
      assert.equal(flight.key, key)
      assert.ok(flight.isOver, outcome)
      if (kind === 'refresh') assert.ok(flight.step >= asked, 'a read from before a refresh satisfied it')
    }
    this.callers.push(
      callers.then(
        ({ flight }) => check(flight, 'answered by a flight that is not over'),
        (error: unknown) => {
          assert.ok(error instanceof Failure)
          check(error.flight, 'failed by a flight that is not over')
        },
      ),
    )
  }

  /** How many calls one more caller may make: none where a joinable flight is up, one otherwise. */
  callsAllowed(kind: 'join' | 'refresh', key: string): number {
    const newest = this.flights.findLast((one) => one.key === key)
    if (newest === undefined || newest.isOver || this.cleared.has(newest)) return 1
    const age = this.now - newest.startedAt
    if (age < 0 || age >= JOINABLE_FOR_MS) return 1
    return kind === 'join' ? 0 : 1
  }

  end(flight: Flight, kind: 'succeed' | 'fail'): void {
    flight.isOver = true
    if (kind === 'succeed') flight.resolve({ flight })
    else flight.reject(new Failure(flight))
  }

  get up(): Flight[] {
    return this.flights.filter(({ isOver }) => !isOver)
  }

  async run(one: Step): Promise<void> {
    this.step++
    const before = this.flights.length
    switch (one.kind) {
      case 'join':
      case 'refresh':
        for (let i = 0; i < one.callers; i++) {
          const allowed = this.callsAllowed(one.kind, one.key)
          const flights = this.flights.length
          this.ask(one.kind, one.key)
          const made = this.flights.length - flights
          assert.ok(made <= allowed, `${one.kind} made ${made} calls`)
          if (one.kind === 'join') assert.equal(made, allowed)
        }
        assert.ok(this.flights.length - before <= 1, 'callers of one moment share one call')
        break
      case 'succeed':
      case 'fail': {
        const up = this.up
        const flight = up[one.which % Math.max(up.length, 1)]
        if (flight === undefined) break
        this.end(flight, one.kind)
        await settle()
        assert.ok(this.flights.length - before <= 1, 'all refreshes that waited share one call')
        break
      }
      case 'tick':
        this.now += one.ms
        break
      case 'clear':
        for (const flight of this.up) this.cleared.add(flight)
        this.coalescer.clear()
        break
      default:
        one satisfies never
    }
  }
}

test('no order of joins, refreshes, landings, failures, clock jumps and clears breaks the three rules', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const world = new World()
      for (const one of steps) await world.run(one)
      for (let flight = world.up[0]; flight !== undefined; flight = world.up[0]) {
        world.step++
        world.end(flight, 'succeed')
        await settle()
      }
      await Promise.all(world.callers)
      assert.equal(world.settled, world.callers.length, 'everyone has an answer')
    }),
    { numRuns: 1_000 },
  )
})

test('with nobody refreshing and nothing cleared, every success of an unhurried clock is kept', async () => {
  const plain = step.filter((one) => one.kind === 'join' || one.kind === 'succeed' || one.kind === 'fail')
  await fc.assert(
    fc.asyncProperty(fc.array(plain, { maxLength: 30 }), async (steps) => {
      const world = new World()
      let successes = 0
      for (const one of steps.filter(({ kind }) => kind !== 'refresh')) {
        if (one.kind === 'succeed' && world.up.length > 0) successes++
        await world.run(one)
      }
      assert.equal(world.kept.length, successes)
      for (const flight of world.up) world.end(flight, 'succeed')
      await Promise.all(world.callers)
    }),
    { numRuns: 300 },
  )
})
