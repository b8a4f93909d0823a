// Programs that are built for tests, by the tools of their languages, where this machine has them.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'

export interface Build {
  readonly command: readonly [tool: string, ...args: string[]]
  /** The file that says which packages it installs, and its copy beside them: so they are not installed each time. */
  readonly once?: { readonly file: string; readonly done: string }
  readonly env?: Readonly<Record<string, string>>
}

/** Packages for Python, into a folder of their own. */
export function pipBuild(folder: string, requirements: string): Build {
  return {
    command: ['pip', 'install', '--quiet', '--upgrade', '--target', folder, '--requirement', requirements],
    once: { file: requirements, done: `${folder}/installed.txt` },
  }
}

/** Whether the tool is on this machine. One named by its path is made by a build before. */
export function isHere({ command: [tool] }: Build): boolean {
  if (tool.startsWith('/')) return true
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/${tool}`))
}

/** Throws where the tool fails. */
export function make({ command: [tool, ...args], once, env }: Build): void {
  if (once !== undefined && existsSync(once.done) && readFileSync(once.done).equals(readFileSync(once.file)))
    return
  const { status } = spawnSync(tool, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`${tool} has failed: ${status}`)
  if (once === undefined) return
  mkdirSync(dirname(once.done), { recursive: true })
  copyFileSync(once.file, once.done)
}
