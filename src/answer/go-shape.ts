import type { Fields, ParameterFields, SecretFields } from '../lookup.ts'

// The original's 200 bodies. It is a Go program and writes `json.Marshal` of the SDK's output struct: compact, keys
// in alphabetical order, absent members `null` and never left out, `ResultMetadata` last, no newline at the end.
// Bodies recorded by fedonev/lambda-params-secrets (MIT) are the tests.
//
// By default Go also writes `<`, `>` and `&` as `\u003c`, `\u003e`, `\u0026`. Nobody has recorded whether the
// original does. We do not: a JSON parser reads both alike, but some clients cut the value out of the raw text, as
// AWS's own Java sample does, and they get the secret itself only if it is not escaped.

/** The body of a 200. */
export function goShape(fields: Fields): string {
  switch (fields.store) {
    case 'secrets-manager':
      return secretBody(fields.secret)
    case 'parameter-store':
      return parameterBody(fields.parameter)
  }
}

export function secretBody(secret: SecretFields): string {
  return JSON.stringify({
    ARN: secret.ARN ?? null,
    CreatedDate: goDate(secret.CreatedDate),
    Name: secret.Name ?? null,
    SecretBinary: secret.SecretBinary ? base64(secret.SecretBinary) : null,
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

/** The text of a secret or parameter, or the bytes of a binary secret, in such a body. */
export function valueOf(body: string): string | Buffer {
  const fields = JSON.parse(body) as {
    Parameter?: { Value: string | null }
    SecretString?: string | null
    SecretBinary?: string | null
  }
  const text = fields.Parameter === undefined ? fields.SecretString : fields.Parameter.Value
  return text ?? Buffer.from(fields.SecretBinary ?? '', 'base64')
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Go's RFC3339Nano in UTC: trailing zeros of the fraction are dropped, a whole second has none. */
export function goDate(date: Date | undefined): string | null {
  return date?.toISOString().replace(/\.?0*Z$/, 'Z') ?? null
}
