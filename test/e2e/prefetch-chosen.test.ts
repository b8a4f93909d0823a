import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { gate } from '../gate.ts'
import { header } from '../../tools/wire.ts'

// Secrets that a prefetch list chooses by a tag or by the beginning of their names.

const P = 'PARAMETERS_SECRETS_EXTENSION_PREFETCH_'
const secretUrl = (id: string): string => `/secretsmanager/get?secretId=${encodeURIComponent(id)}`

function start(t: TestContext, secrets: string, options: ExtensionOptions = {}): Promise<Extension> {
  const env = { [P + 'SECRETS']: secrets, [P + 'WAIT_MILLIS']: '5000', ...options.env }
  return startExtension(t, { seed: SEED, ...options, env })
}

const SEED = {
  secrets: {
    'prod/orders/db': { value: 'value-of-db', tags: { app: 'orders' } },
    'prod/orders/key': { binary: 'AAECAwQFBgcICQoLDA0ODw==', tags: { app: 'orders', tier: 'gold' } },
    'prod/shop': { value: 'value-of-shop', tags: { app: 'shop' } },
    'prod/Orders/other': { value: 'value-of-other', tags: { App: 'orders' } },
    'test/orders': { value: 'value-of-test', tags: { app: 'orders' } },
    'prod/orders/gone': { value: 'value-of-gone', tags: { app: 'orders' }, deleted: true },
    named: 'value-of-named',
  },
}

/** By X-Cache. */
async function stateOf(extension: Extension, name: string): Promise<string | undefined> {
  return header(await extension.get(secretUrl(name)), 'x-cache')
}

const operations = ({ aws }: Extension): string[] => aws.requests.map(({ operation }) => operation)

for (const [chosen, hits, misses] of [
  [
    'prefix:prod/orders/',
    ['prod/orders/db', 'prod/orders/key'],
    ['prod/shop', 'prod/Orders/other', 'test/orders'],
  ],
  [
    'tag:app=orders',
    ['prod/orders/db', 'prod/orders/key', 'test/orders'],
    ['prod/shop', 'prod/Orders/other'],
  ],
  ['tag:tier', ['prod/orders/key'], ['prod/orders/db']],
  ['tag:tier,prefix:test/ named', ['prod/orders/key', 'test/orders', 'named'], ['prod/shop']],
] as const) {
  test(`${chosen} is there before the first invoke, by name, ARN and partial ARN`, async (t) => {
    const extension = await start(t, chosen)
    const calls = extension.aws.calls()
    for (const name of hits) {
      const reply = await extension.get(secretUrl(name))
      const { ARN } = JSON.parse(reply.body.toString()) as { ARN: string }
      assert.deepEqual([name, header(reply, 'x-cache')], [name, 'HIT'])
      assert.deepEqual(
        [await stateOf(extension, ARN), await stateOf(extension, ARN.slice(0, -7))],
        ['HIT', 'HIT'],
      )
    }
    assert.equal(extension.aws.calls(), calls)
    for (const name of misses) assert.equal(await stateOf(extension, name), 'MISS', name)
    await extension.stop()
    assert.match(await extension.logged(/shutting down/), new RegExp(`, ${hits.length} prefetched`))
    assert.deepEqual(
      extension.logs().filter((line) => line.includes('WARN')),
      [],
    )
  })
}

test('what is chosen has the bytes of what is fetched when it is requested', async (t) => {
  const [plain, extension] = [await startExtension(t, { seed: SEED }), await start(t, 'prefix:prod/orders/')]
  for (const name of ['prod/orders/db', 'prod/orders/key']) {
    const [prefetched, fetched] = [await extension.get(secretUrl(name)), await plain.get(secretUrl(name))]
    assert.equal(header(prefetched, 'x-cache'), 'HIT')
    assert.equal(prefetched.body.toString(), fetched.body.toString())
  }
})

test('all pages are fetched, twenty secrets a call, and no more than the cache holds', async (t) => {
  const names = Array.from({ length: 55 }, (_, i) => `many/${String(i).padStart(2, '0')}`)
  const seed = { secrets: Object.fromEntries(names.map((name) => [name, `value of ${name}`])) }
  const whole = await start(t, 'prefix:many/', { seed })
  assert.deepEqual(operations(whole), ['BatchGetSecretValue', 'BatchGetSecretValue', 'BatchGetSecretValue'])
  for (const name of names) assert.equal(await stateOf(whole, name), 'HIT', name)

  const env = { PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '30' }
  const small = await start(t, 'prefix:many/', { seed, env })
  assert.equal(operations(small).length, 2)
  const states = []
  for (const name of names.slice(0, 30)) states.push(await stateOf(small, name))
  assert.deepEqual(new Set(states), new Set(['HIT']))
  assert.match(
    await small.logged(/more than/),
    /WARN .*prefetch: more than the 30 that the cache holds; the rest is left out/,
  )

  const full = await start(t, [...names.slice(0, 30), 'prefix:many/'].join(), { seed, env })
  assert.equal(operations(full).filter((one) => one === 'BatchGetSecretValue').length, 0)
})

test('callers of a name below a prefix wait for the call that is under way', async (t) => {
  const { until, release } = gate()
  const extension = await start(t, 'prefix:prod/orders/', { until: 'launched' })
  extension.aws.fault({ operation: 'BatchGetSecretValue' }, { until }, 1)
  await extension.aws.called(undefined, 1)
  const waiting = [extension.get(secretUrl('prod/orders/db')), extension.get(secretUrl('prod/orders/key'))]
  assert.equal(await stateOf(extension, 'named'), 'MISS')
  release()
  for (const reply of await Promise.all(waiting)) assert.equal(reply.status, 200)
  assert.deepEqual(operations(extension), ['BatchGetSecretValue', 'GetSecretValue'])
  await extension.lambda.initialized()
})

test('a choice that AWS refuses is one warning, and what is read is requested alone', async (t) => {
  for (const denied of ['secretsmanager:ListSecrets', 'secretsmanager:BatchGetSecretValue']) {
    const extension = await start(t, 'prefix:prod/orders/ tag:app=shop,named', {
      until: 'launched',
      aws: { denied: [denied] },
    })
    await extension.lambda.initialized()
    for (const choice of ['prefix:prod/orders/', 'tag:app=shop']) {
      const line = await extension.logged(new RegExp(`prefetch failed: .*\\(${choice}\\)$`))
      assert.match(line, /WARN .*AccessDeniedException/)
    }
    assert.equal(extension.logs().filter((line) => line.includes('prefetch failed')).length, 2)
    assert.deepEqual(
      [await stateOf(extension, 'named'), await stateOf(extension, 'prod/orders/db')],
      ['HIT', 'MISS'],
    )
  }
})

test('a secret that may not be read is named in a warning, and the others are there', async (t) => {
  const extension = await start(t, 'prefix:prod/orders/', { aws: { denied: ['prod/orders/db'] } })
  assert.match(
    await extension.logged(/prefetch failed/),
    /WARN prefetch failed: AccessDeniedException \(prod\/orders\/db\)$/,
  )
  assert.equal(await stateOf(extension, 'prod/orders/key'), 'HIT')
  const refused = await extension.get(secretUrl('prod/orders/db'))
  assert.deepEqual([refused.status, header(refused, 'x-amzn-errortype')], [400, 'AccessDeniedException'])
})

test('a choice that cannot be is named in a warning, and asks nothing', async (t) => {
  const bad = [
    'tag:',
    'tag:=v',
    'tag:a=',
    'prefix:',
    'prefix:!prod',
    'tag:!a',
    'tag:a=!b',
    `prefix:${'x'.repeat(513)}`,
    'prefix:a*',
    'tag:ä=b',
  ]
  const extension = await start(t, bad.join())
  assert.equal(extension.aws.calls(), 0)
  await extension.logged(/tag:ä=b/)
  const lines = extension.logs().filter((line) => line.includes('WARN'))
  assert.equal(lines.length, bad.length)
  for (const line of lines)
    assert.match(line, /WARN prefetch: .* is none of tag:KEY=VALUE, tag:KEY and prefix:NAME, or has/)
  assert.equal((await extension.get('/ping')).status, 200)
})

test('a choice that nothing matches is one warning', async (t) => {
  const extension = await start(t, 'tag:app=none')
  assert.match(
    await extension.logged(/there is no secret/),
    /WARN prefetch: there is no secret of tag:app=none$/,
  )
})

test('the file may choose, also values with a blank, and as another role', async (t) => {
  const role = 'arn:aws:iam::210987654321:role/reader'
  const folder = mkdtempSync(join(tmpdir(), 'chosen-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'names.json')
  writeFileSync(
    file,
    JSON.stringify({ secrets: ['tag:team=the red ones', { name: 'prefix:their/', roleArn: role }] }),
  )
  const extension = await start(t, '', {
    seed: {
      secrets: {
        mine: { value: 'value-of-mine', tags: { team: 'the red ones' } },
        'their/one': 'value-of-ours',
      },
    },
    aws: { roles: { [role]: { seed: { secrets: { 'their/one': 'value-of-theirs' } } } } },
    env: { [P + 'FILE']: file, PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS: role },
  })
  assert.equal(await stateOf(extension, 'mine'), 'HIT')
  const theirs = await extension.get(`${secretUrl('their/one')}&roleArn=${role}`)
  assert.equal(header(theirs, 'x-cache'), 'HIT')
  assert.match(theirs.body.toString(), /value-of-theirs/)
  const ours = await extension.get(secretUrl('their/one'))
  assert.equal(header(ours, 'x-cache'), 'MISS')
  assert.match(ours.body.toString(), /value-of-ours/)
})

test('where nothing is kept nothing is chosen', async (t) => {
  const extension = await start(t, 'prefix:prod/', { env: { SECRETS_MANAGER_TTL: '0' } })
  assert.equal(extension.aws.calls(), 0)
  assert.match(
    await extension.logged(/nothing is kept/),
    /prefetch: nothing is kept \(SECRETS_MANAGER_TTL is off\)/,
  )
})

test('an empty page is not the end of the list', async (t) => {
  const extension = await start(t, 'prefix:prod/', { aws: { emptyPages: 3 } })
  assert.equal(operations(extension).length, 4)
  assert.equal(await stateOf(extension, 'prod/shop'), 'HIT')
})
