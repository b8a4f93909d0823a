// Names of AWS: `arn:partition:service:region:account:resource`.

export interface Arn {
  readonly partition: string
  readonly service: string
  /** Empty for a role. */
  readonly region: string
  readonly accountId: string
  /** All that follows: `secret:NAME-xxxxxx`, `parameter/PATH`, with what a caller put behind it. */
  readonly resource: string
}

/** Undefined for a name. Of an ARN that is cut short the rest is empty. */
export function parseArn(text: string): Arn | undefined {
  if (!text.startsWith('arn:')) return undefined
  const [, partition = '', service = '', region = '', accountId = '', ...resource] = text.split(':')
  return { partition, service, region, accountId, resource: resource.join(':') }
}

/** The inverse of `parseArn`, but for what is cut short. */
export function formatArn({ partition, service, region, accountId, resource }: Arn): string {
  return ['arn', partition, service, region, accountId, resource].join(':')
}

/**
 * A name or an ARN, and what a caller has put behind it, each after a colon: a version or label, or a JSON key, a stage
 * and an id. No name has a colon, and of all resources that of a secret alone.
 */
export function splitId(text: string): readonly [id: string, ...behind: string[]] {
  const arn = parseArn(text)
  const own = arn === undefined ? 1 : arn.service === 'secretsmanager' ? 7 : 6
  const parts = text.split(':')
  return [parts.slice(0, own).join(':'), ...parts.slice(own)]
}

/** The name of the secret in an ARN, complete or partial, up to the next colon; undefined for what is no such ARN. */
export function secretNameIn(arn: string): string | undefined {
  return parseArn(arn)?.resource.split(':', 2)[1]
}

/** `-` and six characters at the end of a secret's ARN, which a partial ARN leaves out. */
const SUFFIX = /-[A-Za-z0-9]{6}$/

/** A secret's ARN, or the name in it, without its suffix; undefined where there is none. */
export function withoutSuffix(secret: string): string | undefined {
  return SUFFIX.test(secret) ? secret.replace(SUFFIX, '') : undefined
}

/** Path and name, as IAM allows them. */
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/

export function isRoleArn(text: string): boolean {
  return ROLE_ARN.test(text)
}
