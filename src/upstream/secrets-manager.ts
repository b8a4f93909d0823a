import type { Fields } from '../fields.ts'
import type { SecretLookup } from '../lookup.ts'
import { isSecret } from './checks.ts'
import type { Clients } from './client.ts'
import { regionOfArn } from './place.ts'
import { unreadable } from './failure.ts'

/** Asks GetSecretValue. Rejects with UpstreamError only. */
export async function getSecretValue(clients: Clients, lookup: SecretLookup): Promise<Fields> {
  const region = regionOfArn('secretsmanager', lookup.secretId, clients.region)
  const place = { region, role: lookup.role }
  const secret = await clients.getSecretValue(place, {
    SecretId: lookup.secretId,
    ...(lookup.versionId !== undefined && { VersionId: lookup.versionId }),
    ...(lookup.versionStage !== undefined && { VersionStage: lookup.versionStage }),
  })
  if (!isSecret(secret)) throw unreadable('GetSecretValue')
  return { store: 'secrets-manager', secret }
}
