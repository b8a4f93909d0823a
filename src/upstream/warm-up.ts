import { createServer, type AddressInfo, type Server } from 'node:net'
import { createSecureContext } from 'node:tls'
import { bindAddress } from '../bind.ts'
import { secretLookup } from '../lookup.ts'
import { NO_HOOKS } from './calls.ts'
import { createClients } from './client.ts'
import { createCredentials } from './credentials.ts'
import { createSecretsManager, getSecretValue } from './secrets-manager.ts'
import type { UpstreamSettings } from '../config/upstream.ts'

// The first call of a process costs 15 to 25 ms more than the second, because every function of the SDK is compiled
// when it is first run. There is time for that while the function's own runtime starts, and it is cheap, because INIT
// has more of the processor than an invoke of a small function. So we make a call that we answer ourselves: it holds
// no name, token or value of the function, and nothing leaves the machine. It is made in steps, and ends when its
// time is over.

const ANSWER = JSON.stringify({
  ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:warm-up-000000',
  CreatedDate: 1.7e9,
  Name: 'warm-up',
  SecretString: 'warm-up',
  VersionId: '00000000-0000-0000-0000-000000000000',
  VersionStages: ['AWSCURRENT'],
})
const HEAD = `HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: ${ANSWER.length}\r\n`
const BOUND_MS = 2_000

/**
 * Makes one whole call, from the SDK's first middleware to the body of the answer, and loads what TLS needs. It runs in
 * steps of a few milliseconds. After each step requests that have come are served, then `goesOn` is asked, and `false`
 * ends it. Never rejects.
 */
export async function warmUp(settings: UpstreamSettings, goesOn: () => boolean): Promise<void> {
  /**
   * A connection that came during a step is accepted in the next turn of the event loop; its request is read in the
   * one after.
   */
  const step = async (): Promise<void> => {
    for (const _ of [1, 2]) await new Promise((resolve) => setImmediate(resolve))
    if (!goesOn()) throw new Error('given way')
  }
  try {
    await step()
    const server = await listen(step)
    const { port } = server.address() as AddressInfo
    const store = { endpoint: `http://127.0.0.1:${port}`, timeoutMs: BOUND_MS }
    const own: UpstreamSettings = {
      ...settings,
      // The call is cut where the warm-up gives way.
      maxAttempts: 1,
      region: 'us-east-1',
      credentials: { accessKeyId: 'warm-up', secretAccessKey: 'warm-up', sessionToken: 'warm-up' },
      secretsManager: store,
      parameterStore: store,
      container: undefined,
      caBundle: undefined,
      proxy: undefined,
    }
    const credentials = createCredentials(own, NO_HOOKS.wokeAt)
    // The SDK asks for credentials when it is about to sign. It passes on an error thrown here, and does not retry.
    const get = (): ReturnType<typeof credentials.get> => step().then(() => credentials.get())
    const assumeRole = () => Promise.reject(new Error('no role'))
    const clients = createClients({
      settings: own,
      credentials: { ...credentials, get },
      assumeRole,
      hooks: NO_HOOKS,
    })
    const secrets = createSecretsManager(clients, own)
    await getSecretValue(secrets, secretLookup('warm-up')).finally(() => {
      clients.close()
      server.close()
    })
    await step()
    createSecureContext()
  } catch {
    // The only loss: the first caller waits those milliseconds longer.
  }
}

function listen(step: () => Promise<void>): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      const answer = () => socket.end(`${HEAD}Connection: close\r\n\r\n${ANSWER}`)
      // INIT may wait for the end of the warm-up, so one that gives way is cut.
      socket.once('data', () => void step().then(answer, () => socket.destroy()))
    })
    server.once('error', reject)
    server.once('listening', () => resolve(server))
    bindAddress(server, 0, '127.0.0.1')
  })
}
