import type { Fields } from '../fields.ts'
import type { ParameterLookup } from '../lookup.ts'
import { isParameter } from './checks.ts'
import type { Clients } from './client.ts'
import { regionOfArn } from './place.ts'
import { unreadable } from './failure.ts'

/** Asks GetParameter. Rejects with UpstreamError only. */
export async function getParameter(clients: Clients, lookup: ParameterLookup): Promise<Fields> {
  const region = regionOfArn('ssm', lookup.name, clients.region)
  const place = { region, role: lookup.role }
  const { Parameter: parameter } = await clients.getParameter(place, {
    Name: lookup.name,
    WithDecryption: lookup.withDecryption,
  })
  if (!isParameter(parameter)) throw unreadable('GetParameter')
  return { store: 'parameter-store', parameter }
}
