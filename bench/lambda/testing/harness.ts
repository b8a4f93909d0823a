import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'
import { nodejsExtension } from '../../../layer/launcher.ts'
import { EXTENSION_PATH, LAYERS } from '../../../layer/layers.ts'
import { type Aws, LOCAL_CREDENTIALS, startAws } from '../../../local/emulators/aws/index.ts'
import { ROOT } from '../../contenders/runtimes.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'

/** The smallest run but for its contenders. */
export const SMALL = [
  '--yes',
  '--arch',
  'x86_64',
  '--runtimes',
  'nodejs24.x',
  '--memory',
  '128',
  '--starts',
  '1',
]

export interface Cloud {
  readonly control: ControlPlane
  readonly aws: Aws
  /** Parent of the results. */
  readonly out: string
  /** Names of everything that exists in the account. */
  held(): string[]
  /** The command, with the options that every test gives. */
  run(options: readonly string[], input?: string): Running
}

interface Running {
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
  kill(signal: NodeJS.Signals): void
}

/** An empty account, in front of which the command can be run. */
export async function cloud(t: TestContext): Promise<Cloud> {
  const aws = await startAws({ seed: {} })
  const region = 'us-east-1'
  const credentials = { sessionToken: '', ...LOCAL_CREDENTIALS }
  const control = await startControlPlane({ awsUrl: aws.url, credentials, region })
  const out = mkdtempSync(join(tmpdir(), 'lambda bench-'))
  const dist = await layersIn(out)
  t.after(async () => {
    await control.close()
    await aws.close()
    rmSync(out, { recursive: true })
  })
  const env = {
    ...withoutAws(process.env),
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_SESSION_TOKEN: LOCAL_CREDENTIALS.sessionToken,
    AWS_ENDPOINT_URL: aws.url,
    AWS_ENDPOINT_URL_LAMBDA: control.url,
    AWS_ENDPOINT_URL_IAM: control.url,
  }
  return {
    control,
    aws,
    out: join(out, 'results'),
    held: () => [...control.held(), ...aws.held()],
    run(options, input = '') {
      const given = ['lambda', '--region', region, '--dist', dist, '--out', join(out, 'results'), ...options]
      const child = spawn(process.execPath, [join(ROOT, 'bench/run.ts'), ...given], { env, cwd: ROOT })
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
      child.stdin.end(input)
      const ended = new Promise<Awaited<Running['ended']>>((resolve) =>
        child.once('close', (code) => resolve({ code, stdout, stderr })),
      )
      return { ended, kill: (signal) => void child.kill(signal) }
    },
  }
}

/** Whoever runs the tests may have a profile, a region and a proxy, all of which an SDK would follow. */
function withoutAws(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^AWS_|_proxy$/i.test(name)))
}

/**
 * The zips to be published: those of LAYERS_UNDER_TEST, or else the nodejs layer in the place of all three, because the
 * executables need a compiler that `npm test` does without.
 */
async function layersIn(folder: string): Promise<string> {
  const given = process.env['LAYERS_UNDER_TEST']
  if (given !== undefined) return given
  const zip = await nodejsZip()
  for (const layer of LAYERS) writeFileSync(join(folder, layer.zip), zip)
  return folder
}

/** The nodejs layer's zip. */
export async function nodejsZip(): Promise<Uint8Array> {
  const file = nodejsExtension(readFileSync(join(ROOT, 'dist/extension.cjs'), 'utf8'))
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
  await writer.add(EXTENSION_PATH, new Uint8ArrayReader(file), {
    versionMadeBy: (3 << 8) | 20,
    msDosCompatible: false,
    externalFileAttributes: (0o100755 << 16) >>> 0,
  })
  return writer.close()
}
