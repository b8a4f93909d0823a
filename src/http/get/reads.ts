import { memberShape, VALUE } from '../../answer/shape.ts'
import { isReject, type Reject } from '../../errors.ts'
import { parameterLookup, pathLookup, secretLookup, type Lookup } from '../../lookup.ts'
import type { AdmitRole, Read, ReadMany } from '../read.ts'
import { rejects } from '../rejects.ts'
import { readQuery, type Query, type Rule, type Rules, type Slot } from './query.ts'

// The endpoints that read: of each its path, the parameters that it knows, and the question that they make.

type Reader = (query: string, admitRole: AdmitRole) => Read | ReadMany | Reject

/** By path: what makes a question of the query, or says why we refuse it. */
export const READS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['/secretsmanager/get', oneSecret],
  ['/secretsmanager/getMultiple', manySecrets],
  ['/systemsmanager/parameters/get', oneParameter],
  ['/systemsmanager/parameters/getMultiple', manyParameters],
  ['/systemsmanager/parameters/getByPath', parametersByPath],
])

/** Each is a question of its own, and all are answered in one body. */
const MOST_NAMES = 100

const firstText = (slot: Slot): Rule => ({ kind: 'text', slot })
const firstFlag = (slot: Slot): Rule => ({ kind: 'flag', slot })
const SINGLE = ['jsonKey', 'format', 'versionId', 'versionStage', 'version', 'label'].map(
  (name): [string, Rule] => [name, { kind: 'single' }],
)
const SHAPE: Record<string, Rule> = { jsonKey: firstText('jsonKey'), format: firstText('format') }
const ALL: Record<string, Rule> = { refreshNow: firstFlag('refreshNow'), roleArn: firstText('roleArn') }

/** One secret. `withDecryption` is not known here, and so is ignored: 63Klabs/cache-data sends it. */
const SECRET = rules(rejects.missingSecretId, {
  secretId: firstText('name'),
  versionId: firstText('versionId'),
  versionStage: firstText('versionStage'),
  ...SHAPE,
})

/** One parameter. Of `version` and `label` the first counts, says AWS's guide ("placed after question mark"). */
const PARAMETER = rules(rejects.missingName, {
  name: firstText('name'),
  version: firstText('selector'),
  label: firstText('selector'),
  withDecryption: firstFlag('withDecryption'),
  ...SHAPE,
})

const MISSING = { secretId: rejects.missingSecretId, name: rejects.missingName, path: rejects.missingPath }

/** Many, each named by `name`. */
function many(name: keyof typeof MISSING): Rules {
  return rules(MISSING[name], {
    ...Object.fromEntries(SINGLE),
    [name]: { kind: 'names' },
    recursive: firstFlag('recursive'),
    withDecryption: firstFlag('withDecryption'),
  })
}

function rules(missing: Reject, own: Readonly<Record<string, Rule>>): Rules {
  return { byName: new Map(Object.entries({ ...ALL, ...own })), missing }
}

const SECRETS = many('secretId')
const PARAMETERS = many('name')
const PATHS = many('path')

export function oneSecret(query: string, admitRole: AdmitRole): Read | Reject {
  const found = readQuery(query, SECRET)
  if (isReject(found)) return found
  const { versionId, versionStage } = found.texts
  return singleRead(found, admitRole, (name, role) =>
    secretLookup(name, { versionId: versionId || undefined, versionStage: versionStage || undefined, role }),
  )
}

function oneParameter(query: string, admitRole: AdmitRole): Read | Reject {
  const found = readQuery(query, PARAMETER)
  if (isReject(found)) return found
  const { texts, withDecryption } = found
  return singleRead(found, admitRole, (name, role) =>
    parameterLookup(name, { selector: texts.selector || undefined, withDecryption, role }),
  )
}

function singleRead(
  { names, texts, refreshNow }: Query,
  admitRole: AdmitRole,
  lookupOf: (name: string, role: string | undefined) => Lookup,
): Read | Reject {
  const { jsonKey, format } = texts
  if (format && format !== 'value') return rejects.badFormat
  const role = roleOf(texts.roleArn, admitRole)
  if (isReject(role)) return role
  const shape = jsonKey ? memberShape(jsonKey) : format ? VALUE : undefined
  return { kind: 'read', lookup: lookupOf(names[0], role), shape, refreshNow }
}

function manySecrets(query: string, admitRole: AdmitRole): ReadMany | Reject {
  const found = readMany(query, SECRETS, admitRole)
  if (isReject(found)) return found
  const { names, refreshNow, role } = found
  const lookups = names.map((name) => secretLookup(name, { role }))
  return { kind: 'many', store: 'secrets-manager', lookups, refreshNow, isWire: false }
}

function manyParameters(query: string, admitRole: AdmitRole): ReadMany | Reject {
  const found = readMany(query, PARAMETERS, admitRole)
  if (isReject(found)) return found
  const { names, withDecryption, refreshNow, role } = found
  const lookups = names.map((name) => parameterLookup(name, { withDecryption, role }))
  return { kind: 'many', store: 'parameter-store', lookups, refreshNow, isWire: false }
}

function parametersByPath(query: string, admitRole: AdmitRole): Read | Reject {
  const found = readMany(query, PATHS, admitRole)
  if (isReject(found)) return found
  const { names, isRecursive, withDecryption, refreshNow, role } = found
  const lookup = pathLookup(names[0], { isRecursive, withDecryption, role })
  return { kind: 'read', lookup, shape: undefined, refreshNow }
}

function readMany(query: string, known: Rules, admitRole: AdmitRole) {
  const found = readQuery(query, known)
  if (isReject(found)) return found
  if (found.names.length > MOST_NAMES) return rejects.tooManyNames
  const role = roleOf(found.texts.roleArn, admitRole)
  return isReject(role) ? role : { ...found, role }
}

function roleOf(roleArn: string | undefined, admitRole: AdmitRole): string | undefined | Reject {
  return roleArn ? admitRole(roleArn) : undefined
}
