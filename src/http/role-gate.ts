import { isRoleArn } from '../arn.ts'
import type { AdmitRole } from './read.ts'
import { rejects } from './rejects.ts'
import type { Log } from '../log.ts'
import { say } from '../public.ts'

/**
 * Admits the roles of the list. With an empty list roles are ignored, as the original does, and a warning says so,
 * once.
 */
export function createRoleGate(arns: readonly string[], log: Log): AdmitRole {
  const listed = new Set(arns)
  let isWarned = false
  return (roleArn) => {
    if (listed.size === 0) {
      if (!isWarned) log.warn(say`roleArn is ignored: PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS is not set`)
      isWarned = true
      return undefined
    }
    if (!isRoleArn(roleArn)) return rejects.badRoleArn
    return listed.has(roleArn) ? roleArn : rejects.foreignRole
  }
}
