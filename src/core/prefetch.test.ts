// A prefetch on the whole core, in virtual time: what its readers wait for, and what bounds it. The clock and the
// timers are node:test's, so no machine is too slow.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import { PREFETCH_WAIT_MS } from '../cache/read-through.ts'
import { readConfig } from '../config/config.ts'
import { UpstreamError } from '../errors.ts'
import { createLog } from '../log.ts'
import { parameterLookup, secretLookup, type SingleLookup, type Fields } from '../lookup.ts'
import { say } from '../public.ts'
import type { Upstream } from '../upstream/index.ts'
import { createCore } from './core.ts'

const P = 'PARAMETERS_SECRETS_EXTENSION_'

/** Calls of the prefetch: of each kind they are answered at once, never, or by a failure. */
type Outcome = 'answered' | 'silent' | 'refused'

function start(t: TestContext, env: Record<string, string>, outcome: Outcome = 'silent') {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: Date.UTC(2026, 0, 1) })
  const calls: string[] = []
  /** Of the paths that are asked for: gives a page with that parameter. */
  const pages: ((name: string) => void)[] = []
  const lines: string[] = []
  const config = readConfig({ AWS_REGION: 'us-east-1', ...env })
  const upstream = upstreamOf({ calls, pages, outcome })
  const core = createCore(config, createLog('warn', 'text', { write: (line) => void lines.push(line) }), {
    load: () => Promise.resolve(upstream),
    reset: () => {},
  })
  const over = core.prefetch!.run('123456789012')
  const pass = async (ms: number) => {
    await settle()
    t.mock.timers.tick(ms)
    await settle()
  }
  return { core, calls, pages, lines, over, pass }
}

/** A list of names in a file, as a setting. */
function fileOf(t: TestContext, lists: { secrets?: readonly string[]; parameters?: readonly string[] }) {
  const folder = mkdtempSync(join(tmpdir(), 'prefetch-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'names.json')
  writeFileSync(file, JSON.stringify(lists))
  return { [P + 'PREFETCH_FILE']: file }
}

const READ_IN_VAIN: readonly {
  readonly what: string
  readonly env: Record<string, string>
  readonly lookup: SingleLookup
}[] = [
  {
    what: 'a parameter below a path',
    env: { [P + 'PREFETCH_PARAMETERS']: '/app/' },
    lookup: parameterLookup('/app/url', { withDecryption: true }),
  },
  {
    what: 'a parameter below a path, without decryption',
    env: { [P + 'PREFETCH_PARAMETERS']: '/app/' },
    lookup: parameterLookup('/app/url'),
  },
  {
    what: 'a secret of a prefix',
    env: { [P + 'PREFETCH_SECRETS']: 'prefix:prod/' },
    lookup: secretLookup('prod/db'),
  },
  {
    what: 'a secret that is named',
    env: { [P + 'PREFETCH_SECRETS']: 'db', [P + 'PREFETCH_BATCH']: 'TRUE' },
    lookup: secretLookup('db'),
  },
  {
    what: 'a parameter that is named',
    env: { [P + 'PREFETCH_PARAMETERS']: '/app/url' },
    lookup: parameterLookup('/app/url', { withDecryption: true }),
  },
  {
    what: 'a parameter that is named, without decryption',
    env: { [P + 'PREFETCH_PARAMETERS']: '/app/url' },
    lookup: parameterLookup('/app/url'),
  },
]

for (const { what, env, lookup } of READ_IN_VAIN) {
  test(`a read of ${what} waits for a silent prefetch for a bounded time, and then asks by itself`, async (t) => {
    const { core, calls, pass } = start(t, env)
    await settle()
    assert.equal(calls.length, 1)
    const readers = [core.cache.load(lookup), core.cache.load(lookup)]
    await pass(PREFETCH_WAIT_MS - 1)
    assert.equal(calls.length, 1, 'it still waits')
    await pass(1)
    const [one, other] = await Promise.all(readers)
    assert.match(one!.bytes, /the value/)
    assert.equal(one!.bytes, other!.bytes)
    assert.equal(calls.length, 2)
    assert.equal(core.cache.get(lookup), one, 'and it is kept')
  })
}

test('a read below a path ends with the page that has it, and waits for all pages together no longer', async (t) => {
  const { core, calls, pages, pass } = start(t, { [P + 'PREFETCH_PARAMETERS']: '/app/' })
  const [early, late] = ['/app/early', '/app/late'].map((name) =>
    core.cache.load(parameterLookup(name, { withDecryption: true })),
  )
  await pass(PREFETCH_WAIT_MS / 2)
  pages[0]!('/app/early')
  assert.match((await early!).bytes, /the value/)
  assert.equal(calls.length, 1)
  await pass(PREFETCH_WAIT_MS / 4)
  pages[0]!('/app/another')
  await pass(PREFETCH_WAIT_MS / 4)
  assert.match((await late!).bytes, /the value/)
  assert.deepEqual(calls, ['path /app', 'one /app/late'])
})

const many = (prefix: string, count: number, end = '') =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}${end}`)

for (const [what, lists] of [
  ['secrets', { secrets: many('secret-', 3_000) }],
  ['parameters', { parameters: many('/app/p-', 3_000) }],
  ['paths', { parameters: many('/app-', 3_000, '/') }],
  ['tags', { secrets: many('tag:app=', 3_000) }],
  ['prefixes', { secrets: many('prefix:app-', 3_000) }],
  [
    'names and lists',
    {
      secrets: ['tag:app', ...many('secret-', 9), ...many('prefix:app-', 900)],
      parameters: [...many('/app-', 900, '/'), ...many('/p-', 900)],
    },
  ],
] as const) {
  test(`of 3,000 ${what} no more are asked for than the cache holds, with one warning`, async (t) => {
    const env = { [P + 'CACHE_SIZE']: '10', [P + 'PREFETCH_BATCH']: 'TRUE', ...fileOf(t, lists) }
    const { calls, lines, over } = start(t, env, 'answered')
    await over
    const asked = calls.flatMap((call) => (/^(path|matching) /.test(call) ? [call] : call.split(' ')))
    assert.ok(asked.length > 0 && asked.length <= 10, asked.join())
    assert.equal(lines.length, 1, lines.join(''))
    assert.match(lines[0]!, /WARN prefetch: more than the 10 that the cache holds; the rest is left out$/m)
  })
}

test('lists are asked for a few at a time, and none when the cache is full', async (t) => {
  const env = { [P + 'CACHE_SIZE']: '100', [P + 'MAX_CONNECTIONS']: '2' }
  const paths = { [P + 'PREFETCH_PARAMETERS']: many('/app-', 5, '/').join(' ') }
  const { core, calls, pages, lines, pass } = start(t, { ...env, ...paths })
  await pass(0)
  assert.deepEqual(calls, ['path /app-0', 'path /app-1'])
  // One that is not asked for yet keeps no reader waiting.
  assert.match((await core.cache.load(parameterLookup('/app-4/url'))).bytes, /the value/)
  for (let i = 0; i < 101; i++) pages[0]!(`/app-0/${i}`)
  assert.deepEqual(lines, [])
})

for (const [what, lists] of [
  ['secrets', { secrets: many('secret-', 900) }],
  ['paths', { parameters: many('/app-', 900, '/') }],
  ['tags', { secrets: many('tag:app=', 900) }],
  ['what is no path', { parameters: many('//app-', 900, '/') }],
  ['what is no filter', { secrets: many('tag:!', 900) }],
] as const) {
  test(`900 ${what} that fail are a few warnings, and how many more there are`, async (t) => {
    const { lines, over } = start(t, fileOf(t, lists), 'refused')
    await over
    assert.equal(lines.length, 21, lines.slice(0, 3).join(''))
    assert.match(lines.at(-1)!, /WARN prefetch: and 880 more warnings$/m)
  })
}

interface World {
  readonly calls: string[]
  readonly pages: ((name: string) => void)[]
  readonly outcome: Outcome
}

/** An AWS that has everything. Calls for one name alone are answered, those of a prefetch as their outcome says. */
function upstreamOf({ calls, pages, outcome }: World): Upstream {
  const value = 'the value'
  const refusal = new UpstreamError({
    code: say`AccessDeniedException`,
    reason: say`no`,
    report: say`refused`,
    status: 400,
  })
  const fieldsOf = (lookup: SingleLookup): Fields =>
    lookup.store === 'secrets-manager'
      ? { store: 'secrets-manager', secret: { ARN: 'arn:x', Name: lookup.secretId, SecretString: value } }
      : { store: 'parameter-store', parameter: { Name: lookup.name, Type: 'String', Value: value } }
  const end = async (): Promise<void> => {
    if (outcome === 'silent') await new Promise(() => {})
    if (outcome === 'refused') throw refusal
  }
  return {
    async fetch(lookup) {
      calls.push(`one ${lookup.store === 'secrets-manager' ? lookup.secretId : lookup.name}`)
      if (outcome === 'refused') throw refusal
      return fieldsOf(lookup)
    },
    async fetchSecrets(lookups, onPart) {
      calls.push(lookups.map(({ secretId }) => secretId).join(' '))
      await end().catch(() => undefined)
      for (const lookup of lookups) {
        const fields = fieldsOf(lookup)
        const secret = fields.store === 'secrets-manager' ? fields.secret : undefined
        onPart(lookup, outcome === 'refused' ? refusal : secret)
      }
    },
    async fetchParameters(lookups, onPart) {
      calls.push(lookups.map(({ name }) => name).join(' '))
      await end()
      for (const lookup of lookups) {
        const fields = fieldsOf(lookup)
        onPart(lookup, fields.store === 'parameter-store' ? fields.parameter : undefined)
      }
    },
    async fetchPath({ path }, { requested, onPage }) {
      calls.push(`path ${path}`)
      const at = requested()
      pages.push((Name) => onPage([{ Name, Type: 'String', Value: value }], at))
      await end()
      onPage([{ Name: `${path}/url`, Type: 'String', Value: value }], at)
    },
    async fetchMatching({ filters }, { requested, onPage }) {
      calls.push(`matching ${filters[0]?.value}`)
      const at = requested()
      await end()
      const secret = { ARN: 'arn:y', Name: `of ${filters[0]?.value}`, SecretString: value }
      onPage({ secrets: [secret], refused: [] }, at)
    },
    passThrough: () => Promise.reject(new Error('nothing is passed through')),
    sessionTokens: () => Promise.resolve([]),
    renewCredentials: () => Promise.resolve(),
    warmUp: () => Promise.resolve(),
    reset: () => undefined,
  }
}
