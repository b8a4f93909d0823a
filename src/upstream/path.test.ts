import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamError } from '../errors.ts'
import { pathLookup } from '../lookup.ts'
import type { ParameterStore } from './parameter-store.ts'
import { getPath } from './path.ts'

const LOOKUP = pathLookup('/app', { isRecursive: true, withDecryption: true })

interface Page {
  readonly Parameters?: readonly object[]
  readonly NextToken?: string
}

/** Reads a list whose pages the test makes. Returns how many there were, and what came of it. */
async function list(page: (call: number) => Page, timeoutMs = 0) {
  let calls = 0
  let count = 0
  const withins: number[] = []
  const getParametersByPath = (_: unknown, __: unknown, { withinMs }: { withinMs: number }) => {
    withins.push(withinMs)
    return Promise.resolve({ ...page(calls++), $metadata: {} })
  }
  const clients = { getParametersByPath } as unknown as Pick<ParameterStore, 'getParametersByPath'>
  const options = {
    timeoutMs,
    requested: () => calls,
    onPage(parameters: readonly object[], requested: number) {
      assert.equal(requested, calls - 1, 'as it was before the page was requested')
      count += parameters.length
      return true
    },
  }
  const error = await getPath(clients, LOOKUP, options).then(
    () => undefined,
    (failure: unknown) => failure,
  )
  assert.ok(error === undefined || error instanceof UpstreamError)
  return { calls, count, withins, error }
}

const named = (from: number, count: number, Value = 'x') =>
  Array.from({ length: count }, (_, i) => ({ Name: `/app/${from + i}`, Value }))

test('as many parameters as an account holds come in a thousand pages, also past empty ones', async () => {
  const { calls, count, error } = await list((call) => ({
    Parameters: call % 2 === 0 ? named(call * 10, 10) : [],
    ...(call < 1_998 && { NextToken: `t${call}` }),
  }))
  assert.deepEqual([calls, count, error], [1_999, 10_000, undefined])
})

for (const [what, page, bound, most] of [
  ['the same token', () => ({ NextToken: 'same' }), /: AWS repeats a NextToken$/, 2],
  ['an old token', (call: number) => ({ NextToken: `t${call % 7}` }), /: AWS repeats a NextToken$/, 8],
  ['empty pages', (call: number) => ({ NextToken: `t${call}` }), /: more than 2000 pages$/, 2_000],
  [
    'more and more parameters',
    (call: number) => ({ Parameters: named(call * 10, 10), NextToken: `t${call}` }),
    /: more than 10000 parameters$/,
    1_001,
  ],
  [
    'long values',
    (call: number) => ({ Parameters: named(call, 1, 'ä'.repeat(500_000)), NextToken: `t${call}` }),
    /: more than 16777216 bytes$/,
    17,
  ],
  [
    'long tokens',
    (call: number) => ({ NextToken: 't'.repeat(1_000_000 + call) }),
    /: more than 16777216 bytes$/,
    17,
  ],
] as const) {
  test(`a list without an end is given up, with ${what}`, async () => {
    const { calls, error } = await list(page)
    assert.deepEqual([error?.code, error?.status, calls], ['ListTooLong', 400, most])
    assert.match(error!.reason, bound)
  })
}

test('the time for a call is the time for all pages', async () => {
  const started = performance.now()
  const { withins, error } = await list((call) => {
    // A page takes 30 ms.
    for (const at = performance.now(); performance.now() < at + 30;);
    return { NextToken: `t${call}` }
  }, 100)
  assert.equal(error?.code, 'TimeoutError')
  assert.match(error.reason, /not whole within 100 ms: 0 parameters had come$/)
  assert.equal(withins[0], 100)
  assert.ok(withins.every((within, i) => i === 0 || within < withins[i - 1]!))
  assert.ok(performance.now() - started >= 100)
})

test('a list of a store without a time for a call has a minute', async () => {
  assert.deepEqual((await list(() => ({}))).withins, [60_000])
})
