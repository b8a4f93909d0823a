import { parseArgs } from 'node:util'

export interface StartOptions {
  readonly seed: string
  readonly port: number
  /** The real AWS with the user's own credentials instead of the emulator. */
  readonly aws: boolean
}

export const HELP = `Usage: npm start -- [options]

Serves secrets and parameters at http://localhost:2773, exactly as the layer does beside a Lambda function: the
built bundle runs as a child process under an emulator of the Lambda host. Ctrl-C shuts it down in order.

  --seed FILE   the secrets and parameters of the emulated AWS (default: src/workshop/local/seed.json)
  --port N      the port to serve on (default: 2773)
  --aws         ask the real AWS instead of the emulator: credentials and region come from your own profile, by the
                AWS SDK's provider chain (AWS_PROFILE, AWS_REGION, SSO, ...), and reach the extension as environment
                variables, as on Lambda; restart when they expire
  --help        this text

The token that callers must send is "local-token", or the value of AWS_SESSION_TOKEN where that is set. The extension's
own variables (PARAMETERS_SECRETS_EXTENSION_*, SECRETS_MANAGER_*, SSM_PARAMETER_STORE_*) are passed on to it.
`

/** Throws an Error with a sentence for the user. Undefined: help was asked for. */
export function parseOptions(args: string[]): StartOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string', default: 'src/workshop/local/seed.json' },
      port: { type: 'string', default: '2773' },
      aws: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`--port must be a number from 1 to 65535, got "${values.port}"`)
  }
  return { seed: values.seed, port, aws: values.aws }
}
