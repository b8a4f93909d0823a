import { fstatSync } from 'node:fs'

// In the nodejs layer a small program runs before Node (layer/starter): it listens, sends `register`, and becomes Node
// with its sockets open. What they are is said by one variable. A function can set that variable too, so it is obeyed
// only for sockets, and whoever takes one looks at its addresses first. No socket is open here that is not ours.

/** File descriptors; undefined for a socket that is to be opened here. */
export interface InheritedSockets {
  /** It listens on 127.0.0.1. */
  readonly v4: number | undefined
  /** It listens on ::1. */
  readonly v6: number | undefined
  /** `register` has been sent on it, for SHUTDOWN alone, and its answer was not read. */
  readonly api: number | undefined
}

const VARIABLE = 'PARAMETERS_SECRETS_EXTENSION_INHERITED_SOCKETS'
const NONE: InheritedSockets = { v4: undefined, v6: undefined, api: undefined }

/** Reads the variable, and takes it out of `env`. Never throws. */
export function takeInherited(env: NodeJS.ProcessEnv): InheritedSockets {
  const text = env[VARIABLE]
  if (text === undefined) return NONE
  delete env[VARIABLE]
  // Bun's `listen` ignores a descriptor (1.4.5).
  if (process.versions['bun'] !== undefined) return NONE
  const numbers = /^(\d{1,3}),(\d{1,3}|-),(\d{1,3}|-)$/.exec(text)?.slice(1) ?? []
  const [v4, v6, api] = numbers.map((fd) => (isSocket(Number(fd)) ? Number(fd) : undefined))
  const areDistinct = v4 !== v6 && v4 !== api && (v6 === undefined || v6 !== api)
  return v4 === undefined || !areDistinct ? NONE : { v4, v6, api }
}

/** Whether it is one, and not a standard stream. Node's own descriptors are none: it would lose what we took. */
function isSocket(fd: number): boolean {
  try {
    return fd > 2 && fstatSync(fd).isSocket()
  } catch {
    return false
  }
}
