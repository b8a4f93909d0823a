import type { Answer, Body } from '../answer/answer.ts'
import { makeShape, memberShape, VALUE } from '../answer/shape.ts'
import { isReject, UpstreamError, type Reject } from '../errors.ts'
import type { Lookup } from '../lookup.ts'
import { say, shown, type Public } from '../public.ts'
import { LONGEST_VARIABLE } from './environment-body.ts'
import type { Failure, Resolvable, Slot, Target } from './references.ts'

// What references refer to. For one answer to `GET /environment` each value is asked for once, however often it is
// named, and made from the body that holds it once.

/** A value, as a byte string, or why there is none. Absent is no failure, as it may be. */
export type Resolved = { readonly bytes: string } | Failure | typeof IS_ABSENT

const IS_ABSENT = { isAbsent: true } as const
/** The codes that say that there is no such value. */
const ABSENT = /^(ResourceNotFoundException|ParameterNotFound|ParameterVersionNotFound|JsonKeyNotFound)$/

export function isAbsence(code: string): boolean {
  return ABSENT.test(code)
}

/** Rejects with a defect of ours only. */
export function createResolver(load: (lookup: Lookup) => Promise<Answer>) {
  const asked = new Map<string, Promise<string | Failure>>()

  return async (reference: Resolvable | Failure): Promise<Resolved> => {
    if ('code' in reference) return reference
    const { parts, isOptional } = reference
    const values = await Promise.all(
      parts.map((part) => (typeof part === 'string' ? Promise.resolve(part) : valueOf(part.target))),
    )
    let bytes = ''
    const failures: Failure[] = []
    for (const [i, part] of parts.entries()) {
      const value = values[i]!
      // What is too long already is only looked through for failures.
      const piece = bytes.length > LONGEST_VARIABLE && typeof value === 'string' ? '' : filtered(part, value)
      if (typeof piece === 'string') bytes += piece
      else failures.push(piece)
    }
    const failure = isOptional ? failures.find(({ code }) => !isAbsence(code)) : failures[0]
    return failure ?? (failures.length > 0 ? IS_ABSENT : { bytes })
  }

  function valueOf(target: Target): Promise<string | Failure> {
    const key = `${target.lookup.key}\u0000${target.jsonKey ?? ''}`
    let value = asked.get(key)
    if (value === undefined) asked.set(key, (value = fetched(target)))
    return value
  }

  async function fetched({ lookup, jsonKey }: Target): Promise<string | Failure> {
    try {
      const shape = shaped(await load(lookup), jsonKey)
      return isReject(shape) ? { code: shown(shape.errorType) } : shape.bytes
    } catch (error) {
      return { code: codeOf(error) }
    }
  }
}

function filtered(part: string | Slot, value: string | Failure): string | Failure {
  if (typeof part === 'string') return part
  const why = part.label === '' ? undefined : part.label
  if (typeof value !== 'string') return { code: value.code, why }
  let bytes: string | undefined = value
  for (const filter of part.filters) bytes = bytes === undefined ? undefined : filter(bytes)
  return bytes ?? { code: say`BinaryValue`, why }
}

/** The value, or one member of it. Made from a copy, so that nothing is kept with what the cache holds. */
export function shaped(answer: Answer, jsonKey: string | undefined): Body | Reject {
  return makeShape({ ...answer, shapes: undefined }, jsonKey === undefined ? VALUE : memberShape(jsonKey))
}

/** Throws what is no failure of AWS. */
export function codeOf(error: unknown): Public {
  if (error instanceof UpstreamError) return error.code
  throw error
}
