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
import { say } from '../public.ts'
import type { StoreSettings, UpstreamSettings } from '../config.ts'
import type { RawAnswer, RawCall } from '../raw-call.ts'
import { bounded, withFreshCredentials } from './calls.ts'
import type { Credentials } from './credentials.ts'
import { unasked, type Operation } from './failure.ts'
import { isFollowed } from './regions.ts'
import { configure } from './sdk-config.ts'
import { ExpiredAnswer, sendToParameterStore, sendToSecretsManager } from './pass-through.ts'
import type { Sockets } from './sockets.ts'
import { isUnknownIssuer, systemTrust, type Trust } from './trust.ts'

// The clients of the AWS SDK, one for each store and region.

export interface Clients {
  /** The function's own. */
  readonly region: string | undefined
  /**
   * `region` undefined: the function's own. `isWanted` is asked before anything is sent: false ends the call, also one
   * that has waited for its turn. Reject with UpstreamError only.
   */
  getSecretValue(
    region: string | undefined,
    input: GetSecretValueCommandInput,
    isWanted?: () => boolean,
  ): Promise<GetSecretValueCommandOutput>
  getParameter(
    region: string | undefined,
    input: GetParameterCommandInput,
    isWanted?: () => boolean,
  ): Promise<GetParameterCommandOutput>
  batchGetSecretValue(
    region: string | undefined,
    input: BatchGetSecretValueCommandInput,
  ): Promise<BatchGetSecretValueCommandOutput>
  getParameters(
    region: string | undefined,
    input: GetParametersCommandInput,
  ): Promise<GetParametersCommandOutput>
  getParametersByPath(input: GetParametersByPathCommandInput): Promise<GetParametersByPathCommandOutput>
  /** AWS's own answer, whatever its status. Rejects with UpstreamError only. */
  passOn(call: RawCall): Promise<RawAnswer>
  /** Closes every socket and forgets the clients; the next call makes new ones. */
  close(): void
}

/** Most clients of other regions, whose names come from callers. The oldest makes room. */
const MAX_REGIONS = 16
const UNREAD: Trust = {}
const always = () => true
const rethrow = (error: unknown): never => {
  throw error
}
const answerOf = (error: unknown): RawAnswer =>
  error instanceof ExpiredAnswer ? error.answer : rethrow(error)

export function createClients(settings: UpstreamSettings, credentials: Credentials): Clients {
  const { secretsManager, parameterStore } = settings
  const secrets = perRegion('GetSecretValue', (region) => {
    const { config, sockets } = configure(
      'GetSecretValue',
      settings,
      secretsManager,
      credentials,
      region,
      trust,
    )
    return { client: new SecretsManagerClient(config), sockets }
  })
  const parameters = perRegion('GetParameter', (region) => {
    const { config, sockets } = configure(
      'GetParameter',
      settings,
      parameterStore,
      credentials,
      region,
      trust,
    )
    return { client: new SSMClient(config), sockets }
  })
  /** The runtime's own roots, until a chain ends at an issuer that is not among them. */
  let trust = UNREAD

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
      }
      return send()
    }
  }

  function callsTo<Client>(
    { timeoutMs }: StoreSettings,
    clients: { client(region: string | undefined): Client },
  ) {
    return <T>(
      operation: Operation,
      region: string | undefined,
      send: (client: Client, options: { abortSignal: AbortSignal }) => Promise<T>,
      isWanted = always,
      recover: (error: unknown) => T = rethrow,
    ): Promise<T> =>
      bounded(
        operation,
        settings,
        timeoutMs,
        (abortSignal) => {
          // Asks for the client each time: the trusted roots may have changed.
          const ask = () => send(clients.client(region ?? settings.region), { abortSignal })
          return withTrust(() => withFreshCredentials(credentials, ask)).catch(recover)
        },
        isWanted,
      )
  }

  const ofSecrets = callsTo(secretsManager, secrets)
  const ofParameters = callsTo(parameterStore, parameters)

  async function passOn(call: RawCall): Promise<RawAnswer> {
    const { target, region } = call
    const operation = target as Operation
    if (region !== undefined && !isFollowed(region, settings.region)) {
      throw unasked(
        operation,
        'RegionError',
        say`the call is signed for a region of another partition, or for none`,
      )
    }
    return target.startsWith('secretsmanager.')
      ? ofSecrets(operation, region, (client, o) => sendToSecretsManager(client, call, o), always, answerOf)
      : ofParameters(
          operation,
          region,
          (client, o) => sendToParameterStore(client, call, o),
          always,
          answerOf,
        )
  }
  return {
    region: settings.region,
    getSecretValue: (region, input, isWanted) =>
      ofSecrets(
        'GetSecretValue',
        region,
        (client, options) => client.send(new GetSecretValueCommand(input), options),
        isWanted,
      ),
    batchGetSecretValue: (region, input) =>
      ofSecrets('BatchGetSecretValue', region, (client, options) =>
        client.send(new BatchGetSecretValueCommand(input), options),
      ),
    getParameter: (region, input, isWanted) =>
      ofParameters(
        'GetParameter',
        region,
        (client, options) => client.send(new GetParameterCommand(input), options),
        isWanted,
      ),
    getParameters: (region, input) =>
      ofParameters('GetParameters', region, (client, options) =>
        client.send(new GetParametersCommand(input), options),
      ),
    getParametersByPath: (input) =>
      ofParameters('GetParametersByPath', undefined, (client, options) =>
        client.send(new GetParametersByPathCommand(input), options),
      ),
    passOn,
    close() {
      secrets.close()
      parameters.close()
    },
  }
}

interface Opened<Client> {
  readonly client: Client
  readonly sockets: Sockets
}

/** One client for each region, made when it is first asked. */
function perRegion<Client extends { destroy(): void }>(
  operation: Operation,
  open: (region: string) => Opened<Client>,
) {
  const opened = new Map<string, Opened<Client>>()
  return {
    client(region: string | undefined): Client {
      if (region === undefined) throw unasked(operation, 'RegionError', say`no region: AWS_REGION is not set`)
      let found = opened.get(region)
      if (found === undefined) {
        found = open(region)
        opened.set(region, found)
        if (opened.size > MAX_REGIONS) forgetOldest()
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
    for (const [region, { sockets }] of opened) {
      opened.delete(region)
      sockets.retire()
      return
    }
  }
}
