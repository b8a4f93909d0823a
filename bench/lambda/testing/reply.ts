export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: body === undefined ? '' : JSON.stringify(body),
  }
}

/** Of IAM, with what is inside of its result. */
export function xml(action: string, result = ''): Reply {
  const inner = result === '' ? '' : `<${action}Result>${result}</${action}Result>`
  const id =
    '<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>'
  return {
    status: 200,
    headers: { 'Content-Type': 'text/xml' },
    body: `<${action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">${inner}${id}</${action}Response>`,
  }
}

/** A refusal, in the shape of either service. */
export class AwsError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message = 'refused by the emulated control plane') {
    super(message)
    this.status = status
    this.code = code
  }

  asJson(): Reply {
    return json(this.status, { message: this.message }, { 'x-amzn-ErrorType': this.code })
  }

  asXml(): Reply {
    const error = `<Type>Sender</Type><Code>${this.code}</Code><Message>${this.message}</Message>`
    return {
      status: this.status,
      headers: { 'Content-Type': 'text/xml' },
      body: `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error>${error}</Error><RequestId>0</RequestId></ErrorResponse>`,
    }
  }
}
