import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment } from './environment.ts'
import { unwatch, watch } from './reaper.ts'
import { codeOf } from './system-error.ts'

export interface LogLine {
  extension: string
  stream: 'stdout' | 'stderr'
  /** One line without its line end. */
  text: string
}

interface StartOptions {
  environment: Environment
  cwd: string
  onLog: (line: LogLine) => void
}

export interface ProcessExit {
  exitCode: number | null
  signal: NodeJS.Signals | null
  /** Clock of `performance.now()`. */
  exitedAt: number
}

/** How long a dead process' output may stay open; a grandchild in a session of its own can hold it for ever. */
const outputGraceMs = 250

/** One extension process with its process group and its output, line by line. */
export class SandboxProcess {
  readonly name: string
  readonly pid: number
  /** Right before the spawn, by the clock of `performance.now()`. */
  readonly spawnedAt: number
  /** Resolves when the process has ended, whatever the reason; its group is gone by then as well. */
  readonly exited: Promise<ProcessExit>
  #child: ChildProcess
  #closed: Promise<unknown>
  #isAlive = true

  private constructor(name: string, pid: number, child: ChildProcess, spawnedAt: number) {
    this.name = name
    this.pid = pid
    this.spawnedAt = spawnedAt
    this.#child = child
    this.#closed = once(child, 'close')
    this.exited = new Promise((resolve) => {
      child.once('exit', (exitCode, signal) => {
        this.signal('SIGKILL')
        this.#isAlive = false
        unwatch(this)
        resolve({ exitCode, signal, exitedAt: performance.now() })
      })
    })
    watch(this)
  }

  /** Rejects with the system's error (`code`) when the command cannot be executed. */
  static async start(name: string, command: string[], options: StartOptions): Promise<SandboxProcess> {
    const [file = '', ...args] = command
    const spawnedAt = performance.now()
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    if (child.pid === undefined) {
      const [error] = (await once(child, 'error')) as [Error]
      throw error
    }
    collectLines(child.stdout, (text) => options.onLog({ extension: name, stream: 'stdout', text }))
    collectLines(child.stderr, (text) => options.onLog({ extension: name, stream: 'stderr', text }))
    return new SandboxProcess(name, child.pid, child, spawnedAt)
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** To the whole group; nothing happens when the process has ended. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#isAlive) return
    try {
      process.kill(-this.pid, signal)
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error
    }
  }

  /** True when the kernel shows it as stopped or gone; always where there is no /proc. */
  get isStopped(): boolean {
    return 'TtZX'.includes(stateOf(this.pid))
  }

  /** Closes our end of the output: the next write of the process gives EPIPE. */
  closeOutput(): void {
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
  }

  /** Resolves when the process has ended and all that it wrote has been seen. */
  async drained(): Promise<void> {
    await this.exited
    await Promise.race([this.#closed, sleep(outputGraceMs, undefined, { ref: false })])
    this.closeOutput()
  }
}

/** The state of a process as proc(5) names it; X where there is none. */
export function stateOf(pid: number): string {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return 'X'
  }
  return stat.charAt(stat.lastIndexOf(')') + 2)
}

function collectLines(stream: Readable, onLine: (text: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
  stream.on('end', () => {
    if (rest !== '') onLine(rest)
  })
  stream.on('error', () => {})
}
