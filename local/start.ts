import { once } from 'node:events'
import { EXTENSION_NAME } from '../src/version.ts'
import { loadSeed, type Seed } from './emulators/aws/seed.ts'
import { startAws } from './emulators/aws/server.ts'
import { startLambda, type LambdaHost } from './emulators/lambda/host.ts'
import { startControl } from './control.ts'
import { bundleFile } from './files.ts'
import { startFront } from './front.ts'
import { HELP } from './help.mjs'
import { parseOptions, type StartOptions } from './options.ts'
import { availablePort } from './port.ts'
import { resolveProfile } from './profile.ts'
import { followSeed } from './reload.ts'
import { readyText, type Ready } from './ready-text.ts'

// `npm start`: the built bundle, under the emulated Lambda host, in front of the emulated AWS or of the real one.

const LOCAL_TOKEN = process.env.AWS_SESSION_TOKEN || 'local-token'
const OWN_VARIABLE =
  /^(?:PARAMETERS_SECRETS_EXTENSION_|SECRETS_MANAGER_|SSM_PARAMETER_STORE_|AWS_LAMBDA_LOG_FORMAT$)/

/** What every AWS SDK honours, and so the extension: where AWS is, and whom to trust. */
const AWS_VARIABLE =
  /^(?:AWS_ENDPOINT_URL|AWS_IGNORE_CONFIGURED_ENDPOINT_URLS$|AWS_MAX_ATTEMPTS$|AWS_USE_FIPS_|AWS_USE_DUALSTACK_|AWS_CA_BUNDLE$|NODE_EXTRA_CA_CERTS$)/

interface Backend {
  readonly region: string
  /** What the extension needs in its environment to reach this AWS. */
  readonly environment: Record<string, string>
  /** What an emulated one holds. */
  readonly emulated: Ready['emulated']
  close(): Promise<void>
}

async function start(options: StartOptions): Promise<void> {
  const { seed, host, allowedHosts, showsRequests } = options
  const shown = await availablePort(options.port)
  const hasFront = host !== undefined || allowedHosts.length > 0 || showsRequests
  const port = hasFront ? await availablePort(0) : shown
  const backend = await (seed === undefined
    ? realAws()
    : emulatedAws(loadSeed(seed), seed, options.controlPort))
  const lambda = await startLambda({
    region: backend.region,
    extensions: [{ name: EXTENSION_NAME, command: [process.execPath, bundleFile()] }],
    hostEnvironment: {
      ...inherited(OWN_VARIABLE),
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
      ...backend.environment,
    },
    onLog: ({ text }) => console.log(text),
  })
  const { initMs } = await lambda.initialized()
  const say = showsRequests ? (line: string) => console.log(line) : undefined
  const front = { host: host ?? '127.0.0.1', port: shown, behind: port, allowedHosts, say }
  const close = hasFront ? await startFront(front) : undefined
  if (host !== undefined && !/^(127\.|::1$|localhost$)/.test(host))
    console.log(`Whoever reaches ${host}:${shown} and has the token can read all of it.`)
  console.log(readyText({ port: shown, emulated: backend.emulated, initMs }))
  await untilStopped(lambda)
  close?.()
  await backend.close()
}

async function emulatedAws(seed: Seed, file: string, controlPort: number | undefined): Promise<Backend> {
  const region = 'us-east-1'
  const credentials = {
    accessKeyId: 'LOCALACCESSKEY',
    secretAccessKey: 'local-secret-key',
    sessionToken: LOCAL_TOKEN,
  }
  const aws = await startAws({ seed, region, credentials })
  const unfollow = followSeed(aws, file, seed, console.log)
  const closeControl =
    controlPort === undefined ? undefined : await startControl(aws, controlPort, console.log)
  return {
    region,
    emulated: { seed, file, region },
    environment: {
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
    },
    close() {
      unfollow()
      closeControl?.()
      return aws.close()
    },
  }
}

// The session token must stay AWS's own, or nothing could be signed. The extension takes the container token from
// callers as well (as under SnapStart), so that is where the token for local use goes.
async function realAws(): Promise<Backend> {
  const { region, credentials } = await resolveProfile()
  return {
    region,
    emulated: undefined,
    environment: {
      ...inherited(AWS_VARIABLE),
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken ?? '',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: LOCAL_TOKEN,
    },
    close: () => Promise.resolve(),
  }
}

/** Until Ctrl-C or SIGTERM, which shut the extension down in order, or until it ends by itself, which is a failure. */
async function untilStopped(lambda: LambdaHost): Promise<void> {
  const signal = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => undefined)
  const failure = await Promise.race([signal, lambda.whenFailed()])
  if (failure === undefined) await lambda.shutdown()
  await lambda.close()
  if (failure !== undefined) throw failure
}

function inherited(pattern: RegExp): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => pattern.test(name))
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']))
}

try {
  const options = parseOptions(process.argv.slice(2), process.env)
  if (options === undefined) console.log(HELP)
  else await start(options)
} catch (error) {
  console.error(`npm start: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
