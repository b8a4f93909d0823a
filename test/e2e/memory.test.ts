import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { artefactName, startExtension, type Extension } from '../artefact.ts'
import { createMemoryCgroup, whyNoMemoryCgroup } from '../platform/memory-cgroup.ts'
import { header } from '../../tools/wire.ts'

const KB = 1024
const MB = 1024 * KB

const cacheOf = async (extension: Extension, name: string): Promise<string | undefined> => {
  const reply = await extension.get(`/secretsmanager/get?secretId=${name}`)
  assert.equal(reply.status, 200)
  return header(reply, 'x-cache')
}

test('the cache holds no more megabytes than allowed, and those read last', async (t) => {
  const extension = await startExtension(t, { env: { PARAMETERS_SECRETS_EXTENSION_CACHE_MAX_MB: '1' } })
  const names = Array.from({ length: 20 }, (_, i) => `large${i}`)
  for (const name of names) extension.aws.putSecret(name, name.padEnd(64_000, '-'))
  for (const name of names) assert.equal(await cacheOf(extension, name), 'MISS')
  assert.equal(await cacheOf(extension, 'large19'), 'HIT')
  assert.equal(await cacheOf(extension, 'large5'), 'HIT')
  assert.equal(await cacheOf(extension, 'large0'), 'MISS')
  await extension.stop()
  assert.match(extension.logs().join('\n'), /shutting down .* 5 evictions/)
})

for (const [memorySizeMb, first] of [
  [128, 'MISS'],
  [192, 'HIT'],
] as const) {
  const holds = first === 'HIT' ? 'holds' : 'does not hold'
  test(`by default the cache ${holds} 5 MB in a function of ${memorySizeMb} MB`, async (t) => {
    const extension = await startExtension(t, { lambda: { memorySizeMb } })
    const names = Array.from({ length: 80 }, (_, i) => `large${i}`)
    for (const name of names) extension.aws.putSecret(name, name.padEnd(64_000, '-'))
    for (const name of names) assert.equal(await cacheOf(extension, name), 'MISS')
    assert.equal(await cacheOf(extension, 'large79'), 'HIT')
    assert.equal(await cacheOf(extension, 'large0'), first)
  })
}

test('a thousand secrets of 1 KB are all held by default', async (t) => {
  const extension = await startExtension(t)
  const names = Array.from({ length: 1_000 }, (_, i) => `usual${i}`)
  for (const name of names) extension.aws.putSecret(name, name.padEnd(KB, '-'))
  for (const name of names) await cacheOf(extension, name)
  for (const name of names) assert.equal(await cacheOf(extension, name), 'HIT')
})

const missing = whyNoMemoryCgroup()
if (missing !== undefined) process.stdout.write(`not run, ${missing}: life within 128 MB\n`)
else {
  test(`${artefactName()} lives in 128 MB, beside a Node function, while it reads 3,000 values`, async (t) => {
    const cgroup = createMemoryCgroup(128 * MB)
    const { extension, aFunction } = await cgroup.during(async () => {
      const script = `globalThis.data = Buffer.alloc(${10 * MB}, 1); process.stdout.write('up'); setInterval(() => {}, 1e6)`
      const child = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      return { extension: await startExtension(t), aFunction: child }
    })
    // After the extension, which startExtension ends: the cgroup must be empty.
    t.after(async () => {
      if (aFunction.exitCode === null && aFunction.signalCode === null) {
        aFunction.kill('SIGKILL')
        await once(aFunction, 'exit')
      }
      await cgroup.remove()
    })
    for (const size of [KB, 10 * KB, 64_000]) {
      for (let i = 0; i < 1_000; i++) {
        const name = `s${size}x${i}`
        extension.aws.putSecret(name, name.padEnd(size, '-'))
        await cacheOf(extension, name)
      }
      assert.equal(await cacheOf(extension, `s${size}x999`), 'HIT')
    }
    assert.equal(cgroup.kills(), 0)
    assert.equal(aFunction.signalCode, null)
  })
}
