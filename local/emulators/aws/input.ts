// Reads members of a request body as the services do: a wrong JSON type fails before anything else
// (SerializationException), then a broken constraint (ValidationException).

import { ServiceError } from './protocol.ts'

export type Input = Readonly<Record<string, unknown>>

export function optionalText(input: Input, member: string, { min = 1, max = 2048 } = {}): string | undefined {
  const value = input[member]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw cannotConvert(value, 'String')
  if (value.length < min) throw constraint(member, value, `length greater than or equal to ${min}`)
  if (value.length > max) throw constraint(member, value, `length less than or equal to ${max}`)
  return value
}

export function requiredText(input: Input, member: string, limits?: { min?: number; max?: number }): string {
  const value = optionalText(input, member, limits)
  if (value !== undefined) return value
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
  if (value < 1) throw constraint(member, value, 'value greater than or equal to 1')
  if (value > most) throw constraint(member, value, `value less than or equal to ${most}`)
  return value
}

export function optionalList(input: Input, member: string, most: number): readonly unknown[] | undefined {
  const value = input[member]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) throw new ServiceError('SerializationException', 'Expected list or null')
  if (value.length < 1) throw constraint(member, '[]', 'length greater than or equal to 1')
  if (value.length > most)
    throw constraint(member, `[${value.join(', ')}]`, `length less than or equal to ${most}`)
  return value
}

export function optionalTexts(input: Input, member: string, most: number): readonly string[] | undefined {
  return optionalList(input, member, most)?.map((item) => {
    if (typeof item !== 'string') throw cannotConvert(item, 'String')
    return item
  })
}

export function validation(message: string): ServiceError {
  return new ServiceError('ValidationException', message)
}

function constraint(member: string, value: string | number, rule: string): ServiceError {
  return validation(
    `1 validation error detected: Value '${value}' at '${camel(member)}' failed to satisfy constraint: Member must have ${rule}`,
  )
}

function cannotConvert(value: unknown, type: string): ServiceError {
  if (typeof value === 'object' && value !== null) {
    return new ServiceError('SerializationException', 'Start of structure or map found where not expected.')
  }
  const found = typeof value === 'boolean' ? String(value).toUpperCase() : (typeof value).toUpperCase()
  return new ServiceError(
    'SerializationException',
    `${found}_VALUE can not be converted to ${article(type)} ${type}`,
  )
}

function article(noun: string): string {
  return /^[AEIOU]/.test(noun) ? 'an' : 'a'
}

function camel(member: string): string {
  return member[0]!.toLowerCase() + member.slice(1)
}
