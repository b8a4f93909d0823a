import type { ParameterLookup } from '../lookup.ts'
import { isParameter, parameterBody } from './body.ts'
import { regionOfArn, type Clients } from './client.ts'
import { unreadable } from './failure.ts'

/** Asks GetParameter. Rejects with UpstreamError only. */
export async function getParameter(clients: Clients, lookup: ParameterLookup): Promise<string> {
  const region = regionOfArn('ssm', lookup.name)
  const { Parameter: parameter } = await clients.getParameter(region, {
    Name: lookup.name,
    WithDecryption: lookup.withDecryption,
  })
  if (!isParameter(parameter)) throw unreadable('GetParameter')
  return parameterBody(parameter)
}
