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
import type { Fields, SecretFields } from '../fields.ts'
import type { SecretLookup } from '../lookup.ts'
import type { RawAnswer } from '../raw-call.ts'
import { inBatches, type Part } from './batches.ts'
import { areStrings, isAbsent, isDateOrAbsent, listIn } from './checks.ts'
import type { CallOptions, Clients } from './client.ts'
import { unreadable } from './failure.ts'
import { carry, expiredAnswer, type CarriedCall } from './pass-through.ts'
import { regionOfArn, type Place } from './place.ts'

// Secrets Manager: its client, one secret, many secrets, and what a secret must look like.

/** The calls. They reject with UpstreamError only. */
export interface SecretsManager {
  /** The function's own. */
  readonly region: string | undefined
  getSecretValue(
    place: Place,
    input: GetSecretValueCommandInput,
    options?: CallOptions,
  ): Promise<GetSecretValueCommandOutput>
  batchGetSecretValue(
    place: Place,
    input: BatchGetSecretValueCommandInput,
    options?: CallOptions,
  ): Promise<BatchGetSecretValueCommandOutput>
  /** AWS's own answer, whatever its status. */
  passThrough(call: CarriedCall): Promise<RawAnswer>
}

export function createSecretsManager(clients: Clients, settings: UpstreamSettings): SecretsManager {
  const calls = clients.callsTo({
    operation: 'GetSecretValue',
    settings: settings.secretsManager,
    open: (config) => new SecretsManagerClient(config),
  })
  return {
    region: settings.region,
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

/** One secret. Rejects with UpstreamError only. */
export async function getSecretValue(
  service: Pick<SecretsManager, 'region' | 'getSecretValue'>,
  lookup: SecretLookup,
  how?: CallOptions,
): Promise<Fields> {
  const { secretId, versionId, versionStage } = lookup
  const input = {
    SecretId: secretId,
    ...(versionId !== undefined && { VersionId: versionId }),
    ...(versionStage !== undefined && { VersionStage: versionStage }),
  }
  const secret = await service.getSecretValue(placeOf(service, lookup), input, how)
  if (!isSecret(secret)) throw unreadable('GetSecretValue')
  return { store: 'secrets-manager', secret }
}

/** Most ids of a call: "BatchGetSecretValue" in the API reference. */
const IDS_A_CALL = 20
/** `-` and six characters at the end of a secret's ARN, which a partial ARN leaves out. */
const ARN_SUFFIX = 7

/** The current versions of many secrets. `onPart` is called once for each. Rejects with a defect of ours only. */
export function getSecrets(
  service: Pick<SecretsManager, 'region' | 'batchGetSecretValue'>,
  lookups: readonly SecretLookup[],
  onPart: (lookup: SecretLookup, part: Part<SecretFields>) => void,
  how?: CallOptions,
): Promise<void> {
  const batches = { lookups, size: IDS_A_CALL, placeOf: (lookup: SecretLookup) => placeOf(service, lookup) }
  return inBatches(batches, onPart, async (place, batch) => {
    const ids = batch.map(({ secretId }) => secretId)
    const answer = await service.batchGetSecretValue(place, { SecretIdList: ids }, how)
    const { secrets, errors } = partsOf(answer)
    const refusedIds = new Set(errors.map(({ SecretId }) => SecretId))
    return ({ secretId }) => {
      if (refusedIds.has(secretId)) return undefined
      const found = secrets.filter(
        ({ ARN, Name }) => ARN === secretId || Name === secretId || ARN?.slice(0, -ARN_SUFFIX) === secretId,
      )
      // Another account's secret may have the same name.
      return found.every(({ ARN }) => ARN === found[0]?.ARN) ? found[0] : undefined
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
