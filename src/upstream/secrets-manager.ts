import {
  BatchGetSecretValueCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
  type APIErrorType,
  type BatchGetSecretValueCommandInput,
  type BatchGetSecretValueCommandOutput,
  type GetSecretValueCommandInput,
  type GetSecretValueCommandOutput,
} from '@aws-sdk/client-secrets-manager'
import type { UpstreamSettings } from '../config/upstream.ts'
import { UpstreamError } from '../errors.ts'
import type { Fields, SecretFields } from '../fields.ts'
import type { SecretLookup } from '../lookup.ts'
import { say } from '../public.ts'
import type { RawAnswer } from '../raw-call.ts'
import { inBatches, type Part } from './batches.ts'
import { areStrings, isAbsent, isDateOrAbsent, listIn } from './checks.ts'
import type { CallOptions, Clients } from './client.ts'
import { asked, type Failover } from './failover.ts'
import { unreadable } from './failure.ts'
import { carry, expiredAnswer, type CarriedCall } from './pass-through.ts'
import { regionOfArn, type Place } from './place.ts'

// Secrets Manager: its client, one secret, many secrets, and what a secret must look like.

/** The calls. They reject with UpstreamError only. */
export interface SecretsManager {
  /** The function's own. */
  readonly region: string | undefined
  /** Milliseconds for a question; 0: no bound. */
  readonly timeoutMs: number
  readonly failover: Failover | undefined
  getSecretValue(
    place: Place,
    input: GetSecretValueCommandInput,
    options: CallOptions,
  ): Promise<GetSecretValueCommandOutput>
  batchGetSecretValue(
    place: Place,
    input: BatchGetSecretValueCommandInput,
    options: CallOptions,
  ): Promise<BatchGetSecretValueCommandOutput>
  /** AWS's own answer, whatever its status. */
  passThrough(call: CarriedCall): Promise<RawAnswer>
}

export function createSecretsManager(
  clients: Clients,
  settings: UpstreamSettings,
  failover?: Failover,
): SecretsManager {
  const calls = clients.callsTo({
    operation: 'GetSecretValue',
    settings: settings.secretsManager,
    open: (config) => new SecretsManagerClient(config),
    isOnce: failover?.isOnce,
  })
  return {
    region: settings.region,
    timeoutMs: settings.secretsManager.timeoutMs,
    failover,
    getSecretValue: (place, input, how) =>
      calls({ operation: 'GetSecretValue', place, ...how }, (client, options) =>
        client.send(new GetSecretValueCommand(input), options),
      ),
    batchGetSecretValue: (place, input, how) =>
      calls({ operation: 'BatchGetSecretValue', place, ...how }, (client, options) =>
        client.send(new BatchGetSecretValueCommand(input), options),
      ),
    passThrough: ({ operation, place, carried }) =>
      calls({ operation, place, recover: expiredAnswer }, (client, options) => {
        const command = new GetSecretValueCommand({ SecretId: 'carrier' })
        return carry(carried, command.middlewareStack, () => client.send(command, options))
      }),
  }
}

export const FROM_REPLICAS = say`secrets come from their replicas in`

/** How secrets are read. */
export interface ReadOptions extends Pick<CallOptions, 'isBackground'> {
  /** Whether the replica may be asked; called when the region that was asked first could not be. Default: never. */
  readonly mayFailOver?: (lookup: SecretLookup) => boolean
}
const never = () => false

/** One secret. Rejects with UpstreamError only. */
export async function getSecretValue(
  service: Omit<SecretsManager, 'batchGetSecretValue' | 'passThrough'>,
  lookup: SecretLookup,
  { isBackground, mayFailOver = never }: ReadOptions = {},
): Promise<Fields> {
  const { failover, timeoutMs: withinMs } = service
  const { secretId, versionId, versionStage } = lookup
  const replicaId = failover?.replicaIdOf(secretId)
  const { answer, replica } = await asked(
    failover,
    {
      what: FROM_REPLICAS,
      place: placeOf(service, lookup),
      withinMs,
      mayFailOver: () => replicaId !== undefined && mayFailOver(lookup),
    },
    async (place, bounds, isReplica) => {
      const input = {
        SecretId: isReplica ? replicaId : secretId,
        ...(versionId !== undefined && { VersionId: versionId }),
        ...(versionStage !== undefined && { VersionStage: versionStage }),
      }
      const secret = await service.getSecretValue(place, input, { ...bounds, isBackground })
      if (!isSecret(secret)) throw unreadable('GetSecretValue')
      return secret
    },
  )
  return { store: 'secrets-manager', secret: marked(answer, replica?.region) }
}

/** With the region of the replica, where that is what answered. */
export function marked(secret: SecretFields, replicaRegion: string | undefined): SecretFields {
  return replicaRegion === undefined ? secret : { ...secret, replicaRegion }
}

/** Most ids of a call: "BatchGetSecretValue" in the API reference. */
const IDS_A_CALL = 20
/** `-` and six characters at the end of a secret's ARN, which a partial ARN leaves out. */
const ARN_SUFFIX = 7

/** The current versions of many secrets. `onPart` is called once for each. Rejects with a defect of ours only. */
export function getSecrets(
  service: Omit<SecretsManager, 'getSecretValue' | 'passThrough'>,
  lookups: readonly SecretLookup[],
  onPart: (lookup: SecretLookup, part: Part<SecretFields>) => void,
  { isBackground, mayFailOver = never }: ReadOptions = {},
): Promise<void> {
  const { failover, timeoutMs: withinMs } = service
  const batches = { lookups, size: IDS_A_CALL, placeOf: (lookup: SecretLookup) => placeOf(service, lookup) }
  return inBatches(batches, onPart, async (place, batch) => {
    /** What the replica is asked for. */
    const replicaIds = new Map<SecretLookup, string>()
    const question = {
      what: FROM_REPLICAS,
      place,
      withinMs,
      mayFailOver() {
        for (const lookup of batch) {
          const id = failover?.replicaIdOf(lookup.secretId)
          if (id !== undefined && mayFailOver(lookup)) replicaIds.set(lookup, id)
        }
        return replicaIds.size > 0
      },
    }
    let isRefused = false
    const got = await asked(failover, question, async (at, bounds, isReplica) => {
      const ids = isReplica ? [...replicaIds.values()] : batch.map(({ secretId }) => secretId)
      try {
        const input = { SecretIdList: ids }
        return partsOf(await service.batchGetSecretValue(at, input, { ...bounds, isBackground }))
      } catch (error) {
        isRefused = isReplica && error instanceof UpstreamError && failover?.isTransient(error) === false
        throw error
      }
    }).catch((error: unknown) => {
      if (isRefused && error instanceof UpstreamError) return error
      throw error
    })
    // The other region has refused the batch, which need not hold for a name alone.
    if (got instanceof UpstreamError) return (lookup) => (replicaIds.has(lookup) ? undefined : got)
    const { answer, replica } = got
    const { secrets, errors } = answer
    const refusedIds = new Set(errors.map(({ SecretId }) => SecretId))
    return (lookup) => {
      const secretId = replica === undefined ? lookup.secretId : replicaIds.get(lookup)
      if (secretId === undefined) return replica?.failure
      if (refusedIds.has(secretId)) return undefined
      const found = secrets.filter(
        ({ ARN, Name }) => ARN === secretId || Name === secretId || ARN?.slice(0, -ARN_SUFFIX) === secretId,
      )
      // Another account's secret may have the same name.
      const [one] = found
      const isOne = one !== undefined && found.every(({ ARN }) => ARN === one.ARN)
      return isOne ? marked(one, replica?.region) : undefined
    }
  })
}

function placeOf({ region }: Pick<SecretsManager, 'region'>, { secretId, role }: SecretLookup): Place {
  return { region: regionOfArn('secretsmanager', secretId, region), role }
}

/** What a batch brought, and what it refused. Throws UpstreamError for what is no answer of AWS. */
export function partsOf({ SecretValues, Errors }: BatchGetSecretValueCommandOutput): {
  readonly secrets: readonly SecretFields[]
  readonly errors: readonly APIErrorType[]
} {
  return {
    secrets: listIn('BatchGetSecretValue', SecretValues, isSecret),
    errors: listIn('BatchGetSecretValue', Errors, isError),
  }
}

function isError(one: APIErrorType | null | undefined): boolean {
  return typeof one === 'object' && one !== null && areStrings([one.SecretId, one.ErrorCode])
}

/** A real secret has an ARN; a proxy's page or an empty body has none. */
function isSecret(fields: SecretFields | null | undefined): boolean {
  if (typeof fields?.ARN !== 'string') return false
  const { CreatedDate, Name, SecretBinary, SecretString, VersionId, VersionStages } = fields
  return (
    areStrings([Name, SecretString, VersionId]) &&
    isDateOrAbsent(CreatedDate) &&
    (isAbsent(SecretBinary) || SecretBinary instanceof Uint8Array) &&
    (isAbsent(VersionStages) || (Array.isArray(VersionStages) && areStrings(VersionStages)))
  )
}
