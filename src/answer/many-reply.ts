import { toText } from '../byte-string.ts'
import { createBody, markStale, ORIGINAL_TYPE, type Answer, type Body } from './answer.ts'
import { parametersBytes, secretsBytes } from './many.ts'
import { wireReply } from './wire-shape.ts'
import { UpstreamError } from '../errors.ts'
import type { SingleLookup } from '../lookup.ts'

// One body from many answers. Failures of single names are listed in it.

/** What came for one question, and whether it was held. */
export interface Part {
  readonly lookup: SingleLookup
  readonly got: Answer | UpstreamError
  readonly isHit: boolean
}

/** Of which store, and whether AWS's own shape is wanted, as its SDKs read it: there a list of failures is an answer. */
interface Wanted {
  readonly store: 'secrets-manager' | 'parameter-store'
  readonly isWire: boolean
}

interface Failed {
  readonly name: string
  readonly error: UpstreamError
}

/** The body, or the failure of them all. A list of parameters has no place for a failure but "not found". */
export function manyBody({ store, isWire }: Wanted, parts: readonly Part[]): Body | UpstreamError {
  const bodies: string[] = []
  const failed: Failed[] = []
  for (const { lookup, got } of parts) {
    if (got instanceof UpstreamError) failed.push({ name: nameOf(lookup), error: got })
    else bodies.push(got.bytes)
  }
  const fatal = failed.find(({ error }) => isFatal(store, error))
  if (fatal !== undefined && (store === 'parameter-store' || bodies.length === 0)) return fatal.error
  const [first] = failed
  if (first !== undefined && bodies.length === 0 && !isWire) return first.error
  const bytes =
    store === 'parameter-store'
      ? parametersBytes(
          bodies,
          failed.map(({ name }) => name),
        )
      : secretsBytes(
          bodies,
          failed.map(({ name, error: { code, reason } }) => ({
            ErrorCode: code,
            Message: reason,
            SecretId: name,
          })),
        )
  const body = isWire ? wireReply(toText(bytes)) : createBody(bytes, ORIGINAL_TYPE)
  const ages = parts.flatMap(({ got }) => (got instanceof UpstreamError ? [] : [got.staleForMs ?? 0]))
  const oldest = Math.max(0, ...ages)
  return oldest === 0 ? body : markStale(body, oldest)
}

/** Whether that failure says nothing of the name: AWS was not heard, or a list has no place for it. */
function isFatal(store: Wanted['store'], { status, code }: UpstreamError): boolean {
  return status === 0 || (store === 'parameter-store' && !/^Parameter\w*NotFound$/.test(code))
}

function nameOf(lookup: SingleLookup): string {
  return lookup.store === 'secrets-manager' ? lookup.secretId : lookup.name
}
