import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { defaultSeedFile } from './files.ts'

export interface StartOptions {
  /** The path of the emulated AWS's seed file, absolute. Undefined: the real AWS, with the user's own credentials. */
  readonly seed: string | undefined
  /** 0 is any that is free. */
  readonly port: number
  /** Where to listen; undefined is this machine's loopback. */
  readonly host: string | undefined
  /** Further names by which callers may call it. */
  readonly allowedHosts: readonly string[]
  /** Where faults and rotations are asked for; undefined: nowhere. */
  readonly controlPort: number | undefined
  /** Whether each request is printed. */
  readonly showsRequests: boolean
}

const DEFAULT_PORT = '2773'
const PORT_VARIABLE = 'PARAMETERS_SECRETS_EXTENSION_HTTP_PORT'

export const HELP = `Usage: npm start -- [options]

Serves secrets and parameters at http://localhost:2773, exactly as the layer does beside a Lambda function: the
built bundle runs as a child process under an emulator of the Lambda host. Ctrl-C shuts it down in order.

  --seed FILE   the secrets and parameters of the emulated AWS, from where you stand (default: the project's own
                local/seed.json); changes of the file are taken over while it runs, as rotations
  --port N      the port to serve on; 0 is any that is free (default: ${PORT_VARIABLE}, or 2773)
  --host ADDR   where to listen, for containers: 0.0.0.0 lets everybody who reaches this machine ask, with the token
  --allow-host NAME
                a name by which callers may call it besides localhost, such as a container's; may be repeated
  --control N   a port where faults and rotations of the emulated AWS are asked for: curl -X POST
                localhost:N/throttle, /unavailable, /hang, /delay/200, /deny/NAME, /clear, and with a new value as the
                body (-d value) /rotate/NAME and /parameter/app/url
  --requests    print a line for each request; for looking, not for load, as it costs more than a hit
  --aws         ask the real AWS instead of the emulator: credentials and region come from your own profile, by the
                AWS SDK's provider chain (AWS_PROFILE, AWS_REGION, SSO, ...), and reach the extension as environment
                variables, as on Lambda; restart when they expire
  --help        this text

The token that callers must send is "local-token", or the value of AWS_SESSION_TOKEN where that is set. The extension's
own variables (PARAMETERS_SECRETS_EXTENSION_*, SECRETS_MANAGER_*, SSM_PARAMETER_STORE_*) are passed on to it.
`

/** Throws an Error with a sentence for the user. Undefined: help was asked for. */
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
  return {
    seed: values.aws ? undefined : seedPath(values.seed, env),
    port,
    host: values.host,
    allowedHosts: values['allow-host'].map((name) => name.toLowerCase()),
    controlPort: values.control === undefined ? undefined : portOf('--control', values.control, 1),
    showsRequests: values.requests,
  }
}

/** npm runs its scripts in the project's folder, and says in INIT_CWD where the user stands. */
function seedPath(given: string | undefined, { INIT_CWD }: NodeJS.ProcessEnv): string {
  return given === undefined ? defaultSeedFile() : resolve(INIT_CWD || '.', given)
}

function portOf(name: string, text: string, least: number): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= least && port <= 65_535) return port
  throw new Error(`${name} must be a number from ${least} to 65535, got "${text}"`)
}
