import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam'
import {
  CreateFunctionCommand,
  type Environment,
  GetFunctionCommand,
  PublishLayerVersionCommand,
  type Runtime,
} from '@aws-sdk/client-lambda'
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm'
import type { Resources } from './resources.ts'
import { type Clients, isNamed, patiently } from './clients.ts'
import { codeOf } from './code.ts'
import {
  HITS,
  MISSES,
  parameterOf,
  parametersIn,
  type Plan,
  type PlannedFunction,
  POLICY_NAME,
  roleOf,
  secretOf,
  TIMEOUT_S,
} from './plan.ts'

const ASSUMED_BY_LAMBDA = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
})

/** What belongs to a run, and what every step needs. */
export interface Making {
  readonly clients: Clients
  readonly plan: Plan
  /** Where the layers' zips are. */
  readonly dist: string
  /** Each thing is noted here before it is requested, so that what a lost answer has made is deleted too. */
  readonly resources: Resources
  /** ARNs of AWS's own layers, by the parameter that they were found in. */
  readonly ownLayers: Map<string, string>
  readonly signal: AbortSignal
  readonly say: (text: string) => void
}

/** All that is planned, ready to be invoked. Rejects with the first refusal; what is made then stays. */
export async function makeAll(making: Making): Promise<void> {
  const { plan, say, signal } = making
  const steps: readonly [string, () => Promise<void>][] = [
    ...parametersIn(plan).map((name): [string, () => Promise<void>] => [
      `looking up ${name}`,
      () => lookUp(making, name),
    ]),
    ...plan.layers.map((layer): [string, () => Promise<void>] => [
      `publishing ${layer.name}`,
      () => publish(making, layer),
    ]),
    ['making the secret and the parameter', () => makeValues(making)],
    ['making the role', () => makeRole(making)],
    ...plan.functions.map((one): [string, () => Promise<void>] => [
      `making ${one.name}`,
      () => makeFunction(making, one),
    ]),
  ]
  for (const [text, step] of steps) {
    signal.throwIfAborted()
    say(text)
    await step()
  }
}

/** Before anything is made. */
async function lookUp({ clients, ownLayers, say }: Making, Name: string): Promise<void> {
  const { Parameter } = await clients.parameters
    .send(new GetParameterCommand({ Name }))
    .catch((error: unknown) => {
      const reason = error instanceof Error ? error.name : 'unknown'
      throw new Error(`${Name} cannot be read (${reason}): give --closed-arn, or --contenders without aws`)
    })
  const arn = Parameter?.Value ?? ''
  ownLayers.set(Name, arn)
  say(`found ${arn}`)
}

async function publish({ clients, dist, resources }: Making, layer: Plan['layers'][number]): Promise<void> {
  resources.layers.set(layer.name, undefined)
  const made = await clients.lambda.send(
    new PublishLayerVersionCommand({
      LayerName: layer.name,
      Description: 'Of a benchmark. To be deleted',
      CompatibleArchitectures: [...layer.architectures],
      Content: { ZipFile: await readFile(join(dist, layer.zip)) },
    }),
  )
  resources.layers.set(layer.name, { arn: made.LayerVersionArn ?? '', version: made.Version ?? 0 })
}

async function makeValues({ clients, plan, resources }: Making): Promise<void> {
  const { run } = plan.options
  resources.hasSecret = true
  // Not a secret of anybody, and as long as one.
  const SecretString = JSON.stringify({ username: 'benchmark', password: 'x'.repeat(64) })
  const secret = await clients.secrets.send(new CreateSecretCommand({ Name: secretOf(run), SecretString }))
  resources.secretArn = secret.ARN ?? ''
  resources.hasParameter = true
  for (let version = 1; version <= MISSES; version++)
    await clients.parameters.send(
      new PutParameterCommand({
        Name: parameterOf(run),
        Value: `version ${version}`,
        Type: 'String',
        // Also the first one, whose request is repeated where the answer was lost.
        Overwrite: true,
      }),
    )
}

async function makeRole({ clients, plan, resources }: Making): Promise<void> {
  const { run, role, region } = plan.options
  if (role !== undefined) {
    resources.roleArn = role
    return
  }
  const RoleName = roleOf(run)
  resources.hasRole = true
  const made = await clients.iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: ASSUMED_BY_LAMBDA }),
  )
  resources.roleArn = made.Role?.Arn ?? ''
  await clients.iam.send(
    new PutRolePolicyCommand({
      RoleName,
      PolicyName: POLICY_NAME,
      PolicyDocument: policyOf(resources.secretArn, region, parameterOf(run)),
    }),
  )
}

/** Nothing but its reads. In particular no logs, so that no log group is left in CloudWatch. */
function policyOf(secretArn: string, region: string, parameter: string): string {
  const [, partition, , , account] = secretArn.split(':')
  const parameterArn = `arn:${partition}:ssm:${region}:${account}:parameter${parameter}`
  const allow = (Action: string, Resource: string) => ({ Effect: 'Allow', Action, Resource })
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [allow('secretsmanager:GetSecretValue', secretArn), allow('ssm:GetParameter', parameterArn)],
  })
}

async function makeFunction(making: Making, planned: PlannedFunction): Promise<void> {
  const { clients, plan, resources, signal } = making
  resources.functions.add(planned.name)
  const layer = layerArnOf(making, planned)
  const command = new CreateFunctionCommand({
    FunctionName: planned.name,
    Description: 'Of a benchmark. To be deleted',
    Runtime: planned.runtime as Runtime,
    Architectures: [planned.architecture],
    MemorySize: planned.memoryMb,
    Timeout: TIMEOUT_S,
    Role: resources.roleArn,
    Handler: 'index.handler',
    Code: { ZipFile: await codeOf(planned.runtime) },
    Environment: environmentOf(plan, planned, 0),
    ...(layer !== undefined && { Layers: [layer] }),
  })
  // A role is known everywhere after some seconds only.
  const isTooEarly = (error: unknown) =>
    isNamed(error, 'InvalidParameterValueException') && /role/i.test((error as Error).message)
  await patiently(() => clients.lambda.send(command), isTooEarly, { signal })
  await settled(clients, planned.name, signal)
}

function layerArnOf({ resources, ownLayers }: Making, { layer }: PlannedFunction): string | undefined {
  if (layer === undefined) return undefined
  if ('parameter' in layer) return ownLayers.get(layer.parameter)
  return 'arn' in layer ? layer.arn : resources.layers.get(layer.planned)?.arn
}

/** The variables of a function. A new round is a changed variable, which is what makes Lambda start it anew. */
export function environmentOf({ options }: Plan, { contender }: PlannedFunction, round: number): Environment {
  const reads = contender === 'none' || contender === 'sdk' ? contender : 'extension'
  return {
    Variables: {
      READS: reads,
      HITS: String(HITS),
      MISSES: String(MISSES),
      SECRET_ID: secretOf(options.run),
      PARAMETER_NAME: parameterOf(options.run),
      ROUND: String(round),
    },
  }
}

/** Resolves when what was made or changed last is in force. Rejects where Lambda says that it has failed. */
export async function settled({ lambda }: Clients, name: string, signal: AbortSignal): Promise<void> {
  const look = async () => {
    const { Configuration: now = {} } = await lambda.send(new GetFunctionCommand({ FunctionName: name }))
    if (now.State === 'Failed' || now.LastUpdateStatus === 'Failed')
      throw new Error(`${name}: ${now.StateReason ?? now.LastUpdateStatusReason ?? 'Lambda gives no reason'}`)
    if (now.State !== 'Active' || now.LastUpdateStatus !== 'Successful') throw new Unsettled(name)
  }
  // Not every one of Lambda's servers knows at once what another has made.
  const isPassing = (error: unknown) =>
    error instanceof Unsettled || isNamed(error, 'ResourceNotFoundException')
  await patiently(look, isPassing, { everyMs: 300, signal })
}

class Unsettled extends Error {
  constructor(name: string) {
    super(`${name} is not in force after a minute`)
  }
}
