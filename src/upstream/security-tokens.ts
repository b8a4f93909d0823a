import { SSMClient } from '@aws-sdk/client-ssm'
import { partition } from '@aws-sdk/core/client'
import type { UpstreamSettings } from '../config/upstream.ts'
import { UpstreamError } from '../errors.ts'
import { bounded, withFreshCredentials, type CallObserver } from './calls.ts'
import { heldUntil, type Credentials, type Held } from './credentials.ts'
import { toUpstreamError, unasked, unreadable } from './failure.ts'
import { sendForm } from './pass-through.ts'
import { retried } from './retried.ts'
import { configure } from './sdk-config.ts'
import type { Sockets } from './transport/sockets.ts'
import type { Trust } from './transport/trust.ts'
import { say } from '../public.ts'

// AssumeRole, the one call that we make to the Security Token Service. A client of the SDK carries it, for it knows
// signatures and sockets. It is none of STS: that one would bring a reader of XML for an answer of four members.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

/** Seconds. AWS gives no more to a role that assumes a role, as a function's always does. */
const SESSION_SECONDS = 3600
const RETRIED =
  /^(Throttling\w*|RequestLimitExceeded|IDPCommunicationError|InternalFailure|ServiceUnavailable)$/

export interface RoleAssumer {
  /** Rejects with UpstreamError only. */
  assume(roleArn: string): Promise<Held>
  /** The next call makes a new client; calls under way keep their sockets. */
  renew(): void
  close(): void
}

export function createRoleAssumer(
  settings: UpstreamSettings,
  credentials: Credentials,
  trust: () => Trust,
  withTrust: <T>(send: () => Promise<T>) => Promise<T>,
  observe?: CallObserver,
): RoleAssumer {
  const { roles, region, securityTokens } = settings
  let opened: { client: SSMClient; sockets: Sockets } | undefined

  return {
    async assume(roleArn) {
      const form = new URLSearchParams({
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: roleArn,
        RoleSessionName: roles.sessionName,
        DurationSeconds: String(SESSION_SECONDS),
        ...(roles.externalId !== undefined && { ExternalId: roles.externalId }),
      }).toString()
      return bounded(
        'AssumeRole',
        settings,
        securityTokens.timeoutMs,
        (abortSignal) => retried(() => ask(form, abortSignal), isPassing),
        observe,
      )
    },
    renew() {
      opened?.sockets.retire()
      opened = undefined
    },
    close() {
      opened?.client.destroy()
      opened = undefined
    },
  }

  async function ask(form: string, abortSignal: AbortSignal): Promise<Held> {
    const askedAt = Date.now()
    const { status, bytes } = await withTrust(() =>
      withFreshCredentials(credentials, () => sendForm(client(), form, { abortSignal })),
    )
    if (status !== 200) throw refusalIn(bytes, status)
    const [accessKeyId, secretAccessKey, sessionToken, expiration] = [
      'AccessKeyId',
      'SecretAccessKey',
      'SessionToken',
      'Expiration',
    ].map((member) => memberOf(bytes, member))
    const expiresAt = Date.parse(expiration ?? '')
    if (!accessKeyId || !secretAccessKey || !sessionToken || !(expiresAt > 0)) throw unreadable('AssumeRole')
    return heldUntil({ accessKeyId, secretAccessKey, sessionToken }, askedAt, expiresAt)
  }

  function client(): SSMClient {
    if (region === undefined)
      throw unasked('AssumeRole', 'RegionError', say`no region: AWS_REGION is not set`)
    if (opened === undefined) {
      const endpoint = securityTokens.endpoint ?? endpointOf(settings, region)
      const store = { ...securityTokens, endpoint }
      const { config, sockets } = configure('AssumeRole', settings, store, credentials, region, trust())
      const sts = {
        schemeId: 'aws.auth#sigv4',
        propertiesExtractor: (own: object, context: object) => ({
          signingProperties: { config: own, context, signingRegion: region, signingName: 'sts' },
        }),
      }
      opened = { client: new SSMClient({ ...config, httpAuthSchemeProvider: () => [sts] }), sockets }
    }
    return opened.client
  }
}

/** Whether AWS has not refused. */
function isPassing(error: unknown): boolean {
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
  return toUpstreamError('AssumeRole', { ...fault, $metadata }, 0)
}

/** The text of the first element of that name. */
function memberOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '')
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
