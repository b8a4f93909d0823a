// AssumeRole and GetCallerIdentity of the Security Token Service: a form in, XML out.
// https://docs.aws.amazon.com/STS/latest/APIReference/

import { ServiceError } from './protocol.ts'
import type { Question, Session } from './roles.ts'

const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/\S{1,576}$/
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/

/** Throws the ServiceError that AWS would answer. */
export function readQuestion(form: URLSearchParams, accessKeyId: string): Question {
  const roleArn = valid(form, 'RoleArn', ROLE_ARN) ?? missing('roleArn')
  const sessionName = valid(form, 'RoleSessionName', SESSION_NAME) ?? missing('roleSessionName')
  const seconds = Number(valid(form, 'DurationSeconds', /^\d+$/) ?? 3600)
  if (seconds < 900) throw new ServiceError('ValidationError', 'durationSeconds must be 900 or more')
  return { roleArn, sessionName, externalId: valid(form, 'ExternalId', EXTERNAL_ID), seconds, accessKeyId }
}

function valid(form: URLSearchParams, name: string, pattern: RegExp): string | undefined {
  const value = form.get(name)
  if (value === null) return undefined
  if (pattern.test(value)) return value
  const where = name.charAt(0).toLowerCase() + name.slice(1)
  throw new ServiceError(
    'ValidationError',
    `1 validation error detected: Value '${value}' at '${where}' failed to satisfy constraint`,
  )
}

function missing(name: string): never {
  throw new ServiceError(
    'ValidationError',
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  )
}

/** Of all services that take forms, whose requests look the same. Throws for what is none of the two. */
export function tokensOperation(form: URLSearchParams): 'AssumeRole' | 'GetCallerIdentity' {
  const action = form.get('Action')
  const known = action === 'AssumeRole' || action === 'GetCallerIdentity' ? action : undefined
  if (known !== undefined && form.get('Version') === '2011-06-15') return known
  throw new ServiceError(
    'InvalidAction',
    `Could not find operation ${action ?? ''}: of services that take forms, the emulated AWS has STS's AssumeRole and` +
      ' GetCallerIdentity.',
  )
}

/** A session of a role that was assumed here, or the function's own. */
export function callerIdentityXml(account: string, session: Session | undefined): string {
  const arn =
    session === undefined
      ? `arn:aws:sts::${account}:assumed-role/local-function-role/local-function`
      : assumedArn(session)
  return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>${arn}</Arn>
    <UserId>AROALOCALLOCALLOCAL1:${session?.name ?? 'local-function'}</UserId>
    <Account>${arn.split(':')[4]}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>00000000-0000-4000-8000-000000000000</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`
}

function assumedArn({ roleArn, name }: Session): string {
  const [, , , , account, resource = ''] = roleArn.split(':')
  return `arn:aws:sts::${account}:assumed-${resource.replace(/\/.*\//, '/')}/${name}`
}

export function assumeRoleXml(session: Session): string {
  const { credentials, expiresAt, name } = session
  const assumed = assumedArn(session)
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>AROALOCALLOCALLOCAL1:${name}</AssumedRoleId>
      <Arn>${assumed}</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${accessKeyId}</AccessKeyId>
      <SecretAccessKey>${secretAccessKey}</SecretAccessKey>
      <SessionToken>${sessionToken}</SessionToken>
      <Expiration>${new Date(expiresAt).toISOString().replace(/\.\d+/, '')}</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>00000000-0000-4000-8000-000000000000</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>
`
}
