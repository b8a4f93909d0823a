import { EventEmitter, once } from 'node:events'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LambdaHost, startLambda } from '../../local/emulators/lambda/index.ts'
import { EXTENSION_NAME } from '../../src/version.ts'
import { CREDENTIALS } from './catalogue.ts'
import type { Contender } from '../contenders/contenders.ts'
import { pinned } from './pinning.ts'
import { type Memory, memoryOf } from '../../tools/proc.ts'
import { accepts, fetchReply, probe } from './request.ts'
import { Unmeasurable } from './series.ts'

export interface LaunchOptions {
  readonly port: number
  readonly endpoint: string
  readonly caBundle?: string | undefined
  /** The function's variables, such as PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS. */
  readonly env?: Readonly<Record<string, string>>
  /** The function's memory, of which Lambda tells the extension; default that of one whole processor. */
  readonly memoryMb?: number | undefined
  /** Run at the moment when the function's own code could first send a request; only for those that register. */
  readonly onRegistered?: (running: Running) => Promise<void>
  /** For those that print it; clock of `performance.now()`. */
  readonly onListening?: (at: number) => void
}

/** A contender as a process that answers requests. */
export interface Running {
  readonly pid: number
  readonly host: LambdaHost
  /** Clock of `performance.now()`. */
  readonly spawnedAt: number
  memory(): Memory
  stop(): Promise<void>
}

/** docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
export const WHOLE_PROCESSOR_MB = 1_769
/** Emulators and a busy machine may take their time; a contender that hangs ends the run all the same. */
const PATIENCE_MS = 60_000

/**
 * Starts it as Lambda does, on the server's core, and resolves when it is ready. Rejects with what it wrote when it
 * ends, and when something else has the port: its answers would be taken for the contender's.
 */
export async function launch(contender: Contender, options: LaunchOptions): Promise<Running> {
  const { port } = options
  if (await accepts(port))
    throw new Unmeasurable(`port ${port} is taken by another process: choose one with --port`)
  const lines: string[] = []
  const listening = new EventEmitter()
  const started: { running?: Running } = {}
  const host = await startLambda({
    extensions: [{ name: nameOf(contender), command: pinned(contender.command) }],
    functionEnvironment: environmentOf(contender, options),
    hostEnvironment: { PATH: process.env.PATH ?? '' },
    credentials: CREDENTIALS,
    memorySizeMb: options.memoryMb ?? WHOLE_PROCESSOR_MB,
    ...(contender.cwd !== undefined && { cwd: contender.cwd }),
    initTimeoutMs: PATIENCE_MS,
    shutdownTimeoutMs: 2_000,
    functionInit: async () => {
      if (started.running !== undefined && contender.ready !== 'invoked')
        await options.onRegistered?.(started.running)
    },
    onLog: ({ text }) => {
      if (lines.push(text) > 20) lines.shift()
      if (text !== 'listening') return
      options.onListening?.(performance.now())
      listening.emit('line')
    },
  })
  const running = runningOf(host)
  started.running = running
  try {
    const isAlive = () => host.crashed() === undefined
    const isReady = {
      registered: () => host.initialized(),
      invoked: async () => {
        await host.initialized()
        await host.invoke(async () => {
          await served(port)
          await options.onRegistered?.(running)
        })
      },
      listening: () => once(listening, 'line'),
      probe: () => probe(port, contender.probe, isAlive),
    }[contender.ready]
    await Promise.race([isReady(), failureOf(host)])
    return running
  } catch (error) {
    await running.stop()
    throw new Error(`${contender.name}: ${(error as Error).message}\n${lines.join('\n')}`, { cause: error })
  }
}

/** What it registers as: a third-party extension by the name of its file, as Lambda wants it. */
function nameOf({ ready, command: [file = ''] }: Contender): string {
  return ready === 'invoked' ? basename(file) : EXTENSION_NAME
}

function environmentOf({ env }: Contender, options: LaunchOptions): Record<string, string> {
  const { port, endpoint, caBundle } = options
  return {
    PORT: String(port),
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
    AWS_ENDPOINT_URL: endpoint,
    ...(caBundle !== undefined && { AWS_CA_BUNDLE: caBundle, SSL_CERT_FILE: caBundle }),
    ...env,
    ...options.env,
  }
}

function runningOf(host: LambdaHost): Running {
  const [started] = host.processes
  if (started === undefined) throw host.crashed() ?? new Error('nothing was started')
  return {
    pid: started.pid,
    host,
    spawnedAt: started.spawnedAt,
    memory: () => memoryOf(started.pid),
    stop: () => host.close(),
  }
}

/** What the original answers before the first INVOKE has reached it, though its function is running already. */
const NOT_READY = 'not ready to serve traffic'

/** Resolves at the first answer that is a real one, whatever it says. Rejects when none comes. */
async function served(port: number): Promise<void> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < PATIENCE_MS) {
    const reply = await fetchReply(port, '/').catch(() => undefined)
    if (reply !== undefined && !reply.body.startsWith(NOT_READY)) return
    await sleep(1)
  }
  throw new Error(`nothing was served within ${PATIENCE_MS / 1000} s of the first INVOKE`)
}

async function failureOf(host: LambdaHost): Promise<never> {
  throw await host.whenFailed()
}
