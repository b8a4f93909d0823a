import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAws } from '../../local/emulators/aws/index.ts'
import { secretLookup } from '../lookup.ts'
import { bodyOf } from '../../test/body-of.ts'
import { upstreamBuilds } from '../../test/upstream-builds.ts'
import { settingsFor } from '../../test/upstream-settings.ts'
import type { Upstream } from './index.ts'

const SECRET = secretLookup('a')

/** Servers and sockets that keep this process from ending. */
const networking = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length

/** Whether the answer of the warm-up was read: one that fails reports nothing. */
async function warmUp(upstream: Upstream, goesOn: () => boolean = () => true): Promise<boolean> {
  const parse = JSON.parse
  let isRead = false
  JSON.parse = (text: string, ...rest: []) => {
    isRead ||= text.includes('"SecretString":"warm-up"')
    return parse(text, ...rest) as unknown
  }
  try {
    await upstream.warmUp(goesOn)
  } finally {
    JSON.parse = parse
  }
  return isRead
}

for (const { name, createUpstream } of upstreamBuilds()) {
  test(`${name}: a warm-up asks AWS nothing, leaves nothing open, and the first call is served`, async (t) => {
    const aws = await startAws({ seed: { secrets: { a: { value: 'x' } } } })
    const upstream = createUpstream(settingsFor(aws.url))
    t.after(async () => {
      upstream.reset()
      await aws.close()
    })
    const before = networking()
    assert.ok(await warmUp(upstream))
    await sleep(50)
    assert.ok(networking() <= before)
    assert.deepEqual([aws.calls(), aws.connections()], [0, 0])
    assert.match(await bodyOf(upstream.fetch(SECRET)), /"SecretString":"x"/)
    assert.equal(aws.calls(), 1)
  })

  test(`${name}: a warm-up asks no credentials endpoint, and needs neither region nor CA bundle`, async (t) => {
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
    assert.ok(await warmUp(upstream))
  })

  test(`${name}: a warm-up gives way after any of its steps, and the first call is served`, async (t) => {
    const aws = await startAws({ seed: { secrets: { a: { value: 'x' } } } })
    t.after(() => aws.close())
    const before = networking()
    let isWhole = false
    for (let allowed = 0; !isWhole; allowed++) {
      const upstream = createUpstream(settingsFor(aws.url))
      let steps = 0
      const isRead = await warmUp(upstream, () => ++steps <= allowed)
      isWhole = steps <= allowed
      // Once it has stopped it takes no other step, so it does not ask again either.
      assert.equal(steps, isWhole ? allowed : allowed + 1)
      if (isWhole) assert.ok(isRead && allowed >= 4, `${allowed} steps`)
      await sleep(50)
      assert.ok(networking() <= before)
      assert.match(await bodyOf(upstream.fetch(SECRET)), /"SecretString":"x"/)
      upstream.reset()
      await sleep(50)
    }
  })

  test(`${name}: a warm-up that gives way ends at once, and waits for no bound`, async (t) => {
    // Bounds are timers, and none ends here.
    t.mock.timers.enable({ apis: ['setTimeout'] })
    for (let allowed = 0; allowed < 6; allowed++) {
      const upstream = createUpstream(settingsFor('http://127.0.0.1:1'))
      let steps = 0
      await upstream.warmUp(() => ++steps <= allowed)
      upstream.reset()
    }
  })

  test(`${name}: between the steps of a warm-up other work has its turn`, async (t) => {
    const upstream = createUpstream(settingsFor('http://127.0.0.1:1'))
    t.after(() => upstream.reset())
    let turns = 0
    let isOver = false
    const turn = () => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    const seen: number[] = []
    await upstream.warmUp(() => seen.push(turns) > 0)
    isOver = true
    assert.ok(seen.length >= 4)
    for (const [i, at] of seen.entries()) assert.ok(at > (seen[i - 1] ?? 0), seen.join(' '))
  })
}
