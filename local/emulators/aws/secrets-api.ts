// Secrets Manager's read operations.

import {
  type Input,
  optionalCount,
  optionalList,
  optionalText,
  optionalTexts,
  requiredText,
  validation,
} from './input.ts'
import { page } from './paging.ts'
import { ServiceError } from './protocol.ts'
import type { Region } from './region.ts'
import { type Secret, type SecretVersion, selectVersion } from './secrets.ts'

const NAME_OR_ARN = /^[A-Za-z0-9/_+=.@!-]+$|^arn:[^\s]+$/
const BATCH_SIZE = 20

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
  if (!NAME_OR_ARN.test(secretId)) {
    throw validation(
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    )
  }
  region.policy.check(action, secretId)
  const secret = region.secrets.find(secretId)
  region.policy.check(action, secret.arn, secret.name)
  return { secret, version: selectVersion(secret, versionId, stage) }
}

/** Either a list of ids, which fail one by one, or filters with pages. */
export function batchGetSecretValue(region: Region, input: Input): object {
  const ids = optionalTexts(input, 'SecretIdList', BATCH_SIZE)
  const filters = optionalList(input, 'Filters', 10)
  const most = optionalCount(input, 'MaxResults', BATCH_SIZE)
  const token = optionalText(input, 'NextToken', { max: 4096 })
  if ((ids === undefined) === (filters === undefined)) {
    throw invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
  }
  if (ids !== undefined) {
    if (most !== undefined) {
      throw invalidParameter(
        "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
      )
    }
    return batch(region, ids)
  }
  const matching = filters!.map(asFilter).reduce((left, keeps) => left.filter(keeps), region.secrets.list())
  const found = page(matching, most ?? BATCH_SIZE, token, filters)
  if (found === undefined) {
    throw new ServiceError('InvalidNextTokenException', 'The NextToken value is invalid.', { key: 'Message' })
  }
  return {
    ...batch(
      region,
      found.items.map((secret) => secret.name),
    ),
    NextToken: found.nextToken,
  }
}

function batch(region: Region, ids: readonly string[]): object {
  const values: object[] = []
  const errors: object[] = []
  for (const id of new Set(ids)) {
    try {
      values.push(secretValue(readSecret(region, 'secretsmanager:GetSecretValue', id)))
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

// Filter values match the beginning of a word, in any case; a leading `!` turns one round.
function asFilter(filter: unknown): (secret: Secret) => boolean {
  const key = requiredText(filter as Input, 'Key')
  const wanted = optionalTexts(filter as Input, 'Values', 10) ?? []
  return (secret) => {
    const texts = filtered(secret, key).flatMap((text) => [text, ...text.split(/[\s/_+=.@!-]+/)])
    return wanted.some((value) => {
      const negated = value.startsWith('!')
      const prefix = (negated ? value.slice(1) : value).toLowerCase()
      return texts.some((text) => text.toLowerCase().startsWith(prefix)) !== negated
    })
  }
}

function filtered(secret: Secret, key: string): string[] {
  const tagKeys = Object.keys(secret.tags)
  const tagValues = Object.values(secret.tags)
  switch (key) {
    case 'name':
      return [secret.name]
    case 'description':
      return [secret.description]
    case 'tag-key':
      return tagKeys
    case 'tag-value':
      return tagValues
    case 'all':
      return [secret.name, secret.description, ...tagKeys, ...tagValues]
    default:
      throw validation(`Invalid filter key: ${key}`)
  }
}

function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterException', message, { key: 'Message' })
}
