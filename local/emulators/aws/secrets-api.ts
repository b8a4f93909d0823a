// Secrets Manager's read operations.

import {
  type Input,
  optionalCount,
  optionalFlag,
  optionalStructures,
  optionalText,
  optionalTexts,
  optionalWord,
  requiredText,
  validation,
} from './input.ts'
import { page } from './paging.ts'
import { ServiceError } from './protocol.ts'
import { type Region, takeEmptyPage } from './region.ts'
import { asSecretFilter } from './secret-filters.ts'
import { type Secret, type SecretVersion, invalidParameter, selectVersion } from './secrets.ts'
import { listOfTags } from './tags.ts'

const NAME_OR_ARN = /^[A-Za-z0-9/_+=.@!-]+$|^arn:[^\s]+$/
const BATCH_SIZE = 20
const LIST_SIZE = 100

export function getSecretValue(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const versionId = optionalText(input, 'VersionId', { min: 32, max: 64 })
  const stage = optionalText(input, 'VersionStage', { max: 256 })
  return secretValue(readSecret(region, 'secretsmanager:GetSecretValue', secretId, versionId, stage))
}

export interface SecretRead {
  readonly secret: Secret
  readonly version: SecretVersion
}

/** Finds, checks the policy, selects: in that order, so that nobody learns the versions of a denied secret. */
export function readSecret(
  region: Region,
  action: string,
  secretId: string,
  versionId?: string,
  stage?: string,
): SecretRead {
  const secret = findSecret(region, action, secretId)
  return { secret, version: selectVersion(secret, versionId, stage) }
}

/** Throws where it is not named well, not there, or not allowed to this action. */
export function findSecret(region: Region, action: string, secretId: string): Secret {
  checkName(secretId)
  region.policy.check(action, secretId)
  const secret = region.secrets.find(secretId)
  region.policy.check(action, secret.arn, secret.name)
  return secret
}

/** `Name` is what a new secret may be called, which is less than what one may be asked by. */
export function checkName(secretId: string, pattern = NAME_OR_ARN): void {
  if (pattern.test(secretId)) return
  throw validation(
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  )
}

/** Either a list of ids, which fail one by one, or filters with pages. */
export function batchGetSecretValue(region: Region, input: Input): object {
  const ids = optionalTexts(input, 'SecretIdList', BATCH_SIZE)
  const filters = optionalStructures(input, 'Filters', 10, 0)
  const most = optionalCount(input, 'MaxResults', BATCH_SIZE)
  const token = optionalText(input, 'NextToken', { max: 4096 })
  if ((ids === undefined) === (filters === undefined)) {
    throw invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
  }
  region.policy.check('secretsmanager:BatchGetSecretValue', '*')
  if (ids !== undefined) {
    if (most !== undefined) {
      throw invalidParameter(
        "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
      )
    }
    return batch(region, ids)
  }
  // "If you use filters, you must also have secretsmanager:ListSecrets": API_BatchGetSecretValue.
  region.policy.check('secretsmanager:ListSecrets', '*')
  const matching = filters!
    .map(asSecretFilter)
    .reduce((left, keeps) => left.filter(keeps), region.secrets.list())
  const size = takeEmptyPage(region) ? 0 : (most ?? BATCH_SIZE)
  const found = pageOf(matching, size, token, filters)
  return {
    ...batch(
      region,
      found.items.map((secret) => secret.name),
    ),
    NextToken: found.nextToken,
  }
}

const NOT_OF_BATCH = "Secrets Manager can't find the specified secret."

function batch(region: Region, ids: readonly string[]): object {
  const values: object[] = []
  const errors: object[] = []
  for (const id of new Set(ids)) {
    try {
      const read = readSecret(region, 'secretsmanager:GetSecretValue', id)
      // Not among the operations that AWS lists as working across accounts (Secrets Manager User Guide, "Access from
      // a different account").
      if (!read.secret.own)
        throw new ServiceError('ResourceNotFoundException', NOT_OF_BATCH, { key: 'Message' })
      values.push(secretValue(read))
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      errors.push({ ErrorCode: error.code, Message: error.message, SecretId: id })
    }
  }
  return { Errors: errors, SecretValues: values }
}

function secretValue({ secret, version }: SecretRead): object {
  const { value } = version
  return {
    ARN: secret.arn,
    CreatedDate: version.createdDate,
    Name: secret.name,
    SecretBinary: typeof value === 'string' ? undefined : value.toString('base64'),
    SecretString: typeof value === 'string' ? value : undefined,
    VersionId: version.id,
    VersionStages: version.stages.size === 0 ? undefined : [...version.stages],
  }
}

export function describeSecret(region: Region, input: Input): object {
  const secret = findSecret(region, 'secretsmanager:DescribeSecret', requiredText(input, 'SecretId'))
  const { state } = secret
  return {
    ...metadata(secret),
    VersionIdsToStages: stagesById(secret),
    ReplicationStatus: state.replicaRegions.length === 0 ? undefined : replicationOf(secret),
  }
}

export function replicationOf({ state }: Secret): object[] {
  return state.replicaRegions.map((Region) => ({
    KmsKeyId: 'alias/aws/secretsmanager',
    Region,
    Status: 'InSync',
    StatusMessage: 'Replication succeeded',
  }))
}

const ORDERS: Readonly<Record<string, (secret: Secret) => string | number>> = {
  'created-date': ({ state }) => state.createdDate.getTime(),
  'last-accessed-date': ({ state }) => state.changedDate.getTime(),
  'last-changed-date': ({ state }) => state.changedDate.getTime(),
  name: ({ name }) => name,
}

export function listSecrets(region: Region, input: Input): object {
  const includesDeleted = optionalFlag(input, 'IncludePlannedDeletion')
  const most = optionalCount(input, 'MaxResults', LIST_SIZE) ?? LIST_SIZE
  const token = optionalText(input, 'NextToken', { max: 4096 })
  const filters = optionalStructures(input, 'Filters', 10, 0) ?? []
  const isDescending = optionalWord(input, 'SortOrder', ['asc', 'desc']) === 'desc'
  const sortBy = optionalWord(input, 'SortBy', Object.keys(ORDERS)) ?? 'created-date'
  region.policy.check('secretsmanager:ListSecrets', '*')
  const order = ORDERS[sortBy]!
  const matching = filters
    .map(asSecretFilter)
    .reduce((left, keeps) => left.filter(keeps), region.secrets.list(includesDeleted))
    .sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0))
  if (isDescending) matching.reverse()
  const found = pageOf(matching, most, token, [filters, sortBy, isDescending, includesDeleted])
  return {
    NextToken: found.nextToken,
    SecretList: found.items.map((secret) => ({
      ...metadata(secret),
      SecretVersionsToStages: stagesById(secret),
    })),
  }
}

export function listSecretVersionIds(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const most = optionalCount(input, 'MaxResults', LIST_SIZE) ?? LIST_SIZE
  const token = optionalText(input, 'NextToken', { max: 4096 })
  const includesDeprecated = optionalFlag(input, 'IncludeDeprecated')
  const { arn, name, state } = findSecret(region, 'secretsmanager:ListSecretVersionIds', secretId)
  const versions = state.versions.filter(({ stages }) => includesDeprecated || stages.size > 0)
  const found = pageOf(versions, most, token, [secretId, includesDeprecated])
  return {
    ARN: arn,
    Name: name,
    NextToken: found.nextToken,
    Versions: found.items.map(({ id, stages, createdDate }) => ({
      CreatedDate: createdDate,
      KmsKeyIds: [state.kmsKeyId ?? 'DefaultEncryptionKey'],
      VersionId: id,
      VersionStages: stages.size === 0 ? undefined : [...stages],
    })),
  }
}

/** None of ours has one. Terraform asks for it after each write. */
export function getResourcePolicy(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const { arn, name } = findSecret(region, 'secretsmanager:GetResourcePolicy', secretId)
  return { ARN: arn, Name: name }
}

function metadata({ arn, name, state }: Secret): object {
  return {
    ARN: arn,
    CreatedDate: state.createdDate,
    DeletedDate: state.deletionDate,
    Description: state.description === '' ? undefined : state.description,
    KmsKeyId: state.kmsKeyId,
    LastChangedDate: state.changedDate,
    Name: name,
    PrimaryRegion: state.primaryRegion,
    Tags: state.tags.size === 0 ? undefined : listOfTags(state.tags),
  }
}

function stagesById({ state }: Secret): Record<string, string[]> | undefined {
  const staged = state.versions.filter(({ stages }) => stages.size > 0)
  if (staged.length === 0) return undefined
  return Object.fromEntries(staged.map(({ id, stages }) => [id, [...stages]]))
}

function pageOf<T>(all: readonly T[], size: number, token: string | undefined, question: unknown) {
  const found = page(all, size, token, question)
  if (found !== undefined) return found
  throw new ServiceError('InvalidNextTokenException', 'The NextToken value is invalid.', { key: 'Message' })
}
