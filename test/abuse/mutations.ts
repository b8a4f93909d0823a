import { MORSELS } from './corpus.ts'
import type { Random } from '../../tools/random.ts'

type Mutation = (bytes: Buffer, random: Random) => Buffer

/** Bytes that mean something to a parser of HTTP, of percent-escapes, of UTF-8, or of C strings. */
const TELLING_BYTES = [
  0x00, 0x09, 0x0a, 0x0d, 0x20, 0x25, 0x26, 0x2b, 0x3a, 0x3d, 0x3f, 0x7f, 0x80, 0xc0, 0xff,
]
const LONGEST_RANGE = 64

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const at = random.int(bytes.length)
    return patched(bytes, at, bytes[at]! ^ (1 << random.int(8)))
  },
  (bytes, random) => patched(bytes, random.int(bytes.length), random.pick(TELLING_BYTES)),
  function leaveOut(bytes, random) {
    const [from, to] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
  },
  function repeat(bytes, random) {
    const [from, to] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)])
  },
  function swapCase(bytes, random) {
    const [from, to] = range(bytes, random)
    const swapped = Buffer.from(bytes)
    for (let i = from; i < to; i++) if (/[a-z]/i.test(String.fromCharCode(swapped[i]!))) swapped[i]! ^= 0x20
    return swapped
  },
  (bytes, random) => inserted(bytes, random.int(bytes.length + 1), random.pick(MORSELS)),
  (bytes, random) => inserted(bytes, random.int(bytes.length + 1), random.bytes(1 + random.int(16))),
  function insertAtLine(bytes, random) {
    const lineEnds = [...bytes.toString('latin1').matchAll(/\r\n/g)].map(({ index }) => index + 2)
    return inserted(bytes, lineEnds.length === 0 ? 0 : random.pick(lineEnds), random.pick(MORSELS))
  },
  (bytes, random) => bytes.subarray(0, 1 + random.int(bytes.length)),
]

/** One to six of them, one after the other. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let mutant = bytes
  for (let left = 1 + random.int(6); left > 0 && mutant.length > 0; left--) {
    mutant = random.pick(MUTATIONS)(mutant, random)
  }
  return mutant
}

function range(bytes: Buffer, random: Random): [from: number, to: number] {
  const from = random.int(bytes.length)
  return [from, Math.min(bytes.length, from + 1 + random.int(LONGEST_RANGE))]
}

function patched(bytes: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = byte
  return copy
}

function inserted(bytes: Buffer, at: number, piece: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
}
