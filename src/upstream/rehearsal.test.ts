import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAws } from '../emulators/aws/index.ts'
import { secretLookup } from '../lookup.ts'
import { bodyOf } from '../testing/body-of.ts'
import { upstreamHalves } from '../testing/upstream-halves.ts'
import { settingsFor } from '../testing/upstream-settings.ts'
import type { Upstream } from './index.ts'

const SECRET = secretLookup('a', undefined, undefined)

/** Servers and sockets that keep this process from ending. */
const networking = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length

/** Rehearses, and tells whether the answer was read: a rehearsal that fails says nothing. */
async function rehearse(upstream: Upstream): Promise<boolean> {
  const parse = JSON.parse
  let isRead = false
  JSON.parse = (text: string, ...rest: []) => {
    isRead ||= text.includes('"SecretString":"rehearsal"')
    return parse(text, ...rest) as unknown
  }
  try {
    await upstream.rehearse()
  } finally {
    JSON.parse = parse
  }
  return isRead
}

for (const { name, createUpstream } of upstreamHalves()) {
  test(`${name}: a rehearsal asks AWS nothing, leaves nothing open, and the first call is served`, async (t) => {
    const aws = await startAws({ seed: { secrets: { a: { value: 'x' } } } })
    const upstream = createUpstream(settingsFor(aws.url))
    t.after(async () => {
      upstream.reset()
      await aws.close()
    })
    const before = networking()
    assert.ok(await rehearse(upstream))
    await sleep(50)
    assert.ok(networking() <= before)
    assert.deepEqual([aws.calls(), aws.connections()], [0, 0])
    assert.match(await bodyOf(upstream.fetch(SECRET)), /"SecretString":"x"/)
    assert.equal(aws.calls(), 1)
  })

  test(`${name}: a rehearsal asks no credentials endpoint, and needs neither region nor CA bundle`, async (t) => {
    const nobody = 'http://127.0.0.1:1/creds'
    const upstream = createUpstream({
      ...settingsFor('https://aws.invalid'),
      region: undefined,
      credentials: undefined,
      container: {
        fullUri: nobody,
        relativeUri: undefined,
        authorizationToken: undefined,
        authorizationTokenFile: undefined,
      },
      caBundle: '/nowhere/ca.pem',
      useFips: true,
      useDualstack: true,
    })
    t.after(() => upstream.reset())
    assert.ok(await rehearse(upstream))
  })
}
