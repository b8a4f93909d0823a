import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Script } from 'node:vm'
import { say, shown, type Public } from './public.ts'

// Compiles the parts of the bundle that are loaded later. V8 can take what it has compiled of a part in an earlier
// process from a file, and the nodejs layer brings such files for the Nodes that it is tested with (layer/code). V8
// refuses one that another version or other flags made. It looks neither at the source nor at the bytes, so both are
// checked here.

const DIGEST_BYTES = 32

let outcomes: Public | undefined

/** What became of the file of each part so far: `used`, `refused` by V8, or `none` that is fit for it. */
export const codeOutcomes = (): Public | undefined => outcomes

/**
 * The name of a part's file, beside the folder of the extension: Lambda executes each file in it. `v8` is
 * `process.versions.v8`: behind the dash is the number of Node's own changes, which V8 does not look at either.
 */
export function codeName(v8: string, arch: string, part: string): string {
  return `parameters-secrets-code-${v8.split('-', 1)[0]}-${arch}-${part}`
}

/** The file of a script with that source: a digest of both, and the code. */
export function codeFile(source: string, code: Uint8Array): Buffer {
  return Buffer.concat([digestOf(source, code), code])
}

/**
 * The function that a part is: its text is the body. Called by what build/parts.mjs writes.
 * @public
 */
export function compilePart(part: string, text: string): (require: unknown, module: unknown) => void {
  const source = `(function(require,module){${text}\n})`
  const cachedData = readCode(part, source)
  const options = cachedData === undefined ? { filename: part } : { filename: part, cachedData }
  const script = new Script(source, options)
  const outcome = cachedData === undefined ? say`none` : script.cachedDataRejected ? say`refused` : say`used`
  const described = say`${shown(part)} ${outcome}`
  outcomes = outcomes === undefined ? described : say`${outcomes}, ${described}`
  return script.runInThisContext() as (require: unknown, module: unknown) => void
}

/** Undefined where there is none, one for another source, or a damaged one: V8 would run whatever it holds. */
function readCode(part: string, source: string): Buffer | undefined {
  try {
    const { versions, arch, argv } = process
    const file = readFileSync(`${dirname(argv[1]!)}/../${codeName(versions.v8, arch, part)}`)
    const code = file.subarray(DIGEST_BYTES)
    return digestOf(source, code).equals(file.subarray(0, DIGEST_BYTES)) ? code : undefined
  } catch {
    return undefined
  }
}

function digestOf(source: string, code: Uint8Array): Buffer {
  return createHash('sha256').update(source).update(code).digest()
}
