import { parseArn } from '../arn.ts'
import type { Config } from '../config/config.ts'
import { parseObject } from '../json.ts'
import type { Log } from '../log.ts'
import { say, shown } from '../public.ts'
import { readRegularFile } from '../regular-file.ts'

// What the settings name to be fetched ahead: their two lists, and those of a file.

/** A name, as which role it is to be asked for. */
export interface Listed {
  readonly name: string
  readonly role: string | undefined
}

export interface Lists {
  readonly secrets: readonly Listed[]
  readonly parameters: readonly Listed[]
}

/** A member of a list in the file. */
type Member = string | { readonly name: string; readonly roleArn?: string }

/** Far more names than the cache holds. */
const MOST_BYTES = 4 * 1024 * 1024

/** Never throws: a file that cannot be read, and a name whose role is not admitted, is left out with a warning. */
export function readLists(config: Pick<Config, 'prefetch' | 'upstream'>, log: Pick<Log, 'warn'>): Lists {
  const { secrets, parameters, file } = config.prefetch
  const { arns } = config.upstream.roles
  const more = file === undefined ? undefined : readFile(file)
  if (file !== undefined && more === undefined) {
    const form = say`a JSON object of "secrets" and "parameters", lists of names or of {"name", "roleArn"}`
    log.warn(say`PARAMETERS_SECRETS_EXTENSION_PREFETCH_FILE must be ${form}: ${shown(file)}. Ignoring it.`)
  }
  return {
    secrets: [...secrets, ...(more?.secrets ?? [])].flatMap(listed),
    parameters: [...parameters, ...(more?.parameters ?? [])].flatMap(listed),
  }

  /** A role stands before the name, as in `arn:aws:iam::111122223333:role/R@name`, or is a member of its own. */
  function listed(member: Member): Listed[] {
    if (typeof member !== 'string') return admitted({ name: member.name, role: member.roleArn })
    if (parseArn(member)?.service !== 'iam') return [{ name: member, role: undefined }]
    const role = arns.find((arn) => member.startsWith(`${arn}@`))
    return admitted({
      name: member.slice((role ?? member).length + 1),
      role: role ?? member.split('@', 1)[0],
    })
  }

  function admitted(one: Listed): Listed[] {
    if (one.role === undefined || (arns.includes(one.role) && one.name !== '')) return [one]
    const why = say`is none of PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS, or names nothing`
    log.warn(say`prefetch: ${shown(one.role)} ${why}`)
    return []
  }
}

function readFile(path: string): { secrets: Member[]; parameters: Member[] } | undefined {
  try {
    const read = parseObject(readRegularFile(path, MOST_BYTES))
    if (read === undefined) return undefined
    const { secrets = [], parameters = [] } = read
    return areMembers(secrets) && areMembers(parameters) ? { secrets, parameters } : undefined
  } catch {
    return undefined
  }
}

function areMembers(value: unknown): value is Member[] {
  return Array.isArray(value) && value.every(isMember)
}

function isMember(value: unknown): value is Member {
  if (typeof value === 'string') return isName(value)
  const { name, roleArn } = (value ?? {}) as { name?: unknown; roleArn?: unknown }
  return isName(name) && (roleArn === undefined || isName(roleArn))
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\u0000')
}
