import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSources, variableName } from './variable-sources.ts'

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

test('a name that is longer than any of AWS is none', () => {
  const long = 'x'.repeat(1021)
  assert.equal(named('ssm:/app/?prefix=A_', long + 'y'), `A_${long}y`)
  assert.equal(named('ssm:/app/?prefix=A_', long + 'yy'), '')
  assert.equal(named('ssm:/app/?prefix=A_', long + 'yy', 'db'), 'A_db')
  assert.equal(named('ssm:/app/?name=path', 'yy', long), `yy_${long}`)
  assert.equal(named('ssm:/app/?name=path', 'yyy', long), '')
})
