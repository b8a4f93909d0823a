import { once } from 'node:events'
import { isMeantAsReference } from '../src/config/environment.ts'
import { isLoopback } from '../src/loopback.ts'
import { EXTENSION_NAME } from '../src/version.ts'
import { loadSeed, type Seed } from './emulators/aws/seed.ts'
import { LOCAL_CREDENTIALS, startAws } from './emulators/aws/server.ts'
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
  /^(?:PARAMETERS_SECRETS_EXTENSION_|SECRETS_MANAGER_|SSM_PARAMETER_STORE_|AWS_LAMBDA_LOG_FORMAT$|AWS_MAX_ATTEMPTS$)/

/** What every AWS SDK honours, and so the extension: where AWS is, how it is reached, and whom to trust. */
const AWS_VARIABLE =
  /^(?:AWS_ENDPOINT_URL|AWS_IGNORE_CONFIGURED_ENDPOINT_URLS$|AWS_USE_FIPS_|AWS_USE_DUALSTACK_|AWS_CA_BUNDLE$|NODE_EXTRA_CA_CERTS$|SSL_CERT_(?:FILE|DIR)$|(?:HTTPS?|NO|https?|no)_(?:PROXY|proxy)$)/

/** npm's and npx's own shell ends at a signal, and signals nobody. */
const PARENT_CHECK_MS = 300

interface Backend {
  readonly region: string
  /** What the extension needs in its environment to reach this AWS. */
  readonly environment: Record<string, string>
  /** What an emulated one holds. */
  readonly emulated: Ready['emulated']
}

async function start(options: StartOptions): Promise<void> {
  const { seed, host, allowedHosts, showsRequests } = options
  endWithParent()
  const shown = await availablePort(options.port)
  const hasFront = host !== undefined || allowedHosts.length > 0 || showsRequests
  const port = hasFront ? await availablePort(0) : shown
  const closers: (() => unknown)[] = []
  try {
    const backend = await (seed === undefined
      ? realAws()
      : emulatedAws(loadSeed(seed), seed, options, closers))
    const say = showsRequests ? (line: string) => console.log(line) : undefined
    if (hasFront) closers.push(await startFront({ host, port: shown, behind: port, allowedHosts, say }))
    const lambda = await startLambda({
      region: backend.region,
      extensions: [{ name: EXTENSION_NAME, command: [process.execPath, bundleFile()] }],
      functionEnvironment: inherited((_, value) => isMeantAsReference(value)),
      hostEnvironment: {
        ...inherited((name) => OWN_VARIABLE.test(name)),
        PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
        ...backend.environment,
      },
      onLog: ({ text }) => console.log(text),
    })
    closers.push(() => lambda.close())
    const { initMs } = await lambda.initialized()
    if (host !== undefined && !isLoopback(host === '::1' ? '[::1]' : host))
      console.log(`Whoever reaches ${host}:${shown} and has the token can read all of it.`)
    console.log(readyText({ port: shown, emulated: backend.emulated, initMs }))
    await untilStopped(lambda)
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}

/** What is to be closed is added to `closers`, also where it rejects. */
async function emulatedAws(
  seed: Seed,
  file: string,
  { region, controlPort }: StartOptions,
  closers: (() => unknown)[],
): Promise<Backend> {
  const credentials = { ...LOCAL_CREDENTIALS, sessionToken: LOCAL_TOKEN }
  const aws = await startAws({ seed, region, regions: 'any', credentials })
  closers.push(() => aws.close(), followSeed(aws, file, seed, console.log))
  if (controlPort !== undefined) closers.push(await startControl(aws, controlPort, console.log))
  return {
    region,
    emulated: { seed, file, region },
    environment: {
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
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
      ...inherited((name) => AWS_VARIABLE.test(name)),
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken ?? '',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: LOCAL_TOKEN,
    },
  }
}

/** Until Ctrl-C or SIGTERM, which shut the extension down in order, or until it ends by itself, which is a failure. */
async function untilStopped(lambda: LambdaHost): Promise<void> {
  const signal = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => undefined)
  const failure = await Promise.race([signal, lambda.whenFailed()])
  if (failure !== undefined) throw failure
  await lambda.shutdown()
}

/**
 * `kill` of an `npm start` or an `npx` in the background reaches npm and its shell, which end without a word to their
 * children. What was started otherwise may well outlive its parent.
 */
function endWithParent(): void {
  if (!['start', 'npx'].includes(process.env['npm_lifecycle_event'] ?? '')) return
  const parent = process.ppid
  const look = (): void => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }
  setInterval(look, PARENT_CHECK_MS).unref()
}

function inherited(isWanted: (name: string, value: string) => boolean): Record<string, string> {
  const variables = Object.entries(process.env).map(([name, value = '']) => [name, value] as const)
  return Object.fromEntries(variables.filter(([name, value]) => isWanted(name, value)))
}

try {
  const options = parseOptions(process.argv.slice(2), process.env)
  if (options === undefined) console.log(HELP)
  else await start(options)
} catch (error) {
  console.error(`npm start: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
