import type { SecretFields, SecretFilter } from '../lookup.ts'
import { say, type Public } from '../public.ts'
import { wordOf } from './failure.ts'
import { readPages, type PageReader } from './pages.ts'
import type { Place } from './place.ts'
import { withFailover } from './failover.ts'
import {
  BATCH_GET_SECRET_VALUE,
  FROM_REPLICAS,
  marked,
  partsOf,
  type SecretsManager,
} from './secrets-manager.ts'

// Secrets that filters choose, with their values: "BatchGetSecretValue" in the AWS API reference. Only a prefetch asks
// so.

const SECRETS_A_PAGE = 20
/** Besides the value. */
const MEMBERS_BYTES = 500

interface MatchingPage {
  readonly secrets: readonly SecretFields[]
  /** Those that match and may not be read. */
  readonly refused: readonly { readonly secretId: string; readonly code: Public }[]
}

export type MatchingOptions<T> = PageReader<MatchingPage, T>

/** Secrets of one role, or of the function's own. */
export interface Chosen {
  readonly filters: readonly SecretFilter[]
  readonly role: string | undefined
}

/**
 * The current version of each. The whole list is that of one region: the other one is asked only for the first page.
 * `timeoutMs` bounds the list, and it rejects, as in `readPages`.
 */
export function getMatching<T>(
  service: Pick<SecretsManager, 'batchGetSecretValue' | 'failover'>,
  { filters, role }: Chosen,
  { timeoutMs, ...reader }: MatchingOptions<T> & { readonly timeoutMs: number },
): Promise<void> {
  const { failover } = service
  let place: Place = { region: undefined, role }
  let hasBegun = false
  const Filters = filters.map(({ key, value }) => ({ Key: key, Values: [value] }))
  return readPages(
    {
      operation: BATCH_GET_SECRET_VALUE,
      items: say`secrets`,
      timeoutMs,
      async ask(token, withinMs) {
        const input = {
          Filters,
          MaxResults: SECRETS_A_PAGE,
          ...(token !== undefined && { NextToken: token }),
        }
        const question = { what: FROM_REPLICAS, place, withinMs, mayFailOver: () => true }
        const { answer, replica } = await withFailover(
          hasBegun ? undefined : failover,
          question,
          async (at, bounds) => {
            const page = await service.batchGetSecretValue(at, input, { ...bounds, isBackground: true })
            return { ...partsOf(page), nextToken: page.NextToken }
          },
        )
        hasBegun = true
        if (replica !== undefined) place = { region: replica.region, role }
        const { errors, nextToken } = answer
        const secrets = answer.secrets.map((one) => marked(one, place.region))
        const refused = errors.map(({ SecretId, ErrorCode }) => ({
          secretId: SecretId ?? '',
          code: wordOf(ErrorCode) ?? say`UnknownError`,
        }))
        const bytes = secrets.reduce((sum, one) => sum + bytesOf(one), 0)
        const count = secrets.length + refused.length
        return { page: { secrets, refused }, count, bytes, nextToken }
      },
    },
    reader,
  )
}

function bytesOf({ SecretString = '', SecretBinary }: SecretFields): number {
  return Buffer.byteLength(SecretString) + (SecretBinary?.length ?? 0) + MEMBERS_BYTES
}
