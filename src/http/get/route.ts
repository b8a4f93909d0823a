import { memberShape, VALUE, type Shape } from '../../answer/shape.ts'
import type { Reject } from '../../errors.ts'
import { parameterLookup, secretLookup } from '../../lookup.ts'
import type { AdmitRole, Read, ReadMany } from '../read.ts'
import { isLoopbackAuthority } from '../headers.ts'
import { decode, pairs, parseBool } from './query.ts'
import { rejects } from '../rejects.ts'
import { manyParameters, manySecrets, parametersByPath } from './route-many.ts'

// Request target → what is asked, or why we refuse. Pure: no I/O, and no target makes it throw.

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
      return secret(query, admitRole)
    case '/systemsmanager/parameters/get':
      return parameter(query, admitRole)
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
      return routeTidied(path, mark === -1 ? path.length : mark, admitRole)
  }
}

/** Clients that join URLs badly ask for `//secretsmanager/get/`: several slashes count as one, and none at the end. */
function routeTidied(path: string, pathEnd: number, admitRole: AdmitRole): Route {
  const asked = path.slice(0, pathEnd)
  const single = asked.replaceAll(/\/{2,}/g, '/')
  const tidy = single.endsWith('/') ? single.slice(0, -1) : single
  return tidy === '' || tidy === asked ? rejects.unknownPath : route(tidy + path.slice(pathEnd), admitRole)
}

/** `http://localhost:2773/x?y` → `/x?y`: servers must accept this form (RFC 9112, 3.2.2). Undefined for other hosts. */
function pathOfAbsoluteForm(target: string): string | undefined {
  const parts = /^https?:\/\/([^/?#]*)(.*)$/is.exec(target)
  if (parts === null) return '' // `*`, or nothing we know: no path
  return isLoopbackAuthority(parts[1]!) ? parts[2]! : undefined
}

function secret(query: string, admitRole: AdmitRole): Read | Reject {
  let secretId: string | undefined
  let versionId: string | undefined
  let versionStage: string | undefined
  let refreshNow: string | undefined
  let roleArn: string | undefined
  const asked: AskedShape = { jsonKey: undefined, format: undefined }
  for (const { name, value } of pairs(query)) {
    switch (name) {
      case 'secretId':
        secretId ||= decode(value)
        if (secretId === undefined) return rejects.malformedEscape
        break
      case 'versionId':
        versionId ||= decode(value)
        if (versionId === undefined) return rejects.malformedEscape
        break
      case 'versionStage':
        versionStage ||= decode(value)
        if (versionStage === undefined) return rejects.malformedEscape
        break
      case 'refreshNow':
        refreshNow ||= value
        break
      case 'roleArn':
        roleArn ||= decode(value)
        if (roleArn === undefined) return rejects.malformedEscape
        break
      case 'jsonKey':
      case 'format':
        asked[name] ||= decode(value)
        if (asked[name] === undefined) return rejects.malformedEscape
        break
      default: // unknown parameters are ignored: 63Klabs/cache-data sends withDecryption here
    }
  }
  if (!secretId) return rejects.missingSecretId
  const refresh = parseBool(refreshNow)
  if (refresh === undefined) return rejects.badRefreshNow
  const shape = shapeOf(asked)
  if (shape === null) return rejects.badFormat
  const role = roleArn ? admitRole(roleArn) : undefined
  if (typeof role === 'object') return role
  const lookup = secretLookup(secretId, versionId || undefined, versionStage || undefined, role)
  return { kind: 'read', lookup, shape, refreshNow: refresh }
}

function parameter(query: string, admitRole: AdmitRole): Read | Reject {
  let parameterName: string | undefined
  let selector: string | undefined
  let withDecryption: string | undefined
  let refreshNow: string | undefined
  let roleArn: string | undefined
  const asked: AskedShape = { jsonKey: undefined, format: undefined }
  for (const { name, value } of pairs(query)) {
    switch (name) {
      case 'name':
        parameterName ||= decode(value)
        if (parameterName === undefined) return rejects.malformedEscape
        break
      // "only the first of these that is placed after question mark (?) in the URL is used" (SSM user guide)
      case 'version':
      case 'label':
        selector ||= decode(value)
        if (selector === undefined) return rejects.malformedEscape
        break
      case 'withDecryption':
        withDecryption ||= value
        break
      case 'refreshNow':
        refreshNow ||= value
        break
      case 'roleArn':
        roleArn ||= decode(value)
        if (roleArn === undefined) return rejects.malformedEscape
        break
      case 'jsonKey':
      case 'format':
        asked[name] ||= decode(value)
        if (asked[name] === undefined) return rejects.malformedEscape
        break
      default:
    }
  }
  if (!parameterName) return rejects.missingName
  const decrypt = parseBool(withDecryption)
  if (decrypt === undefined) return rejects.badWithDecryption
  const refresh = parseBool(refreshNow)
  if (refresh === undefined) return rejects.badRefreshNow
  const shape = shapeOf(asked)
  if (shape === null) return rejects.badFormat
  const role = roleArn ? admitRole(roleArn) : undefined
  if (typeof role === 'object') return role
  const lookup = parameterLookup(parameterName, selector || undefined, decrypt, role)
  return { kind: 'read', lookup, shape, refreshNow: refresh }
}

interface AskedShape {
  jsonKey: string | undefined
  format: string | undefined
}

/** Undefined for the original's body, null for a format that we do not know. */
function shapeOf({ jsonKey, format }: AskedShape): Shape | undefined | null {
  if (format && format !== 'value') return null
  if (jsonKey) return memberShape(jsonKey)
  return format ? VALUE : undefined
}
