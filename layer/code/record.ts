// What V8 has compiled of the bundle's parts, for src/code-cache.ts: recorded from the pinned Nodes after a first call and
// some more, so that it holds the functions which such a call compiles. The same bytes at every build.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { LOCAL_CREDENTIALS, startAws } from '../../local/emulators/aws/server.ts'
import { testTls } from '../../local/emulators/aws/tls.ts'
import { startLambda } from '../../local/emulators/lambda/host.ts'
import { freePort } from '../../tools/free-port.ts'
import { exchange } from '../../tools/wire.ts'
import { fileURLToPath } from 'node:url'
import { codeFile, codeName } from '../../src/code-cache.ts'
import { NODE_FLAGS } from '../../src/engine.ts'
import { launcherFor } from '../emulation.ts'
import { EXTENSION_PATH } from '../layers.ts'
import { nodeFor, type NodeMajor } from '../runtimes.ts'

const RECORDER = fileURLToPath(new URL('recorder.cjs', import.meta.url))
const CALLS = 11
const PATIENCE_MS = 60_000
/** Records until two are the same: what a process compiles may depend on when things happen. */
const MOST_RECORDS = 6

export interface CodeFile {
  readonly path: string
  readonly file: Buffer
}

interface Recorded {
  readonly v8: string
  readonly arch: string
  /** `code` in base64. */
  readonly parts: readonly { readonly name: string; readonly source: string; readonly code: string }[]
}

/** The files for that Node on x86_64, of the bundle in that file. */
export async function codeFor(major: NodeMajor, bundleFile: string): Promise<CodeFile[]> {
  const launcher = launcherFor('x86_64')
  if ('missing' in launcher)
    throw new Error(`to record what Node ${major} compiles takes ${launcher.missing}`)
  const known = new Set<string>()
  for (let turn = 0; turn < MOST_RECORDS; turn++) {
    const text = await record([...launcher, nodeFor(major)], bundleFile)
    if (!known.has(text)) {
      known.add(text)
      continue
    }
    const { v8, arch, parts } = JSON.parse(text) as Recorded
    return parts.map(({ name, source, code }) => ({
      path: codeName(v8, arch, name),
      file: codeFile(source, Buffer.from(code, 'base64')),
    }))
  }
  throw new Error(`no two of ${MOST_RECORDS} records of Node ${major} are the same`)
}

async function record(node: readonly string[], bundleFile: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'code-'))
  const { caPath, ...tls } = testTls()
  const names = Array.from({ length: CALLS }, (_, index) => `s${index}`)
  const secrets = Object.fromEntries(names.map((name) => [name, 'v']))
  const aws = await startAws({ seed: { secrets, parameters: { '/p': 'v' } }, tls })
  const port = await freePort()
  const sessionToken = LOCAL_CREDENTIALS.sessionToken ?? ''
  const get = async (target: string) => {
    const head = `Host: localhost:${port}\r\nX-Aws-Parameters-Secrets-Token: ${sessionToken}\r\n\r\n`
    const [reply] = await exchange(port, `GET ${target} HTTP/1.1\r\n${head}`)
    if (reply?.status !== 200) throw new Error(`${target} was answered ${reply?.status}`)
  }
  const file = join(folder, 'recorded.json')
  let warm = (): void => undefined
  const isWarm = new Promise<void>((resolve) => (warm = resolve))
  const lambda = await startLambda({
    extensions: [
      {
        name: basename(EXTENSION_PATH),
        command: [...node, ...NODE_FLAGS, '--hash-seed=1', '--require', RECORDER, bundleFile],
      },
    ],
    credentials: { ...LOCAL_CREDENTIALS, sessionToken },
    functionEnvironment: {
      AWS_ENDPOINT_URL: aws.url,
      AWS_CA_BUNDLE: caPath,
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
      RECORDED_CODE: file,
    },
    initTimeoutMs: PATIENCE_MS,
    shutdownTimeoutMs: PATIENCE_MS,
    onLog: ({ text }) => text === 'warm' && warm(),
  })
  try {
    await lambda.initialized()
    await Promise.race([isWarm, lambda.whenFailed()])
    for (const name of [...names, ...names]) await get(`/secretsmanager/get?secretId=${name}`)
    await get('/systemsmanager/parameters/get?name=%2Fp')
    const { exitCode } = await lambda.shutdown()
    if (exitCode !== 0) throw new Error(`it left with ${exitCode}: ${lambda.logs.join('\n')}`)
    return readFileSync(file, 'utf8')
  } finally {
    await lambda.close()
    await aws.close()
    rmSync(folder, { recursive: true })
  }
}
