// A run that goes well, in front of an emulated Lambda and IAM that execute what is published: the zips of
// LAYERS_UNDER_TEST, as `npm run test:layers` does, or what `npm test` has of them.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LambdaClient, PublishLayerVersionCommand } from '@aws-sdk/client-lambda'
import { LOCAL_CREDENTIALS } from '../../local/emulators/aws/index.ts'
import { readRuns, valuesOf } from '../storing/results.ts'
import { HITS, MISSES } from './plan.ts'
import { cloud, nodejsZip, SMALL } from './testing/harness.ts'

const succeeds = (program: string, ...args: string[]) => spawnSync(program, args).status === 0
/** As a table shows it: thousands have a comma, and a difference may be below zero. */
const FIGURE = String.raw`[+−-]?[\d,]+(?:\.\d+)?`
const isOnArm64 = process.arch === 'arm64'

test('from the question to the deleted role: both architectures measured, and nothing is left', async (t) => {
  const { run, held, aws, out } = await cloud(t)
  const contenders = ['none', 'sdk', 'nodejs', 'executable']
  // The executable of the other architecture needs an emulator, which not every machine has.
  const given = process.env['LAYERS_UNDER_TEST'] !== undefined && !existsSync('/usr/bin/qemu-aarch64-static')
  const arch = given ? (isOnArm64 ? 'arm64' : 'x86_64') : 'arm64,x86_64'
  const options = [
    '--runtimes',
    'nodejs24.x',
    '--memory',
    '128',
    '--starts',
    '2',
    '--seed',
    '5',
    '--arch',
    arch,
  ]
  const { code, stdout, stderr } = await run([...options, '--contenders', contenders.join(',')], 'y\n').ended
  assert.equal(code, 0, stderr)
  assert.match(stderr, /Go on\? \[y\/N\]/)
  assert.deepEqual(held(), [])

  const [stored] = readRuns(out)
  const [group] = stored?.groups ?? []
  assert.ok(stored !== undefined && group !== undefined)
  assert.equal(stored.meta.emulated, true)
  assert.equal(stored.meta.seed, 5)
  for (const contender of group.contenders) {
    const values = (metric: string): number[] => valuesOf(group, 'nodejs24.x, 128 MB', contender, metric)
    const reads = contender.startsWith('no extension') ? [] : ['firstReadMs', 'p50Us', 'p99Us', 'missMs']
    for (const metric of ['initMs', 'billedMs', 'maxMemoryMb', ...reads]) {
      assert.equal(values(metric).length, 2, `${contender} ${metric}`)
      assert.ok(
        values(metric).every((value) => value > 0),
        `${contender} ${metric}`,
      )
    }
  }
  // Each function was started three times, once before it was measured. The layers asked once for all the hits.
  const architectures = arch.split(',').length
  const starts = 3 * architectures
  const calls = (operation: string) => aws.requests.filter((one) => one.operation === operation).length
  assert.equal(calls('GetSecretValue'), starts * (1 + HITS) + 2 * starts)
  assert.equal(calls('GetParameter'), 3 * starts * MISSES)

  assert.match(stdout, /lambda, nodejs24\.x, 128 MB: INIT/)
  const page = readFileSync(join(stored.folder, 'README.md'), 'utf8')
  assert.match(page, /Machine: an emulated Lambda; \*\*EMULATED\*\*/)
  assert.match(page, /## arm64 beside x86_64, on Lambda/)
  assert.match(page, new RegExp(`\\| INIT \\| nodejs layer \\| ${FIGURE}\u00a0ms.* \\| ${FIGURE}\u00a0ms`))
  assert.doesNotMatch(page + readFileSync(join(stored.folder, 'lambda.json'), 'utf8'), /x{64}/)
})

test('the Python runtimes are measured where there is a Python', async (t) => {
  if (!succeeds('python3', '--version')) return
  const { run, held, out } = await cloud(t)
  const contenders = `none,executable${succeeds('python3', '-c', 'import boto3') ? ',sdk' : ''}`
  const options = [...SMALL, '--runtimes', 'python3.13', '--contenders', contenders]
  const { code, stderr } = await run(options).ended
  assert.equal(code, 0, stderr)
  const [group] = readRuns(out)[0]?.groups ?? []
  assert.equal(group?.samples.length, contenders.split(',').length)
  assert.deepEqual(held(), [])
})

test("AWS's own layer is looked up where its public parameter says, and what it adds to INIT has an interval", async (t) => {
  const { run, held, control, aws, out } = await cloud(t)
  // Somebody else's, with what this test has for a layer.
  const arn = await publish(control.url, 'AWS-Parameters-and-Secrets-Lambda-Extension')
  const present = held()
  aws.putParameter('/aws/service/aws-parameters-and-secrets-lambda-extension/x86/latest', arn)
  const options = [...SMALL, '--starts', '6', '--contenders', 'none,aws']
  const { code, stdout, stderr } = await run(options).ended
  assert.equal(code, 0, stderr)
  assert.deepEqual(
    held().filter((one) => !one.startsWith('/aws/')),
    present,
  )
  const [group] = readRuns(out)[0]?.groups ?? []
  assert.ok(
    group?.method.includes(`; AWS's own layer: ${arn}; OpenSSL: ${process.versions.openssl} in nodejs24.x`),
  )
  assert.match(
    stdout,
    new RegExp(`AWS's own layer, x86_64 .* added to INIT ${FIGURE} ms \\[${FIGURE}–${FIGURE}\\]`),
  )
})

async function publish(endpoint: string, LayerName: string): Promise<string> {
  const lambda = new LambdaClient({ endpoint, region: 'us-east-1', credentials: LOCAL_CREDENTIALS })
  const ZipFile = await nodejsZip()
  const { LayerVersionArn = '' } = await lambda.send(
    new PublishLayerVersionCommand({ LayerName, Content: { ZipFile } }),
  )
  return LayerVersionArn
}
