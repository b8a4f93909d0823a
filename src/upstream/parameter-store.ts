import {
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  SSMClient,
  type GetParameterCommandInput,
  type GetParametersByPathCommandInput,
  type GetParametersCommandInput,
} from '@aws-sdk/client-ssm'
import type { UpstreamSettings } from '../config/upstream.ts'
import type { Fields, ParameterFields, ParameterLookup } from '../lookup.ts'
import { say } from '../public.ts'
import type { RawAnswer } from '../raw-call.ts'
import { inBatches, type OnPart } from './batches.ts'
import { areStrings, isAbsent, isDateOrAbsent, listIn } from './checks.ts'
import type { CallOptions, Clients } from './client.ts'
import { unreadable, type Operation } from './failure.ts'
import { carry, expiredAnswer, type CarriedCall } from './pass-through.ts'
import { regionOfArn, type Place } from './place.ts'

// Parameter Store: its client, one parameter, many parameters, and what a parameter must look like. For all below a
// path see path.ts.

const SERVICE = say`SSM`
const GET_PARAMETER: Operation = { service: SERVICE, name: say`GetParameter` }
const GET_PARAMETERS: Operation = { service: SERVICE, name: say`GetParameters` }
export const GET_PARAMETERS_BY_PATH: Operation = {
  service: SERVICE,
  name: say`GetParametersByPath`,
  kind: 'list',
}

export type ParameterStore = ReturnType<typeof createParameterStore>

/** The calls. They reject with UpstreamError only. */
export function createParameterStore(clients: Clients, settings: UpstreamSettings) {
  const calls = clients.callsTo({
    operation: GET_PARAMETER,
    settings: settings.parameterStore,
    open: (config) => new SSMClient(config),
  })
  return {
    /** The function's own. */
    region: settings.region,
    getParameter: (place: Place, input: GetParameterCommandInput, how?: CallOptions) =>
      calls({ operation: GET_PARAMETER, place, ...how }, (client, options) =>
        client.send(new GetParameterCommand(input), options),
      ),
    getParameters: (place: Place, input: GetParametersCommandInput, how?: CallOptions) =>
      calls({ operation: GET_PARAMETERS, place, ...how }, (client, options) =>
        client.send(new GetParametersCommand(input), options),
      ),
    getParametersByPath: (place: Place, input: GetParametersByPathCommandInput, how?: CallOptions) =>
      calls({ operation: GET_PARAMETERS_BY_PATH, place, ...how }, (client, options) =>
        client.send(new GetParametersByPathCommand(input), options),
      ),
    /** AWS's own answer, whatever its status. */
    passThrough: ({ operation, place, carried }: CarriedCall): Promise<RawAnswer> =>
      calls({ operation, place, recover: expiredAnswer }, (client, options) => {
        const command = new GetParameterCommand({ Name: 'carrier' })
        return carry(carried, command.middlewareStack, () => client.send(command, options))
      }),
  }
}

/** One parameter. Rejects with UpstreamError only. */
export async function getParameter(
  service: Pick<ParameterStore, 'region' | 'getParameter'>,
  lookup: ParameterLookup,
  how?: CallOptions,
): Promise<Fields> {
  const input = { Name: lookup.name, WithDecryption: lookup.withDecryption }
  const { Parameter: parameter } = await service.getParameter(placeOf(service, lookup), input, how)
  if (!isParameter(parameter)) throw unreadable(GET_PARAMETER)
  return { store: 'parameter-store', parameter }
}

/** Most names of a call: "GetParameters" in the API reference. */
const NAMES_A_CALL = 10

/** Many parameters. Rejects with a defect of ours only. */
export async function getParameters(
  service: Pick<ParameterStore, 'region' | 'getParameters'>,
  lookups: readonly ParameterLookup[],
  { onPart, ...how }: CallOptions & OnPart<ParameterLookup, ParameterFields>,
): Promise<void> {
  await Promise.all(
    [true, false].map((WithDecryption) => {
      const alike = lookups.filter(({ withDecryption }) => withDecryption === WithDecryption)
      const batches = {
        lookups: alike,
        size: NAMES_A_CALL,
        placeOf: (lookup: ParameterLookup) => placeOf(service, lookup),
      }
      return inBatches(batches, onPart, async (place, batch) => {
        const Names = batch.map(({ name }) => name)
        const answer = await service.getParameters(place, { Names, WithDecryption }, how)
        const parameters = listIn(GET_PARAMETERS, answer.Parameters, isParameter)
        return ({ name }) =>
          parameters.find(({ ARN, Name, Selector }) =>
            [ARN, Name].some((one) => one !== undefined && one + (Selector ?? '') === name),
          )
      })
    }),
  )
}

function placeOf({ region }: Pick<ParameterStore, 'region'>, { name, role }: ParameterLookup): Place {
  return { region: regionOfArn('ssm', name, region), role }
}

/** A real parameter has a name; a proxy's page or an empty body has none. */
export function isParameter(fields: ParameterFields | null | undefined): fields is ParameterFields {
  if (typeof fields?.Name !== 'string') return false
  const { ARN, DataType, LastModifiedDate, Selector, SourceResult, Type, Value, Version } = fields
  return (
    areStrings([ARN, DataType, Selector, SourceResult, Type, Value]) &&
    isDateOrAbsent(LastModifiedDate) &&
    (isAbsent(Version) || typeof Version === 'number')
  )
}
