// The SDK does not check every type that it declares, so a proxy's page can look like an answer.

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
