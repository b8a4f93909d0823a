import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as settings from './settings.ts'
import type { IntegerSetting, TextSetting, WordSetting } from './settings.ts'

const GUIDE = new URL('../../docs/configure.md', import.meta.url)
const WRAPPER = new URL('../../layer/exec/parameters-secrets-exec', import.meta.url)
const P = 'PARAMETERS_SECRETS_EXTENSION_'

type Row = TextSetting &
  Partial<Omit<WordSetting, 'fallback'> & Omit<IntegerSetting, 'fallback'>> & {
    readonly fallback?: string | number | undefined
  }

const ROWS: readonly Row[] = Object.values(settings).filter((one): one is Row => typeof one === 'object')
/** What the wrapper alone reads. */
const OF_WRAPPER = [`${P}EXEC_WRAPPER`]

/** The guide's rows: what it says of default and values, by name. */
function documented(): Map<string, { fallback: string; values: string }> {
  const found = new Map<string, { fallback: string; values: string }>()
  let prefix: string | undefined
  for (const line of readFileSync(GUIDE, 'utf8').split('\n')) {
    if (!line.startsWith('|')) prefix = undefined
    else if (line.startsWith('| variable')) prefix = line.includes(`after \`${P}\``) ? P : ''
    if (prefix === undefined || !line.startsWith('| `')) continue
    const [, names = '', fallback = '', values = ''] = line.split(/(?<!\\) ?\| ?/)
    for (const [, name] of names.matchAll(/`([A-Z_]+)`/g)) {
      if (
        prefix === '' &&
        !/^(PARAMETERS_SECRETS_EXTENSION|SECRETS_MANAGER|SSM_PARAMETER_STORE)_/.test(name!)
      )
        continue
      assert.ok(!found.has(prefix + name!), `${name} has one row`)
      found.set(prefix + name!, { fallback, values })
    }
  }
  return found
}

test('docs/configure.md has a row for every setting, and no other', () => {
  assert.deepEqual([...documented().keys()].sort(), [...ROWS.map(({ name }) => name), ...OF_WRAPPER].sort())
})

for (const { name, fallback, min, max, words } of ROWS) {
  test(`docs/configure.md says what ${name} may be, and what it is by default`, () => {
    const row = documented().get(name)!
    if (fallback !== undefined)
      assert.ok(row.fallback.toLowerCase().includes(`\`${fallback}\``), row.fallback)
    else assert.match(row.fallback, name.endsWith('SESSION_NAME') ? /^the function's name$/ : /^none$/)
    if (min !== undefined) {
      assert.ok(
        row.values.includes(max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min}–${max}`),
        row.values,
      )
    }
    const unnamed = words?.filter((word) => !row.values.toLowerCase().includes(`\`${word}\``)) ?? []
    assert.deepEqual(
      unnamed.filter((word) => `\`${word}\`` !== row.fallback.toLowerCase()),
      [],
    )
  })
}

test('the wrapper reads no setting that is not in the table', () => {
  const text = readFileSync(WRAPPER, 'utf8')
  const read = new Set(
    [...text.matchAll(/\$\{?(PARAMETERS_SECRETS_EXTENSION_[A-Z_]+)/g)].map(([, name]) => name!),
  )
  const known = new Set<string>([...ROWS.map(({ name }) => name), ...OF_WRAPPER])
  assert.deepEqual(
    [...read].filter((name) => !known.has(name)),
    [],
  )
  assert.ok(read.has(settings.HTTP_PORT.name))
})
