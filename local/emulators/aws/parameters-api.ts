// Parameter Store's read operations.

import {
  type Input,
  optionalCount,
  optionalFlag,
  optionalList,
  optionalText,
  optionalTexts,
  requiredText,
  validation,
} from './input.ts'
import { page } from './paging.ts'
import type { Parameter, ParameterVersion } from './parameters.ts'
import { ServiceError } from './protocol.ts'
import type { Region } from './region.ts'
import { isSecretReference, referencedSecret } from './secret-reference.ts'

const BATCH_SIZE = 10
const BAD_SELECTOR =
  'Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>'
const BAD_NAME =
  'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of' +
  ' sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3' +
  ' symbols .-_'
const ARN = /^(arn:aws[\w-]*:ssm:[a-z0-9-]+:\d*:parameter\/[^:]+)(?::(.*))?$/

export function getParameter(region: Region, input: Input): object {
  const asked = requiredText(input, 'Name')
  return { Parameter: read(region, 'ssm:GetParameter', asked, optionalFlag(input, 'WithDecryption')) }
}

/** A parameter that is not found is listed as invalid. One that may not be read fails the whole call. */
export function getParameters(region: Region, input: Input): object {
  const names = optionalTexts(input, 'Names', BATCH_SIZE)
  const withDecryption = optionalFlag(input, 'WithDecryption')
  if (names === undefined) requiredText({}, 'Names')
  if (new Set(names).size < names!.length) throw validation('Duplicate names are not allowed in a request.')
  const found: [string, object][] = []
  const invalid: string[] = []
  for (const name of names!) {
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
  const filters = (optionalList(input, 'ParameterFilters', 50) ?? []).map(asFilter)
  if (!path.startsWith('/')) {
    throw validation(`The parameter path: ${path} is not valid. It must begin with a forward slash.`)
  }
  const arn = `arn:aws:ssm:${region.name}:${region.account}:parameter${path.replace(/\/$/, '')}`
  region.policy.check('ssm:GetParametersByPath', arn, path)
  const isEmpty = region.parameters.takeEmptyPage()
  const found = page(region.parameters.under(path, recursive), isEmpty ? 0 : size, token, [path, recursive])
  if (found === undefined) throw new ServiceError('InvalidNextToken', 'The specified token is not valid.')
  const kept = found.items
    .map((parameter) =>
      filters.reduce<Selected | undefined>((left, keeps) => left && keeps(left), newest(parameter)),
    )
    .filter((selected) => selected !== undefined)
  return {
    NextToken: found.nextToken,
    Parameters: kept.map(({ parameter, version }) =>
      shape(parameter, version, undefined, withDecryption, undefined),
    ),
  }
}

function read(region: Region, action: string, asked: string, withDecryption: boolean): object {
  const { name, selector } = split(asked.trim())
  const reference = isSecretReference(name)
  region.policy.check(
    action,
    `arn:aws:ssm:${region.name}:${region.account}:parameter/${name.replace(/^\//, '')}`,
    name,
  )
  if (reference) return referencedSecret(region, name, selector, withDecryption)
  const parameter = region.parameters.find(name)
  if (parameter === undefined) throw new ServiceError('ParameterNotFound')
  region.policy.check(action, parameter.arn, parameter.name)
  return shape(parameter, select(parameter, name, selector), selector, withDecryption, name)
}

function split(asked: string): { name: string; selector: string | undefined } {
  if (asked.startsWith('arn:')) {
    const [, arn, selector] = ARN.exec(asked) ?? []
    if (arn === undefined || selector === '' || selector?.includes(':') === true)
      throw validation(BAD_SELECTOR)
    return { name: arn, selector }
  }
  const [name, selector, ...rest] = asked.split(':')
  if (selector === '' || rest.length > 0) throw validation(BAD_SELECTOR)
  const allowed = isSecretReference(asked) ? /^[\w./+=@!-]+$/ : /^[\w./-]+$/
  if (!allowed.test(name!)) throw validation(BAD_NAME)
  return { name: name!, selector }
}

function select(parameter: Parameter, asked: string, selector: string | undefined): ParameterVersion {
  if (selector === undefined) return parameter.versions.at(-1)!
  const found = parameter.versions.find(({ version, labels }) =>
    /^\d+$/.test(selector) ? version === Number(selector) : labels.has(selector),
  )
  if (found !== undefined) return found
  throw new ServiceError(
    'ParameterVersionNotFound',
    `Systems Manager could not find version ${selector} of ${asked}. Verify the version and try again.`,
  )
}

function shape(
  parameter: Parameter,
  version: ParameterVersion,
  selector: string | undefined,
  withDecryption: boolean,
  asked: string | undefined,
): object {
  const hidden = parameter.type === 'SecureString' && !withDecryption
  return {
    ARN: parameter.arn,
    DataType: parameter.dataType,
    LastModifiedDate: version.lastModifiedDate,
    // A shared parameter goes by its ARN, an own one by its name however it was asked for.
    Name: parameter.own || asked === undefined ? parameter.name : parameter.arn,
    Selector: selector === undefined ? undefined : ':' + selector,
    Type: parameter.type,
    Value: hidden ? version.ciphertext : version.value,
    Version: version.version,
  }
}

interface Selected {
  readonly parameter: Parameter
  readonly version: ParameterVersion
}

function newest(parameter: Parameter): Selected {
  return { parameter, version: parameter.versions.at(-1)! }
}

/** A filter keeps what it is given, turns it into another version of it (Label), or drops it. */
function asFilter(filter: unknown): (selected: Selected) => Selected | undefined {
  const key = requiredText(filter as Input, 'Key')
  const option = optionalText(filter as Input, 'Option') ?? 'Equals'
  const values = optionalTexts(filter as Input, 'Values', 50)
  if (key !== 'Type' && key !== 'Label' && key !== 'KeyId') {
    throw new ServiceError('InvalidFilterKey', `The following filter key is not valid: ${key}.`)
  }
  if (option !== 'Equals' && !(option === 'BeginsWith' && key === 'KeyId')) {
    throw new ServiceError('InvalidFilterOption', `The following filter option is not valid: ${option}.`)
  }
  if (values === undefined) throw new ServiceError('InvalidFilterValue', 'The filter has no values.')
  return (selected) => {
    const { parameter } = selected
    if (key === 'Type') return values.includes(parameter.type) ? selected : undefined
    if (key === 'KeyId')
      return parameter.type === 'SecureString' && values.includes(KEY_ID) ? selected : undefined
    const version = parameter.versions.find(({ labels }) => values.some((label) => labels.has(label)))
    return version === undefined ? undefined : { parameter, version }
  }
}

/** Every SecureString here is under the account's default key. */
const KEY_ID = 'alias/aws/ssm'
