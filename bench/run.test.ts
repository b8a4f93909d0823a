import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readRun, readRuns } from './storing/results.ts'

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, [fileURLToPath(new URL('run.ts', import.meta.url)), ...args])

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-run-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a quick run measures, stores with all its metadata, and says that it claims nothing', async (t) => {
  const out = folderOf(t)
  const { stdout, stderr } = await run('micro', '--quick', '--seed', '5', '--out', out)
  assert.match(stderr, /^seed 5, load /)
  assert.match(stdout, /QUICK: too few samples for any claim/)
  const [stored] = readRuns(out)
  assert.equal(stored?.meta.seed, 5)
  assert.equal(stored?.meta.quick, true)
  assert.match(stored?.meta.command ?? '', /micro --quick/)
  const [micro] = stored?.groups ?? []
  assert.ok(micro?.samples.every(({ values }) => (values.nsPerOp ?? 0) > 0))
  assert.deepEqual(micro?.contenders.slice(0, 3), ['lru', 'lru-cache', 'quick-lru'])
})

test('a group that fails takes none of those before it along, and no report shows them as a run', async (t) => {
  const out = folderOf(t)
  const squatter = createServer()
  await new Promise<void>((listening) => squatter.listen(0, '127.0.0.1', listening))
  t.after(() => squatter.close())
  const { port } = squatter.address() as AddressInfo
  const failing = run(
    'micro',
    'miss',
    '--quick',
    '--out',
    out,
    '--dist',
    out,
    '--port',
    `${port}`,
    '--peer',
    'any=true',
  )
  await assert.rejects(failing, ({ stderr }: { stderr: string }) => {
    const [folder = ''] = readdirSync(out)
    assert.match(stderr, /is taken by another process/)
    assert.ok(stderr.includes(`are in ${join(out, folder)}`))
    assert.deepEqual(readdirSync(join(out, folder)), ['micro.json'])
    // How a peer is started is of this machine alone.
    const { meta } = readRun(join(out, folder))
    assert.match(meta.command, / --peer any=…$/)
    return true
  })
  assert.deepEqual(readRuns(out), [])
})

test('a group that does not exist, emulated beside others, and a port that is none are refused', async () => {
  await assert.rejects(
    run('speed'),
    /no group speed; there are init, start, sandbox, small, ahead, wrapper, hit, miss, micro, memory, fleet, emulated/,
  )
  await assert.rejects(run('emulated', 'hit'), /emulated runs alone/)
  await assert.rejects(run('hit', 'fleet'), /fleet runs alone/)
  await assert.rejects(run('hit', '--port', '0'), /--port must be a number from 1 to 65535, got "0"/)
})

test('who cannot be started in the small sandbox has a row that says why', async (t) => {
  const out = folderOf(t)
  const { stdout } = await run('sandbox', '--quick', '--out', out, '--dist', out)
  assert.match(stdout, /128 MB, cold, until \/ping answers/)
  assert.match(stdout, / {2}executable \(Bun\) +not run: there is no parameters-secrets-\w+\.zip/)
})
