// What the tests of this folder share: an emulator that ends with the test, AWS's own clients in front of it, and a
// way to send requests that those clients would never send.

import { type IncomingHttpHeaders, request } from 'node:http'
import type { TestContext } from 'node:test'

import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SSMClient } from '@aws-sdk/client-ssm'
import { SignatureV4 } from '@smithy/signature-v4'

import { type Aws, type AwsOptions, type Credentials, LOCAL_CREDENTIALS, startAws } from './index.ts'
import { Sha256 } from './sha256.ts'

export interface Harness {
  readonly aws: Aws
  readonly secrets: SecretsManagerClient
  readonly parameters: SSMClient
  /** A signed call; resolves with exactly what came back. */
  readonly call: (target: string, input: unknown, changes?: CallChanges) => Promise<RawAnswer>
}

export interface CallChanges {
  readonly credentials?: Credentials
  readonly region?: string
  readonly service?: string
  readonly signedAt?: Date
  /** Signed with the request. */
  readonly headers?: Record<string, string>
  /** Changes made after signing, as by an attacker or a broken client. A header set to undefined is removed. */
  readonly tamper?: {
    readonly method?: string
    readonly path?: string
    readonly body?: string
    readonly headers?: Record<string, string | undefined>
  }
}

interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly bytes: Buffer
  readonly text: string
}

export async function begin(t: TestContext, options: AwsOptions): Promise<Harness> {
  const aws = await startAws(options)
  const common = { endpoint: aws.url, region: 'us-east-1', credentials: LOCAL_CREDENTIALS, maxAttempts: 1 }
  const secrets = new SecretsManagerClient(common)
  const parameters = new SSMClient(common)
  t.after(async () => {
    secrets.destroy()
    parameters.destroy()
    await aws.close()
  })
  return { aws, secrets, parameters, call: (target, input, changes) => call(aws, target, input, changes) }
}

async function call(aws: Aws, target: string, input: unknown, changes: CallChanges = {}): Promise<RawAnswer> {
  const {
    credentials = LOCAL_CREDENTIALS,
    region = 'us-east-1',
    signedAt = new Date(),
    tamper = {},
  } = changes
  const body = typeof input === 'string' ? input : JSON.stringify(input)
  const signer = new SignatureV4({
    credentials,
    region,
    service: changes.service ?? (target.startsWith('AmazonSSM') ? 'ssm' : 'secretsmanager'),
    sha256: Sha256,
  })
  const signed = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: '/',
      query: {},
      headers: {
        host: `127.0.0.1:${aws.port}`,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': target,
        ...changes.headers,
      },
      body,
    },
    { signingDate: signedAt },
  )
  const entries = Object.entries({ ...signed.headers, ...tamper.headers })
  const headers = Object.fromEntries(entries.filter(([, value]) => value !== undefined))
  return exchange(aws.port, tamper.method ?? 'POST', tamper.path ?? '/', headers, tamper.body ?? body)
}

function exchange(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string | undefined>,
  body: string,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const { statusCode: status = 0, rawHeaders } = res
        resolve({ status, headers: res.headers, rawHeaders, bytes, text: bytes.toString() })
      })
    })
    req.on('error', reject)
    req.end(body)
  })
}

/** For assert.rejects: an SDK error of that name, and message if given. */
export function refusal(name: string, message?: string): (error: Error) => boolean {
  return (error) => {
    if (error.name !== name) throw new Error(`expected ${name}, got ${error.name}: ${error.message}`)
    if (message !== undefined && error.message !== message) {
      throw new Error(`expected "${message}", got "${error.message}"`)
    }
    return true
  }
}

/** A promise and the way to settle it (Promise.withResolvers, which Node 20 lacks). */
export function gate(): { promise: Promise<void>; resolve: () => void } {
  const parts: { resolve?: () => void } = {}
  const promise = new Promise<void>((resolve) => Object.assign(parts, { resolve }))
  return { promise, resolve: parts.resolve! }
}
