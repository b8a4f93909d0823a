import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

/** The size of V8's young generation in MB after much that lives for a while, in a process of its own. */
function youngMb(before: string): number {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import { setTimeout as sleep } from 'node:timers/promises'
    import { keepMemorySmall } from '${new URL('engine.ts', import.meta.url).href}'
    ${before}
    await sleep(20)
    let living = []
    for (let i = 0; i < 400_000; i++) {
      living.push({ i })
      if (living.length > 50_000) living = []
    }
    const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    process.stdout.write(JSON.stringify(space_size / 2 ** 20))`
  const flags = ['--no-warnings', '--input-type=module', '--eval', program]
  return JSON.parse(execFileSync(process.execPath, flags, { encoding: 'utf8', env: {} })) as number
}

// The executable's half is tested in layer/engine.test.ts, where there is a Bun.
test('the young generation of V8 stays at most half as large as it would become by itself', () => {
  const [told, untold] = [youngMb('keepMemorySmall()'), youngMb('')]
  assert.ok(told * 2 <= untold, `${told} MB, and ${untold} MB untold`)
})
