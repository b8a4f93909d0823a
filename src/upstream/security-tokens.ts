import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { partition } from '@aws-sdk/core/client'
import type { UpstreamSettings } from '../config/upstream.ts'
import { UpstreamError } from '../errors.ts'
import { say } from '../public.ts'
import type { RawAnswer } from '../raw-call.ts'
import type { Clients } from './client.ts'
import { heldUntil, type Held } from './credentials.ts'
import { withFailover, type Failover } from './failover.ts'
import { toUpstreamError, unreadable, type Operation } from './failure.ts'
import { endpointIn } from './place.ts'
import { carry, expiredAnswer, ExpiredAnswer } from './pass-through.ts'
import { retried } from './retried.ts'

// AssumeRole, the one call that we make to the Security Token Service. SSM's client carries it, for it knows signatures
// and sockets. Not the STS client: it would add an XML parser to the bundle for four fields.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

const ASSUME_ROLE: Operation = { service: say`STS`, name: say`AssumeRole` }
/** Seconds. AWS gives no more to a role that assumes a role, as a function's always does. */
const SESSION_SECONDS = 3600
/** AWS's older protocol: a form, and XML as an answer. */
const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
const RETRIED =
  /^(Throttling\w*|RequestLimitExceeded|IDPCommunicationError|InternalFailure|ServiceUnavailable)$/

/** AssumeRole with that ARN. Rejects with UpstreamError only. */
export function createAssumeRole(
  clients: Clients,
  settings: UpstreamSettings,
  failover?: Failover,
): (roleArn: string) => Promise<Held> {
  const { roles, region, securityTokens } = settings
  const own = callsIn(region)
  const other = failover && callsIn(failover.region)
  /** Not while the own region is to be asked but once. */
  const mayHelp = (error: unknown) => isPassing(error) && !(region !== undefined && failover?.isOnce(region))

  function callsIn(one: string | undefined) {
    const endpoint = one && (endpointIn(securityTokens.endpoint, one, region) ?? endpointOf(settings, one))
    return clients.callsTo({
      operation: ASSUME_ROLE,
      settings: { ...securityTokens, endpoint },
      open: (config) =>
        new SSMClient({ ...config, httpAuthSchemeProvider: () => [signedForSts(config.region)] }),
    })
  }

  return async (roleArn) => {
    const body = new URLSearchParams({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: roleArn,
      RoleSessionName: roles.sessionName,
      DurationSeconds: String(SESSION_SECONDS),
      ...(roles.externalId !== undefined && { ExternalId: roles.externalId }),
    }).toString()
    const question = {
      what: say`roles are assumed in`,
      place: { region: undefined },
      withinMs: securityTokens.timeoutMs,
      isForCall: true,
      mayFailOver: () => true,
    }
    const { answer: session } = await withFailover(failover, question, (place, bounds, isReplica) => {
      const calls = isReplica ? other! : own
      const call = { operation: ASSUME_ROLE, place, ...bounds, recover: refusedAsExpired } as const
      return calls(call, (client, options) =>
        retried(
          async () => {
            const requestedAt = Date.now()
            const command = new GetParameterCommand({ Name: 'carrier' })
            const answer = await carry({ headers: FORM, body }, command.middlewareStack, () =>
              client.send(command, options),
            )
            return sessionIn(answer, requestedAt)
          },
          isReplica ? isPassing : mayHelp,
        ),
      )
    })
    return session
  }
}

function signedForSts(signingRegion: string) {
  return {
    schemeId: 'aws.auth#sigv4',
    propertiesExtractor: (config: object, context: object) => ({
      signingProperties: { config, context, signingRegion, signingName: 'sts' },
    }),
  }
}

function sessionIn({ status, bytes }: RawAnswer, requestedAt: number): Held {
  if (status !== 200) throw refusalIn(bytes, status)
  const accessKeyId = memberOf(bytes, 'AccessKeyId')
  const secretAccessKey = memberOf(bytes, 'SecretAccessKey')
  const sessionToken = memberOf(bytes, 'SessionToken')
  const expiresAt = Date.parse(memberOf(bytes, 'Expiration') ?? '')
  if (!accessKeyId || !secretAccessKey || !sessionToken || !(expiresAt > 0)) throw unreadable(ASSUME_ROLE)
  return heldUntil({ accessKeyId, secretAccessKey, sessionToken }, requestedAt, expiresAt)
}

function refusedAsExpired(error: unknown): never {
  const { status, bytes } = expiredAnswer(error)
  throw refusalIn(bytes, status)
}

/** Whether AWS has not refused. Expired credentials are renewed first; see calls.ts. */
function isPassing(error: unknown): boolean {
  if (error instanceof ExpiredAnswer) return false
  return !(error instanceof UpstreamError) || error.status >= 500 || RETRIED.test(error.code)
}

/** The regional one: https://docs.aws.amazon.com/general/latest/gr/sts.html */
function endpointOf({ useFips, useDualstack }: UpstreamSettings, region: string): string {
  const { name, dnsSuffix, dualStackDnsSuffix } = partition(region)
  // The usual endpoints of GovCloud are FIPS endpoints.
  const host = useFips && name !== 'aws-us-gov' ? 'sts-fips' : 'sts'
  return `https://${host}.${region}.${useDualstack ? dualStackDnsSuffix : dnsSuffix}`
}

function refusalIn(xml: string, status: number): UpstreamError {
  const [name, message] = [memberOf(xml, 'Code'), memberOf(xml, 'Message')]
  const requestId = memberOf(xml, 'RequestId')
  const $metadata = { httpStatusCode: status, requestId, attempts: 1 }
  const fault = name === undefined ? {} : { name, message, $fault: 'client' }
  return toUpstreamError(ASSUME_ROLE, { ...fault, $metadata })
}

/** The text of the first element of that name. */
function memberOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '')
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
