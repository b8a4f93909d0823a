import type { Reject } from '../../errors.ts'
import { parameterLookup, pathLookup, secretLookup } from '../../lookup.ts'
import { decode, pairs, parseBool } from './query.ts'
import { rejects } from '../rejects.ts'
import type { AdmitRole, Read, ReadMany } from '../read.ts'

// The routes that ask for many at once.

/** Each is a question of its own, and all are answered in one body. */
const MOST_NAMES = 100

export function manySecrets(query: string, admitRole: AdmitRole): ReadMany | Reject {
  const asked = read(query, 'secretId', admitRole)
  if ('status' in asked) return asked
  if (asked.names.length === 0) return rejects.missingSecretId
  const { refreshNow, names, role } = asked
  const lookups = names.map((name) => secretLookup(name, undefined, undefined, role))
  return { kind: 'many', store: 'secrets-manager', lookups, refreshNow, isWire: false }
}

export function manyParameters(query: string, admitRole: AdmitRole): ReadMany | Reject {
  const asked = read(query, 'name', admitRole)
  if ('status' in asked) return asked
  if (asked.names.length === 0) return rejects.missingName
  const { refreshNow, withDecryption, names, role } = asked
  const lookups = names.map((name) => parameterLookup(name, undefined, withDecryption, role))
  return { kind: 'many', store: 'parameter-store', lookups, refreshNow, isWire: false }
}

export function parametersByPath(query: string, admitRole: AdmitRole): Read | Reject {
  const asked = read(query, 'path', admitRole)
  if ('status' in asked) return asked
  const { names, isRecursive, withDecryption, refreshNow, role } = asked
  const [path] = names
  if (path === undefined) return rejects.missingPath
  const lookup = pathLookup(path, isRecursive, withDecryption, role)
  return { kind: 'read', lookup, shape: undefined, refreshNow }
}

interface AskedMany {
  readonly names: readonly string[]
  readonly isRecursive: boolean
  readonly withDecryption: boolean
  readonly refreshNow: boolean
  readonly role: string | undefined
}

/** Names are given once each; the other parameters count at their first place, as everywhere. */
function read(query: string, nameOf: 'secretId' | 'name' | 'path', admitRole: AdmitRole): AskedMany | Reject {
  const names = new Set<string>()
  const flags: Record<string, string> = {}
  let roleArn: string | undefined
  for (const { name, value } of pairs(query)) {
    switch (name) {
      case nameOf: {
        const decoded = decode(value)
        if (decoded === undefined) return rejects.malformedEscape
        if (decoded !== '') names.add(decoded)
        break
      }
      case 'roleArn':
        roleArn ||= decode(value)
        if (roleArn === undefined) return rejects.malformedEscape
        break
      case 'recursive':
      case 'withDecryption':
      case 'refreshNow':
        flags[name] ||= value
        break
      case 'jsonKey':
      case 'format':
      case 'versionId':
      case 'versionStage':
      case 'version':
      case 'label':
        if (value !== '') return rejects.ofOneOnly
        break
      default:
    }
  }
  if (names.size > MOST_NAMES) return rejects.tooManyNames
  const isRecursive = parseBool(flags['recursive'])
  const withDecryption = parseBool(flags['withDecryption'])
  const refreshNow = parseBool(flags['refreshNow'])
  if (isRecursive === undefined) return rejects.badRecursive
  if (withDecryption === undefined) return rejects.badWithDecryption
  if (refreshNow === undefined) return rejects.badRefreshNow
  const role = roleArn ? admitRole(roleArn) : undefined
  if (typeof role === 'object') return role
  return { names: [...names], isRecursive, withDecryption, refreshNow, role }
}
