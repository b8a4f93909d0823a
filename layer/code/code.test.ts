import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LOCAL_CREDENTIALS, startAws } from '../../local/emulators/aws/server.ts'
import { startLambda } from '../../local/emulators/lambda/host.ts'
import { codeFile, codeName } from '../../src/code-cache.ts'
import { bundle } from '../../tools/bundle.ts'
import { freePort } from '../../tools/free-port.ts'
import { exchange } from '../../tools/wire.ts'
import { EXTENSION_PATH } from '../layers.ts'
import { runExtension } from '../run-extension.ts'
import { type Architecture, ARCHITECTURES, HOST, NODE_MAJORS, type NodeMajor } from '../runtimes.ts'
import { codeFor, type CodeFile, missingFor, nodeCommand } from './record.ts'

const BUNDLE = fileURLToPath(new URL('../../dist/extension.cjs', import.meta.url))
/** Of this machine's architecture. */
const recorded = new Map<NodeMajor, CodeFile[]>()

before(async () => {
  bundle()
  for (const major of NODE_MAJORS) recorded.set(major, await codeFor(major, HOST, BUNDLE))
})

/** The extension, with those files beside it. */
function placed(t: TestContext, files: readonly CodeFile[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'code-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const extension = join(folder, EXTENSION_PATH)
  mkdirSync(dirname(extension))
  copyFileSync(BUNDLE, extension)
  for (const { path, file } of files) writeFileSync(join(folder, path), file)
  return extension
}

/** What the extension tells of its code with those files beside it. A secret and a parameter are read meanwhile. */
async function outcomesOf(
  t: TestContext,
  files: readonly CodeFile[],
  major: NodeMajor,
  architecture: Architecture = HOST,
): Promise<string> {
  const extension = placed(t, files)
  const aws = await startAws({ seed: { secrets: { s: 'the value' }, parameters: { '/p': 'v' } } })
  const port = await freePort()
  const sessionToken = LOCAL_CREDENTIALS.sessionToken ?? ''
  const lambda = await startLambda({
    extensions: [{ name: basename(extension), command: [...nodeCommand(major, architecture), extension] }],
    initTimeoutMs: 60_000,
    shutdownTimeoutMs: 60_000,
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

function digests(files: readonly CodeFile[]): string[] {
  return files.map(({ path, file }) => `${path} ${createHash('sha256').update(file).digest('hex')}`)
}

/** What that Node says of itself. */
function ofNode(major: NodeMajor, architecture: Architecture): { arch: string; v8: string } {
  const [program, ...args] = nodeCommand(major, architecture)
  const script = 'process.stdout.write(JSON.stringify({ arch: process.arch, v8: process.versions.v8 }))'
  const printed = execFileSync(program!, [...args, '--eval', script], { encoding: 'utf8' })
  return JSON.parse(printed) as { arch: string; v8: string }
}

for (const architecture of ARCHITECTURES) {
  const missing = missingFor(architecture)
  for (const major of NODE_MAJORS) {
    test(
      `Node ${major} for ${architecture} takes the code that was recorded from it, the same bytes at every build`,
      {
        skip: missing !== undefined && `it needs ${missing}`,
      },
      async (t) => {
        const files = await codeFor(major, architecture, BUNDLE)
        const { arch, v8 } = ofNode(major, architecture)
        const names = ['serving', 'upstream'].map((part) => codeName(v8, arch, part))
        assert.deepEqual(
          files.map(({ path }) => path),
          names,
        )
        assert.equal(await outcomesOf(t, files, major, architecture), 'serving used, upstream used')
        assert.deepEqual(digests(await codeFor(major, architecture, BUNDLE)), digests(files))
      },
    )
  }
}

test('the code of a machine on which each call takes 300 ms is the same', async () => {
  assert.deepEqual(digests(await codeFor(24, HOST, BUNDLE, 300)), digests(recorded.get(24)!))
})

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
    assert.equal(await outcomesOf(t, change(recorded.get(24)!), 24), outcomes)
  })
}

// Loaded by Node before the extension: from the moment when the engine's settings are made V8 writes a line for each
// function that its best compiler is to take.
const TRACE = `
  const v8 = require('node:v8')
  const set = v8.setFlagsFromString
  v8.setFlagsFromString = (flag) => {
    set(flag)
    if (flag !== '--no-maglev') return
    set('--trace-opt')
    process.stdout.write('traced\\n')
  }`
const MISSES = 400

/** How many functions V8 wants to compile for so many misses. */
async function compiledFor(t: TestContext, major: NodeMajor, files: readonly CodeFile[]): Promise<number> {
  const extension = placed(t, files)
  const hook = join(dirname(extension), 'trace.cjs')
  writeFileSync(hook, TRACE)
  const secrets = Array.from({ length: MISSES }, (_, index) => `s${index}`)
  let trace = (): void => undefined
  const isTraced = new Promise<void>((resolve) => (trace = resolve))
  let compiled = 0
  await runExtension({
    command: [...nodeCommand(major, HOST), '--require', hook, extension],
    secrets,
    memorySizeMb: 1_769,
    onLog(text) {
      if (text === 'traced') trace()
      if (text.startsWith('[marking') && text.includes('for optimization')) compiled++
    },
    async use(_, get) {
      await isTraced
      for (const name of secrets) await get(`/secretsmanager/get?secretId=${name}`)
    },
  })
  return compiled
}

for (const major of NODE_MAJORS) {
  test(`Node ${major} compiles no more for misses with the code than without it`, async (t) => {
    const [withCode, without] = [
      await compiledFor(t, major, recorded.get(major)!),
      await compiledFor(t, major, []),
    ]
    assert.ok(without > 20, `${without} functions without it`)
    assert.ok(withCode <= without * 1.3, `${withCode} functions, and ${without} without it`)
  })
}
