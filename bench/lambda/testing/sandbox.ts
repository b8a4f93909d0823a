// One execution environment of a function: its layers' extensions under the emulated host, and a runtime with its code.

import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { entriesOf } from '../../../layer/zip.ts'
import { extensionsIn } from '../../../local/emulators/lambda/launch.ts'
import { startLambda } from '../../../local/emulators/lambda/index.ts'
import { freePort } from '../../../tools/free-port.ts'
import { memoryOf } from '../../../tools/proc.ts'
import { executedBy } from '../../contenders/artefacts.ts'
import { qemu, ROOT } from '../../contenders/runtimes.ts'
import { type Ended, startRuntimeApi } from '../../../local/emulators/lambda/runtime-api.ts'

export interface SandboxOptions {
  readonly name: string
  readonly runtime: string
  readonly architecture: string
  readonly memoryMb: number
  readonly variables: Readonly<Record<string, string>>
  readonly code: Buffer
  readonly layers: readonly Buffer[]
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string }
  /** Of the emulated Secrets Manager and Parameter Store. */
  readonly awsUrl: string
  readonly region: string
}

export interface Sandbox {
  readonly initMs: number
  invoke(event: string): Promise<Ended & { readonly tookMs: number; readonly requestId: string }>
  /** Megabytes of the runtime and the extensions together, the most so far. */
  peakMb(): number
  stop(): Promise<void>
}

/** Resolves when its init phase is over. Rejects with what ended it; then nothing is left of it. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-'))
  const [task, opt] = [join(folder, 'task'), join(folder, 'opt')]
  await unpack(options.code, task)
  for (const layer of options.layers) await unpack(layer, opt)
  const startedAt = performance.now()
  const api = await startRuntimeApi()
  let runtime: ChildProcess | undefined
  const starting = startLambda({
    extensions: extensionsOf(opt, options.architecture),
    functionName: options.name,
    memorySizeMb: options.memoryMb,
    region: options.region,
    credentials: options.credentials,
    functionEnvironment: {
      ...options.variables,
      AWS_ENDPOINT_URL: options.awsUrl,
      // Several sandboxes of this machine share its ports.
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(await freePort()),
    },
    async functionInit() {
      const { environment } = await starting
      runtime = startRuntime(options.runtime, task, {
        ...environment,
        AWS_LAMBDA_RUNTIME_API: api.address,
      })
      runtime.once('exit', (code) => api.fail(new Error(`Runtime.ExitError: exit status ${code}`)))
      await api.ready
    },
  })
  const host = await starting
  const stop = async (): Promise<void> => {
    runtime?.kill('SIGKILL')
    await host.shutdown()
    await host.close()
    api.close()
    rmSync(folder, { recursive: true })
  }
  try {
    await host.initialized()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    initMs: performance.now() - startedAt,
    async invoke(event) {
      const { result, tookMs, requestId } = await host.invoke((invocation) =>
        api.run(invocation.requestId, event),
      )
      return { ...result, tookMs, requestId }
    },
    peakMb: () => [...host.pids, runtime?.pid ?? 0].reduce((sum, pid) => sum + memoryOf(pid).peakRssMb, 0),
    stop,
  }
}

function startRuntime(runtime: string, task: string, environment: Record<string, string>): ChildProcess {
  const isNode = runtime.startsWith('nodejs')
  const bootstrap = fileURLToPath(new URL(`bootstrap.${isNode ? 'cjs' : 'py'}`, import.meta.url))
  // The SDK is a part of Lambda's Node runtimes; boto3 is where Python looks for it by itself.
  const env = { ...environment, LAMBDA_TASK_ROOT: task, NODE_PATH: join(ROOT, 'node_modules') }
  const here = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }
  const command = isNode ? process.execPath : 'python3'
  return spawn(command, [bootstrap], { env: { ...env, ...here }, stdio: ['ignore', 'inherit', 'inherit'] })
}

/** Those of the layers; for another processor than this one's, under qemu-user. */
function extensionsOf(opt: string, architecture: string) {
  return extensionsIn(join(opt, 'extensions')).map(({ name, command: [file = ''] }) => {
    const isScript = readFileSync(file).subarray(0, 2).toString() === '#!'
    // Nobody may write to /var/lang/bin here.
    if (isScript) writeFileSync(file, executedBy(readFileSync(file, 'latin1'), process.execPath), 'latin1')
    const isForeign = !isScript && architecture !== (process.arch === 'arm64' ? 'arm64' : 'x86_64')
    return { name, command: isForeign ? [...emulatorFor(architecture), file] : [file] }
  })
}

function emulatorFor(architecture: string): string[] {
  const found = qemu(architecture === 'arm64' ? 'arm64' : 'x64')
  if ('reason' in found) throw new Error(found.reason)
  return architecture === 'arm64' ? [found.path, '-L', '/usr/aarch64-linux-gnu'] : [found.path]
}

async function unpack(zip: Buffer, folder: string): Promise<void> {
  for (const entry of await entriesOf(zip)) {
    const path = join(folder, entry.path)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, await entry.read())
    chmodSync(path, entry.mode & 0o777)
  }
}
