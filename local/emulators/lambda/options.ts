import type { LambdaCredentials } from './credentials.ts'
import type { Environment, FunctionSettings, LambdaMode } from './environment.ts'
import type { ApiFaults } from './extensions-api.ts'
import type { ExtensionCommand } from './launch.ts'
import type { LogLine } from './sandbox-process.ts'

export interface LambdaHostOptions extends Partial<FunctionSettings> {
  /** Stands for /opt/extensions: every entry that is not a directory is executed. */
  extensionsDir?: string
  /** Executed after those of the directory; `command` is an absolute path and its arguments. */
  extensions?: ExtensionCommand[]
  mode?: LambdaMode
  /** The customer's variables; an extension gets them raw. */
  functionEnvironment?: Environment
  /** Added last, in place of any other value: what this machine needs and Lambda does not have, such as its PATH. */
  hostEnvironment?: Environment
  credentials?: LambdaCredentials
  /** Credentials behind the container endpoint instead of in variables. Default: under SnapStart only. */
  containerCredentials?: boolean
  /** Working directory of the extensions; Lambda does not say which. Default `/`. */
  cwd?: string
  /** The function's own initialisation code, run at the moment when Lambda starts the runtime. */
  functionInit?: () => Promise<void>
  /** Default 900,000, Lambda's longest. Not enforced on Managed Instances, as there. */
  functionTimeoutMs?: number
  /** Default: Lambda's limit for the mode, which is 10,000 on demand. */
  initTimeoutMs?: number
  /** From the SHUTDOWN event to SIGKILL. Default 2,000. */
  shutdownTimeoutMs?: number
  /** In force from the first request on; the same object is `host.faults`. */
  faults?: ApiFaults
  onLog?: (line: LogLine) => void
}

/** Every option with its default in place. */
export interface Settled {
  settings: FunctionSettings
  mode: LambdaMode
  credentials: LambdaCredentials
  usesContainerCredentials: boolean
  functionTimeoutMs: number
  initTimeoutMs: number
  shutdownTimeoutMs: number
}

const exampleCredentials: LambdaCredentials = {
  accessKeyId: 'ASIAEMULATEDLAMBDA01',
  secretAccessKey: 'emulated-secret-access-key',
  sessionToken: 'emulated-session-token',
}

export function settle(options: LambdaHostOptions): Settled {
  const { mode = 'on-demand', functionTimeoutMs = 900_000 } = options
  return {
    mode,
    functionTimeoutMs,
    settings: {
      functionName: options.functionName ?? 'emulated-function',
      functionVersion: options.functionVersion ?? '$LATEST',
      handler: options.handler ?? 'index.handler',
      accountId: options.accountId ?? '123456789012',
      region: options.region ?? 'us-east-1',
      memorySizeMb: options.memorySizeMb ?? 128,
    },
    credentials: options.credentials ?? exampleCredentials,
    usesContainerCredentials: options.containerCredentials ?? mode === 'snap-start',
    initTimeoutMs: options.initTimeoutMs ?? initLimitMs(mode, functionTimeoutMs),
    shutdownTimeoutMs: options.shutdownTimeoutMs ?? 2_000,
  }
}

/** docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
function initLimitMs(mode: LambdaMode, functionTimeoutMs: number): number {
  return mode === 'on-demand' ? 10_000 : Math.max(130_000, functionTimeoutMs)
}
