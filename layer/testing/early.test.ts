// Functions that ask in their first millisecond, on the artefact that EXTENSION_UNDER_TEST names. In the nodejs layer
// the starter listens then, and Node is still being loaded; where the starter cannot run, Node does all by itself.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type Aws, LOCAL_CREDENTIALS, startAws } from '../../local/emulators/aws/server.ts'
import { startLambda } from '../../local/emulators/lambda/host.ts'
import { EXTENSION_NAME } from '../../src/version.ts'
import { artefactCommand, artefactName, startExtension } from '../../test/artefact.ts'
import { freePort } from '../../tools/free-port.ts'
import { exchange } from '../../tools/wire.ts'
import { STARTER_PATHS } from '../layers.ts'

const VALUE = 'the value of a secret that is requested early'
const TOKEN = LOCAL_CREDENTIALS.sessionToken ?? ''
const NODE = '/var/lang/bin/node'
const [LAYER] = artefactCommand()
const STARTERS = Object.values(STARTER_PATHS).map((path) => join(dirname(LAYER), '..', path))
const isNodejsLayer = artefactName().startsWith('nodejs')
const OWN = process.arch === 'arm64' ? 'arm64' : 'x86_64'
const OTHER = process.arch === 'arm64' ? 'x86_64' : 'arm64'

/**
 * One life, in which the secret is requested as soon as the extension has registered. Returns the lines of the log that
 * are none of ours.
 */
async function askEarly(aws: Aws, command: readonly string[]): Promise<readonly string[]> {
  const port = await freePort()
  const head = `Host: localhost:${port}\r\nX-Aws-Parameters-Secrets-Token: ${TOKEN}\r\n\r\n`
  const lambda = await startLambda({
    extensions: [{ name: EXTENSION_NAME, command: [...command] }],
    credentials: { ...LOCAL_CREDENTIALS, sessionToken: TOKEN },
    functionEnvironment: {
      AWS_ENDPOINT_URL: aws.url,
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
    },
    functionInit: async () => {
      const [reply] = await exchange(port, `GET /secretsmanager/get?secretId=early HTTP/1.1\r\n${head}`)
      assert.equal(reply?.status, 200)
      assert.equal((JSON.parse(reply.body.toString()) as { SecretString: string }).SecretString, VALUE)
    },
  })
  try {
    await lambda.initialized()
    const { exitCode, killed } = await lambda.shutdown()
    assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
    return lambda.logs.filter((line) => !line.startsWith('[AWS Parameters and Secrets Lambda Extension] '))
  } finally {
    await lambda.close()
  }
}

async function awsOf(t: TestContext): Promise<Aws> {
  const aws = await startAws({ seed: { secrets: { early: VALUE } } })
  t.after(() => aws.close())
  return aws
}

/** What of these files no process has mapped is read from the disk again. */
function dropFromPageCache(files: readonly string[]): void {
  for (const file of files) spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'])
}

test('a function that asks as soon as it is started is answered, 200 times', async (t) => {
  const aws = await awsOf(t)
  for (let life = 0; life < 200; life++) assert.deepEqual(await askEarly(aws, [LAYER]), [])
})

test('a function that asks as soon as it is started is answered, 40 times from the disk', async (t) => {
  const aws = await awsOf(t)
  for (let life = 0; life < 40; life++) {
    dropFromPageCache([LAYER, ...(isNodejsLayer ? [NODE, ...STARTERS] : [])])
    assert.deepEqual(await askEarly(aws, [LAYER]), [])
  }
})

if (isNodejsLayer) {
  // The launcher uses the starter where the shell survives a file that it cannot execute: in bash, not in dash.
  const isBash = spawnSync('/bin/sh', ['-c', 'shopt -s execfail']).status === 0
  test(`the socket that callers connect to is ${isBash ? '' : 'not '}older than Node`, async (t) => {
    const { lambda, port } = await startExtension(t)
    const [pid] = lambda.pids
    // Linux gives the lowest number that is free, and Node has opened its own before our first line.
    const isOlder = readlinkSync(`/proc/${pid}/fd/3`) === `socket:[${listenerOn(port)}]`
    assert.equal(isOlder, isBash)
  })

  type Row = readonly [what: string, put: (own: string) => void]
  const write =
    (contents: Buffer | string, mode = 0o755) =>
    (path: string) => {
      rmSync(path)
      writeFileSync(path, contents, { mode })
    }
  const own = (): Buffer => readFileSync(join(dirname(LAYER), '..', STARTER_PATHS[OWN]))
  const rows: readonly Row[] = [
    ['is missing', (path) => rmSync(path)],
    ['may not be executed', (path) => write(own(), 0o644)(path)],
    ['is a folder', (path) => (rmSync(path), mkdirSync(path))],
    [
      'is for another processor',
      (path) => write(readFileSync(join(dirname(LAYER), '..', STARTER_PATHS[OTHER])))(path),
    ],
    ['was cut', (path) => write(own().subarray(0, 100))(path)],
    ['is empty', (path) => write('')(path)],
  ]
  for (const [what, put] of rows) {
    test(`a function that asks early is answered where the starter ${what}`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'early-'))
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      const command = join(folder, 'extensions', EXTENSION_NAME)
      mkdirSync(dirname(command))
      cpSync(LAYER, command)
      for (const path of STARTERS) cpSync(path, join(folder, path.split('/').at(-1)!))
      put(join(folder, STARTER_PATHS[OWN]))
      // Bash says why it cannot execute a file.
      const others = await askEarly(await awsOf(t), [command])
      assert.deepEqual(
        others.filter((line) => !line.includes(`${STARTER_PATHS[OWN]}: `)),
        [],
      )
    })
  }

  test(
    'a function that asks early is answered where dash reads the launcher',
    { skip: !existsSync('/bin/dash') },
    async (t) => {
      assert.deepEqual(await askEarly(await awsOf(t), ['/bin/dash', LAYER]), [])
    },
  )

  test('a function that asks early is answered where nothing on the disk may be executed', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'early-'))
    t.after(() => (spawnSync('/bin/umount', [folder]), rmSync(folder, { recursive: true, force: true })))
    if (spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', 'noexec', 'early', folder]).status !== 0)
      return t.skip('it needs the right to mount')
    const command = join(folder, 'extensions', EXTENSION_NAME)
    mkdirSync(dirname(command))
    cpSync(LAYER, command)
    for (const path of STARTERS) cpSync(path, join(folder, path.split('/').at(-1)!))
    const aws = await awsOf(t)
    for (const shell of ['/bin/bash', '/bin/dash'].filter((one) => existsSync(one)))
      assert.deepEqual(await askEarly(aws, [shell, command]), [])
  })
}

/** The inode of the socket that listens on that port of 127.0.0.1: proc_net_tcp.txt of Linux. */
function listenerOn(port: number): string | undefined {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/net/tcp', 'latin1').split('\n')
  const listens = '0A'
  return lines
    .map((line) => line.trim().split(/ +/))
    .find(([, local, , state]) => local === address && state === listens)?.[9]
}
