// Parameter Store's read operations.

import {
  type Input,
  optionalCount,
  missing,
  optionalFlag,
  optionalText,
  optionalTexts,
  requiredText,
  validation,
} from './input.ts'
import { page } from './paging.ts'
import { describeFilters, filtered, pathFilters } from './parameter-filters.ts'
import { type Parameter, type ParameterVersion, parameterArn } from './parameters.ts'
import { ServiceError } from './protocol.ts'
import { type Region, takeEmptyPage } from './region.ts'
import { isSecretReference, referencedSecret } from './secret-reference.ts'

const BATCH_SIZE = 10
const LIST_SIZE = 50
const BAD_SELECTOR =
  'Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>'
export const BAD_NAME =
  'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of' +
  ' sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3' +
  ' symbols .-_'
const ARN = /^(arn:aws[\w-]*:ssm:[a-z0-9-]+:\d*:parameter\/[^:]+)(?::(.*))?$/

export function getParameter(region: Region, input: Input): object {
  const requested = requiredText(input, 'Name')
  return { Parameter: read(region, 'ssm:GetParameter', requested, optionalFlag(input, 'WithDecryption')) }
}

/** A parameter that is not found is listed as invalid. One that may not be read fails the whole call. */
export function getParameters(region: Region, input: Input): object {
  const names = optionalTexts(input, 'Names', BATCH_SIZE)
  const withDecryption = optionalFlag(input, 'WithDecryption')
  if (names === undefined) return missing('Names')
  if (new Set(names).size < names.length) throw validation('Duplicate names are not allowed in a request.')
  const found: [string, object][] = []
  const invalid: string[] = []
  for (const name of names) {
    try {
      found.push([name, read(region, 'ssm:GetParameters', name, withDecryption)])
    } catch (error) {
      if (!(error instanceof ServiceError) || !/^Parameter(Version)?NotFound$/.test(error.code)) throw error
      invalid.push(name)
    }
  }
  return {
    InvalidParameters: invalid,
    Parameters: found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, parameter]) => parameter),
  }
}

/** Filters apply within a page, so a page may be short, or empty, and yet have a NextToken. */
export function getParametersByPath(region: Region, input: Input): object {
  const path = requiredText(input, 'Path')
  const recursive = optionalFlag(input, 'Recursive')
  const withDecryption = optionalFlag(input, 'WithDecryption')
  const size = optionalCount(input, 'MaxResults', BATCH_SIZE) ?? BATCH_SIZE
  const token = optionalText(input, 'NextToken', { min: 0, max: 4096 })
  const filters = pathFilters(input)
  if (!path.startsWith('/')) {
    throw validation(`The parameter path: ${path} is not valid. It must begin with a forward slash.`)
  }
  const arn = parameterArn(region.name, region.account, path.replace(/\/$/, ''))
  region.policy.check('ssm:GetParametersByPath', arn, path)
  const isEmpty = takeEmptyPage(region)
  const found = pageOf(region.parameters.under(path, recursive), isEmpty ? 0 : size, token, [path, recursive])
  const kept = found.items
    .map((parameter) => filtered(parameter, filters))
    .filter((selected) => selected !== undefined)
  return {
    NextToken: found.nextToken,
    Parameters: kept.map(({ parameter, version }) =>
      shape(parameter, version, undefined, withDecryption, undefined),
    ),
  }
}

/** Without values. Those of other accounts only if they are requested, and public ones not at all. */
export function describeParameters(region: Region, input: Input): object {
  const filters = describeFilters(input)
  const size = optionalCount(input, 'MaxResults', LIST_SIZE) ?? LIST_SIZE
  const token = optionalText(input, 'NextToken', { min: 0, max: 4096 })
  const isShared = optionalFlag(input, 'Shared')
  region.policy.check('ssm:DescribeParameters', '*')
  const { parameters, account } = region
  const all = isShared
    ? parameters.all().filter(({ own }) => !own)
    : parameters.list().filter((one) => one.account === account)
  const matching = all
    .map((parameter) => filtered(parameter, filters))
    .filter((selected) => selected !== undefined)
  const found = pageOf(matching, size, token, [
    input['Filters'] ?? null,
    input['ParameterFilters'] ?? null,
    isShared,
  ])
  return {
    NextToken: found.nextToken,
    Parameters: found.items.map(({ parameter, version }) => ({
      ARN: parameter.arn,
      ...metadata(region, parameter, version),
    })),
  }
}

/** Oldest first. */
export function getParameterHistory(region: Region, input: Input): object {
  const requested = requiredText(input, 'Name').trim()
  const withDecryption = optionalFlag(input, 'WithDecryption')
  const size = optionalCount(input, 'MaxResults', LIST_SIZE) ?? LIST_SIZE
  const token = optionalText(input, 'NextToken', { min: 0, max: 4096 })
  const { name, selector } = split(requested)
  if (selector !== undefined) throw validation(BAD_NAME)
  const parameter = region.parameters.find(name)
  region.policy.check('ssm:GetParameterHistory', parameter?.arn ?? name, name, parameter?.name ?? name)
  if (parameter === undefined) throw new ServiceError('ParameterNotFound')
  const found = pageOf(parameter.versions, size, token, [name, withDecryption])
  return {
    NextToken: found.nextToken,
    Parameters: found.items.map((version) => ({
      ...metadata(region, parameter, version),
      Labels: [...version.labels],
      Value: parameter.type === 'SecureString' && !withDecryption ? version.ciphertext : version.value,
    })),
  }
}

function metadata(region: Region, { name, type }: Parameter, version: ParameterVersion): object {
  return {
    AllowedPattern: version.allowedPattern,
    DataType: version.dataType,
    Description: version.description,
    KeyId: type === 'SecureString' ? version.keyId : undefined,
    LastModifiedDate: version.lastModifiedDate,
    LastModifiedUser: `arn:aws:iam::${region.account}:user/local`,
    Name: name,
    Policies: [],
    Tier: version.tier,
    Type: type,
    Version: version.version,
  }
}

function pageOf<T>(all: readonly T[], size: number, token: string | undefined, question: unknown) {
  const found = page(all, size, token, question)
  if (found !== undefined) return found
  throw new ServiceError('InvalidNextToken', 'The specified token is not valid.')
}

function read(region: Region, action: string, requested: string, withDecryption: boolean): object {
  const { name, selector } = split(requested.trim())
  const reference = isSecretReference(name)
  region.policy.check(action, parameterArn(region.name, region.account, name), name)
  if (reference) return referencedSecret(region, name, selector, withDecryption)
  const parameter = region.parameters.find(name)
  if (parameter === undefined) throw new ServiceError('ParameterNotFound')
  region.policy.check(action, parameter.arn, parameter.name)
  return shape(parameter, select(parameter, name, selector), selector, withDecryption, name)
}

function split(requested: string): { name: string; selector: string | undefined } {
  if (requested.startsWith('arn:')) {
    const [, arn, selector] = ARN.exec(requested) ?? []
    if (arn === undefined || selector === '' || selector?.includes(':') === true)
      throw validation(BAD_SELECTOR)
    return { name: arn, selector }
  }
  const [name, selector, ...rest] = requested.split(':')
  if (selector === '' || rest.length > 0) throw validation(BAD_SELECTOR)
  const allowed = isSecretReference(requested) ? /^[\w./+=@!-]+$/ : /^[\w./-]+$/
  if (!allowed.test(name!)) throw validation(BAD_NAME)
  return { name: name!, selector }
}

function select(parameter: Parameter, requested: string, selector: string | undefined): ParameterVersion {
  if (selector === undefined) return parameter.versions.at(-1)!
  const found = parameter.versions.find(({ version, labels }) =>
    /^\d+$/.test(selector) ? version === Number(selector) : labels.has(selector),
  )
  if (found !== undefined) return found
  throw new ServiceError(
    'ParameterVersionNotFound',
    `Systems Manager could not find version ${selector} of ${requested}. Verify the version and try again.`,
  )
}

function shape(
  parameter: Parameter,
  version: ParameterVersion,
  selector: string | undefined,
  withDecryption: boolean,
  requested: string | undefined,
): object {
  const hidden = parameter.type === 'SecureString' && !withDecryption
  return {
    ARN: parameter.arn,
    DataType: version.dataType,
    LastModifiedDate: version.lastModifiedDate,
    // A shared parameter goes by its ARN, an own one by its name however it was requested.
    Name: parameter.own || requested === undefined ? parameter.name : parameter.arn,
    Selector: selector === undefined ? undefined : ':' + selector,
    Type: parameter.type,
    Value: hidden ? version.ciphertext : version.value,
    Version: version.version,
  }
}
