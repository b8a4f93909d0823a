// What Parameter Store does to a write: https://docs.aws.amazon.com/systems-manager/latest/APIReference/

import {
  type Input,
  missing,
  optionalFlag,
  optionalSecret,
  optionalText,
  optionalTexts,
  optionalWord,
  requiredText,
  validation,
} from './input.ts'
import { BAD_NAME } from './parameters-api.ts'
import { MOST_VERSIONS, type Parameter, type Parameters, parameterArn } from './parameters.ts'
import { ServiceError } from './protocol.ts'
import type { Region } from './region.ts'
import { type ParameterTier, PARAMETER_BYTES } from './seed.ts'
import { addTags, listOfTags, readTags } from './tags.ts'

const BATCH_SIZE = 10
const TYPES = ['SecureString', 'StringList', 'String'] as const
const TIERS = ['Standard', 'Advanced', 'Intelligent-Tiering'] as const
const DATA_TYPES = ['text', 'aws:ec2:image', 'aws:ssm:integration']
const MOST_LEVELS = 15
/** "The maximum length for a parameter name that you specify is 1011 characters", with what the ARN has before it. */
const LONGEST_ARN = 1011
/** "You can create a maximum of 10,000 standard parameters for each Region": API_PutParameter. */
const MOST_BY_TIER: Readonly<Record<ParameterTier, number>> = { Standard: 10_000, Advanced: 100_000 }
const MOST_LABELS = 10
const tooManyTags = (sentence: string) => new ServiceError('TooManyTagsError', sentence)
const LABEL = /^(?!\d|aws|ssm)[A-Za-z0-9._-]+$/i

export function putParameter(region: Region, input: Input): object {
  const name = ownName(region, input, 'ssm:PutParameter')
  const value = optionalSecret(input, 'Value', Infinity) ?? missing('Value')
  const type = optionalWord(input, 'Type', TYPES)
  const tier = optionalWord(input, 'Tier', TIERS)
  const overwrites = optionalFlag(input, 'Overwrite')
  const description = optionalText(input, 'Description', { min: 0, max: 1024 })
  const allowedPattern = optionalText(input, 'AllowedPattern', { min: 0, max: 1024 })
  const keyId = optionalText(input, 'KeyId', { max: 256, pattern: /^([a-zA-Z0-9:/_-]+)$/ })
  const dataType = optionalText(input, 'DataType', { min: 0, max: 128 })
  const tags = readTags(input, validation, tooManyTags)
  const policies = optionalText(input, 'Policies', { max: 4096 })
  checkNewName(region, name)
  if (tags !== undefined && overwrites) {
    throw validation(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove" +
        ' overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or' +
        ' RemoveTagsFromResource.',
    )
  }
  if (policies !== undefined && policies !== '[]') {
    throw new ServiceError('InvalidPolicyTypeException', 'The emulated AWS knows no parameter policies.')
  }
  if (dataType !== undefined && !DATA_TYPES.includes(dataType)) {
    throw validation(
      `The following data type is not supported: ${dataType} (Data type names are all lowercase.)`,
    )
  }
  const known = region.parameters.find(name)
  checkExisting(known, overwrites, type)
  checkValue(value, allowedPattern ?? known?.versions.at(-1)?.allowedPattern)
  const chosen = tierOf(region.parameters, known, tier, Buffer.byteLength(value))
  if (known !== undefined) checkOldest(known)
  const version = region.parameters.put(name, value, {
    tier: chosen,
    ...(type !== undefined && { type }),
    ...(description !== undefined && { description }),
    ...(allowedPattern !== undefined && { allowedPattern }),
    ...(keyId !== undefined && { keyId }),
    ...(dataType !== undefined && { dataType }),
    ...(tags !== undefined && { tags }),
  })
  return { Tier: chosen, Version: version }
}

function checkExisting(known: Parameter | undefined, overwrites: boolean, type: string | undefined): void {
  if (known === undefined) {
    if (type === undefined) throw validation('A parameter type is required when you create a parameter.')
    return
  }
  if (!overwrites) {
    throw new ServiceError(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    )
  }
  if (type !== undefined && type !== known.type) {
    throw new ServiceError(
      'HierarchyTypeMismatchException',
      "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't change a" +
        ' parameter from a String type to a SecureString type. You must create a new, unique parameter.',
    )
  }
}

function checkValue(value: string, allowedPattern: string | undefined): void {
  if (/^\{\{.*\}\}$/s.test(value) || /\{\{\s*ssm:/.test(value)) {
    throw validation('Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.')
  }
  if (allowedPattern === undefined || allowedPattern === '') return
  let pattern
  try {
    pattern = new RegExp(allowedPattern)
  } catch {
    throw new ServiceError(
      'InvalidAllowedPatternException',
      'The request does not meet the regular expression requirement.',
    )
  }
  if (!pattern.test(value)) {
    throw new ServiceError(
      'ParameterPatternMismatchException',
      `Parameter value, cannot be validated against allowedPattern: ${allowedPattern}`,
    )
  }
}

/** Where nothing is said it stays what it is, or is a standard one: the account's default tier. */
function tierOf(
  parameters: Parameters,
  known: Parameter | undefined,
  requested: (typeof TIERS)[number] | undefined,
  bytes: number,
): ParameterTier {
  const before = known?.versions.at(-1)?.tier
  const held = parameters.list().filter((one) => one !== known && one.account !== '')
  const countOf = (tier: ParameterTier): number =>
    held.filter(({ versions }) => versions.at(-1)?.tier === tier).length
  const isFull = known === undefined && countOf('Standard') >= MOST_BY_TIER.Standard
  const intelligent = bytes > PARAMETER_BYTES.Standard || isFull ? 'Advanced' : (before ?? 'Standard')
  const tier = requested === 'Intelligent-Tiering' ? intelligent : (requested ?? before ?? 'Standard')
  if (before === 'Advanced' && tier === 'Standard') {
    throw validation(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter" +
        ' tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it' +
        ' as a standard parameter.',
    )
  }
  const limit = PARAMETER_BYTES[tier]
  if (bytes > limit) {
    throw validation(
      `${tier} tier parameters support a maximum parameter value of ${limit} characters.` +
        (tier === 'Standard'
          ? ' To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more' +
            ' information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html'
          : ''),
    )
  }
  if (known === undefined && countOf(tier) >= MOST_BY_TIER[tier]) {
    throw new ServiceError(
      'ParameterLimitExceeded',
      'You have exceeded the number of parameters for this AWS account. Delete one or more parameters and try again.',
    )
  }
  return tier
}

function checkOldest({ name, versions }: Parameter): void {
  const [oldest] = versions
  if (versions.length < MOST_VERSIONS || oldest === undefined || oldest.labels.size === 0) return
  throw new ServiceError(
    'ParameterMaxVersionLimitExceeded',
    `You attempted to create a new version of ${name} by calling the PutParameter API with the overwrite flag. Version` +
      ` ${oldest.version}, the oldest version, can't be deleted because it has a label associated with it. Move the` +
      ' label to another version of the parameter, and try again.',
  )
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html */
function checkNewName({ name: region, account }: Region, name: string): void {
  const isPath = name.lastIndexOf('/') > 0
  if (/^\/?aws/i.test(name) && isPath) {
    throw new ServiceError('AccessDeniedException', `No access to reserved parameter name: ${name}.`)
  }
  if (/^\/?(aws|ssm)/i.test(name)) {
    throw validation(
      isPath ? BAD_NAME : 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).',
    )
  }
  if (!name.startsWith('/') && name.includes('/')) {
    throw validation('Parameter name must be a fully qualified name.')
  }
  if (name.endsWith('/')) throw validation('Parameter name must not end with slash.')
  if (name.includes('//')) throw validation(BAD_NAME)
  if (name.split('/').length - (name.startsWith('/') ? 1 : 0) > MOST_LEVELS) {
    throw new ServiceError(
      'HierarchyLevelLimitExceededException',
      `A hierarchy can have a maximum of ${MOST_LEVELS} levels.`,
    )
  }
  if (parameterArn(region, account, name).length > LONGEST_ARN) {
    throw validation(
      `The maximum length of a parameter name, with the ARN before it, is ${LONGEST_ARN} characters.`,
    )
  }
}

export function deleteParameter(region: Region, input: Input): object {
  const { name } = own(region, input, 'ssm:DeleteParameter')
  region.parameters.delete(name)
  return {}
}

/** What is not there is listed, and the others are deleted all the same. */
export function deleteParameters(region: Region, input: Input): object {
  const names = optionalTexts(input, 'Names', BATCH_SIZE) ?? missing('Names')
  const requested = [...new Set(names)].map((name) => ownName(region, { Name: name }, 'ssm:DeleteParameters'))
  const there = requested.filter((name) => region.parameters.find(name) !== undefined)
  for (const name of there) region.parameters.delete(name)
  return { DeletedParameters: there, InvalidParameters: requested.filter((name) => !there.includes(name)) }
}

export function labelParameterVersion(region: Region, input: Input): object {
  const labels = optionalTexts(input, 'Labels', MOST_LABELS, { max: 100 }) ?? missing('Labels')
  const parameter = own(region, input, 'ssm:LabelParameterVersion')
  const version = versionOf(parameter, input['ParameterVersion'] ?? parameter.versions.at(-1)?.version)
  const good = labels.filter((label) => LABEL.test(label))
  if (new Set([...version.labels, ...good]).size > MOST_LABELS) {
    throw new ServiceError(
      'ParameterVersionLabelLimitExceeded',
      `A parameter version can have maximum ${MOST_LABELS} labels. Move one or more labels to another version and try again.`,
    )
  }
  for (const label of good) region.parameters.label(parameter.name, label, version.version)
  return {
    InvalidLabels: labels.filter((label) => !good.includes(label)),
    ParameterVersion: version.version,
  }
}

export function unlabelParameterVersion(region: Region, input: Input): object {
  const labels = optionalTexts(input, 'Labels', MOST_LABELS, { max: 100 }) ?? missing('Labels')
  const number = input['ParameterVersion'] ?? missing('ParameterVersion')
  const version = versionOf(own(region, input, 'ssm:UnlabelParameterVersion'), number)
  const removed = labels.filter((label) => version.labels.delete(label))
  return { InvalidLabels: labels.filter((label) => !removed.includes(label)), RemovedLabels: removed }
}

function versionOf({ name, versions }: Parameter, number: unknown) {
  if (typeof number !== 'number') {
    throw new ServiceError('SerializationException', 'STRING_VALUE can not be converted to a Long')
  }
  const found = versions.find(({ version }) => version === number)
  if (found !== undefined) return found
  throw new ServiceError(
    'ParameterVersionNotFound',
    `Systems Manager could not find version ${number} of ${name}. Verify the version and try again.`,
  )
}

export function addTagsToResource(region: Region, input: Input): object {
  const tags = readTags(input, validation, tooManyTags) ?? missing('Tags')
  addTags(tagged(region, input, 'ssm:AddTagsToResource').tags, tags, tooManyTags)
  return {}
}

export function removeTagsFromResource(region: Region, input: Input): object {
  const keys = optionalTexts(input, 'TagKeys', 1000, { least: 0, max: 128 }) ?? missing('TagKeys')
  const { tags } = tagged(region, input, 'ssm:RemoveTagsFromResource')
  for (const key of keys) tags.delete(key)
  return {}
}

export function listTagsForResource(region: Region, input: Input): object {
  return { TagList: listOfTags(tagged(region, input, 'ssm:ListTagsForResource').tags) }
}

const RESOURCES = [
  'Document',
  'ManagedInstance',
  'MaintenanceWindow',
  'Parameter',
  'PatchBaseline',
  'OpsItem',
  'OpsMetadata',
  'Automation',
  'Association',
] as const

function tagged(region: Region, input: Input, action: string): Parameter {
  const type = optionalWord(input, 'ResourceType', RESOURCES) ?? missing('ResourceType')
  const id = requiredText(input, 'ResourceId')
  const found = type === 'Parameter' ? region.parameters.find(id.trim()) : undefined
  if (found === undefined) throw new ServiceError('InvalidResourceId', 'Invalid Resource Id')
  region.policy.check(action, found.arn, found.name)
  return found
}

/** A parameter of this account, by the name alone. */
function own(region: Region, input: Input, action: string): Parameter {
  const name = ownName(region, input, action)
  const found = region.parameters.find(name)
  if (found === undefined) throw new ServiceError('ParameterNotFound')
  return found
}

/** "You can't enter the Amazon Resource Name (ARN) for a parameter, only the parameter name itself." */
function ownName(region: Region, input: Input, action: string): string {
  const name = requiredText(input, 'Name').trim()
  if (!/^[\w./-]+$/.test(name)) throw validation(BAD_NAME)
  region.policy.check(action, parameterArn(region.name, region.account, name), name)
  return name
}
