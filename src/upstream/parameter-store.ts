import type { ParameterLookup } from '../lookup.ts'
import { parameterBody } from './body.ts'
import { regionOfArn, type Clients } from './client.ts'
import { unreadable } from './failure.ts'

/** Asks GetParameter. Rejects with UpstreamError only. */
export async function getParameter(clients: Clients, lookup: ParameterLookup): Promise<string> {
  const region = regionOfArn('ssm', lookup.name)
  const { Parameter: parameter } = await clients.getParameter(region, {
    Name: lookup.name,
    WithDecryption: lookup.withDecryption,
  })
  // Every real answer has a name; a 200 without one is a proxy's page or an empty body.
  if (typeof parameter?.Name !== 'string') throw unreadable('GetParameter')
  return parameterBody(parameter)
}
