// Attacks one extension over raw sockets, several inputs at a time, while a well-behaved client goes on asking.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Extension } from '../artefact.ts'
import { connect, header, type Wire } from '../../tools/wire.ts'
import { type Input, inputOf, type Manner } from './inputs.ts'
import { complaint, type Rules } from './verdict.ts'

export interface FuzzOptions {
  readonly seed: number
  readonly seconds: number
  /** Default: 0. */
  readonly firstIndex?: number
  /** Default: as many as the time allows. */
  readonly inputs?: number
  readonly rules: Rules
  /** Called every now and then. */
  onProgress?(summary: Summary): void
}

export interface Summary {
  inputs: number
  connections: number
  /** Answers of the well-behaved client, all good. */
  served: number
  readonly byManner: Partial<Record<Manner, number>>
  readonly byStatus: Record<number, number>
}

/** What went wrong, with all that is needed to see it again. */
class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure'
  constructor(wrong: string, { seed, index, manner, bytes }: Input, received: Buffer) {
    const text = (all: Buffer): string => JSON.stringify(all.subarray(0, 600).toString('latin1'))
    super(
      `${wrong}\n  input ${index} (${manner}) of seed ${seed}: npm run fuzz -- --seed ${seed} --only ${index}` +
        `\n  sent ${bytes.length} bytes: ${text(bytes)}\n  received: ${text(received)}`,
    )
  }
}

const LANES = 6
const PROGRESS_MS = 5_000
/** A server that needs longer has stopped serving. */
const PATIENCE_MS = 15_000
const FIRST_ANSWER_MS = 15
const MOST_IDLE = 300

/** Resolves when the time or the inputs are used up. Rejects with the first answer or event that must not be. */
export async function fuzz(extension: Extension, options: FuzzOptions): Promise<Summary> {
  const { seed, seconds, rules, firstIndex = 0, inputs = Infinity } = options
  const summary: Summary = { inputs: 0, connections: 0, served: 0, byManner: {}, byStatus: {} }
  const idle: Wire[] = []
  const endsAt = Date.now() + seconds * 1_000
  let nextIndex = firstIndex
  let reportAt = Date.now() + PROGRESS_MS
  let isOver = false
  const goesOn = (): boolean => !isOver && Date.now() < endsAt && nextIndex < firstIndex + inputs

  async function lane(): Promise<void> {
    while (goesOn()) {
      const input = inputOf(seed, nextIndex++, rules.token)
      await attack(extension, input, rules, summary, idle)
      if (Date.now() < reportAt) continue
      reportAt = Date.now() + PROGRESS_MS
      options.onProgress?.(summary)
    }
  }

  const client = behave(extension, rules, summary, () => isOver)
  try {
    await Promise.race([
      Promise.all(Array.from({ length: LANES }, lane)),
      client.then(() => new Promise(() => {})),
    ])
    isOver = true
    await client
  } finally {
    isOver = true
    for (const wire of idle) wire.destroy()
  }
  return summary
}

async function attack(
  extension: Extension,
  input: Input,
  rules: Rules,
  summary: Summary,
  idle: Wire[],
): Promise<void> {
  summary.inputs++
  summary.byManner[input.manner] = (summary.byManner[input.manner] ?? 0) + 1
  const { connections, manner } = input
  const wires = await Promise.all(Array.from({ length: connections }, () => opened(extension.port)))
  summary.connections += connections
  if (manner === 'idle') return keepIdle(wires, input, idle)
  await Promise.all(
    wires.map(async (wire) => {
      if (wire === undefined) return
      const received = await converse(wire, input)
      if (received === undefined) return
      const verdict = complaint(rules, received.bytes, received.ended, input.showsToken)
      if ('wrong' in verdict) throw new FuzzFailure(verdict.wrong, input, received.bytes)
      for (const status of verdict.statuses) summary.byStatus[status] = (summary.byStatus[status] ?? 0) + 1
    }),
  )
}

/** Undefined if the kernel had no room for the connection, as may happen in a flood. */
function opened(port: number): Promise<Wire | undefined> {
  return connect(port, { patienceMs: PATIENCE_MS }).catch(() => undefined)
}

/** Connections that sent a part of a request, or nothing, and then no more. */
async function keepIdle(wires: readonly (Wire | undefined)[], { bytes }: Input, idle: Wire[]): Promise<void> {
  for (const [i, wire] of wires.entries()) {
    if (wire === undefined) continue
    if (i % 2 === 1) await wire.send(bytes.subarray(0, Math.min(i, bytes.length >> 1)))
    idle.push(wire)
  }
  while (idle.length > MOST_IDLE) idle.shift()!.destroy()
}

/** Undefined when we hung up ourselves before anything could come. */
async function converse(wire: Wire, input: Input): Promise<{ bytes: Buffer; ended: boolean } | undefined> {
  await send(wire, input)
  if (input.manner === 'vanish') {
    wire.destroy()
    return undefined
  }
  const deadline = Date.now() + (input.endsAtOnce ? 0 : FIRST_ANSWER_MS)
  while (Date.now() < deadline && wire.state().unread.length === 0 && wire.state().open) await sleep(1)
  wire.halfClose()
  try {
    return { bytes: await wire.closed(), ended: true }
  } catch {
    throw new FuzzFailure(`not closed within ${PATIENCE_MS} ms of our FIN`, input, wire.state().unread)
  } finally {
    wire.destroy()
  }
}

async function send(wire: Wire, { bytes, splitAt, pauseMs }: Input): Promise<void> {
  if (splitAt === 'every' || pauseMs === 0) return wire.send(bytes, { splitAt })
  const ends = [...splitAt, bytes.length]
  for (const [i, end] of ends.entries()) {
    await wire.send(bytes.subarray(ends[i - 1] ?? 0, end))
    await sleep(pauseMs)
  }
}

/** The client that all this is about: one kept connection, and a new one now and then. */
async function behave(
  extension: Extension,
  { answers, token }: Rules,
  summary: Summary,
  isOver: () => boolean,
): Promise<void> {
  const request = `GET /secretsmanager/get?secretId=held HTTP/1.1\r\nHost: localhost\r\nX-Aws-Parameters-Secrets-Token: ${token}\r\n\r\n`
  const kept = await connect(extension.port, { patienceMs: PATIENCE_MS })
  try {
    while (!isOver()) {
      const isNew = summary.served % 10 === 9
      const wire = isNew ? await connect(extension.port, { patienceMs: PATIENCE_MS }) : kept
      await wire.send(request)
      const reply = await wire.receive()
      if (isNew) wire.destroy()
      if (reply.status !== 200 || reply.body.toString() !== answers[0]) {
        throw new Error(`the well-behaved client got ${reply.status} ${header(reply, 'X-Amzn-ErrorType')}`)
      }
      summary.served++
      await sleep(5)
    }
  } finally {
    kept.destroy()
  }
}
