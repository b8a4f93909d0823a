import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface LambdaCredentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
  /** ISO date of the container endpoint's answer. Left out: year 1, which means "unknown". */
  expiration?: string
}

/** Go's zero time, which the Runtime Interface Emulator gives: neither expired nor ever expiring. */
const unknownExpiration = '0001-01-01T00:00:00Z'

export const credentialsPath = '/2021-04-23/credentials'

/**
 * The container credentials endpoint that SnapStart functions get in place of access key variables
 * (docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html). The token stays the same for the snapshot
 * and all its restores; the credentials behind it are replaced by `rotate`.
 */
export class CredentialsEndpoint {
  readonly token: string = randomUUID()
  /** Good answers given so far. */
  reads = 0
  #credentials: LambdaCredentials

  constructor(credentials: LambdaCredentials) {
    this.#credentials = credentials
  }

  /** What a client at this runtime API address needs to know. */
  reachedAt(runtimeApi: string): { uri: string; token: string } {
    return { uri: `http://${runtimeApi}${credentialsPath}`, token: this.token }
  }

  rotate(credentials: LambdaCredentials): void {
    this.#credentials = credentials
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.authorization !== this.token) {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' })
      response.end('cannot get credentials for the provided token')
      return
    }
    this.reads += 1
    const { accessKeyId, secretAccessKey, sessionToken, expiration = unknownExpiration } = this.#credentials
    const body = {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration: expiration,
    }
    response.writeHead(200, { 'Content-Type': 'text/plain' })
    response.end(JSON.stringify(body))
  }
}
