// Reads members of a request body as the services do: a wrong JSON type fails before anything else
// (SerializationException), then a broken constraint (ValidationException).

import { ServiceError } from './protocol.ts'

export type Input = Readonly<Record<string, unknown>>

interface Limits {
  readonly min?: number
  readonly max?: number
  /** A regular expression of AWS's model, as it is quoted. */
  readonly pattern?: RegExp
}

export function optionalText(input: Input, member: string, limits: Limits = {}): string | undefined {
  const { min = 1, max = 2048, pattern } = limits
  const value = input[member]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw cannotConvert(value, 'String')
  if (value.length < min) throw constraint(member, value, `have length greater than or equal to ${min}`)
  if (value.length > max) throw constraint(member, value, `have length less than or equal to ${max}`)
  if (pattern?.test(value) === false)
    throw constraint(member, value, `satisfy regular expression pattern: ${pattern.source}`)
  return value
}

/** One of a few words. */
export function optionalWord<Word extends string>(
  input: Input,
  member: string,
  words: readonly Word[],
): Word | undefined {
  const value = optionalText(input, member, { min: 0 })
  const word = words.find((one) => one === value)
  if (value !== undefined && word === undefined)
    throw constraint(member, value, `satisfy enum value set: [${words.join(', ')}]`)
  return word
}

/** A value that AWS treats as sensitive: no message repeats it. */
export function optionalSecret(input: Input, member: string, mostBytes: number): string | undefined {
  const value = input[member]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw cannotConvert(value, 'String')
  checkSize(member, Buffer.byteLength(value), mostBytes)
  return value
}

/** As base64 in JSON. */
export function optionalBytes(input: Input, member: string, mostBytes: number): Buffer | undefined {
  const value = input[member]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw cannotConvert(value, 'Blob')
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value))
    throw new ServiceError('SerializationException', 'a Blob must be Base64')
  const bytes = Buffer.from(value, 'base64')
  checkSize(member, bytes.length, mostBytes)
  return bytes
}

function checkSize(member: string, bytes: number, most: number): void {
  const rule =
    bytes < 1 ? 'greater than or equal to 1' : bytes > most ? `less than or equal to ${most}` : undefined
  if (rule === undefined) return
  throw validation(
    `1 validation error detected: Value at '${camel(member)}' failed to satisfy constraint: Member must have length ${rule}`,
  )
}

export function requiredText(input: Input, member: string, limits?: Limits): string {
  return optionalText(input, member, limits) ?? missing(member)
}

export function missing(member: string): never {
  throw validation(
    `1 validation error detected: Value null at '${camel(member)}' failed to satisfy constraint: Member must not be null`,
  )
}

export function optionalFlag(input: Input, member: string): boolean {
  const value = input[member]
  if (value === undefined || value === null) return false
  if (typeof value !== 'boolean') throw cannotConvert(value, 'Boolean')
  return value
}

export function optionalCount(input: Input, member: string, most: number): number | undefined {
  const value = input[member]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number') throw cannotConvert(value, 'Integer')
  if (value < 1) throw constraint(member, value, 'have value greater than or equal to 1')
  if (value > most) throw constraint(member, value, `have value less than or equal to ${most}`)
  return Math.trunc(value)
}

/** `least` is 1 where AWS's model says so, which it does not of every list. */
function optionalList(input: Input, member: string, most: number, least = 1): readonly unknown[] | undefined {
  const value = input[member]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) throw new ServiceError('SerializationException', 'Expected list or null')
  if (value.length < least) throw constraint(member, '[]', `have length greater than or equal to ${least}`)
  if (value.length > most)
    throw constraint(member, `[${value.join(', ')}]`, `have length less than or equal to ${most}`)
  return value
}

/** Structures, one by one. */
export function optionalStructures(
  input: Input,
  member: string,
  most: number,
  least?: number,
): readonly Input[] | undefined {
  return optionalList(input, member, most, least)?.map((item) => {
    if (typeof item === 'object' && item !== null && !Array.isArray(item)) return item as Input
    throw new ServiceError('SerializationException', 'Unrecognized collection type class')
  })
}

export function optionalTexts(
  input: Input,
  member: string,
  most: number,
  limits: Limits & { readonly least?: number } = {},
): readonly string[] | undefined {
  const items = optionalList(input, member, most, limits.least)
  const { min = 1, max = 2048 } = limits
  return items?.map((item) => {
    if (typeof item !== 'string') throw cannotConvert(item, 'String')
    if (item.length < min || item.length > max) {
      const rules = `[Member must have length less than or equal to ${max}, Member must have length greater than or equal to ${min}]`
      throw constraint(member, `[${items.join(', ')}]`, `satisfy constraint: ${rules}`)
    }
    return item
  })
}

export function validation(message: string): ServiceError {
  return new ServiceError('ValidationException', message)
}

function constraint(member: string, value: string | number, rule: string): ServiceError {
  return validation(
    `1 validation error detected: Value '${value}' at '${camel(member)}' failed to satisfy constraint: Member must ${rule}`,
  )
}

function cannotConvert(value: unknown, type: string): ServiceError {
  if (typeof value === 'object' && value !== null) {
    return new ServiceError('SerializationException', 'Start of structure or map found where not expected.')
  }
  const found = typeof value === 'boolean' ? String(value).toUpperCase() : (typeof value).toUpperCase()
  const article = /^[AEIOU]/.test(type) ? 'an' : 'a'
  return new ServiceError(
    'SerializationException',
    `${found}_VALUE can not be converted to ${article} ${type}`,
  )
}

function camel(member: string): string {
  return member[0]!.toLowerCase() + member.slice(1)
}
