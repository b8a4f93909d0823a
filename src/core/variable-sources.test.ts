import assert from 'node:assert/strict'
import { test } from 'node:test'
import { say, shown } from '../public.ts'
import { allowedOf, byName, readSources, variableName } from './variable-sources.ts'

const PLAIN = { isWhole: false, case: undefined, prefix: '' }

test('sources stand between commas or white space, each once, and a bad one is known as such', () => {
  const got = readSources(
    'secretsmanager:a, ssm:/x/y/\nssm:/ ssm:/x vault:z,,secretsmanager:a ssm: secretsmanager: ssm:// ssm:/// ssm:/x//',
  )
  assert.deepEqual(got, [
    { kind: 'secret', label: 'secretsmanager:a', naming: PLAIN, secretId: 'a' },
    { kind: 'path', label: 'ssm:/x/y/', naming: PLAIN, path: '/x/y' },
    { kind: 'path', label: 'ssm:/', naming: PLAIN, path: '/' },
    ...['ssm:/x', 'vault:z', 'ssm:', 'secretsmanager:', 'ssm://', 'ssm:///', 'ssm:/x//'].map((label) => ({
      kind: 'unknown',
      label,
      code: 'InvalidSource',
      why: 'it has to be secretsmanager:<name or ARN> or ssm:/path/',
    })),
  ])
})

const entry = (origin: string, name: string) => ({ origin: shown(origin), name, value: 'v' })

test('names that are not allowed are counted, and none that is allowed is a failure', () => {
  const path = { kind: 'path', label: say`ssm:/x/`, naming: PLAIN, path: '/x' } as const
  const secret = { kind: 'secret', label: say`secretsmanager:x`, naming: PLAIN, secretId: 'x' } as const
  const [good, bad] = [entry('o', 'A'), entry('o', 'LD_PRELOAD')]
  assert.deepEqual(allowedOf(path, [good, bad]), { allowed: [good], ignored: 1 })
  const codeOf = (found: ReturnType<typeof allowedOf>) => ('code' in found ? found.code : 'none')
  assert.equal(codeOf(allowedOf(path, [bad])), 'NoAllowedName')
  assert.equal(codeOf(allowedOf(path, [])), 'EmptyPath')
  assert.equal(codeOf(allowedOf(secret, [])), 'EmptySecret')
})

test('a name of two origins has two entries, and the same parameter found twice has one', () => {
  const names = byName([entry('/a/X', 'X'), entry('/a/Y', 'Y'), entry('/a/X', 'X'), entry('/b/Y', 'Y')])
  assert.deepEqual(
    [...names].map(([name, entries]) => [name, entries.map(({ origin }) => origin)]),
    [
      ['X', ['/a/X']],
      ['Y', ['/a/Y', '/b/Y']],
    ],
  )
})

/** The names that a source makes of these steps. */
function named(source: string, ...steps: string[]): string {
  const [read] = readSources(source)
  assert.ok(read !== undefined && read.kind !== 'unknown', source)
  return variableName(read.naming, steps)
}

test('a name is the last step, or the whole way, in one letter case, behind a prefix', () => {
  assert.equal(named('ssm:/app/', 'db', 'pass-word'), 'pass-word')
  assert.equal(named('ssm:/app/?name=path', 'db.main', 'pass-word'), 'db_main_pass_word')
  assert.equal(named('ssm:/app/?case=upper', 'db', 'host'), 'HOST')
  assert.equal(named('ssm:/app/?case=lower&prefix=APP_', 'DB', 'Host'), 'APP_host')
  assert.equal(named('ssm:/app/?name=path&case=upper&prefix=app_', 'db', 'host'), 'app_DB_HOST')
  assert.equal(named('secretsmanager:db?prefix=DB_&name=path', 'a/b', 'c'), 'DB_a_b_c')
})

test('an option that is unknown, twice or no name is an error', () => {
  for (const options of [
    '?x',
    '?name',
    '?name=last',
    '?case=Upper',
    '?prefix=',
    '?prefix=A-',
    '?x=y',
    '?case=upper&',
    '?case=upper&case=upper',
    '?name=path?case=upper',
  ]) {
    for (const where of ['ssm:/app/', 'secretsmanager:db']) {
      const [source] = readSources(where + options)
      assert.ok(source?.kind === 'unknown', where + options)
      assert.match(String(source.why), /its options are name=path/)
    }
  }
})
