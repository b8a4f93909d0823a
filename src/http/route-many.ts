import type { Reject } from '../errors.ts'
import { parameterLookup, pathLookup, secretLookup } from '../lookup.ts'
import { decode, pairs, parseBool } from './query.ts'
import { rejects } from './rejects.ts'
import type { Read, ReadMany } from './asked.ts'

// The routes that ask for many at once.

/** Each is a question of its own, and all are answered in one body. */
const MOST_NAMES = 100

export function manySecrets(query: string): ReadMany | Reject {
  const asked = read(query, 'secretId')
  if ('status' in asked) return asked
  if (asked.names.length === 0) return rejects.missingSecretId
  const { refreshNow, names } = asked
  const lookups = names.map((name) => secretLookup(name, undefined, undefined))
  return { kind: 'many', store: 'secrets-manager', lookups, refreshNow, isWire: false }
}

export function manyParameters(query: string): ReadMany | Reject {
  const asked = read(query, 'name')
  if ('status' in asked) return asked
  if (asked.names.length === 0) return rejects.missingName
  const { refreshNow, withDecryption, names } = asked
  const lookups = names.map((name) => parameterLookup(name, undefined, withDecryption))
  return { kind: 'many', store: 'parameter-store', lookups, refreshNow, isWire: false }
}

export function parametersByPath(query: string): Read | Reject {
  const asked = read(query, 'path')
  if ('status' in asked) return asked
  const { names, isRecursive, withDecryption, refreshNow } = asked
  const [path] = names
  if (path === undefined) return rejects.missingPath
  return { kind: 'read', lookup: pathLookup(path, isRecursive, withDecryption), shape: undefined, refreshNow }
}

interface AskedMany {
  readonly names: readonly string[]
  readonly isRecursive: boolean
  readonly withDecryption: boolean
  readonly refreshNow: boolean
}

/** Names are given once each; the other parameters count at their first place, as everywhere. */
function read(query: string, nameOf: 'secretId' | 'name' | 'path'): AskedMany | Reject {
  const names = new Set<string>()
  const flags: Record<string, string> = {}
  for (const { name, value } of pairs(query)) {
    switch (name) {
      case nameOf: {
        const decoded = decode(value)
        if (decoded === undefined) return rejects.malformedEscape
        if (decoded !== '') names.add(decoded)
        break
      }
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
  return { names: [...names], isRecursive, withDecryption, refreshNow }
}
