import {
  BatchGetSecretValueCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
  type APIErrorType,
  type BatchGetSecretValueCommandInput,
  type BatchGetSecretValueCommandOutput,
  type GetSecretValueCommandInput,
} from '@aws-sdk/client-secrets-manager'
import { withoutSuffix } from '../arn.ts'
import type { UpstreamSettings } from '../config/upstream.ts'
import { UpstreamError } from '../errors.ts'
import type { Fields, SecretFields, SecretLookup } from '../lookup.ts'
import { say } from '../public.ts'
import type { RawAnswer } from '../raw-call.ts'
import { inBatches, type OnPart } from './batches.ts'
import { areStrings, isAbsent, isDateOrAbsent, listIn } from './checks.ts'
import type { CallOptions, Clients } from './client.ts'
import { withFailover, type Failover } from './failover.ts'
import { unreadable, type Operation } from './failure.ts'
import { carry, expiredAnswer, type CarriedCall } from './pass-through.ts'
import { regionOfArn, type Place } from './place.ts'

// Secrets Manager: its client, one secret, many secrets, and what a secret must look like.

const SERVICE = say`Secrets Manager`
const GET_SECRET_VALUE: Operation = { service: SERVICE, name: say`GetSecretValue` }
export const BATCH_GET_SECRET_VALUE: Operation = { service: SERVICE, name: say`BatchGetSecretValue` }

export type SecretsManager = ReturnType<typeof createSecretsManager>

/** The calls. They reject with UpstreamError only. */
export function createSecretsManager(clients: Clients, settings: UpstreamSettings, failover?: Failover) {
  const calls = clients.callsTo({
    operation: GET_SECRET_VALUE,
    settings: settings.secretsManager,
    open: (config) => new SecretsManagerClient(config),
    isOnce: failover?.isOnce,
  })
  return {
    /** The function's own. */
    region: settings.region,
    /** Milliseconds for a question; 0: no bound. */
    timeoutMs: settings.secretsManager.timeoutMs,
    failover,
    getSecretValue: (place: Place, input: GetSecretValueCommandInput, how: CallOptions) =>
      calls({ operation: GET_SECRET_VALUE, place, ...how }, (client, options) =>
        client.send(new GetSecretValueCommand(input), options),
      ),
    batchGetSecretValue: (place: Place, input: BatchGetSecretValueCommandInput, how: CallOptions) =>
      calls({ operation: BATCH_GET_SECRET_VALUE, place, ...how }, (client, options) =>
        client.send(new BatchGetSecretValueCommand(input), options),
      ),
    /** AWS's own answer, whatever its status. */
    passThrough: ({ operation, place, carried }: CarriedCall): Promise<RawAnswer> =>
      calls({ operation, place, recover: expiredAnswer }, (client, options) => {
        const command = new GetSecretValueCommand({ SecretId: 'carrier' })
        return carry(carried, command.middlewareStack, () => client.send(command, options))
      }),
  }
}

export const FROM_REPLICAS = say`secrets come from their replicas in`

/** How secrets are read. */
export interface ReadOptions extends Pick<CallOptions, 'isBackground'> {
  /**
   * Whether the replica may be asked; called when the region that was asked first could not be. Default: never, and
   * then that region has all of the time.
   */
  readonly mayFailOver?: ((lookup: SecretLookup) => boolean) | undefined
}

/** One secret. Rejects with UpstreamError only. */
export async function getSecretValue(
  service: Omit<SecretsManager, 'batchGetSecretValue' | 'passThrough'>,
  lookup: SecretLookup,
  { isBackground, mayFailOver }: ReadOptions = {},
): Promise<Fields> {
  const { timeoutMs: withinMs } = service
  const failover = mayFailOver && service.failover
  const { secretId, versionId, versionStage } = lookup
  const replicaId = failover?.replicaIdOf(secretId)
  const { answer, replica } = await withFailover(
    failover,
    {
      what: FROM_REPLICAS,
      place: placeOf(service, lookup),
      withinMs,
      mayFailOver: () => replicaId !== undefined && mayFailOver?.(lookup) === true,
    },
    (place, bounds, isReplica) => {
      const input = {
        SecretId: isReplica ? replicaId : secretId,
        ...(versionId !== undefined && { VersionId: versionId }),
        ...(versionStage !== undefined && { VersionStage: versionStage }),
      }
      return ofOne({ service, place }, input, { ...bounds, isBackground })
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

/** The current versions of many secrets. Rejects with a defect of ours only. */
export function getSecrets(
  service: Omit<SecretsManager, 'passThrough'>,
  lookups: readonly SecretLookup[],
  { onPart, isBackground, mayFailOver }: ReadOptions & OnPart<SecretLookup, SecretFields>,
): Promise<void> {
  const { timeoutMs: withinMs } = service
  const failover = mayFailOver && service.failover
  const batches = { lookups, size: IDS_A_CALL, placeOf: (lookup: SecretLookup) => placeOf(service, lookup) }
  return inBatches(batches, onPart, async (place, batch) => {
    /** What is requested of the replica. */
    const replicaIds = new Map<SecretLookup, string>()
    const question = {
      what: FROM_REPLICAS,
      place,
      withinMs,
      mayFailOver() {
        for (const lookup of batch) {
          const id = failover?.replicaIdOf(lookup.secretId)
          if (id !== undefined && mayFailOver?.(lookup) === true) replicaIds.set(lookup, id)
        }
        return replicaIds.size > 0
      },
    }
    const { answer: found, replica } = await withFailover(failover, question, (at, bounds, isReplica) => {
      const how = { ...bounds, isBackground }
      if (isReplica) return ofReplicas({ service, place: at }, [...replicaIds.values()], how)
      const ids = batch.map(({ secretId }) => secretId)
      return ofBatch({ service, place: at }, ids, how)
    })
    if (replica === undefined) return ({ secretId }) => found.get(secretId)
    return (lookup) => {
      const secret = found.get(replicaIds.get(lookup) ?? '')
      return secret === undefined ? replica.failure : marked(secret, replica.region)
    }
  })
}

/** The calls that are needed, and where they go. */
interface At<K extends keyof SecretsManager> {
  readonly service: Pick<SecretsManager, K>
  readonly place: Place
}

/** By id, those that one call brings. */
async function ofBatch(
  { service, place }: At<'batchGetSecretValue'>,
  ids: readonly string[],
  how: CallOptions,
): Promise<ReadonlyMap<string, SecretFields>> {
  const { secrets, errors } = partsOf(
    await service.batchGetSecretValue(place, { SecretIdList: [...ids] }, how),
  )
  const refusedIds = new Set(errors.map(({ SecretId }) => SecretId))
  const found = new Map<string, SecretFields>()
  for (const id of ids) {
    const matches = secrets.filter(
      ({ ARN = '', Name }) => ARN === id || Name === id || withoutSuffix(ARN) === id,
    )
    const [one] = matches
    // Another account's secret may have the same name.
    const isOne = one !== undefined && matches.every(({ ARN }) => ARN === one.ARN)
    if (isOne && !refusedIds.has(id)) found.set(id, one)
  }
  return found
}

/**
 * By id, those of the other region. What one call does not bring, or what is refused of the whole call, need not hold
 * for a name alone: each of the rest is read there alone, within the same time. Rejects if none has come.
 */
async function ofReplicas(
  at: At<'getSecretValue' | 'batchGetSecretValue' | 'failover'>,
  ids: readonly string[],
  how: CallOptions,
): Promise<ReadonlyMap<string, SecretFields>> {
  const { failover } = at.service
  const startedAt = performance.now()
  const batch = await ofBatch(at, ids, how).catch((error: unknown) => {
    if (error instanceof UpstreamError && failover?.isOutage(error) === false) return undefined
    throw error
  })
  const found = new Map(batch)
  /** 0 and undefined are no bounds. */
  const leftMs = (ms?: number) => ms && Math.max(1, Math.ceil(ms - (performance.now() - startedAt)))
  const left = { ...how, withinMs: leftMs(how.withinMs), activeMs: leftMs(how.activeMs) }
  const failures: UpstreamError[] = []
  const readAlone = async (id: string): Promise<void> => {
    try {
      found.set(id, await ofOne(at, { SecretId: id }, left))
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      failures.push(error)
    }
  }
  await Promise.all(ids.filter((id) => !found.has(id)).map(readAlone))
  const [failure] = failures
  if (failure !== undefined && found.size === 0) throw failure
  if (failure !== undefined) failover?.warnOfReplica(failure)
  return found
}

/** Throws UpstreamError for what is no answer of AWS, too. */
async function ofOne(
  { service, place }: At<'getSecretValue'>,
  input: GetSecretValueCommandInput,
  how: CallOptions,
): Promise<SecretFields> {
  const secret = await service.getSecretValue(place, input, how)
  if (!isSecret(secret)) throw unreadable(GET_SECRET_VALUE)
  return secret
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
    secrets: listIn(BATCH_GET_SECRET_VALUE, SecretValues, isSecret),
    errors: listIn(BATCH_GET_SECRET_VALUE, Errors, isError),
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
