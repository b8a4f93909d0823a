import {
  BatchGetSecretValueCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
  type BatchGetSecretValueCommandInput,
  type BatchGetSecretValueCommandOutput,
  type GetSecretValueCommandInput,
  type GetSecretValueCommandOutput,
} from '@aws-sdk/client-secrets-manager'
import {
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  SSMClient,
  type GetParameterCommandInput,
  type GetParameterCommandOutput,
  type GetParametersByPathCommandInput,
  type GetParametersByPathCommandOutput,
  type GetParametersCommandInput,
  type GetParametersCommandOutput,
} from '@aws-sdk/client-ssm'
import { say, type Public } from '../public.ts'
import type { StoreSettings, UpstreamSettings } from '../config/upstream.ts'
import type { RawAnswer, RawCall } from '../raw-call.ts'
import { bounded, withFreshCredentials, type CallObserver } from './calls.ts'
import { createRoleAssumer } from './security-tokens.ts'
import { renewed, type Credentials } from './credentials.ts'
import { unasked, type Operation } from './failure.ts'
import { isFollowed, keyOf, type Place } from './place.ts'
import { configure } from './sdk-config.ts'
import { ExpiredAnswer, sendToParameterStore, sendToSecretsManager } from './pass-through.ts'
import { onFirstConnection, type Sockets } from './transport/sockets.ts'
import { isUnknownIssuer, systemTrust, type Trust } from './transport/trust.ts'

// The clients of the AWS SDK, one for each store, region and role.

export interface Clients {
  /** The function's own. */
  readonly region: string | undefined
  /** Rejects with UpstreamError only, as the next four do. */
  getSecretValue(place: Place, input: GetSecretValueCommandInput): Promise<GetSecretValueCommandOutput>
  getParameter(place: Place, input: GetParameterCommandInput): Promise<GetParameterCommandOutput>
  batchGetSecretValue(
    place: Place,
    input: BatchGetSecretValueCommandInput,
  ): Promise<BatchGetSecretValueCommandOutput>
  getParameters(place: Place, input: GetParametersCommandInput): Promise<GetParametersCommandOutput>
  /** `withinMs` bounds the call, retries included. */
  getParametersByPath(
    place: Place,
    input: GetParametersByPathCommandInput,
    withinMs: number,
  ): Promise<GetParametersByPathCommandOutput>
  /** AWS's own answer, whatever its status. Rejects with UpstreamError only. */
  passOn(call: RawCall): Promise<RawAnswer>
  /** Closes every socket and forgets the clients; the next call makes new ones. */
  close(): void
}

/** Most clients of a store. Regions come from callers, and up to 20 roles from the settings. The oldest makes room. */
const MAX_CLIENTS = 32
const UNREAD: Trust = {}
const rethrow = (error: unknown): never => {
  throw error
}
const answerOf = (error: unknown): RawAnswer =>
  error instanceof ExpiredAnswer ? error.answer : rethrow(error)

export function createClients(
  settings: UpstreamSettings,
  credentials: Credentials,
  observe?: CallObserver,
  debug?: (line: Public) => void,
): Clients {
  const { secretsManager, parameterStore } = settings
  const onSecure = debug && onFirstConnection(debug)
  const secrets = perPlace('GetSecretValue', settings.region, (region, role) => {
    const own = credentialsOf(role)
    const { config, sockets } = configure(
      'GetSecretValue',
      settings,
      secretsManager,
      own,
      region,
      trust,
      onSecure,
    )
    return { client: new SecretsManagerClient(config), sockets }
  })
  const parameters = perPlace('GetParameter', settings.region, (region, role) => {
    const own = credentialsOf(role)
    const { config, sockets } = configure(
      'GetParameter',
      settings,
      parameterStore,
      own,
      region,
      trust,
      onSecure,
    )
    return { client: new SSMClient(config), sockets }
  })
  const assumer = createRoleAssumer(settings, credentials, () => trust, withTrust, observe)
  const roles = new Map<string, Credentials>()
  /** The runtime's own roots, until a chain ends at an issuer that is not among them. */
  let trust = UNREAD

  function credentialsOf(role: string | undefined): Credentials {
    if (role === undefined) return credentials
    let own = roles.get(role)
    if (own === undefined) {
      own = renewed(() => assumer.assume(role))
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
        secrets.renew()
        parameters.renew()
        assumer.renew()
      }
      return send()
    }
  }

  function callsTo<Client>({ timeoutMs }: StoreSettings, clients: { client(place: Place): Client }) {
    return <T>(
      operation: Operation,
      place: Place,
      send: (client: Client, options: { abortSignal: AbortSignal }) => Promise<T>,
      { recover = rethrow, withinMs = timeoutMs }: CallOptions<T> = {},
    ): Promise<T> =>
      bounded(
        operation,
        settings,
        withinMs,
        (abortSignal) => {
          // Asks for the client each time: the trusted roots may have changed.
          const ask = () => send(clients.client(place), { abortSignal })
          return withTrust(() => withFreshCredentials(credentialsOf(place.role), ask)).catch(recover)
        },
        observe,
      )
  }

  const ofSecrets = callsTo(secretsManager, secrets)
  const ofParameters = callsTo(parameterStore, parameters)

  async function passOn(call: RawCall): Promise<RawAnswer> {
    const { target, region } = call
    const operation = target as Operation
    const place = { region }
    if (region !== undefined && !isFollowed(region, settings.region)) {
      throw unasked(
        operation,
        'RegionError',
        say`the call is signed for a region of another partition, or for none`,
      )
    }
    return target.startsWith('secretsmanager.')
      ? ofSecrets(operation, place, (client, o) => sendToSecretsManager(client, call, o), {
          recover: answerOf,
        })
      : ofParameters(operation, place, (client, o) => sendToParameterStore(client, call, o), {
          recover: answerOf,
        })
  }
  return {
    region: settings.region,
    getSecretValue: (place, input) =>
      ofSecrets('GetSecretValue', place, (client, options) =>
        client.send(new GetSecretValueCommand(input), options),
      ),
    batchGetSecretValue: (place, input) =>
      ofSecrets('BatchGetSecretValue', place, (client, options) =>
        client.send(new BatchGetSecretValueCommand(input), options),
      ),
    getParameter: (place, input) =>
      ofParameters('GetParameter', place, (client, options) =>
        client.send(new GetParameterCommand(input), options),
      ),
    getParameters: (place, input) =>
      ofParameters('GetParameters', place, (client, options) =>
        client.send(new GetParametersCommand(input), options),
      ),
    getParametersByPath: (place, input, withinMs) =>
      ofParameters(
        'GetParametersByPath',
        place,
        (client, options) => client.send(new GetParametersByPathCommand(input), options),
        { withinMs },
      ),
    passOn,
    close() {
      secrets.close()
      parameters.close()
      assumer.close()
      roles.clear()
    },
  }
}

interface CallOptions<T> {
  /** Makes an answer of a failure, or throws it. */
  readonly recover?: (error: unknown) => T
  /** Milliseconds for the whole call. Default: the store's. */
  readonly withinMs?: number
}

interface Opened<Client> {
  readonly client: Client
  readonly sockets: Sockets
}

/** One client for each region and role, made when it is first asked. */
function perPlace<Client extends { destroy(): void }>(
  operation: Operation,
  ownRegion: string | undefined,
  open: (region: string, role: string | undefined) => Opened<Client>,
) {
  const opened = new Map<string, Opened<Client>>()
  return {
    client({ region = ownRegion, role }: Place): Client {
      if (region === undefined) throw unasked(operation, 'RegionError', say`no region: AWS_REGION is not set`)
      const key = keyOf({ region, role })
      let found = opened.get(key)
      if (found === undefined) {
        found = open(region, role)
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
