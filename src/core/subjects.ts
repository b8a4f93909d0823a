import { parseArn, secretNameIn, splitId, withoutSuffix } from '../arn.ts'
import type { ParameterLookup, PathLookup, SecretLookup } from '../lookup.ts'

// What questions and changes are about: secrets, parameters and paths by their bare names. An ARN, a partial ARN and
// the name that Parameter Store has for a secret give the name of the same secret. Account, region, role and decryption
// are left out: a change of one costs the others of that name one more call, and nobody a wrong value.
//
//   s:db AWSCURRENT    the current version of the secret `db`
//   s:db               all versions of it: what a write changes
//   p:app/url          all versions of the parameter `/app/url`; `p:app/url ` the latest, `p:app/url 3` the third
//   r:app/             all parameters below `/app`, in their latest version
//   d:app/             those that are directly below `/app`

const REFERENCE = 'aws/reference/secretsmanager/'

/** One version of a secret. An ARN that may be complete or partial gives two names. */
export function subjectsOfSecret({ secretId, versionId, versionStage }: SecretLookup): string[] {
  const version = versionId === undefined ? (versionStage ?? 'AWSCURRENT') : versionId + (versionStage ?? '')
  return secretNamed(secretId).map((subject) => `${subject} ${version}`)
}

/** One version of a parameter, or of the secret that it stands for. */
export function subjectsOfParameter({ name }: ParameterLookup): string[] {
  const [, selector = ''] = splitId(name.trim())
  return parameterNamed(name).map(
    (subject) => `${subject} ${subject.startsWith('s:') ? selector || 'AWSCURRENT' : selector}`,
  )
}

/** All that a list holds. */
export function subjectsOfPath({ path, isRecursive }: PathLookup): string[] {
  const steps = path.replace(/^\/+|\/+$/g, '')
  return [(isRecursive ? 'r:' : 'd:') + (steps === '' ? '' : steps + '/')]
}

/** The secret with that name, ARN or partial ARN, in all versions. */
export function secretNamed(id: string): string[] {
  const name = secretNameIn(id)
  if (name === undefined) return [`s:${id}`]
  const partial = withoutSuffix(name)
  return partial === undefined ? [`s:${name}`] : [`s:${name}`, `s:${partial}`]
}

/** The parameter with that name or ARN, or the secret that it stands for, in all versions. */
export function parameterNamed(id: string): string[] {
  const [text] = splitId(id.trim())
  const arn = parseArn(text)
  if (arn?.service === 'secretsmanager') return secretNamed(text)
  const path = arn === undefined ? text : arn.resource.replace(/^parameter/, '')
  const name = path.replace(/^\/+/, '')
  return name.startsWith(REFERENCE) ? secretNamed(name.slice(REFERENCE.length)) : [`p:${name}`]
}

/** Whether one is the other, a version of it, or below it; of two paths, whether something is below both. */
export function overlap(one: string, other: string): boolean {
  return one === other || isIn(one, other) || isIn(other, one)
}

function isIn(one: string, whole: string): boolean {
  const kind = whole[0]
  if (kind !== 'r' && kind !== 'd') return one[whole.length] === ' ' && one.startsWith(whole)
  if (one[0] === 's' || !one.startsWith(whole.slice(2), 2)) return false
  if (one[0] !== 'p') return kind === 'r' || one.length === whole.length
  // A version by its number or label is in no list.
  const version = one.indexOf(' ')
  if (version !== -1 && version !== one.length - 1) return false
  return kind === 'r' || !one.includes('/', whole.length)
}
