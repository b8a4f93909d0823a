import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Compiles a few lines of C in that folder, with those flags of the compiler, and returns the file's path. */
export function compileC(folder: string, name: string, source: string, ...flags: string[]): string {
  const path = join(folder, name)
  writeFileSync(`${path}.c`, source)
  execFileSync(process.env['CC'] ?? 'cc', ['-O1', '-Wall', '-Werror', `${path}.c`, '-o', path, ...flags])
  return path
}
