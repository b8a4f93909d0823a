// The original's 200 bodies. It is a Go program and writes `json.Marshal` of the SDK's output struct: compact, keys
// in alphabetical order, absent members `null` and never left out, `ResultMetadata` last, no newline at the end.
// Bodies recorded by fedonev/lambda-params-secrets (MIT) are the tests.
//
// Go by default also writes `<`, `>` and `&` as `\u003c`, `\u003e`, `\u0026`. Whether the original left that on was
// never observed. We leave the characters alone: a JSON parser reads both alike, while clients that cut the value out
// of the raw text, as AWS's own Java sample does, get the secret itself only if it is not escaped.

export interface SecretFields {
  readonly ARN?: string | undefined
  readonly CreatedDate?: Date | undefined
  readonly Name?: string | undefined
  readonly SecretBinary?: Uint8Array | undefined
  readonly SecretString?: string | undefined
  readonly VersionId?: string | undefined
  readonly VersionStages?: readonly string[] | undefined
}

export interface ParameterFields {
  readonly ARN?: string | undefined
  readonly DataType?: string | undefined
  readonly LastModifiedDate?: Date | undefined
  readonly Name?: string | undefined
  readonly Selector?: string | undefined
  readonly SourceResult?: string | undefined
  readonly Type?: string | undefined
  readonly Value?: string | undefined
  readonly Version?: number | undefined
}

/** The SDK does not check every type it declares. A real secret has an ARN, a proxy's page or an empty body none. */
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

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

function areStrings(values: readonly unknown[]): boolean {
  return values.every((value) => isAbsent(value) || typeof value === 'string')
}

function isDateOrAbsent(value: unknown): boolean {
  return isAbsent(value) || (value instanceof Date && !Number.isNaN(value.getTime()))
}

export function secretBody(secret: SecretFields): string {
  return JSON.stringify({
    ARN: secret.ARN ?? null,
    CreatedDate: goDate(secret.CreatedDate),
    Name: secret.Name ?? null,
    SecretBinary: isAbsent(secret.SecretBinary) ? null : base64(secret.SecretBinary),
    SecretString: secret.SecretString ?? null,
    VersionId: secret.VersionId ?? null,
    VersionStages: secret.VersionStages ?? null,
    ResultMetadata: {},
  })
}

export function parameterBody(parameter: ParameterFields): string {
  return JSON.stringify({
    Parameter: {
      ARN: parameter.ARN ?? null,
      DataType: parameter.DataType ?? null,
      LastModifiedDate: goDate(parameter.LastModifiedDate),
      Name: parameter.Name ?? null,
      Selector: parameter.Selector ?? null,
      SourceResult: parameter.SourceResult ?? null,
      Type: parameter.Type ?? null,
      Value: parameter.Value ?? null,
      Version: parameter.Version ?? 0, // an int64 in Go, not a pointer: recorded as 0 for secrets read by reference
    },
    ResultMetadata: {},
  })
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Go's RFC3339Nano in UTC: trailing zeros of the fraction are dropped, a whole second has none. */
export function goDate(date: Date | undefined): string | null {
  if (isAbsent(date)) return null
  return date.toISOString().replace(/\.?0*Z$/, 'Z')
}
