import type { Answer } from '../answer/answer.ts'
import type { Fields, ParameterFields, SecretFields } from '../fields.ts'
import { parameterLookup, secretLookup, type ParameterLookup, type SecretLookup } from '../lookup.ts'

// Which other questions have the same answer. A name stands for what has that name in the function's own account and
// region. So an answer that was asked for by ARN is found under its name only if both are known to be the function's.

/** The function's own region and account, as far as they are known. */
export interface Own {
  readonly accountId: string | undefined
  readonly region: string | undefined
}

/** `-` and six characters at the end of a secret's ARN, which a partial ARN leaves out. */
const ARN_SUFFIX = /-[A-Za-z0-9]{6}$/

/** The keys of those questions. */
export function spellingsOf(
  lookup: SecretLookup | ParameterLookup,
  fields: Fields,
  ofFunction: Own,
): string[] {
  const { role } = lookup
  // A role's own account is in its ARN.
  const own = role === undefined ? ofFunction : { ...ofFunction, accountId: role.split(':')[4] }
  if (lookup.store === 'secrets-manager') {
    return fields.store === 'secrets-manager' ? ofSecret(lookup, fields.secret, own) : []
  }
  return fields.store === 'parameter-store' ? ofParameter(lookup, fields.parameter, own) : []
}

function ofSecret(
  { secretId, versionId, versionStage, role }: SecretLookup,
  secret: SecretFields,
  own: Own,
): string[] {
  const { ARN: arn, Name: name } = secret
  if (arn === undefined) return []
  const ids = [arn, arn.replace(ARN_SUFFIX, '')]
  if (name !== undefined && isNamedFor(secretId, arn, own)) ids.push(name)
  return ids.map((id) => secretLookup(id, versionId, versionStage, role).key)
}

function ofParameter({ name: asked, role }: ParameterLookup, parameter: ParameterFields, own: Own): string[] {
  const { ARN: arn = '', Selector: selector = '', Type: type } = parameter
  const names = [asked]
  if (arn !== '') names.push(arn + selector)
  // `parameter/a` may be `a` or `/a`; a longer one begins with a slash.
  const path = /:parameter(\/[^/:]+\/[^:]+)$/.exec(arn)?.[1]
  if (path !== undefined && isNamedFor(asked, arn, own)) names.push(path + selector)
  const values = type === 'String' || type === 'StringList' ? [true, false] : [true]
  return values.flatMap((decrypt) => names.map((one) => parameterLookup(one, undefined, decrypt, role).key))
}

/** Whether that answer may be one of the secret or parameter with this name, ARN or partial ARN. */
export function isOf({ bytes }: Answer, name: string): boolean {
  const body = JSON.parse(Buffer.from(bytes, 'latin1').toString('utf8')) as Held & {
    Parameter?: Held
    Parameters?: unknown
  }
  if (body.Parameters !== undefined) return true // All below a path.
  const { ARN: arn, Name: held } = body.Parameter ?? body
  return name === held || (typeof arn === 'string' && (name === arn || name === arn.replace(ARN_SUFFIX, '')))
}

interface Held {
  readonly ARN?: string | null
  readonly Name?: string | null
}

/** Whether the plain name stands for the same thing as this ARN. */
function isNamedFor(asked: string, arn: string, { accountId, region }: Own): boolean {
  if (!asked.startsWith('arn:')) return true
  const [, , , ofRegion, ofAccount] = arn.split(':', 5)
  return accountId !== undefined && region !== undefined && ofRegion === region && ofAccount === accountId
}
