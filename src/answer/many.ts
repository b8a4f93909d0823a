import { toBytes } from '../byte-string.ts'

// The bodies of many answers in one, as byte strings, in the original's shape: Go's `json.Marshal` of the outputs of
// GetParameters, GetParametersByPath and BatchGetSecretValue. They are put together from the single bodies, unparsed.

const END = ',"ResultMetadata":{}}'
const PARAMETER = '{"Parameter":'

/** GetParameters. `bodies` are those of single parameters. */
export function parametersBytes(bodies: readonly string[], invalid: readonly string[]): string {
  const all = bodies.map((body) => body.slice(PARAMETER.length, -END.length)).join(',')
  return `{"InvalidParameters":${encode(invalid)},"Parameters":[${all}]${END}`
}

/** GetParametersByPath, with all pages in one. It may be long, so it is put together in one copy. */
export function pathBytes(bodies: readonly string[]): string {
  const head = '{"NextToken":null,"Parameters":['
  const tail = ']' + END
  const last = bodies.length - 1
  if (last < 0) return head + tail
  return bodies
    .map(
      (body, i) =>
        (i === 0 ? head : '') + body.slice(PARAMETER.length, -END.length) + (i === last ? tail : ''),
    )
    .join(',')
}

/** BatchGetSecretValue. `bodies` are those of single secrets. */
export function secretsBytes(bodies: readonly string[], errors: readonly SecretError[]): string {
  const all = bodies.map((body) => `${body.slice(0, -END.length)}}`).join(',')
  return `{"Errors":${encode(errors)},"NextToken":null,"SecretValues":[${all}]${END}`
}

export interface SecretError {
  readonly ErrorCode: string
  readonly Message: string
  readonly SecretId: string
}

function encode(value: unknown): string {
  return toBytes(JSON.stringify(value))
}
