// Seed and index in, one attack out: which bytes, cut where, over how many connections, and how it ends.

import { corpus } from './corpus.ts'
import { mutate } from './mutations.ts'
import { type Random, randomOf } from '../../tools/random.ts'

export const MANNERS = ['whole', 'every byte', 'pieces', 'pipeline', 'vanish', 'flood', 'idle'] as const

export type Manner = (typeof MANNERS)[number]

export interface Input {
  readonly seed: number
  readonly index: number
  readonly manner: Manner
  readonly bytes: Buffer
  readonly splitAt: readonly number[] | 'every'
  /** Between two pieces, in milliseconds. */
  readonly pauseMs: number
  /** How many connections send it at once. */
  readonly connections: number
  /** Sends FIN behind the last byte instead of waiting for a first answer. */
  readonly endsAtOnce: boolean
  /** Without it in the bytes, nothing but /ping may be answered 200. */
  readonly showsToken: boolean
}

const WEIGHTED: readonly Manner[] = [
  ...Array.from({ length: 12 }, () => 'whole' as const),
  ...Array.from({ length: 4 }, () => 'pipeline' as const),
  ...Array.from({ length: 3 }, () => 'pieces' as const),
  ...(['every byte', 'every byte', 'vanish', 'vanish', 'flood', 'idle'] as const),
]
/** Longest request that is cut at every byte. A longer one would take too much time. */
const LONGEST_BY_BYTE = 1_500

export function inputOf(seed: number, index: number, token: string): Input {
  const random = randomOf(seed, index)
  const manner = random.pick(WEIGHTED)
  const isStranger = random.chance(0.4)
  const all = corpus(isStranger ? 'x'.repeat(token.length) : token)
  const bytes = manner === 'pipeline' ? pipeline(all, random) : one(all, random)
  const sent = manner === 'every byte' ? bytes.subarray(0, LONGEST_BY_BYTE) : bytes
  return {
    seed,
    index,
    manner,
    bytes: sent,
    splitAt: manner === 'every byte' ? 'every' : cuts(manner, sent, random),
    pauseMs: manner === 'pieces' ? random.int(8) : 0,
    connections: manner === 'flood' ? 20 + random.int(120) : manner === 'idle' ? 10 + random.int(60) : 1,
    endsAtOnce: random.chance(0.5),
    showsToken: sent.includes(token),
  }
}

function one(all: readonly Buffer[], random: Random): Buffer {
  const request = random.pick(all)
  if (random.chance(0.1)) return request
  return random.chance(0.03) ? random.bytes(1 + random.int(400)) : mutate(request, random)
}

function pipeline(all: readonly Buffer[], random: Random): Buffer {
  const length = 2 + random.int(30)
  return Buffer.concat(
    Array.from({ length }, () => (random.chance(0.1) ? one(all, random) : random.pick(all))),
  )
}

function cuts(manner: Manner, bytes: Buffer, random: Random): number[] {
  if (manner !== 'pieces' && manner !== 'pipeline') return []
  const some = Array.from({ length: random.int(12) }, () => 1 + random.int(bytes.length))
  return [...new Set(some)].filter((at) => at < bytes.length).sort((a, b) => a - b)
}
