import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { defaultRegion } from './default-region.ts'
import { defaultSeedFile } from './files.ts'

export interface StartOptions {
  /** The path of the emulated AWS's seed file, absolute. Undefined: the real AWS, with the user's own credentials. */
  readonly seed: string | undefined
  /** Of the emulated AWS; empty for the real one. */
  readonly region: string
  /** 0 is any that is free. */
  readonly port: number
  /** Where to listen besides loopback; undefined: nowhere. */
  readonly host: string | undefined
  /** Further names by which callers may call it. */
  readonly allowedHosts: readonly string[]
  /** Where faults and rotations are requested; undefined: nowhere. */
  readonly controlPort: number | undefined
  /** Whether each request is printed. */
  readonly showsRequests: boolean
}

const DEFAULT_PORT = '2773'
const PORT_VARIABLE = 'PARAMETERS_SECRETS_EXTENSION_HTTP_PORT'

/** Throws an Error with a sentence for the user. Undefined: help was requested. */
export function parseOptions(args: string[], env: NodeJS.ProcessEnv): StartOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      port: { type: 'string' },
      host: { type: 'string' },
      'allow-host': { type: 'string', multiple: true, default: [] },
      control: { type: 'string' },
      requests: { type: 'boolean', default: false },
      aws: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  if (values.aws && values.seed !== undefined) {
    throw new Error('--aws asks the real AWS, which takes no --seed: leave one of the two out')
  }
  if (values.aws && values.control !== undefined) {
    throw new Error('--aws asks the real AWS, which takes no --control: leave one of the two out')
  }
  const port =
    values.port === undefined
      ? portOf(PORT_VARIABLE, env[PORT_VARIABLE] || DEFAULT_PORT, 1)
      : portOf('--port', values.port, 0)
  const controlPort = values.control === undefined ? undefined : portOf('--control', values.control, 1)
  if (controlPort === port) throw new Error(`--control and the port to serve on are both ${port}`)
  if (values.host === '') throw new Error('--host is empty: 0.0.0.0 is every address of this machine')
  return {
    seed: values.aws ? undefined : seedPath(values.seed, env),
    port,
    host: values.host,
    region: values.aws ? '' : defaultRegion(env),
    allowedHosts: values['allow-host'].map(hostOf),
    controlPort,
    showsRequests: values.requests,
  }
}

/** npm runs its scripts in the project's folder, and says in INIT_CWD where the user stands. */
function seedPath(given: string | undefined, { INIT_CWD }: NodeJS.ProcessEnv): string {
  return given === undefined ? defaultSeedFile() : resolve(INIT_CWD || '.', given)
}

function hostOf(name: string): string {
  if (/^[a-z0-9._-]+$/i.test(name)) return name.toLowerCase()
  throw new Error(`--allow-host must be a name without a port, such as secrets, got "${name}"`)
}

function portOf(name: string, text: string, least: number): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= least && port <= 65_535) return port
  throw new Error(`${name} must be a number from ${least} to 65535, got "${text}"`)
}
