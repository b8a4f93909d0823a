// A call of an AWS SDK that is handed on to AWS, and AWS's answer that is handed back, both as they are. A body is a
// byte string: each character is one byte.

export interface RawCall {
  /** `secretsmanager.PutSecretValue`, `AmazonSSM.PutParameter`: service and operation. */
  readonly target: string
  /** The region that the caller signed for; undefined is the function's own. */
  readonly region: string | undefined
  readonly body: string
}

export interface RawAnswer {
  readonly status: number
  /** Name, value, name, value, … */
  readonly headers: string[]
  readonly bytes: string
}
