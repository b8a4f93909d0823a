import type { Reference } from '../config/environment.ts'
import { say, type Public } from '../public.ts'
import { isReplaceable } from './variable-names.ts'

// What a variable of the function refers to.

export type Target =
  | {
      readonly store: 'secrets-manager'
      readonly secretId: string
      readonly jsonKey: string | undefined
      readonly versionStage: string | undefined
      readonly versionId: string | undefined
    }
  /** `name` has `:version` or `:label` where one was asked for. */
  | { readonly store: 'parameter-store'; readonly name: string }

/** Why there is no value: a code, and a sentence where the code does not say what to do. */
export interface Failure {
  readonly code: Public
  readonly why?: Public | undefined
}

const SECRET = 'resolve:secretsmanager:'
const PARAMETER = 'resolve:ssm:'
const CODE = say`InvalidReference`

/** Never throws. A failure shows nothing of the value, which may be a secret after all. */
export function readReference({ name, value }: Reference): Target | Failure {
  if (!isReplaceable(name)) return { code: CODE, why: say`bash cannot set a variable of this name` }
  if (/\{\{resolve:/i.test(value)) {
    return { code: CODE, why: say`CloudFormation has left a dynamic reference unresolved` }
  }
  if (value.startsWith(PARAMETER)) return readParameter(value.slice(PARAMETER.length))
  if (value.startsWith(SECRET)) return readSecret(value.slice(SECRET.length))
  return { code: CODE, why: say`it has to begin with resolve:secretsmanager: or resolve:ssm:` }
}

/** `<name or ARN>[:version or label]`. */
function readParameter(name: string): Target | Failure {
  const parts = name.split(':')
  const isArn = name.startsWith('arn:')
  const isGood = parts.every((part) => part !== '') || isArn
  return isGood && parts.length <= (isArn ? 7 : 2) ? { store: 'parameter-store', name } : { code: CODE }
}

/** `<name or ARN>[:json-key[:stage[:version-id]]]`, the order of ECS's `valueFrom`. An ARN has seven parts, a name one. */
function readSecret(text: string): Target | Failure {
  const parts = text.split(':')
  const idParts = parts[0] === 'arn' ? 7 : 1
  const secretId = parts.slice(0, idParts).join(':')
  const [jsonKey, versionStage, versionId, ...rest] = parts.slice(idParts)
  if (secretId === '' || parts.length < idParts) return { code: CODE }
  if (jsonKey?.toLowerCase() === 'secretstring') {
    const order = say`resolve:secretsmanager:<id>:<json-key>:<stage>:<version-id>`
    return { code: CODE, why: say`SecretString belongs to CloudFormation's order, here it is ${order}` }
  }
  if (rest.length > 0) return { code: CODE }
  return {
    store: 'secrets-manager',
    secretId,
    jsonKey: jsonKey || undefined,
    versionStage: versionStage || undefined,
    versionId: versionId || undefined,
  }
}
