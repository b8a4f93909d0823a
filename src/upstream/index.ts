import type {
  Fields,
  ParameterFields,
  ParameterLookup,
  PathLookup,
  SecretFields,
  SecretLookup,
  SingleLookup,
} from '../lookup.ts'
import type { Part } from './batches.ts'
import { NO_HOOKS, type UpstreamHooks } from './calls.ts'
import { createClients, type CallOptions } from './client.ts'
import { createCredentials } from './credentials.ts'
import { createFailover } from './failover.ts'
import { createParameterStore, getParameter, getParameters } from './parameter-store.ts'
import { carriedCall } from './pass-through.ts'
import { getMatching, type Chosen, type MatchingOptions } from './matching.ts'
import { getPath, type PathOptions } from './path.ts'
import { warmUp } from './warm-up.ts'
import { createSecretsManager, getSecrets, getSecretValue, type ReadOptions } from './secrets-manager.ts'
import { createAssumeRole } from './security-tokens.ts'
import type { UpstreamSettings } from '../config/upstream.ts'
import type { RawAnswer, RawCall } from '../raw-call.ts'

// The entry of the part that holds the AWS SDK. The bundle loads it after `listen` and `register`.

export interface Upstream {
  /**
   * Asks AWS. Rejects with UpstreamError only. `mayFailOver` says whether a secret's replica may be asked, where
   * there is another region for that; without it, it is not.
   */
  fetch(lookup: SingleLookup, how?: ReadOptions): Promise<Fields>
  /** Many current secrets in few calls; see secrets-manager.ts. */
  fetchSecrets(
    lookups: readonly SecretLookup[],
    onPart: (lookup: SecretLookup, part: Part<SecretFields>) => void,
    how?: ReadOptions,
  ): Promise<void>
  /** Many parameters in few calls; see parameter-store.ts. */
  fetchParameters(
    lookups: readonly ParameterLookup[],
    onPart: (lookup: ParameterLookup, part: Part<ParameterFields>) => void,
    how?: CallOptions,
  ): Promise<void>
  /** All parameters below a path; see path.ts. */
  fetchPath<T>(lookup: PathLookup, options: PathOptions<T>): Promise<void>
  /** All secrets that the filters choose; see matching.ts. */
  fetchMatching<T>(chosen: Chosen, options: MatchingOptions<T>): Promise<void>
  /** AWS's own answer to an SDK's call, whatever its status. Rejects with UpstreamError only. */
  passThrough(call: RawCall): Promise<RawAnswer>
  /** See credentials.ts. Rejects with UpstreamError when there are none. */
  sessionTokens(): Promise<readonly string[]>
  /** Asks the credentials endpoint anew. Rejects with UpstreamError when it does not answer. */
  renewCredentials(): Promise<void>
  /** Runs once the code that a first call runs, and sends nothing, while `goesOn` says so. Never rejects. */
  warmUp(goesOn: () => boolean): Promise<void>
  /** Throws away sockets and credentials: after a SnapStart restore both belong to another sandbox. */
  reset(): void
}

export function createUpstream(settings: UpstreamSettings, hooks: UpstreamHooks = NO_HOOKS): Upstream {
  const failover = hooks.failover && createFailover(settings, hooks.failover, hooks.wokeAt)
  const credentials = createCredentials(settings, hooks.wokeAt)
  const clients = createClients({
    settings,
    credentials,
    assumeRole: (roleArn) => assumeRole(roleArn),
    hooks,
  })
  const assumeRole = createAssumeRole(clients, settings, failover)
  const secrets = createSecretsManager(clients, settings, failover)
  const parameters = createParameterStore(clients, settings)

  return {
    fetch(lookup, how) {
      switch (lookup.store) {
        case 'secrets-manager':
          return getSecretValue(secrets, lookup, how)
        case 'parameter-store':
          return getParameter(parameters, lookup, how)
      }
    },
    fetchSecrets: (lookups, onPart, how) => getSecrets(secrets, lookups, { ...how, onPart }),
    fetchParameters: (lookups, onPart, how) => getParameters(parameters, lookups, { ...how, onPart }),
    fetchPath: (lookup, options) =>
      getPath(parameters, lookup, { ...options, timeoutMs: settings.parameterStore.timeoutMs }),
    fetchMatching: (chosen, options) =>
      getMatching(secrets, chosen, { ...options, timeoutMs: settings.secretsManager.timeoutMs }),
    passThrough: async (call) => {
      const carried = carriedCall(call, settings.region)
      return { secretsmanager: secrets, AmazonSSM: parameters }[carried.service].passThrough(carried)
    },
    sessionTokens: credentials.tokens,
    async renewCredentials() {
      await credentials.replace(await credentials.get())
    },
    warmUp: (goesOn) => warmUp(settings, goesOn),
    reset() {
      credentials.forget()
      clients.close()
      failover?.reset()
    },
  }
}
