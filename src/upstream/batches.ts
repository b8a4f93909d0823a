import { UpstreamError } from '../errors.ts'
import type { ParameterFields, SecretFields } from '../fields.ts'
import type { ParameterLookup, SecretLookup } from '../lookup.ts'
import { isParameter, isSecret } from './checks.ts'
import type { Clients } from './client.ts'
import { keyOf, type Place, regionOfArn } from './place.ts'

// Many names in one call. Limits of a call: "BatchGetSecretValue" and "GetParameters" in the AWS API references.

const SECRETS_A_CALL = 20
const PARAMETERS_A_CALL = 10
/** `-` and six characters at the end of a secret's ARN, which a partial ARN leaves out. */
const ARN_SUFFIX = 7

/**
 * What came for one question. Undefined if AWS refused the name, or the whole call, or does not mention the name: what
 * it says of a batch need not hold for a call of that name alone. A secret of another account, for one, is no member of
 * a batch.
 */
export type Part<T> = T | UpstreamError | undefined

/**
 * The current versions, 20 in a call. `onPart` is called once for each question. Rejects with a defect of ours only.
 */
export function getSecrets(
  clients: Clients,
  lookups: readonly SecretLookup[],
  onPart: (lookup: SecretLookup, part: Part<SecretFields>) => void,
): Promise<void> {
  const placeOf = ({ secretId, role }: SecretLookup) => ({
    region: regionOfArn('secretsmanager', secretId, clients.region),
    role,
  })
  return inBatches(lookups, SECRETS_A_CALL, placeOf, onPart, async (place, batch) => {
    const ids = batch.map(({ secretId }) => secretId)
    const { SecretValues = [], Errors = [] } = await clients.batchGetSecretValue(place, {
      SecretIdList: ids,
    })
    const secrets = SecretValues.filter(isSecret)
    const refusedIds = new Set(Errors.map(({ SecretId }) => SecretId))
    return ({ secretId }) => {
      if (refusedIds.has(secretId)) return undefined
      const found = secrets.filter(
        ({ ARN, Name }) => ARN === secretId || Name === secretId || ARN?.slice(0, -ARN_SUFFIX) === secretId,
      )
      // Another account's secret may have the same name.
      return found.every(({ ARN }) => ARN === found[0]?.ARN) ? found[0] : undefined
    }
  })
}

/** 10 in a call, with decryption or without; otherwise as `getSecrets`. */
export async function getParameters(
  clients: Clients,
  lookups: readonly ParameterLookup[],
  onPart: (lookup: ParameterLookup, part: Part<ParameterFields>) => void,
): Promise<void> {
  await Promise.all(
    [true, false].map((isDecrypted) => {
      const some = lookups.filter(({ withDecryption }) => withDecryption === isDecrypted)
      return getAlike(clients, some, isDecrypted, onPart)
    }),
  )
}

function getAlike(
  clients: Clients,
  lookups: readonly ParameterLookup[],
  WithDecryption: boolean,
  onPart: (lookup: ParameterLookup, part: Part<ParameterFields>) => void,
): Promise<void> {
  const placeOf = ({ name, role }: ParameterLookup) => ({
    region: regionOfArn('ssm', name, clients.region),
    role,
  })
  return inBatches(lookups, PARAMETERS_A_CALL, placeOf, onPart, async (place, batch) => {
    const Names = batch.map(({ name }) => name)
    const answer = await clients.getParameters(place, { Names, WithDecryption })
    const parameters = (answer.Parameters ?? []).filter(isParameter)
    return ({ name }) =>
      parameters.find(({ ARN, Name, Selector }) =>
        [ARN, Name].some((one) => one !== undefined && one + (Selector ?? '') === name),
      )
  })
}

async function inBatches<L, T>(
  lookups: readonly L[],
  size: number,
  placeOf: (lookup: L) => Place,
  onPart: (lookup: L, part: Part<T>) => void,
  ask: (place: Place, batch: readonly L[]) => Promise<(lookup: L) => Part<T>>,
): Promise<void> {
  const byPlace = new Map<string, { place: Place; all: L[] }>()
  for (const lookup of lookups) {
    const place = placeOf(lookup)
    const key = keyOf(place)
    const group = byPlace.get(key) ?? { place, all: [] }
    group.all.push(lookup)
    byPlace.set(key, group)
  }
  const calls: Promise<void>[] = []
  for (const { place, all } of byPlace.values()) {
    for (let start = 0; start < all.length; start += size) {
      const batch = all.slice(start, start + size)
      const partOf = ask(place, batch).catch((error: unknown) => {
        if (!(error instanceof UpstreamError)) throw error
        // AWS refused the call as a whole, so each name is asked for alone. If AWS cannot be reached, none is.
        return () => (error.status > 0 ? undefined : error)
      })
      calls.push(
        partOf.then((part) => {
          for (const lookup of batch) onPart(lookup, part(lookup))
        }),
      )
    }
  }
  await Promise.all(calls)
}
