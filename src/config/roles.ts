import { isRoleArn } from '../arn.ts'
import { say, shown, type Public } from '../public.ts'

// Roles of other accounts, which a caller may name with `roleArn`. Nobody but the function's own configuration says
// which: a caller that could name any would choose whom the function trusts.

/** The roles that a caller may name. */
export interface RoleSettings {
  /** ARNs; empty: a caller's `roleArn` is ignored. */
  readonly arns: readonly string[]
  readonly externalId: string | undefined
  readonly sessionName: string
}

type Environment = Readonly<Record<string, string | undefined>>

interface Note {
  readonly level: 'plain' | 'debug' | 'info' | 'warn'
  readonly message: Public
}

const MOST_ROLES = 20
/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/
const DEFAULT_SESSION_NAME = 'parameters-secrets-extension'

/** Never throws; what was wrong is in `notes`. */
export function readRoles(env: Environment, notes: Note[]): RoleSettings {
  return {
    arns: readArns(env.PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS, notes),
    externalId: readExternalId(env.PARAMETERS_SECRETS_EXTENSION_ROLE_EXTERNAL_ID, notes),
    sessionName: readSessionName(env, notes),
  }
}

/** Between white space, or commas: a comma that is followed by another ARN, since a role's name may hold one. */
function readArns(text: string | undefined, notes: Note[]): string[] {
  const name = say`PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS`
  const given = [...new Set((text ?? '').split(/\s+|,(?=\s*arn:|\s*$)/).filter((one) => one !== ''))]
  const arns = given.filter((one) => {
    if (isRoleArn(one)) return true
    const message = say`${name} must be ARNs of IAM roles, got "${shown(one)}". Ignoring it.`
    notes.push({ level: 'warn', message })
    return false
  })
  if (arns.length > MOST_ROLES)
    notes.push({ level: 'warn', message: say`${name} exceeds max limit. Using the first ${MOST_ROLES}.` })
  return arns.slice(0, MOST_ROLES)
}

/** It is not shown: some take it for a secret. */
function readExternalId(value: string | undefined, notes: Note[]): string | undefined {
  if (value === undefined || value === '' || EXTERNAL_ID.test(value)) return value || undefined
  const rule = say`PARAMETERS_SECRETS_EXTENSION_ROLE_EXTERNAL_ID must be 2 to 1224 characters that AWS allows.`
  notes.push({ level: 'warn', message: say`${rule} Ignoring it.` })
  return undefined
}

/** Default: the function's name, made valid. */
function readSessionName(env: Environment, notes: Note[]): string {
  const name = say`PARAMETERS_SECRETS_EXTENSION_ROLE_SESSION_NAME`
  const value = env[name]
  const ofFunction = (env.AWS_LAMBDA_FUNCTION_NAME ?? '').replace(/[^\w+=,.@-]/g, '-').slice(0, 64)
  const fallback = SESSION_NAME.test(ofFunction) ? ofFunction : DEFAULT_SESSION_NAME
  if (value === undefined || value === '') return fallback
  if (SESSION_NAME.test(value)) return value
  const rule = say`${name} must be 2 to 64 letters, digits or +=,.@_-, got "${shown(value)}".`
  notes.push({ level: 'warn', message: say`${rule} Using ${shown(fallback)}.` })
  return fallback
}
