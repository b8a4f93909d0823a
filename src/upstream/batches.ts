import { UpstreamError } from '../errors.ts'
import type { ParameterFields, SecretFields } from '../fields.ts'
import type { ParameterLookup, PathLookup, SecretLookup } from '../lookup.ts'
import { isParameter, isSecret } from './checks.ts'
import type { Clients } from './client.ts'
import { regionOfArn } from './regions.ts'
import { refused, unreadable } from './failure.ts'

// Many names in one call. Limits of a call: "BatchGetSecretValue" and "GetParameters" in the AWS API references.

const SECRETS_A_CALL = 20
const PARAMETERS_A_CALL = 10
/** `-` and six characters at the end of a secret's ARN, which a partial ARN leaves out. */
const ARN_SUFFIX = 7

/** What came for one question. Undefined if the whole call was refused, or the answer does not mention it. */
export type Part<T> = T | UpstreamError | undefined

/**
 * The current versions, 20 in a call. `onPart` is called once for each question. Rejects with a defect of ours only.
 */
export function getSecrets(
  clients: Clients,
  lookups: readonly SecretLookup[],
  onPart: (lookup: SecretLookup, part: Part<SecretFields>) => void,
): Promise<void> {
  const regionOf = ({ secretId }: SecretLookup) => regionOfArn('secretsmanager', secretId, clients.region)
  return inBatches(lookups, SECRETS_A_CALL, regionOf, onPart, async (region, batch) => {
    const ids = batch.map(({ secretId }) => secretId)
    const { SecretValues = [], Errors = [] } = await clients.batchGetSecretValue(region, {
      SecretIdList: ids,
    })
    const secrets = SecretValues.filter(isSecret)
    return ({ secretId }) => {
      const error = Errors.find((one) => one.SecretId === secretId)
      if (error !== undefined) return refused('BatchGetSecretValue', error.ErrorCode, error.Message)
      return secrets.find(
        ({ ARN, Name }) => ARN === secretId || Name === secretId || ARN?.slice(0, -ARN_SUFFIX) === secretId,
      )
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
  const regionOf = ({ name }: ParameterLookup) => regionOfArn('ssm', name, clients.region)
  return inBatches(lookups, PARAMETERS_A_CALL, regionOf, onPart, async (region, batch) => {
    const Names = batch.map(({ name }) => name)
    const answer = await clients.getParameters(region, { Names, WithDecryption })
    const parameters = (answer.Parameters ?? []).filter(isParameter)
    const missing = new Set(answer.InvalidParameters)
    return ({ name }) => {
      if (missing.has(name)) return refused('GetParameters', 'ParameterNotFound')
      return parameters.find(({ ARN, Name, Selector }) =>
        [ARN, Name].some((one) => one !== undefined && one + (Selector ?? '') === name),
      )
    }
  })
}

/**
 * All parameters below a path. A page may be empty and not be the last. `onPage` gets each page as it
 * comes, with the epoch milliseconds at which it was asked for, and returns whether more are wanted. Rejects with
 * UpstreamError only.
 */
export async function getPath(
  clients: Clients,
  { path, isRecursive, withDecryption }: Pick<PathLookup, 'path' | 'isRecursive' | 'withDecryption'>,
  onPage: (parameters: readonly ParameterFields[], askedAt: number) => boolean,
): Promise<void> {
  let token: string | undefined
  do {
    const askedAt = Date.now()
    const page = await clients.getParametersByPath({
      Path: path,
      Recursive: isRecursive,
      WithDecryption: withDecryption,
      ...(token !== undefined && { NextToken: token }),
    })
    const parameters = page.Parameters ?? []
    if (!Array.isArray(parameters) || !parameters.every(isParameter)) throw unreadable('GetParametersByPath')
    if (!onPage(parameters, askedAt)) return
    token = page.NextToken
  } while (token)
}

async function inBatches<L, T>(
  lookups: readonly L[],
  size: number,
  regionOf: (lookup: L) => string | undefined,
  onPart: (lookup: L, part: Part<T>) => void,
  ask: (region: string | undefined, batch: readonly L[]) => Promise<(lookup: L) => Part<T>>,
): Promise<void> {
  const byRegion = new Map<string | undefined, L[]>()
  for (const lookup of lookups) {
    const region = regionOf(lookup)
    byRegion.set(region, [...(byRegion.get(region) ?? []), lookup])
  }
  const calls: Promise<void>[] = []
  for (const [region, all] of byRegion) {
    for (let start = 0; start < all.length; start += size) {
      const batch = all.slice(start, start + size)
      const partOf = ask(region, batch).catch((error: unknown) => {
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
