// A call of an AWS SDK that is passed through to AWS, and AWS's answer, both as they are. A body is a byte string: each
// character is one byte.

export type Service = 'secretsmanager' | 'AmazonSSM'

/** `secretsmanager.PutSecretValue`, `AmazonSSM.PutParameter`: service and operation, as in `X-Amz-Target`. */
export type Target = `${Service}.${string}`

export function serviceOf(target: Target): Service {
  // Its type says that it begins with one.
  return target.slice(0, target.indexOf('.')) as Service
}

export interface RawCall {
  readonly target: Target
  /** The region that the caller signed for; undefined is the function's own. */
  readonly region: string | undefined
  readonly body: string
}

/** Names and ARNs of what a call changes; none for one that only reads. `everything` where they are not known. */
export type Changes = readonly string[] | 'everything'

export interface RawAnswer {
  readonly status: number
  /** Name, value, name, value, … */
  readonly headers: string[]
  readonly bytes: string
}
