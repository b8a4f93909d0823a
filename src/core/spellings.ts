import { parseArn, withoutSuffix } from '../arn.ts'
import {
  parameterLookup,
  secretLookup,
  type ParameterLookup,
  type SecretLookup,
  type ParameterFields,
  type SecretFields,
} from '../lookup.ts'

// Which other questions AWS would answer with the same bytes. A name stands for what has that name in the function's
// own account and region. So an answer that was asked for by ARN is found under its name only if both are known to be
// the function's.

/** The function's own region and account, as far as they are known. */
export interface Own {
  readonly accountId: string | undefined
  readonly region: string | undefined
}

/** The keys of those questions. `own` is that of whoever asks. */
export function spellingsOfSecret(
  { secretId, versionId, versionStage, role }: SecretLookup,
  secret: SecretFields,
  own: Own,
): string[] {
  const { ARN: arn, Name: name } = secret
  if (arn === undefined) return []
  const ids = [arn]
  const partial = withoutSuffix(arn) ?? arn
  // One that ends as a complete ARN does is read by AWS as complete, and is that of another secret or of none.
  if (withoutSuffix(partial) === undefined) ids.push(partial)
  if (name !== undefined && isNamedFor(secretId, arn, own)) ids.push(name)
  return ids.map((id) => secretLookup(id, { versionId, versionStage, role }).key)
}

export function spellingsOfParameter(
  lookup: ParameterLookup,
  parameter: ParameterFields,
  own: Own,
): string[] {
  const { name: requested, withDecryption, role } = lookup
  const { ARN: arn = '', Name: name, Selector: selector = '', Type: type } = parameter
  const names = [requested]
  const { service, resource = '' } = parseArn(arn) ?? {}
  // That of a secret, which is read by reference, is no name of a parameter.
  if (service === 'ssm') names.push(arn + selector)
  // `parameter/a` may be `a` or `/a`; a longer one begins with a slash.
  const path = /^parameter(\/[^/:]+\/[^:]+)$/.exec(resource)?.[1]
  if (path !== undefined && path === name && isNamedFor(requested, arn, own)) names.push(path + selector)
  // Only where there is nothing to decrypt.
  const isPlain = type === 'String' || type === 'StringList'
  const values = isPlain ? [true, false] : [withDecryption]
  return values.flatMap((decrypt) =>
    names.map((one) => parameterLookup(one, { withDecryption: decrypt, role }).key),
  )
}

/** A role's own account is in its ARN. */
export function ownOf(role: string | undefined, ofFunction: Own): Own {
  return role === undefined ? ofFunction : { ...ofFunction, accountId: parseArn(role)?.accountId }
}

/** Whether the plain name stands for the same thing as this ARN. */
function isNamedFor(requested: string, arn: string, { accountId, region }: Own): boolean {
  if (parseArn(requested) === undefined) return true
  const of = parseArn(arn)
  return (
    accountId !== undefined && region !== undefined && of?.region === region && of.accountId === accountId
  )
}
