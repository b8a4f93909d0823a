import type { ParameterFields, SecretFields } from '../fields.ts'

// The SDK does not check every type that it declares, so a proxy's page can look like an answer.

/** A real secret has an ARN; a proxy's page or an empty body has none. */
export function isSecret(fields: SecretFields): boolean {
  const { ARN, CreatedDate, Name, SecretBinary, SecretString, VersionId, VersionStages } = fields
  return (
    typeof ARN === 'string' &&
    areStrings([Name, SecretString, VersionId]) &&
    isDateOrAbsent(CreatedDate) &&
    (isAbsent(SecretBinary) || SecretBinary instanceof Uint8Array) &&
    (isAbsent(VersionStages) || (Array.isArray(VersionStages) && areStrings(VersionStages)))
  )
}

/** As `isSecret`; a real parameter has a name. */
export function isParameter(fields: ParameterFields | undefined): fields is ParameterFields {
  if (typeof fields?.Name !== 'string') return false
  const { ARN, DataType, LastModifiedDate, Selector, SourceResult, Type, Value, Version } = fields
  return (
    areStrings([ARN, DataType, Selector, SourceResult, Type, Value]) &&
    isDateOrAbsent(LastModifiedDate) &&
    (isAbsent(Version) || typeof Version === 'number')
  )
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

function areStrings(values: readonly unknown[]): boolean {
  return values.every((value) => isAbsent(value) || typeof value === 'string')
}

function isDateOrAbsent(value: unknown): boolean {
  return isAbsent(value) || (value instanceof Date && !Number.isNaN(value.getTime()))
}
