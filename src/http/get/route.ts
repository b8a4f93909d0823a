import { memberShape, VALUE } from '../../answer/shape.ts'
import { isReject, type Reject } from '../../errors.ts'
import { isLoopbackAuthority } from '../../loopback.ts'
import { parameterLookup, pathLookup, secretLookup, type Lookup } from '../../lookup.ts'
import type { AdmitRole, Read, ReadMany } from '../read.ts'
import { rejects } from '../rejects.ts'
import { many, PARAMETER, readQuery, SECRET, type Query, type Rules } from './query.ts'

// Request target → the question, or why we refuse. Pure: no I/O, and no target makes it throw.

interface Ping {
  readonly kind: 'ping'
}

interface Environment {
  readonly kind: 'environment'
}

interface Metrics {
  readonly kind: 'metrics'
}

export type Route = Read | ReadMany | Ping | Environment | Metrics | Reject

const PING: Ping = { kind: 'ping' }
const ENVIRONMENT: Environment = { kind: 'environment' }
const METRICS: Metrics = { kind: 'metrics' }

/** The default of that provider's `path_prefix`. */
const PROVIDER_PREFIX = '/v1/'
const SECRETS = many('secretId')
const PARAMETERS = many('name')
const PATHS = many('path')
/** Each is a question of its own, and all are answered in one body. */
const MOST_NAMES = 100

// Enough for every question of a full cache. A target longer than this is parsed each time it comes.
const REMEMBERED_TARGETS = 1000
const REMEMBERED_LENGTH = 1024

/** `route` with a memory of the targets seen, so that a repeated one is one Map look-up. */
export function createRouter(admitRole: AdmitRole = () => undefined): (target: string) => Route {
  const seen = new Map<string, Route>()
  return (target) => {
    const known = seen.get(target)
    if (known !== undefined) return known
    const fresh = route(target, admitRole)
    if (fresh.kind === 'read' && target.length <= REMEMBERED_LENGTH) {
      if (seen.size >= REMEMBERED_TARGETS) seen.clear()
      seen.set(target, fresh)
    }
    return fresh
  }
}

export function route(target: string, admitRole: AdmitRole = () => undefined): Route {
  const path = target.charCodeAt(0) === 0x2f /* / */ ? target : pathOfAbsoluteForm(target)
  if (path === undefined) return rejects.foreignHost
  const mark = path.indexOf('?')
  const query = mark === -1 ? '' : path.slice(mark + 1)
  switch (mark === -1 ? path : path.slice(0, mark)) {
    case '/secretsmanager/get':
      return oneSecret(query, admitRole)
    case '/systemsmanager/parameters/get':
      return oneParameter(query, admitRole)
    case '/ping':
      return PING
    case '/environment':
      return ENVIRONMENT
    case '/metrics':
      return METRICS
    case '/secretsmanager/getMultiple':
      return manySecrets(query, admitRole)
    case '/systemsmanager/parameters/getMultiple':
      return manyParameters(query, admitRole)
    case '/systemsmanager/parameters/getByPath':
      return parametersByPath(query, admitRole)
    default:
      const pathEnd = mark === -1 ? path.length : mark
      if (!path.startsWith(PROVIDER_PREFIX)) return routeTidied(path, pathEnd, admitRole)
      return secretOfPath(path.slice(PROVIDER_PREFIX.length, pathEnd), query, admitRole)
  }
}

/** As clients of aws-workload-credentials-provider ask: all of the path behind the prefix, slashes too, is the name. */
function secretOfPath(name: string, query: string, admitRole: AdmitRole): Read | Reject {
  if (name === '') return rejects.missingSecretId
  // In a query a plus is a space, and the first name counts.
  return oneSecret(`secretId=${name.replaceAll(/[+&]/g, encodeURIComponent)}&${query}`, admitRole)
}

/** Clients that join URLs badly ask for `//secretsmanager/get/`: several slashes count as one, and none at the end. */
function routeTidied(path: string, pathEnd: number, admitRole: AdmitRole): Route {
  const untidy = path.slice(0, pathEnd)
  const single = untidy.replaceAll(/\/{2,}/g, '/')
  const tidy = single.endsWith('/') ? single.slice(0, -1) : single
  return tidy === '' || tidy === untidy ? rejects.unknownPath : route(tidy + path.slice(pathEnd), admitRole)
}

/** `http://localhost:2773/x?y` → `/x?y`: servers must accept this form (RFC 9112, 3.2.2). Undefined for other hosts. */
function pathOfAbsoluteForm(target: string): string | undefined {
  const parts = /^https?:\/\/([^/?#]*)(.*)$/is.exec(target)
  if (parts === null) return '' // `*`, or nothing we know: no path
  return isLoopbackAuthority(parts[1]!) ? parts[2]! : undefined
}

function oneSecret(query: string, admitRole: AdmitRole): Read | Reject {
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
