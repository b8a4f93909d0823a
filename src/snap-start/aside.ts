import type { ChildProcess } from 'node:child_process'
import { fstatSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { ASIDE } from './is-aside.ts'

// A value that was once in a process cannot be taken out of it again: after one request of a function's initialisation,
// a dozen copies of the secret lay in buffers, strings and even on the stack, on Node and on Bun, and no collection of
// garbage overwrites them. So before a SnapStart snapshot another process of this same program answers. It gets the
// question on stdin, asks AWS, writes to the caller's own socket, and ends. So this process never holds the value.
//
// The other process writes all but the last byte of the answer. Its exit code tells us that byte, and we write it when
// the process has ended. So no initialisation can be over, and no snapshot be taken, while the process of an answered
// question still lives.
//
// Three things are beyond our reach: what the function itself keeps of the answer, memory that the kernel has taken
// back and not yet overwritten, and a snapshot that is taken in the middle of a request that nobody waited for.

/** The caller's socket in the other process. */
const SOCKET = 3
/** A pipe to us. A byte on it says that the other process begins to write to the caller's socket. */
const STARTED = 4
/** Most at once. Each takes as much memory as this process. */
const MOST_AT_ONCE = 2
/** The exit code when nothing was written, so that this process may answer. It is no printable character. */
const UNANSWERED = 1
/** The kernel's table may lack a row, or show one twice, while connections come and go. */
const TABLE_READS = 10
const WRITE_RETRY_MS = 5
const WRITE_RETRIES = 2_000

export interface Aside {
  /** Lets another process answer `question` on that socket. False: it could not, and nothing was written. */
  answer(socket: Socket, question: string): Promise<boolean>
  /** This process answers the questions on that connection, unless another already answers the first of them. */
  keepHere(socket: Socket): void
}

export function createAside(): Aside {
  const running = new Set<ChildProcess>()
  // All questions on a connection go the way of the first. An answer given aside closes the connection, so those
  // behind it are left for the client to retry. After one that is answered here, only `node:http` knows the order of
  // the others.
  const outcomes = new WeakMap<Socket, Promise<boolean>>()
  const waiting: (() => void)[] = []
  let places = MOST_AT_ONCE
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL')
  })

  function answer(socket: Socket, question: string): Promise<boolean> {
    let outcome = outcomes.get(socket)
    if (outcome === undefined) outcomes.set(socket, (outcome = inPlace(socket, question)))
    return outcome
  }

  async function inPlace(socket: Socket, question: string): Promise<boolean> {
    if (places > 0) places--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await run(socket, question)
    } finally {
      const next = waiting.shift()
      if (next === undefined) places++
      else next()
    }
  }

  async function run(socket: Socket, question: string): Promise<boolean> {
    const { spawn } = await import('node:child_process')
    if (socket.destroyed) return true
    const found = descriptorOf(socket)
    if (found === undefined) return false
    if (found.isAbandoned) return true
    const child = spawn(process.execPath, [...program(), ASIDE], {
      stdio: ['pipe', 'inherit', 'inherit', found.descriptor, 'pipe'],
    })
    running.add(child)
    let hasStarted = false
    child.stdio[STARTED]?.on('data', () => (hasStarted = true)).on('error', () => {})
    const exitCode = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(UNANSWERED))
      child.once('close', resolve)
      child.stdin!.on('error', () => {})
      child.stdin!.end(question)
    })
    running.delete(child)
    // Killed before it wrote, for example for memory: nothing is on the socket yet.
    if (exitCode === UNANSWERED || (exitCode === null && !hasStarted)) return false
    const isStillOpen = !socket.destroyed && isInode(found.descriptor, found.inode)
    if (isStillOpen && exitCode !== null) await write(found.descriptor, Buffer.of(exitCode))
    return true
  }

  return {
    answer,
    keepHere(socket) {
      if (!outcomes.has(socket)) outcomes.set(socket, Promise.resolve(false))
    },
  }
}

/**
 * In the other process: answers the question, with a latin1 string that ends in a printable character, and ends.
 * Rejects with what `reply` rejects with; `leaveUnanswered` is to follow.
 */
export async function answerFromStdin(reply: (question: string) => Promise<string>): Promise<never> {
  const bytes = Buffer.from(await reply(readFileSync(0, 'utf8')), 'latin1')
  writeSync(STARTED, '.')
  await write(SOCKET, bytes.subarray(0, -1))
  process.exit(bytes.at(-1))
}

export function leaveUnanswered(): never {
  process.exit(UNANSWERED)
}

/** How this program was started: a Bun executable is one file, Node needs the name of ours. */
function program(): string[] {
  const script = process.argv[1] ?? ''
  return script.startsWith('/$bunfs/') ? [] : [...process.execArgv, script]
}

interface Found {
  readonly descriptor: number
  readonly inode: number
  /** The caller has closed its end altogether, and waits for no answer. */
  readonly isAbandoned: boolean
}

// Node hides the number of a socket's descriptor behind underscores, and Bun hides it entirely, so the kernel is asked.
// Undefined too if two connections cannot be told apart: the same ports, other addresses.
function descriptorOf(socket: Socket): Found | undefined {
  for (let attempt = 0; attempt < TABLE_READS; attempt++) {
    const { ours, theirs } = rowsOf(socket)
    const inodes = [...new Set(ours.map((row) => row.inode))]
    if (inodes.length > 1) return undefined
    const [inode] = inodes
    if (inode === undefined) continue
    const descriptor = readdirSync('/proc/self/fd')
      .map(Number)
      .find((fd) => isInode(fd, inode))
    if (descriptor === undefined) continue
    const isAbandoned = ours[0]!.state === CLOSE_WAIT && theirs.every((row) => row.inode === 0)
    return { descriptor, inode, isAbandoned }
  }
  return undefined
}

interface Row {
  readonly state: string
  /** 0 once no process holds the socket. */
  readonly inode: number
}

// The other end has sent its FIN. It may have closed its sending half only, and still wait.
const CLOSE_WAIT = '08'

/** Both ends of a connection in the kernel's table: on loopback the caller's is there as well. */
function rowsOf({ localPort, remotePort, remoteFamily }: Socket): { ours: Row[]; theirs: Row[] } {
  const hex = (port = 0) => ':' + port.toString(16).toUpperCase().padStart(4, '0')
  const [here, there] = [hex(localPort), hex(remotePort)]
  try {
    const table = readFileSync(`/proc/self/net/tcp${remoteFamily === 'IPv6' ? '6' : ''}`, 'latin1')
    const rows = table.split('\n').map((row) => row.trim().split(/\s+/))
    const between = (from: string, to: string): Row[] =>
      rows
        .filter(([, local, remote]) => local?.endsWith(from) && remote?.endsWith(to))
        .map((row) => ({ state: row[3]!, inode: Number(row[9]) }))
    return { ours: between(here, there), theirs: between(there, here) }
  } catch {
    return { ours: [], theirs: [] }
  }
}

function isInode(fd: number, inode: number): boolean {
  try {
    return fstatSync(fd).ino === inode
  } catch {
    return false
  }
}

/** To a descriptor that may be full for a moment; gives up on a caller who has gone or does not read. */
async function write(descriptor: number, bytes: Buffer): Promise<void> {
  let rest = bytes
  for (let retries = 0; rest.length > 0 && retries < WRITE_RETRIES;) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      retries++
      await new Promise((resolve) => setTimeout(resolve, WRITE_RETRY_MS))
    }
  }
}
