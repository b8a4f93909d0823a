// Which parameters a filter of DescribeParameters and GetParametersByPath keeps:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html

import {
  type Input,
  missing,
  optionalStructures,
  optionalText,
  optionalTexts,
  requiredText,
} from './input.ts'
import type { Parameter, ParameterVersion } from './parameters.ts'
import { ServiceError } from './protocol.ts'

export interface Selected {
  readonly parameter: Parameter
  readonly version: ParameterVersion
}

/** Keeps what it is given, turns it into another version of it (Label), or drops it. */
export type ParameterFilter = (selected: Selected) => Selected | undefined

/** Undefined where one of the filters drops the newest version. */
export function filtered(parameter: Parameter, filters: readonly ParameterFilter[]): Selected | undefined {
  return filters.reduce<Selected | undefined>((left, keeps) => left && keeps(left), newest(parameter))
}

function newest(parameter: Parameter): Selected {
  return { parameter, version: parameter.versions.at(-1)! }
}

/** By key, what a filter of that key compares, and how it may. */
interface Kind {
  readonly of: (selected: Selected) => string | undefined
  readonly options: readonly string[]
}

const EQUALS = ['Equals', 'BeginsWith']
const TYPE: Kind = { of: ({ parameter }) => parameter.type, options: EQUALS }
const KEY_ID: Kind = {
  of: ({ parameter, version }) => (parameter.type === 'SecureString' ? version.keyId : undefined),
  options: EQUALS,
}
const OF_DESCRIBE: Readonly<Record<string, Kind>> = {
  Name: { of: ({ parameter }) => parameter.name, options: [...EQUALS, 'Contains'] },
  Type: TYPE,
  KeyId: KEY_ID,
  Tier: { of: ({ version }) => version.tier, options: EQUALS },
  DataType: { of: ({ version }) => version.dataType, options: EQUALS },
}
const OF_PATHS: Readonly<Record<string, Kind>> = { Type: TYPE, KeyId: KEY_ID }

/** Of GetParametersByPath. */
export function pathFilters(input: Input): ParameterFilter[] {
  return (optionalStructures(input, 'ParameterFilters', 50, 0) ?? []).map((filter) => {
    const { key, option, values } = read(filter)
    if (key !== 'Label') return compare(OF_PATHS, key, option ?? 'Equals', values)
    if ((option ?? 'Equals') !== 'Equals') throw badOption(option)
    const wanted = needed(values)
    return ({ parameter }) => {
      const version = parameter.versions.find(({ labels }) => wanted.some((label) => labels.has(label)))
      return version && { parameter, version }
    }
  })
}

/** Of DescribeParameters, the deprecated kind included. */
export function describeFilters(input: Input): ParameterFilter[] {
  const older = optionalStructures(input, 'Filters', 50, 0)
  const given = optionalStructures(input, 'ParameterFilters', 50, 0)
  if (older !== undefined && older.length > 0 && given !== undefined && given.length > 0) {
    throw new ServiceError(
      'ValidationException',
      'You can use either Filters or ParameterFilters in a single request.',
    )
  }
  return [...(older ?? []).map(olderFilter), ...(given ?? []).map(describeFilter)]
}

function olderFilter(filter: Input): ParameterFilter {
  const { key, values } = read(filter)
  if (!['Name', 'Type', 'KeyId'].includes(key)) throw badKey(key)
  return compare(OF_DESCRIBE, key, key === 'Name' ? 'BeginsWith' : 'Equals', values ?? missing('Values'))
}

function describeFilter(filter: Input): ParameterFilter {
  const { key, option, values } = read(filter)
  if (key === 'Path') return below(option ?? 'OneLevel', needed(values))
  if (!key.startsWith('tag:')) return compare(OF_DESCRIBE, key, option ?? 'Equals', values)
  const name = key.slice('tag:'.length)
  // A filter of a tag without values asks whether there is such a tag.
  if (values === undefined) return (selected) => (selected.parameter.tags.has(name) ? selected : undefined)
  const tag: Kind = { of: ({ parameter }) => parameter.tags.get(name), options: EQUALS }
  return compare({ [key]: tag }, key, option ?? 'Equals', values)
}

function below(option: string, paths: readonly string[]): ParameterFilter {
  if (option !== 'Recursive' && option !== 'OneLevel') throw badOption(option)
  return (selected) => {
    const { name } = selected.parameter
    const isBelow = paths.some((path) => {
      const prefix = path.endsWith('/') ? path : `${path}/`
      return name.startsWith(prefix) && (option === 'Recursive' || !name.slice(prefix.length).includes('/'))
    })
    return isBelow ? selected : undefined
  }
}

function compare(
  kinds: Readonly<Record<string, Kind>>,
  key: string,
  option: string,
  values: readonly string[] | undefined,
): ParameterFilter {
  const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined
  if (kind === undefined) throw badKey(key)
  if (!kind.options.includes(option)) throw badOption(option)
  const wanted = needed(values)
  return (selected) => {
    const text = kind.of(selected)
    const holds = wanted.some((value) =>
      option === 'Equals'
        ? text === value
        : option === 'BeginsWith'
          ? text?.startsWith(value)
          : text?.includes(value),
    )
    return holds ? selected : undefined
  }
}

function read(filter: Input) {
  return {
    key: requiredText(filter, 'Key', { max: 132 }),
    option: optionalText(filter, 'Option', { max: 10 }),
    values: optionalTexts(filter, 'Values', 50, { max: 1024 }),
  }
}

function needed(values: readonly string[] | undefined): readonly string[] {
  if (values === undefined) throw new ServiceError('InvalidFilterValue', 'The filter has no values.')
  return values
}

function badKey(key: string): ServiceError {
  return new ServiceError('InvalidFilterKey', `The following filter key is not valid: ${key}.`)
}

function badOption(option = ''): ServiceError {
  return new ServiceError('InvalidFilterOption', `The following filter option is not valid: ${option}.`)
}
