// @ts-check
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {import('esbuild').Plugin} Plugin */

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * The parts that are loaded later, by the import that loads each, in the order in which they are made: a part may load
 * those before it.
 */
export const PARTS = /** @type {const} */ ([
  { name: 'upstream', entry: 'src/upstream/index.ts', exports: 'createUpstream' },
  { name: 'serving', entry: 'src/programs/serving.ts', exports: 'createServing' },
])

// What all parts must share: UpstreamError is one class, and a part is loaded once. By the file that an import means,
// not by how it is spelled: a second copy of the class would make AWS's failures defects of ours.
const SHARED_ERRORS = 'shared:errors'
const ERRORS_FILE = 'src/errors.ts'
/** @type {(name: string) => string} */
const shared = (name) => `shared:${name}`

/** @type {Plugin} */
export const share = {
  name: 'share',
  setup({ onResolve, onEnd }) {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir, kind }) => {
      const file = resolve(resolveDir, path)
      if (file === resolve(root, ERRORS_FILE)) return { path: SHARED_ERRORS, external: true }
      const part = PARTS.find(({ entry }) => file === resolve(root, entry))
      if (part !== undefined && kind === 'dynamic-import') return { path: shared(part.name), external: true }
      return undefined
    })
    onEnd(({ metafile }) => ({
      errors:
        ERRORS_FILE in (metafile?.inputs ?? {})
          ? [{ text: `${ERRORS_FILE} is in a part: a second copy` }]
          : [],
    }))
  },
}

/**
 * Puts each bundled part where it is imported, as code or as text that is compiled when it is first needed.
 * @type {(texts: ReadonlyMap<string, string>, isInline: boolean) => Plugin}
 */
export const embed = (texts, isInline) => ({
  name: 'embed',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /programs\/serving\.ts$/ }, () => ({ path: 'serving', namespace: 'embedded' }))
    onResolve({ filter: /^shared:/ }, ({ path }) =>
      path === SHARED_ERRORS
        ? { path: `${root}/src/errors.ts` }
        : { path: path.slice('shared:'.length), namespace: 'embedded' },
    )
    onLoad({ filter: /./, namespace: 'embedded' }, ({ path }) => {
      const text = texts.get(path) ?? ''
      return { contents: isInline ? text : compiledWhenNeeded(path, text), resolveDir: root }
    })
  },
})

/** @type {(name: string, text: string) => string} */
const compiledWhenNeeded = (name, text) => {
  const others = PARTS.filter((part) => part.name !== name && text.includes(shared(part.name)))
  const cases = others.map(
    (part) => `if (name === '${shared(part.name)}') return require('${shared(part.name)}')`,
  )
  return `
  import * as errors from '${SHARED_ERRORS}'
  import { compilePart } from './src/code-cache.ts'
  const part = { exports: {} }
  const load = compilePart('${name}', ${JSON.stringify(text)})
  const find = (name) => {
    if (name === '${SHARED_ERRORS}') return errors
    ${cases.join('\n')}
    return require(name)
  }
  load(find, part)
  export const { ${PARTS.find((one) => one.name === name)?.exports} } = part.exports`
}
