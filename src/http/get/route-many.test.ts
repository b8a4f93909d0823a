import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memberShape, VALUE } from '../../answer/shape.ts'
import { parameterLookup, pathLookup, secretLookup } from '../../lookup.ts'
import { rejects } from '../rejects.ts'
import { createRouter, route } from './route.ts'

const SECRETS = '/secretsmanager/getMultiple'
const PARAMETERS = '/systemsmanager/parameters/getMultiple'
const PATH = '/systemsmanager/parameters/getByPath'

function refused(target: string, why: keyof typeof rejects): void {
  assert.equal(route(target), rejects[why], target)
}

test('many secrets, each once, in the order in which they are named', () => {
  assert.deepEqual(route(`${SECRETS}?secretId=b&secretId=a%2Fc&x=y&secretId=b&refreshNow=true`), {
    kind: 'many',
    store: 'secrets-manager',
    lookups: [secretLookup('b'), secretLookup('a/c')],
    refreshNow: true,
    isWire: false,
  })
})

test('many parameters, with selectors in their names, and decryption for all', () => {
  assert.deepEqual(route(`${PARAMETERS}?name=%2Fa&name=/b:3&withDecryption=1`), {
    kind: 'many',
    store: 'parameter-store',
    lookups: [
      parameterLookup('/a', { withDecryption: true }),
      parameterLookup('/b:3', { withDecryption: true }),
    ],
    refreshNow: false,
    isWire: false,
  })
})

test('a path, its first level or all below it', () => {
  const whole = { kind: 'read', shape: undefined, refreshNow: false }
  assert.deepEqual(route(`${PATH}?path=/app`), { ...whole, lookup: pathLookup('/app') })
  assert.deepEqual(route(`${PATH}?path=%2Fapp&recursive=true&withDecryption=true`), {
    ...whole,
    lookup: pathLookup('/app', { isRecursive: true, withDecryption: true }),
  })
  assert.notEqual(
    pathLookup('/app', { isRecursive: true }).key,
    pathLookup('/app', { withDecryption: true }).key,
  )
})

test('a hundred names are many enough', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `name=/n${i}`).join('&')
  assert.equal(route(`${PARAMETERS}?${names(100)}`).kind, 'many')
  assert.equal(route(`${PARAMETERS}?${names(100)}&name=/n0`).kind, 'many')
  refused(`${PARAMETERS}?${names(101)}`, 'tooManyNames')
})

test('what cannot be read of many is refused', () => {
  refused(SECRETS, 'missingSecretId')
  refused(`${SECRETS}?secretId=`, 'missingSecretId')
  refused(PARAMETERS, 'missingName')
  refused(`${PATH}?path=`, 'missingPath')
  refused(`${SECRETS}?secretId=%zz`, 'malformedEscape')
  refused(`${PARAMETERS}?name=%00`, 'malformedEscape')
  refused(`${SECRETS}?secretId=a&refreshNow=banana`, 'badRefreshNow')
  refused(`${PARAMETERS}?name=a&withDecryption=banana`, 'badWithDecryption')
  refused(`${PATH}?path=a&recursive=banana`, 'badRecursive')
  for (const one of ['jsonKey=a', 'format=value', 'versionId=v', 'versionStage=s', 'version=1', 'label=l']) {
    refused(`${SECRETS}?secretId=a&${one}`, 'ofOneOnly')
  }
  assert.equal(route(`${SECRETS}?secretId=a&jsonKey=`).kind, 'many')
})

test('the bare value and one member can be read of a secret and of a parameter', () => {
  for (const target of ['/secretsmanager/get?secretId=a', '/systemsmanager/parameters/get?name=a']) {
    const shapeOf = (query: string) => {
      const question = route(`${target}&${query}`)
      return question.kind === 'read' ? question.shape : question
    }
    assert.deepEqual(shapeOf('format=value'), VALUE)
    assert.deepEqual(shapeOf('jsonKey=user'), memberShape('user'))
    assert.deepEqual(shapeOf('format=value&jsonKey=%2Fa%2Fb~1c'), memberShape('/a/b~1c'))
    assert.deepEqual(shapeOf('jsonKey=first&jsonKey=second'), memberShape('first'))
    assert.equal(shapeOf('jsonKey=&format='), undefined)
    assert.equal(shapeOf('format=json'), rejects.badFormat)
    assert.equal(shapeOf('jsonKey=%zz'), rejects.malformedEscape)
  }
})

test('the router remembers no question of many, and says the same each time', () => {
  const router = createRouter()
  const target = `${SECRETS}?secretId=a`
  assert.deepEqual(router(target), router(target))
})
