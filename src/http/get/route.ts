import type { Reject } from '../../errors.ts'
import { isLoopbackAuthority } from '../../loopback.ts'
import type { AdmitRole, Read, ReadMany } from '../read.ts'
import { rejects } from '../rejects.ts'
import { oneSecret, READS } from './reads.ts'

// Request target → the question, or why we refuse. Pure: no I/O, and no target makes it throw.

const PING = { kind: 'ping' } as const
const ENVIRONMENT = { kind: 'environment' } as const
const METRICS = { kind: 'metrics' } as const

export type Route = Read | ReadMany | typeof PING | typeof ENVIRONMENT | typeof METRICS | Reject

/** The default of that provider's `path_prefix`. */
const PROVIDER_PREFIX = '/v1/'

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
  const pathEnd = mark === -1 ? path.length : mark
  const endpoint = path.slice(0, pathEnd)
  switch (endpoint) {
    case '/ping':
      return PING
    case '/environment':
      return ENVIRONMENT
    case '/metrics':
      return METRICS
  }
  const read = READS.get(endpoint)
  if (read !== undefined) return read(query, admitRole)
  if (!path.startsWith(PROVIDER_PREFIX)) return routeTidied(path, pathEnd, admitRole)
  return secretOfPath(path.slice(PROVIDER_PREFIX.length, pathEnd), query, admitRole)
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
