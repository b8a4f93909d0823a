import assert from 'node:assert/strict'
import { test } from 'node:test'
import { say, shown } from '../public.ts'
import { allowedOf, byName, readSources } from './variable-sources.ts'

test('sources stand between commas or white space, each once, and a bad one is known as such', () => {
  const got = readSources(
    'secretsmanager:a, ssm:/x/y/\nssm:/ ssm:/x vault:z,,secretsmanager:a ssm: secretsmanager:',
  )
  assert.deepEqual(got, [
    { kind: 'secret', label: 'secretsmanager:a', secretId: 'a' },
    { kind: 'path', label: 'ssm:/x/y/', path: '/x/y' },
    { kind: 'path', label: 'ssm:/', path: '/' },
    ...['ssm:/x', 'vault:z', 'ssm:', 'secretsmanager:'].map((label) => ({ kind: 'unknown', label })),
  ])
})

const entry = (origin: string, name: string) => ({ origin: shown(origin), name, value: 'v' })

test('names that are not allowed are counted, and none that is allowed is a failure', () => {
  const path = { kind: 'path', label: say`ssm:/x/`, path: '/x' } as const
  const secret = { kind: 'secret', label: say`secretsmanager:x`, secretId: 'x' } as const
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
