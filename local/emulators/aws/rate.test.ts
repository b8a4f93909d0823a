import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateLimits } from './rate.ts'

const PARAMETER_STORE = ['GetParameter', 'GetParameters', 'GetParametersByPath']

/** How many of `calls` at these instants are let through. */
function allowed(limits: RateLimits, operation: string, calls: number, now: number): number {
  return Array.from({ length: calls }, () => limits.allows(operation, now)).filter(Boolean).length
}

test('a burst gets one second of tokens, and then as many as come in', () => {
  const limits = new RateLimits()
  limits.set(PARAMETER_STORE, 40, 0)
  assert.equal(allowed(limits, 'GetParameter', 100, 0), 40)
  assert.equal(allowed(limits, 'GetParameter', 100, 500), 20)
  assert.equal(allowed(limits, 'GetParameter', 100, 60_000), 40, 'no more than a second of them is kept')
})

test('the operations of one limit share it, and others are free', () => {
  const limits = new RateLimits()
  limits.set(PARAMETER_STORE, 40, 0)
  assert.equal(allowed(limits, 'GetParameters', 30, 0), 30)
  assert.equal(allowed(limits, 'GetParameter', 30, 0), 10)
  assert.equal(allowed(limits, 'GetSecretValue', 1_000, 0), 1_000)
})

test('a limit set anew takes the place of the old one', () => {
  const limits = new RateLimits()
  limits.set(PARAMETER_STORE, 1, 0)
  limits.set(PARAMETER_STORE, 1_000, 0)
  assert.equal(allowed(limits, 'GetParameter', 500, 0), 500)
  limits.clear()
  assert.equal(allowed(limits, 'GetParameter', 5_000, 0), 5_000)
})
