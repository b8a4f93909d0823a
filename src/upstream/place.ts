import { partition } from '@aws-sdk/core/client'
import { parseArn } from '../arn.ts'

// Which regions a call may follow its caller to. A region becomes a host name to which the session token is sent, and
// callers choose it: in an ARN, or by what their SDK signs for.

/** Where a call goes, and as whom. */
export interface Place {
  /** Undefined: the function's own. */
  readonly region: string | undefined
  readonly role?: string | undefined
}

/** Equal for equal places. */
export function keyOf({ region = '', role = '' }: Place): string {
  return `${region} ${role}`
}

/** The SDK's own pattern. Its `partition` cannot be asked: it takes every unknown region for one of `aws`. */
const REGION_OF_AWS = /^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/
const REGION = /^[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}$/

/**
 * Whether it is a region that a pattern of the SDK knows, of the same partition as `own`, the function's region.
 */
export function isFollowed(region: string, own: string | undefined): boolean {
  if (!REGION.test(region)) return false
  const known = partition(region).name
  if (known === 'aws' && !REGION_OF_AWS.test(region)) return false
  return own === undefined || partition(own).name === known
}

/**
 * The endpoint for `region`; undefined: that of the SDK's rules. One of AWS's hosts that names the function's own
 * region, such as that of a VPC endpoint, serves no other region. Every other host is asked for all regions.
 */
export function endpointIn(
  endpoint: string | undefined,
  region: string,
  own: string | undefined,
): string | undefined {
  if (endpoint === undefined || own === undefined || region === own) return endpoint
  const { dnsSuffix, dualStackDnsSuffix } = partition(own)
  const { hostname } = new URL(endpoint)
  // A dot at the end keeps the resolver from trying its search domains.
  const host = hostname.replace(/\.$/, '')
  const isOfAws = [dnsSuffix, dualStackDnsSuffix].some((suffix) => host.endsWith(`.${suffix}`))
  return isOfAws && host.split('.').includes(own) ? undefined : endpoint
}

/**
 * The region of an ARN of `service`, such as `arn:aws:ssm:eu-west-1:123456789012:parameter/a`; undefined for a name,
 * and for a region that is not followed or that is not of the ARN's own partition.
 */
export function regionOfArn(
  service: 'ssm' | 'secretsmanager',
  name: string,
  own: string | undefined,
): string | undefined {
  const arn = parseArn(name)
  if (arn?.service !== service || !isFollowed(arn.region, own)) return undefined
  return partition(arn.region).name === arn.partition ? arn.region : undefined
}
