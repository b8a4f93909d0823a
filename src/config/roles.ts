import { isRoleArn } from '../arn.ts'
import { say, shown } from '../public.ts'
import { readText, warn, type Reading } from './read.ts'
import { ROLE_ARNS, ROLE_EXTERNAL_ID, ROLE_SESSION_NAME } from './settings.ts'

// Roles of other accounts, which a caller may name with `roleArn`. Nobody but the function's own configuration says
// which: a caller that could name any would choose whom the function trusts.

/** The roles that a caller may name. */
export interface RoleSettings {
  /** ARNs; empty: a caller's `roleArn` is ignored. */
  readonly arns: readonly string[]
  readonly externalId: string | undefined
  readonly sessionName: string
}

const MOST_ROLES = 20
/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/
const DEFAULT_SESSION_NAME = 'parameters-secrets-extension'

/** Never throws; what was wrong is in the notes. */
export function readRoles(reading: Reading): RoleSettings {
  return {
    arns: readArns(reading),
    externalId: readExternalId(reading),
    sessionName: readSessionName(reading),
  }
}

/** Between white space, or commas: a comma that is followed by another ARN, since a role's name may hold one. */
function readArns(reading: Reading): string[] {
  const { name } = ROLE_ARNS
  const text = readText(reading, ROLE_ARNS) ?? ''
  const given = new Set(text.split(/\s+|,(?=\s*arn:|\s*$)/).filter((one) => one !== ''))
  const arns = [...given].filter((one) => {
    if (isRoleArn(one)) return true
    warn(reading, say`${name} must be ARNs of IAM roles, got "${shown(one)}". Ignoring it.`)
    return false
  })
  if (arns.length > MOST_ROLES) warn(reading, say`${name} exceeds max limit. Using the first ${MOST_ROLES}.`)
  return arns.slice(0, MOST_ROLES)
}

/** It is not shown: some take it for a secret. */
function readExternalId(reading: Reading): string | undefined {
  const value = readText(reading, ROLE_EXTERNAL_ID)
  if (value === undefined || EXTERNAL_ID.test(value)) return value
  warn(reading, say`${ROLE_EXTERNAL_ID.name} must be 2 to 1224 characters that AWS allows. Ignoring it.`)
  return undefined
}

/** Default: the function's name, made valid. */
function readSessionName(reading: Reading): string {
  const value = readText(reading, ROLE_SESSION_NAME)
  const { AWS_LAMBDA_FUNCTION_NAME = '' } = reading.env
  const ofFunction = AWS_LAMBDA_FUNCTION_NAME.replace(/[^\w+=,.@-]/g, '-').slice(0, 64)
  const fallback = SESSION_NAME.test(ofFunction) ? ofFunction : DEFAULT_SESSION_NAME
  if (value === undefined) return fallback
  if (SESSION_NAME.test(value)) return value
  const rule = say`${ROLE_SESSION_NAME.name} must be 2 to 64 letters, digits or +=,.@_-, got "${shown(value)}".`
  warn(reading, say`${rule} Using ${shown(fallback)}.`)
  return fallback
}
