import { secretNameIn } from '../arn.ts'
import type { SecretFilter } from '../lookup.ts'
import { say, shown, type Public } from '../public.ts'

// Which secrets a prefetch list chooses without naming them: `tag:KEY=VALUE`, `tag:KEY` and `prefix:NAME`. No name of a
// secret has a colon.

/** What is asked of AWS. */
export interface Choice {
  readonly label: Public
  readonly filters: readonly SecretFilter[]
  /** What the names of all of them begin with, if that is known. */
  readonly prefix: string | undefined
}

/** `FilterValueStringType` of the API, whose `!` at the beginning would turn the filter round. */
const VALUE = /^(?!!)[A-Za-z0-9 :_@/+=.!-]{1,512}$/
const MUST = say`is none of tag:KEY=VALUE, tag:KEY and prefix:NAME, or has a character that AWS's filters do not know`

export function isChoice(name: string): boolean {
  return /^(?:tag|prefix):/.test(name)
}

/** Or why it is none. */
export function readChoice(name: string): Choice | Public {
  const [, kind, text = ''] = /^(tag|prefix):(.*)$/s.exec(name) ?? []
  const label = shown(name)
  if (kind === 'prefix') {
    return VALUE.test(text) ? { label, filters: [{ key: 'name', value: text }], prefix: text } : MUST
  }
  const [, key = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? []
  if (!VALUE.test(key) || (value !== undefined && !VALUE.test(value))) return MUST
  const filters: SecretFilter[] = [{ key: 'tag-key', value: key }]
  if (value !== undefined) filters.push({ key: 'tag-value', value })
  return { label, filters, prefix: undefined }
}

/** Whether a question for that name or ARN may be one of those. */
export function mayChoose({ prefix }: Choice, secretId: string): boolean {
  if (prefix === undefined) return false
  return (secretNameIn(secretId) ?? secretId).startsWith(prefix)
}
