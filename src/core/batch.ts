import { UpstreamError } from '../errors.ts'
import type {
  Fields,
  ParameterFields,
  ParameterLookup,
  SecretFields,
  SecretLookup,
  SingleLookup,
} from '../lookup.ts'
import { kindOfFailure } from './failure-kind.ts'
import type { LazyUpstream } from './lazy-upstream.ts'

// Many questions in few calls. Each is a flight of the cache, whose answer is given by whoever fetches it.

export interface Flight<L extends SingleLookup = SingleLookup> {
  readonly lookup: L
  resolve(fields: Fields): void
  reject(error: unknown): void
}

/** A flight, and what it will be resolved with. */
export function openFlight<L extends SingleLookup>(
  lookup: L,
): { flight: Flight<L>; fields: Promise<Fields> } {
  let flight: Flight<L> | undefined
  const fields = new Promise<Fields>((resolve, reject) => (flight = { lookup, resolve, reject }))
  // Set by the executor, which runs at once.
  return { flight: flight!, fields }
}

export interface BatchOptions {
  readonly upstream: LazyUpstream
  /** No more calls for one name each at once, so that a caller's own call gets its turn. */
  readonly maxConnections: number
  /** Whether current secrets are asked for by BatchGetSecretValue. */
  readonly isSecretBatched: boolean
  /** Nobody has asked for it. */
  readonly isBackground: boolean
  /** See `Upstream.fetch`. */
  mayFailOver(lookup: SecretLookup): boolean
}

/** Asks AWS and settles every flight. Rejects only if the AWS SDK cannot be loaded, after the flights. */
export async function fetchFlights(flights: readonly Flight[], options: BatchOptions): Promise<void> {
  const { upstream, isSecretBatched, isBackground, mayFailOver } = options
  const aws = await upstream.load().catch((error: unknown) => {
    for (const { reject } of flights) reject(error)
    throw error
  })
  const secrets = isSecretBatched ? flights.filter(isOfSecret).filter(isCurrent) : []
  const parameters = flights.filter(isOfParameter)
  const batched = new Set<Flight>([...secrets, ...parameters])
  await Promise.all([
    inBatches(secrets, aws.fetchSecrets, (secret: SecretFields) => ({ store: 'secrets-manager', secret })),
    fetchEach(
      flights.filter((flight) => !batched.has(flight)),
      options,
    ),
    inBatches(parameters, aws.fetchParameters, (parameter: ParameterFields) => ({
      store: 'parameter-store',
      parameter,
    })),
  ])

  async function inBatches<L extends SingleLookup, T>(
    some: readonly Flight<L>[],
    fetch: (
      lookups: readonly L[],
      onPart: (lookup: L, part: T | UpstreamError | undefined) => void,
      how: Pick<BatchOptions, 'isBackground' | 'mayFailOver'>,
    ) => Promise<void>,
    fieldsOf: (part: T) => Fields,
  ): Promise<void> {
    if (some.length === 0) return
    const byLookup = new Map(some.map((flight) => [flight.lookup, flight]))
    const alone: Flight<L>[] = []
    try {
      await fetch(
        some.map(({ lookup }) => lookup),
        (lookup, part) => {
          const flight = byLookup.get(lookup)!
          byLookup.delete(lookup)
          if (part === undefined || (part instanceof UpstreamError && mayBeHadAlone(part))) alone.push(flight)
          else if (part instanceof UpstreamError) flight.reject(part)
          else flight.resolve(fieldsOf(part))
        },
        { isBackground, mayFailOver },
      )
    } catch (error) {
      for (const { reject } of byLookup.values()) reject(error)
    }
    await fetchEach(alone, options)
  }
}

/**
 * Whether a name may be had alone although its batch failed: AWS refused the call, or what stands in for AWS does not
 * know it (501). Where AWS throttles or cannot be asked, a call for each name would make it worse.
 */
function mayBeHadAlone(error: UpstreamError): boolean {
  return error.status === 501 || (error.status > 0 && kindOfFailure(error) !== 'transient')
}

/** One call each. */
async function fetchEach(
  flights: readonly Flight[],
  { upstream, maxConnections, isBackground, mayFailOver }: BatchOptions,
): Promise<void> {
  const aws = await upstream.load()
  const left = [...flights]
  const work = async (): Promise<void> => {
    for (let flight = left.shift(); flight !== undefined; flight = left.shift()) {
      await aws.fetch(flight.lookup, { isBackground, mayFailOver }).then(flight.resolve, flight.reject)
    }
  }
  await Promise.all(Array.from({ length: Math.min(maxConnections, left.length) }, work))
}

function isOfSecret(flight: Flight): flight is Flight<SecretLookup> {
  return flight.lookup.store === 'secrets-manager'
}

function isOfParameter(flight: Flight): flight is Flight<ParameterLookup> {
  return flight.lookup.store === 'parameter-store'
}

function isCurrent({ lookup }: Flight<SecretLookup>): boolean {
  return lookup.versionId === undefined && lookup.versionStage === undefined
}
