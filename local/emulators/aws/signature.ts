// Signature Version 4, checked by signing the received request again with AWS's own library and comparing.
// What is refused in which order, and the wording, follow what AWS's JSON services answer:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html

import { createHash } from 'node:crypto'

import { SignatureV4 } from '@smithy/signature-v4'

import { type Service, ServiceError } from './protocol.ts'
import { Sha256 } from './sha256.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** What the Authorization header claims, true or not. */
export interface Claim {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly terminator: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

export interface Verifier {
  readonly isRegion: (name: string) => boolean
  /** The credentials of that access key, and whether they have expired. */
  readonly lookup: (accessKeyId: string) => { credentials: Credentials; expired: boolean } | undefined
  /** The service's clock, in epoch milliseconds. */
  readonly now: () => number
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const SKEW_MS = 5 * 60_000

/** Resolves with the claim that held. Rejects with the ServiceError that AWS would answer. */
export async function verify(verifier: Verifier, service: Service, request: SignedRequest): Promise<Claim> {
  const { authorization } = request.headers
  if (authorization === undefined) {
    throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  const claim = parseAuthorization(authorization)
  if (claim === undefined) throw incomplete(authorization)
  const signingDate = parseAmzDate(request.headers['x-amz-date'])
  if (signingDate === undefined) {
    throw new ServiceError(
      'IncompleteSignatureException',
      `Date must be in ISO-8601 'basic format'. Got '${request.headers['x-amz-date'] ?? ''}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    )
  }
  checkClock(signingDate, verifier.now())
  checkSignedHeaders(claim, request)
  checkScope(claim, service, verifier.isRegion, request.headers['x-amz-date']!)
  const credentials = checkCredentials(verifier, claim, request)
  if ((await signatureOf(request, claim, credentials, signingDate)) !== claim.signature) throw mismatch()
  return claim
}

/** Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`; undefined when a part is missing. */
export function parseAuthorization(header: string): Claim | undefined {
  if (!header.startsWith(ALGORITHM + ' ')) return undefined
  const parts = Object.fromEntries(
    header
      .slice(ALGORITHM.length)
      .split(',')
      .map((part) => part.trim().split(/=(.*)/s, 2)),
  ) as Record<string, string | undefined>
  const { Credential, SignedHeaders, Signature } = parts
  if (Credential === undefined || SignedHeaders === undefined || Signature === undefined) return undefined
  const [accessKeyId, date, region, service, terminator, ...rest] = Credential.split('/')
  if (terminator === undefined || rest.length > 0) return undefined
  return {
    accessKeyId: accessKeyId!,
    date: date!,
    region: region!,
    service: service!,
    terminator,
    signedHeaders: SignedHeaders.split(';'),
    signature: Signature,
  }
}

function checkClock(signingDate: Date, now: number): void {
  const signed = amzDate(signingDate.getTime())
  if (signingDate.getTime() < now - SKEW_MS) {
    throw invalid(
      `Signature expired: ${signed} is now earlier than ${amzDate(now - SKEW_MS)} (${amzDate(now)} - 5 min.)`,
    )
  }
  if (signingDate.getTime() > now + SKEW_MS) {
    throw invalid(
      `Signature not yet current: ${signed} is still later than ${amzDate(now + SKEW_MS)} (${amzDate(now)} + 5 min.)`,
    )
  }
}

function checkSignedHeaders({ signedHeaders }: Claim, { headers }: SignedRequest): void {
  if (!signedHeaders.includes('host')) {
    throw invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
  }
  const unsigned = Object.keys(headers).filter(
    (name) => name.startsWith('x-amz-') && !signedHeaders.includes(name),
  )
  if (unsigned.length > 0) {
    throw invalid(`There were headers present in the request which were not signed: ${unsigned.join(', ')}`)
  }
}

function checkScope(
  claim: Claim,
  service: Service,
  isRegion: Verifier['isRegion'],
  amzDateHeader: string,
): void {
  const problems: string[] = []
  if (!isRegion(claim.region)) problems.push('Credential should be scoped to a valid region. ')
  if (claim.service !== service)
    problems.push(`Credential should be scoped to correct service: '${service}'. `)
  if (claim.terminator !== 'aws4_request') {
    problems.push(
      `Credential should be scoped with a valid terminator: 'aws4_request', not '${claim.terminator}'. `,
    )
  }
  const day = amzDateHeader.slice(0, 8)
  if (claim.date !== day) {
    problems.push(
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        `'${claim.date}' != '${day}', from '${amzDateHeader}'. `,
    )
  }
  if (problems.length > 0) throw invalid(problems.join(''))
}

function checkCredentials(
  verifier: Verifier,
  { accessKeyId }: Claim,
  { headers }: SignedRequest,
): Credentials {
  const known = verifier.lookup(accessKeyId)
  if (known === undefined || known.credentials.sessionToken !== headers['x-amz-security-token']) {
    throw new ServiceError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    )
  }
  if (known.expired) {
    throw new ServiceError('ExpiredTokenException', 'The security token included in the request is expired')
  }
  return known.credentials
}

async function signatureOf(
  { method, path, headers, body }: SignedRequest,
  claim: Claim,
  credentials: Credentials,
  signingDate: Date,
): Promise<string | undefined> {
  const claimedHash = headers['x-amz-content-sha256']
  if (claimedHash !== undefined && claimedHash !== createHash('sha256').update(body).digest('hex'))
    return undefined
  const signed = Object.fromEntries(claim.signedHeaders.map((name) => [name, headers[name] ?? '']))
  const signer = new SignatureV4({
    credentials,
    region: claim.region,
    service: claim.service,
    sha256: Sha256,
    applyChecksum: false,
  })
  const again = await signer.sign(
    { method, protocol: 'https:', hostname: '', path, query: {}, headers: signed, body },
    { signingDate, signableHeaders: new Set(claim.signedHeaders) },
  )
  return parseAuthorization(again.headers['authorization']!)?.signature
}

function amzDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/[-:]|\.\d+/g, '')
}

function parseAmzDate(value: string | undefined): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(value ?? '')
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number)
  return new Date(Date.UTC(year!, month! - 1, day, hour, minute, second))
}

function incomplete(authorization: string): ServiceError {
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter(
    (part) => !authorization.includes(part + '='),
  )
  const wanted = missing.map((part) => `Authorization header requires '${part}' parameter. `).join('')
  return new ServiceError(
    'IncompleteSignatureException',
    wanted || 'Authorization header is not well-formed.',
  )
}

function invalid(message: string): ServiceError {
  return new ServiceError('InvalidSignatureException', message)
}

function mismatch(): ServiceError {
  return invalid(
    'The request signature we calculated does not match the signature you provided.' +
      ' Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  )
}
