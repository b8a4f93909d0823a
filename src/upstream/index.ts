import type { Public } from '../public.ts'
import type { Fields, ParameterFields, SecretFields } from '../fields.ts'
import type { ParameterLookup, PathLookup, SecretLookup, SingleLookup } from '../lookup.ts'
import type { Part } from './batches.ts'
import type { CallObserver } from './calls.ts'
import { createClients } from './client.ts'
import { createCredentials } from './credentials.ts'
import { createParameterStore, getParameter, getParameters } from './parameter-store.ts'
import { carriedCall } from './pass-through.ts'
import { getMatching, type Chosen, type MatchingOptions } from './matching.ts'
import { getPath, type PathOptions } from './path.ts'
import { warmUp } from './warm-up.ts'
import { createSecretsManager, getSecrets, getSecretValue } from './secrets-manager.ts'
import { createSecurityTokens } from './security-tokens.ts'
import type { UpstreamSettings } from '../config/upstream.ts'
import type { RawAnswer, RawCall } from '../raw-call.ts'

// The entry of the part that holds the AWS SDK. The bundle loads it after `listen` and `register`.

export interface Upstream {
  /** Asks AWS. Rejects with UpstreamError only. */
  fetch(lookup: SingleLookup): Promise<Fields>
  /** Many current secrets in few calls; see secrets-manager.ts. */
  fetchSecrets(
    lookups: readonly SecretLookup[],
    onPart: (lookup: SecretLookup, part: Part<SecretFields>) => void,
  ): Promise<void>
  /** Many parameters in few calls; see parameter-store.ts. */
  fetchParameters(
    lookups: readonly ParameterLookup[],
    onPart: (lookup: ParameterLookup, part: Part<ParameterFields>) => void,
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

/** `observe` is called for every call; `debug` gets a line about the first TLS connection. */
export function createUpstream(
  settings: UpstreamSettings,
  observe?: CallObserver,
  debug?: (line: Public) => void,
): Upstream {
  const credentials = createCredentials(settings)
  const clients = createClients({
    settings,
    credentials,
    assumeRole: (roleArn) => tokens.assumeRole(roleArn),
    observe,
    debug,
  })
  const tokens = createSecurityTokens(clients, settings)
  const secrets = createSecretsManager(clients, settings)
  const parameters = createParameterStore(clients, settings)

  return {
    fetch(lookup) {
      switch (lookup.store) {
        case 'secrets-manager':
          return getSecretValue(secrets, lookup)
        case 'parameter-store':
          return getParameter(parameters, lookup)
      }
    },
    fetchSecrets: (lookups, onPart) => getSecrets(secrets, lookups, onPart),
    fetchParameters: (lookups, onPart) => getParameters(parameters, lookups, onPart),
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
    },
  }
}
