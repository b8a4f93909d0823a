import { unreadable, type Operation } from './failure.ts'

// The SDK does not check every type that it declares, so a proxy's page can look like an answer.

/** The members of a list in an answer; none where it is absent. Throws UpstreamError where it is no list of such. */
export function listIn<T>(
  operation: Operation,
  value: readonly T[] | null | undefined,
  isOne: (one: T | null | undefined) => boolean,
): readonly T[] {
  if (isAbsent(value)) return []
  if (!Array.isArray(value) || !value.every(isOne)) throw unreadable(operation)
  return value as readonly T[]
}

export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

/** Absent ones count. */
export function areStrings(values: readonly unknown[]): boolean {
  return values.every((value) => isAbsent(value) || typeof value === 'string')
}

export function isDateOrAbsent(value: unknown): boolean {
  return isAbsent(value) || (value instanceof Date && !Number.isNaN(value.getTime()))
}
