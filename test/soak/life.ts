// The life of a Lambda environment in fast motion: invocations of every size, freezes between them, values that
// expire and change, an upstream that fails now and then. Every answer is judged.

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from '../../local/emulators/aws/fault.ts'
import type { Seed } from '../../local/emulators/aws/seed.ts'
import { randomOf, type Random } from '../../tools/random.ts'
import type { Extension } from '../artefact.ts'
import type { Rotation } from './rotation.ts'
import { connect, header, type Reply, type Wire } from '../../tools/wire.ts'

export interface Tally {
  invocations: number
  /** Rotations of the credentials, on Managed Instances. */
  freezes: number
  faults: number
  hits: number
  misses: number
  /** Failures of the upstream, as the caller saw them. */
  errors: number
  refusals: number
}

export interface Life {
  readonly tally: Readonly<Tally>
  /** One invocation, and the freeze behind it. Rejects for an answer that must not be. */
  live(): Promise<void>
  close(): void
}

const SECRETS = 60
const PARAMETERS = 40
const KEPT_CONNECTIONS = 4
/** Of one environment with one vCPU, the most that Lambda Managed Instances have. */
const INVOCATIONS_AT_ONCE = 64

/** Few enough entries that they evict each other, and short lives, so that minutes are as good as hours. */
export const LIFE_ENVIRONMENT = {
  SECRETS_MANAGER_TTL: '2',
  SSM_PARAMETER_STORE_TTL: '1',
  PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '60',
  SECRETS_MANAGER_TIMEOUT_MILLIS: '1500',
  SSM_PARAMETER_STORE_TIMEOUT_MILLIS: '1500',
} as const

const FAULTS: readonly Fault[] = [
  { kind: 'throttle' },
  { kind: 'internal-error' },
  { kind: 'unavailable' },
  { kind: 'reset' },
  { kind: 'reset-after-headers' },
  { kind: 'half-body' },
  { kind: 'garbage' },
  { kind: 'html' },
  { kind: 'delay', delayMs: 100 },
  { kind: 'hang' },
]

export function seedOf(seed: number): Seed {
  const random = randomOf(seed, -1)
  const value = (name: string): string => `value of ${name} `.padEnd(20 + random.int(8_000), 'x')
  const entries = (keys: string[], most: number): Record<string, string> =>
    Object.fromEntries(keys.map((name) => [name, value(name).slice(0, most)]))
  return {
    secrets: entries(names('secret-', SECRETS), 8_000),
    parameters: entries(names('/parameter/', PARAMETERS), 4_000),
  }
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => prefix + i)
}

/** `managed`: an environment of Managed Instances, which is never frozen and has many invocations at once. */
export async function startLife(extension: Extension, seed: number, managed?: Rotation): Promise<Life> {
  const { aws, lambda, port } = extension
  const all = [...names('secret-', SECRETS), ...names('/parameter/', PARAMETERS)]
  const goodToken = managed?.token ?? (() => extension.token)
  const tally: Tally = { invocations: 0, freezes: 0, faults: 0, hits: 0, misses: 0, errors: 0, refusals: 0 }
  // As a function's HTTP client keeps them, from its first invocation to its last.
  const keptCount = managed === undefined ? KEPT_CONNECTIONS : INVOCATIONS_AT_ONCE
  const kept = await Promise.all(Array.from({ length: keptCount }, () => connect(port)))

  return { tally, live: managed === undefined ? live : () => liveManaged(managed), close }

  function close(): void {
    for (const wire of kept) wire.destroy()
  }

  /** Many invocations at once, each with a connection that it keeps, and some with many more callers. */
  async function liveManaged(rotation: Rotation): Promise<void> {
    const first = tally.invocations
    const random = randomOf(seed, first)
    const isFaulty = random.chance(0.08)
    if (isFaulty) {
      tally.faults++
      aws.fault({}, random.pick(FAULTS), 1 + random.int(4))
    }
    tally.invocations += kept.length
    const invocations = kept.map((wire, i) => {
      const own = randomOf(seed, first + i)
      return lambda.invoke(() =>
        own.chance(0.05) ? burst(own, isFaulty) : several(wire, 1 + own.int(6), own, isFaulty),
      )
    })
    await Promise.all(invocations)
    aws.clearFaults()
    if (random.chance(0.1)) rotate(random)
    if (rotation.rotate(random)) {
      tally.freezes++
      // The newest token is shown before there is another.
      await one(kept[0]!, all[0]!, false, false)
    }
  }

  async function live(): Promise<void> {
    const random = randomOf(seed, tally.invocations++)
    const isFaulty = random.chance(0.08)
    if (isFaulty) {
      tally.faults++
      aws.fault({}, random.pick(FAULTS), 1 + random.int(4))
    }
    await lambda.invoke(() => work(random, isFaulty))
    aws.clearFaults()
    if (random.chance(0.03)) rotate(random)
    if (random.chance(0.5)) await freeze(random)
  }

  async function work(random: Random, isFaulty: boolean): Promise<void> {
    const manner = random.int(10)
    if (manner === 0) return burst(random, isFaulty)
    if (manner === 1) return void (await Promise.all(kept.map((wire) => several(wire, 15, random, isFaulty))))
    if (manner === 2) return refuse(random)
    return several(random.pick(kept), 1 + random.int(6), random, isFaulty)
  }

  /** Many at once for a few names, each on a connection of its own. */
  async function burst(random: Random, isFaulty: boolean): Promise<void> {
    const few = Array.from({ length: 3 }, () => random.pick(all))
    const callers = Array.from({ length: 20 + random.int(40) }, async () => {
      const name = random.pick(few)
      const refreshes = random.chance(0.1)
      const wire = await connect(port)
      try {
        await one(wire, name, refreshes, isFaulty)
      } finally {
        wire.destroy()
      }
    })
    await Promise.all(callers)
  }

  async function several(wire: Wire, count: number, random: Random, isFaulty: boolean): Promise<void> {
    for (let i = 0; i < count; i++) await one(wire, random.pick(all), random.chance(0.03), isFaulty)
  }

  async function one(wire: Wire, name: string, refreshes: boolean, isFaulty: boolean): Promise<void> {
    const path = name.startsWith('/')
      ? '/systemsmanager/parameters/get?name='
      : '/secretsmanager/get?secretId='
    const reply = await ask(wire, path + name + (refreshes ? '&refreshNow=true' : ''), goodToken())
    if (reply.status === 200) {
      assert.ok(reply.body.includes(`value of ${name} `), `the value of ${name}`)
      if (header(reply, 'X-Cache') === 'HIT') tally.hits++
      else tally.misses++
      return
    }
    const why = `${reply.status} ${header(reply, 'X-Amzn-ErrorType')}: ${header(reply, 'X-Amzn-ErrorMessage')}`
    assert.equal(reply.status, 400, why)
    assert.ok(isFaulty, `an error without a fault: ${why}`)
    tally.errors++
  }

  /** Requests that callers get wrong. */
  async function refuse(random: Random): Promise<void> {
    const wire = await connect(port)
    const [target, token, status] = random.pick([
      ['/secretsmanager/get?secretId=secret-1', 'wrong', 401],
      ['/secretsmanager/get', extension.token, 400],
      ['/nowhere', extension.token, 404],
    ] as const)
    assert.equal((await ask(wire, target, token)).status, status)
    tally.refusals++
    wire.destroy()
  }

  function rotate(random: Random): void {
    const name = random.pick(all)
    const value = `value of ${name} `.padEnd(20 + random.int(3_000), 'y')
    if (name.startsWith('/')) aws.putParameter(name, value)
    else aws.putSecret(name, value)
  }

  /** Mostly short; sometimes longer than every TTL; sometimes AWS hangs up meanwhile. */
  async function freeze(random: Random): Promise<void> {
    tally.freezes++
    await lambda.freeze()
    if (random.chance(0.15)) aws.dropConnections()
    await sleep(random.chance(0.01) ? 2_500 : random.int(15))
    lambda.thaw()
  }
}

async function ask(wire: Wire, target: string, token: string): Promise<Reply> {
  await wire.send(
    `GET ${target} HTTP/1.1\r\nHost: localhost\r\nX-Aws-Parameters-Secrets-Token: ${token}\r\n\r\n`,
  )
  return wire.receive()
}
