import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { callOf, nameOf, parameterLookup, pathLookup, secretLookup } from './lookup.ts'

const ID = '11111111-2222-3333-4444-555555555555'

test('a secret lookup holds what was typed, and only that', () => {
  assert.partialDeepStrictEqual(secretLookup('prod/db'), {
    store: 'secrets-manager',
    secretId: 'prod/db',
    versionId: undefined,
    versionStage: undefined,
  })
  assert.partialDeepStrictEqual(secretLookup('prod/db', { versionId: ID, versionStage: 'AWSPREVIOUS' }), {
    secretId: 'prod/db',
    versionId: ID,
    versionStage: 'AWSPREVIOUS',
  })
})

test('a parameter lookup appends the selector to the name, as GetParameter wants it', () => {
  assert.equal(parameterLookup('/a/b').name, '/a/b')
  assert.equal(parameterLookup('/a/b', { selector: '3' }).name, '/a/b:3')
  assert.equal(parameterLookup('/a/b', { selector: 'Dev', withDecryption: true }).name, '/a/b:Dev')
  const arn = 'arn:aws:ssm:us-east-1:123456789012:parameter/a'
  assert.equal(parameterLookup(arn, { selector: '2' }).name, arn + ':2')
})

test('no stage and AWSCURRENT are one question, unless a version id narrows it', () => {
  assert.equal(secretLookup('a').key, secretLookup('a', { versionStage: 'AWSCURRENT' }).key)
  assert.notEqual(
    secretLookup('a', { versionId: ID }).key,
    secretLookup('a', { versionId: ID, versionStage: 'AWSCURRENT' }).key,
  )
  assert.notEqual(secretLookup('a', { versionStage: 'AWSPREVIOUS' }).key, secretLookup('a').key)
})

test('a stage is compared by letter case, as AWS does', () => {
  assert.notEqual(secretLookup('a', { versionStage: 'awscurrent' }).key, secretLookup('a').key)
})

test('a selector apart and a selector in the name are one question', () => {
  assert.equal(parameterLookup('/a', { selector: '3' }).key, parameterLookup('/a:3').key)
  assert.notEqual(parameterLookup('/a', { selector: '3' }).key, parameterLookup('/a', { selector: '4' }).key)
})

test('decrypted and not are two questions', () => {
  assert.notEqual(parameterLookup('/a', { withDecryption: true }).key, parameterLookup('/a').key)
})

test('a secret and a parameter of one name are two questions', () => {
  assert.notEqual(secretLookup('a').key, parameterLookup('a').key)
})

// Names full of what might be taken for a separator; U+0000 is refused before a lookup is made.
const nasty = fc.string({
  unit: fc.constantFrom('a', ':', '/', '&', '=', ' ', 's', 'p', '0', '1', '\u0001'),
  maxLength: 4,
})
const optional = fc.option(
  fc.string({ unit: fc.constantFrom('a', ':', ' ', '1'), minLength: 1, maxLength: 3 }),
  { nil: undefined },
)

/** What AWS is asked, in a form that no separator can confuse. */
function meaning(id: string, version: string | undefined, stage: string | undefined): string {
  const effective = version === undefined ? (stage ?? 'AWSCURRENT') : (stage ?? null)
  return JSON.stringify([id, version ?? null, effective])
}

test('two secret lookups share a key exactly when AWS would be asked the same', () => {
  const stages = fc.oneof(optional, fc.constant('AWSCURRENT'))
  fc.assert(
    fc.property(nasty, optional, stages, nasty, optional, stages, (id, v, stage, id2, v2, stage2) => {
      const sameKey =
        secretLookup(id, { versionId: v, versionStage: stage }).key ===
        secretLookup(id2, { versionId: v2, versionStage: stage2 }).key
      assert.equal(sameKey, meaning(id, v, stage) === meaning(id2, v2, stage2))
    }),
    { numRuns: 2000 },
  )
})

test('two parameter lookups share a key exactly when the name that AWS gets and the decryption are equal', () => {
  fc.assert(
    fc.property(nasty, optional, fc.boolean(), nasty, optional, fc.boolean(), (n, s, d, n2, s2, d2) => {
      const one = parameterLookup(n, { selector: s, withDecryption: d })
      const two = parameterLookup(n2, { selector: s2, withDecryption: d2 })
      assert.equal(one.key === two.key, one.name === two.name && d === d2)
    }),
    { numRuns: 2000 },
  )
})

test('a key holds nothing of the request target that it was read from', () => {
  const script = `
    import { route } from ${JSON.stringify(new URL('http/get/route.ts', import.meta.url).href)}
    const keys = []
    const read = (i) => {
      const query = 'secretId=a-name-long-enough-to-be-a-view-' + i + '&name=/a/path/that/is/a/view/too/' + i
      for (const path of ['/secretsmanager/get', '/systemsmanager/parameters/get']) {
        keys.push(route(Buffer.from(path + '?' + query + '&unused=' + 'x'.repeat(30_000), 'latin1').toString('latin1')).lookup.key)
      }
    }
    gc()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 1_000; i++) read(i)
    gc()
    process.stdout.write(JSON.stringify([keys.length, process.memoryUsage().heapUsed - before]))
  `
  const flags = ['--expose-gc', '--input-type=module', '--eval', script]
  const printed = execFileSync(process.execPath, flags, { encoding: 'utf8' })
  const [count, bytes] = JSON.parse(printed) as [number, number]
  assert.equal(count, 2_000)
  assert.ok(bytes < 10_000_000, `2,000 keys hold ${bytes} bytes of 60,000,000`)
})

test('the name for the log is what AWS is asked for, on one line and not longer than can be read', () => {
  assert.equal(
    nameOf(secretLookup('MySecret', { versionId: ID, versionStage: 'AWSPREVIOUS' })),
    'secretId=MySecret',
  )
  assert.equal(nameOf(parameterLookup('/a/b', { selector: '3', withDecryption: true })), 'name=/a/b:3')
  assert.equal(nameOf(secretLookup('a\r\nERROR b\u2028c')), 'secretId=a ERROR b c')
  const lookups = [secretLookup('db'), parameterLookup('/a', { selector: '3' }), pathLookup('/a')]
  assert.deepEqual(lookups.map(nameOf), ['secretId=db', 'name=/a:3', 'path=/a'])
  assert.deepEqual(lookups.map(callOf), ['GetSecretValue db', 'GetParameter /a:3', 'GetParametersByPath /a'])
  assert.ok(nameOf(parameterLookup('x'.repeat(100_000))).length < 1_100)
})
