import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as errors from '../src/errors.ts'
import * as source from '../src/upstream/index.ts'

// The upstream part as source with the whole SDK, and as `node build.mjs` made it with the trimmed one.

export interface UpstreamBuild {
  readonly name: string
  readonly createUpstream: typeof source.createUpstream
}

/** Throws when the bundle has not been built: `npm test` builds it first. */
export function upstreamBuilds(): readonly UpstreamBuild[] {
  const file = new URL('../dist/upstream.cjs', import.meta.url)
  if (!existsSync(file)) throw new Error('dist/upstream.cjs is missing: run `npm run build` first')
  const require = createRequire(import.meta.url)
  const build = { exports: {} as typeof source }
  // oxlint-disable-next-line typescript/no-implied-eval -- this is how the bundle itself loads it
  const load = new Function('require', 'module', readFileSync(file, 'utf8'))
  load((name: string) => (name === 'shared:errors' ? errors : require(name)), build)
  return [
    { name: 'source', createUpstream: source.createUpstream },
    { name: 'bundle', createUpstream: build.exports.createUpstream },
  ]
}
