import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LOCAL_CREDENTIALS, startAws } from '../../local/emulators/aws/server.ts'
import { startLambda } from '../../local/emulators/lambda/host.ts'
import { codeFile } from '../../src/code-cache.ts'
import { NODE_FLAGS } from '../../src/engine.ts'
import { bundle } from '../../tools/bundle.ts'
import { freePort } from '../../tools/free-port.ts'
import { exchange } from '../../tools/wire.ts'
import { launcherFor } from '../emulation.ts'
import { EXTENSION_PATH } from '../layers.ts'
import { nodeFor, NODE_MAJORS, type NodeMajor } from '../runtimes.ts'
import { codeFor, type CodeFile } from './record.ts'

const BUNDLE = fileURLToPath(new URL('../../dist/extension.cjs', import.meta.url))
const recorded = new Map<NodeMajor, CodeFile[]>()

before(async () => {
  bundle()
  for (const major of NODE_MAJORS) recorded.set(major, await codeFor(major, BUNDLE))
})

/** What the extension tells of its code with those files beside it. A secret and a parameter are read meanwhile. */
async function outcomesOf(t: TestContext, major: NodeMajor, files: readonly CodeFile[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'code-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const extension = join(folder, EXTENSION_PATH)
  mkdirSync(dirname(extension))
  copyFileSync(BUNDLE, extension)
  for (const { path, file } of files) writeFileSync(join(folder, path), file)
  const aws = await startAws({ seed: { secrets: { s: 'the value' }, parameters: { '/p': 'v' } } })
  const port = await freePort()
  const sessionToken = LOCAL_CREDENTIALS.sessionToken ?? ''
  const launcher = launcherFor('x86_64')
  assert.ok(!('missing' in launcher))
  const lambda = await startLambda({
    extensions: [
      { name: basename(extension), command: [...launcher, nodeFor(major), ...NODE_FLAGS, extension] },
    ],
    credentials: { ...LOCAL_CREDENTIALS, sessionToken },
    functionEnvironment: {
      AWS_ENDPOINT_URL: aws.url,
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
      PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'debug',
    },
  })
  try {
    await lambda.initialized()
    const head = `Host: localhost:${port}\r\nX-Aws-Parameters-Secrets-Token: ${sessionToken}\r\n\r\n`
    for (const target of ['/secretsmanager/get?secretId=s', '/systemsmanager/parameters/get?name=%2Fp']) {
      const [reply] = await exchange(port, `GET ${target} HTTP/1.1\r\n${head}`)
      assert.equal(reply?.status, 200)
    }
    for (;;) {
      const logged = lambda.logs.map((line) => /DEBUG Code that V8 compiled earlier: (.*)/.exec(line)?.[1])
      const outcomes = logged.find((one) => one !== undefined)
      if (outcomes !== undefined) return outcomes
      assert.equal(lambda.crashed(), undefined)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  } finally {
    assert.equal((await lambda.shutdown()).exitCode, 0)
    await lambda.close()
    await aws.close()
  }
}

for (const major of NODE_MAJORS) {
  test(`Node ${major} takes the code that was recorded from it, and which is the same bytes at every build`, async (t) => {
    const files = recorded.get(major)!
    assert.equal(await outcomesOf(t, major, files), 'serving used, upstream used')
    assert.deepEqual(await codeFor(major, BUNDLE), files)
  })
}

const NEITHER = 'serving none, upstream none'
const changed = (change: (file: Buffer) => Buffer) => (files: readonly CodeFile[]) =>
  files.map(({ path, file }) => ({ path, file: change(Buffer.from(file)) }))

for (const [what, change, outcomes] of [
  ['missing', () => [], NEITHER],
  ['empty', changed(() => Buffer.alloc(0)), NEITHER],
  ['cut', changed((file) => file.subarray(0, file.length >> 1)), NEITHER],
  [
    'damaged in one bit',
    changed((file) => {
      file[file.length >> 1]! ^= 1
      return file
    }),
    NEITHER,
  ],
  ['of another source', changed((file) => codeFile('another source', file.subarray(32))), NEITHER],
  [
    'of another V8',
    (files: readonly CodeFile[]) =>
      files.map(({ path }, index) => ({ path, file: recorded.get(26)![index]!.file })),
    'serving refused, upstream refused',
  ],
] as const) {
  test(`code that is ${what} changes nothing but time`, async (t) => {
    assert.equal(await outcomesOf(t, 24, change(recorded.get(24)!)), outcomes)
  })
}

test('the layer has a file for each part of each pinned Node', () => {
  for (const files of recorded.values()) {
    assert.deepEqual(
      files.map(({ path }) => path.slice(path.lastIndexOf('-') + 1)),
      ['serving', 'upstream'],
    )
  }
})
