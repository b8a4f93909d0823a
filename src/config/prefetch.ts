import { say, shown } from '../public.ts'
import { readInteger, readNames, readText, readWord, warn, type Reading } from './read.ts'
import {
  PREFETCH_BATCH,
  PREFETCH_FILE,
  PREFETCH_PARAMETERS,
  PREFETCH_SECRETS,
  PREFETCH_WAIT,
} from './settings.ts'

/** What is fetched before the function asks. */
export interface PrefetchSettings {
  /** Whether nothing at all is named. */
  readonly isEmpty: boolean
  /** Names, ARNs and partial ARNs, each with `?versionStage=` or `?versionId=` if wanted. */
  readonly secrets: readonly string[]
  /** Names and ARNs, each with `:version` or `:label` if wanted; one that ends in `/` is a path. */
  readonly parameters: readonly string[]
  /** Absolute path of a JSON file that names more of both. core/prefetch-lists.ts reads it. */
  readonly file: string | undefined
  /** Secrets by BatchGetSecretValue. */
  readonly batch: boolean
  /** Longest that `next` waits for it, in milliseconds. */
  readonly waitMs: number
}

export function readPrefetch(reading: Reading): PrefetchSettings {
  const secrets = readNames(reading, PREFETCH_SECRETS)
  const parameters = readNames(reading, PREFETCH_PARAMETERS)
  const file = readFile(reading)
  return {
    isEmpty: secrets.length + parameters.length === 0 && file === undefined,
    secrets,
    parameters,
    file,
    batch: readWord(reading, PREFETCH_BATCH) === 'true',
    waitMs: readInteger(reading, PREFETCH_WAIT),
  }
}

function readFile(reading: Reading): string | undefined {
  const path = readText(reading, PREFETCH_FILE)
  if (path === undefined || path.startsWith('/')) return path
  warn(reading, say`${PREFETCH_FILE.name} must be an absolute path, got "${shown(path)}". Ignoring it.`)
  return undefined
}
