import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asStale, createAnswer, type Body } from './answer.ts'
import { parameterBody, secretBody } from './go-shape.ts'
import { UpstreamError } from '../errors.ts'
import { parameterLookup, secretLookup } from '../lookup.ts'
import { say } from '../public.ts'
import type { ReadMany } from '../http/read.ts'
import { manyBody, type Part } from './many-reply.ts'

const secrets: ReadMany = {
  kind: 'many',
  store: 'secrets-manager',
  lookups: [],
  refreshNow: false,
  isWire: false,
}
const parameters: ReadMany = { ...secrets, store: 'parameter-store' }

const lookup = secretLookup('a')
const answer = createAnswer(secretBody({ Name: 'a', SecretString: 'x' }))
const good: Part = { lookup, got: answer, isHit: true }
const stale = (ageMs: number): Part => ({ lookup, got: asStale(answer, ageMs), isHit: false })
const failed = (status: number, code = say`AccessDeniedException`): UpstreamError =>
  new UpstreamError({ code, reason: say`why`, report: say`the whole story`, status })
const failing = (error: UpstreamError): Part => ({ lookup, got: error, isHit: false })

const body = (question: ReadMany, ...parts: Part[]): Body => {
  const made = manyBody(question, parts)
  assert.ok(!(made instanceof UpstreamError))
  return made
}

test('a list with a stale answer in it is stale, and as old as the oldest', () => {
  assert.equal(body(secrets, good).missHeaders['X-Cache'], 'MISS')
  const made = body(secrets, stale(61_000), good, stale(90_500))
  assert.deepEqual([made.missHeaders['X-Cache'], made.missHeaders['Age']], ['STALE', '90'])
})

test('a failure of one secret is listed, also where AWS was not heard, and of all is the first', () => {
  const made = body(secrets, good, failing(failed(400)), failing(failed(0)))
  assert.equal((JSON.parse(made.bytes) as { Errors: unknown[] }).Errors.length, 2)
  const first = failed(400)
  assert.equal(manyBody(secrets, [failing(first), failing(failed(400))]), first)
})

test('for an SDK a list of failures is an answer, unless AWS was not heard at all', () => {
  const wire = { ...secrets, isWire: true }
  assert.equal((JSON.parse(body(wire, failing(failed(400))).bytes) as { Errors: unknown[] }).Errors.length, 1)
  const unheard = failed(0)
  assert.equal(manyBody(wire, [failing(unheard)]), unheard)
})

test('a list of parameters has no place for a failure but that one is not there', () => {
  const name = parameterLookup('/a')
  const held: Part = {
    lookup: name,
    got: createAnswer(parameterBody({ Name: '/a', Value: 'x' })),
    isHit: true,
  }
  const missing: Part = { lookup: name, got: failed(400, say`ParameterNotFound`), isHit: false }
  const { InvalidParameters } = JSON.parse(body(parameters, held, missing).bytes) as {
    InvalidParameters: string[]
  }
  assert.deepEqual(InvalidParameters, ['/a'])
  const denied = failed(400)
  assert.equal(manyBody(parameters, [held, missing, { ...missing, got: denied }]), denied)
})
