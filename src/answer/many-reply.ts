import { toText } from '../byte-string.ts'
import { createBody, markStale, ORIGINAL_TYPE, regionHeader, type Answer, type Body } from './answer.ts'
import { parametersBytes, secretsBytes } from './many.ts'
import { wireReply } from './wire-shape.ts'
import { UpstreamError } from '../errors.ts'
import { idOf, type SingleLookup } from '../lookup.ts'

// One body from many answers. Failures of single names are listed in it.

/** What came for one question, and whether it was held. */
export interface Part {
  readonly lookup: SingleLookup
  readonly got: Answer | UpstreamError
  readonly isHit: boolean
}

/**
 * Of which store, and whether AWS's own shape is wanted, as its SDKs read it: there a list of failures is an answer.
 */
interface Wanted {
  readonly store: 'secrets-manager' | 'parameter-store'
  readonly isWire: boolean
}

interface Failed {
  readonly name: string
  readonly error: UpstreamError
}

/** What a store's list of many can hold. */
interface List {
  /** Whether it has a place for such a failure of a single name. */
  lists(error: UpstreamError): boolean
  /** `bodies` are byte strings, and so is the list. */
  bytesOf(bodies: readonly string[], failed: readonly Failed[]): string
}

const LISTS: Readonly<Record<Wanted['store'], List>> = {
  'secrets-manager': {
    lists: () => true,
    bytesOf: (bodies, failed) =>
      secretsBytes(
        bodies,
        failed.map(({ name, error: { code, reason } }) => ({
          ErrorCode: code,
          Message: reason,
          SecretId: name,
        })),
      ),
  },
  'parameter-store': {
    lists: ({ status, code }) => status !== 0 && /^Parameter\w*NotFound$/.test(code),
    bytesOf: (bodies, failed) =>
      parametersBytes(
        bodies,
        failed.map(({ name }) => name),
      ),
  },
}

/** The body, or the failure of them all. */
export function manyBody({ store, isWire }: Wanted, parts: readonly Part[]): Body | UpstreamError {
  const answers: Answer[] = []
  const failed: Failed[] = []
  for (const { lookup, got } of parts) {
    if (got instanceof UpstreamError) failed.push({ name: idOf(lookup), error: got })
    else answers.push(got)
  }
  const list = LISTS[store]
  const fatal = failed.find(({ error }) => !list.lists(error))
  if (fatal !== undefined) return fatal.error
  if (answers.length === 0) {
    // AWS did not answer, or a client of the GET endpoints would get a list of failures alone.
    const unanswered = failed.find(({ error }) => error.status === 0) ?? (isWire ? undefined : failed[0])
    if (unanswered !== undefined) return unanswered.error
  }
  const bodies = answers.map(({ bytes }) => bytes)
  const bytes = list.bytesOf(bodies, failed)
  const further = regionHeader(
    answers.find(({ replicaRegion }) => replicaRegion !== undefined)?.replicaRegion,
  )
  const body = isWire ? wireReply(toText(bytes), further) : createBody(bytes, ORIGINAL_TYPE, further)
  const oldest = Math.max(0, ...answers.map(({ staleForMs = 0 }) => staleForMs))
  return oldest === 0 ? body : markStale(body, oldest)
}
