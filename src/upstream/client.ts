import type { StoreSettings, UpstreamSettings } from '../config/upstream.ts'
import { say } from '../public.ts'
import { bounded, withFreshCredentials, type UpstreamHooks } from './calls.ts'
import { renewed, type Credentials, type Held } from './credentials.ts'
import { unasked, type Operation } from './failure.ts'
import { keyOf, type Place } from './place.ts'
import { configure, type SdkConfig } from './sdk-config.ts'
import { onFirstConnection, type Sockets } from './transport/sockets.ts'
import { isUnknownIssuer, systemTrust, type Trust } from './transport/trust.ts'

// What all services share: a client of the AWS SDK for each region and role, with its own sockets, and what holds for
// every call. A service is a file beside this one, such as secrets-manager.ts.

interface SdkClient {
  readonly config: { retryStrategy(): Promise<object> }
  destroy(): void
}

interface Service<Client> {
  /** Names the service in an error of a client that cannot be made. */
  readonly operation: Operation
  readonly settings: StoreSettings
  open(config: SdkConfig): Client
  /** Whether a call to that region is to be tried once, whatever the settings say. */
  readonly isOnce?: ((region: string) => boolean) | undefined
}

/** How a call is made. */
export interface CallOptions {
  /** Milliseconds for the whole call, retries included. Default: the service's own. */
  readonly withinMs?: number | undefined
  /** Milliseconds for the call without its wait for a connection. Default: no such bound. */
  readonly activeMs?: number | undefined
  /** Nobody has requested it: it takes no slot of a caller's call. */
  readonly isBackground?: boolean | undefined
}

interface Call<T> extends CallOptions {
  readonly operation: Operation
  readonly place: Place
  /** Makes an answer of a failure, or throws. */
  readonly recover?: (error: unknown) => T
}

/** Makes a call. Rejects with UpstreamError only. */
type Caller<Client> = <T>(
  call: Call<T>,
  send: (client: Client, options: { abortSignal: AbortSignal }) => Promise<T>,
) => Promise<T>

export interface Clients {
  callsTo<Client extends SdkClient>(service: Service<Client>): Caller<Client>
  /** Closes every socket and forgets the clients; the next call makes new ones. */
  close(): void
}

export interface ClientsOptions {
  readonly settings: UpstreamSettings
  /** Of the function itself. */
  readonly credentials: Credentials
  /** Credentials of that role. Rejects with UpstreamError only. */
  assumeRole(roleArn: string): Promise<Held>
  readonly hooks: UpstreamHooks
}

/**
 * Most clients of a service. Regions come from clients, and up to 20 roles from the settings. The oldest makes room.
 */
const MAX_CLIENTS = 32
const UNREAD: Trust = {}
const rethrow = (error: unknown): never => {
  throw error
}

export function createClients(options: ClientsOptions): Clients {
  const { settings, credentials, assumeRole, hooks } = options
  const { observe, debug, wokeAt } = hooks
  const onSecure = debug && onFirstConnection(debug)
  const roles = new Map<string, Credentials>()
  const services: { renew(): void; close(): void }[] = []
  /** The runtime's own roots, until a chain ends at an issuer that is not among them. */
  let trust = UNREAD

  function credentialsOf(role: string | undefined): Credentials {
    if (role === undefined) return credentials
    let own = roles.get(role)
    if (own === undefined) {
      own = renewed(() => assumeRole(role), wokeAt)
      roles.set(role, own)
    }
    return own
  }

  /** Tries once more with the system's roots, if they have not been read yet. */
  async function withTrust<T>(send: () => Promise<T>): Promise<T> {
    const tried = trust
    try {
      return await send()
    } catch (error) {
      if (!isUnknownIssuer(error) || settings.caBundle !== undefined) throw error
      if (trust === tried) {
        const system = trust === UNREAD ? systemTrust(settings) : undefined
        if (system === undefined) throw error
        trust = system
        for (const service of services) service.renew()
      }
      return send()
    }
  }

  return {
    callsTo(service) {
      const { operation, settings: store, isOnce } = service
      const clients = perPlace(operation, settings.region, ({ region, role }) => {
        const own = credentialsOf(role)
        const { config, sockets } = configure({
          operation,
          settings,
          store,
          credentials: own,
          region,
          trust,
          wokeAt,
          onSecure,
        })
        const client = service.open(config)
        if (isOnce !== undefined) tryOnceWhile(() => isOnce(region), client)
        return { client, sockets }
      })
      services.push(clients)
      return (call, send) => {
        const { place, withinMs = store.timeoutMs, activeMs, isBackground = false, recover = rethrow } = call
        const bound = {
          operation: call.operation,
          isBackground,
          settings,
          timeoutMs: withinMs,
          activeMs,
          observe,
        }
        return bounded(bound, (abortSignal) => {
          // Asks for the client each time: the trusted roots may have changed.
          const ask = () => send(clients.client(place), { abortSignal })
          return withTrust(() => withFreshCredentials(credentialsOf(place.role), ask)).catch(recover)
        })
      }
    },
    close() {
      for (const service of services) service.close()
      roles.clear()
    },
  }
}

/** The SDK reads the number of attempts but once, so it is refused a further one. */
function tryOnceWhile(isOnce: () => boolean, { config }: SdkClient): void {
  const standard = config.retryStrategy
  const refreshRetryTokenForRetry = () => Promise.reject(new Error('no further attempt'))
  config.retryStrategy = async () => {
    const strategy = await standard()
    return isOnce() ? Object.assign(Object.create(strategy), { refreshRetryTokenForRetry }) : strategy
  }
}

interface Opened<Client> {
  readonly client: Client
  readonly sockets: Sockets
}

/** One client for each region and role, made when it is first asked. */
function perPlace<Client extends { destroy(): void }>(
  operation: Operation,
  ownRegion: string | undefined,
  open: (place: Place & { readonly region: string }) => Opened<Client>,
) {
  const opened = new Map<string, Opened<Client>>()
  return {
    client({ region = ownRegion, role }: Place): Client {
      if (region === undefined) throw unasked(operation, 'RegionError', say`no region: AWS_REGION is not set`)
      const key = keyOf({ region, role })
      let found = opened.get(key)
      if (found === undefined) {
        found = open({ region, role })
        opened.set(key, found)
        if (opened.size > MAX_CLIENTS) forgetOldest()
      }
      return found.client
    },
    /** The next call makes a new one; calls under way keep their sockets. */
    renew() {
      for (const { sockets } of opened.values()) sockets.retire()
      opened.clear()
    },
    close() {
      for (const { client } of opened.values()) client.destroy()
      opened.clear()
    },
  }

  /** Calls under way keep their sockets, which close after them. */
  function forgetOldest(): void {
    for (const [key, { sockets }] of opened) {
      opened.delete(key)
      sockets.retire()
      return
    }
  }
}
