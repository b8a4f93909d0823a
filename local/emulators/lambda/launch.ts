// How Lambda starts external extensions: docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html and
// https://github.com/aws-samples/aws-lambda-extensions/issues/54 (what a stray file does).

import { accessSync, closeSync, constants, openSync, readdirSync, readSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Environment } from './environment.ts'
import { LambdaFailure } from './failure.ts'
import { type LogLine, SandboxProcess } from './sandbox-process.ts'
import { codeOf } from './system-error.ts'

/** One external extension: the name that it must register under, and what to execute. */
export interface ExtensionCommand {
  name: string
  command: string[]
}

export interface LaunchOptions {
  environment: Environment
  cwd: string
  onLog: (line: LogLine) => void
}

/**
 * At most this many extensions, internal ones included:
 * docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const extensionLimit = 10

/**
 * Every entry of the directory that is not itself a directory, by name: executables, side files, symbolic links
 * to anything. A directory that does not exist holds no extension.
 */
export function extensionsIn(directory: string): ExtensionCommand[] {
  const root = resolve(directory)
  let entries
  try {
    entries = readdirSync(root, { withFileTypes: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
  const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
  return names.sort().map((name) => ({ name, command: [join(root, name)] }))
}

/**
 * Executes one extension: no shell, no arguments beyond the command's own, a process group of its own.
 * Throws `Extension.LaunchError` where Lambda would.
 */
export async function launch(extension: ExtensionCommand, options: LaunchOptions): Promise<SandboxProcess> {
  const file = extension.command[0]
  if (file === undefined) throw new RangeError(`extension ${extension.name} has an empty command`)
  try {
    refuseWithoutFormat(file)
    return await SandboxProcess.start(extension.name, extension.command, options)
  } catch (error) {
    throw new LambdaFailure('Extension.LaunchError', `fork/exec ${file}: ${reasonOf(error)}`, extension.name)
  }
}

/**
 * Refuses what the kernel would refuse with ENOEXEC. Asked here, because Node starts processes through the C
 * library's execvp, which hands such a file to /bin/sh instead; Lambda does not.
 */
function refuseWithoutFormat(file: string): void {
  if (!file.includes('/')) return
  accessSync(file, constants.X_OK)
  const head = Buffer.alloc(4)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, head, 0, 4, 0)
  } finally {
    closeSync(descriptor)
  }
  const isScript = head.toString('latin1', 0, 2) === '#!'
  const isElf = head.toString('latin1') === '\u007fELF'
  if (!isScript && !isElf) throw Object.assign(new Error('no known executable format'), { code: 'ENOEXEC' })
}

function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EISDIR':
      return 'permission denied'
    case 'ENOENT':
      return 'no such file or directory'
    case 'ENOEXEC':
      return 'exec format error'
    default:
      return String(error)
  }
}
