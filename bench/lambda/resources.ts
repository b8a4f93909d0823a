import { DeleteRoleCommand, DeleteRolePolicyCommand } from '@aws-sdk/client-iam'
import {
  DeleteFunctionCommand,
  DeleteLayerVersionCommand,
  paginateListFunctions,
  paginateListLayers,
  paginateListLayerVersions,
} from '@aws-sdk/client-lambda'
import { DeleteSecretCommand } from '@aws-sdk/client-secrets-manager'
import { DeleteParameterCommand } from '@aws-sdk/client-ssm'
import { type Clients, isNamed, patiently, textOf } from './clients.ts'
import { parameterOf, POLICY_NAME, roleOf, secretOf } from './plan.ts'

/** What a run has made, or may have made, in an account. */
export interface Resources {
  readonly functions: Set<string>
  /** Whether AWS itself has named them. */
  readonly areListed: boolean
  /** By name. Undefined where the answer to its publication has not come. */
  readonly layers: Map<string, { readonly arn: string; readonly version: number } | undefined>
  hasSecret: boolean
  secretArn: string
  hasParameter: boolean
  /** False as well where the role is somebody else's. */
  hasRole: boolean
  roleArn: string
}

export function noResources(): Resources {
  return {
    functions: new Set(),
    areListed: false,
    layers: new Map(),
    hasSecret: false,
    secretArn: '',
    hasParameter: false,
    hasRole: false,
    roleArn: '',
  }
}

/** What is left of a run of this name, by the names of everything in the account. */
export async function resourcesOf({ lambda }: Clients, run: string): Promise<Resources> {
  const found = { ...noResources(), areListed: true, hasSecret: true, hasParameter: true, hasRole: true }
  const isOfRun = (name: string | undefined): name is string => name?.startsWith(`${run}-`) === true
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {}))
    for (const { FunctionName: name } of Functions) if (isOfRun(name)) found.functions.add(name)
  for await (const { Layers = [] } of paginateListLayers({ client: lambda }, {}))
    for (const { LayerName: name } of Layers) if (isOfRun(name)) found.layers.set(name, undefined)
  return found
}

/** A thing that could not be deleted, and why. */
export interface Left {
  readonly what: string
  readonly why: string
}

/** Deletes all of it, whatever fails on the way. Returns what is left; what is gone already is no failure. */
export async function deleteAll(clients: Clients, run: string, mine: Resources): Promise<Left[]> {
  const { secrets, parameters } = clients
  const { functions, layers, hasRole, hasSecret, hasParameter } = mine
  const tasks: [string, () => Promise<unknown>][] = [
    ...[...functions].map((name): [string, () => Promise<unknown>] => [
      `function ${name}`,
      () => deleteFunction(clients, name, mine.areListed),
    ]),
    ...[...layers].map(([name, made]): [string, () => Promise<unknown>] => [
      `layer ${name}`,
      () => deleteLayer(clients, name, made?.version),
    ]),
  ]
  if (hasRole) tasks.push([`role ${roleOf(run)}`, () => deleteRole(clients, roleOf(run))])
  // At once: a secret that waits for its end keeps its name for a week or more.
  const secret = { SecretId: secretOf(run), ForceDeleteWithoutRecovery: true }
  if (hasSecret) tasks.push([`secret ${secretOf(run)}`, () => secrets.send(new DeleteSecretCommand(secret))])
  const parameter = new DeleteParameterCommand({ Name: parameterOf(run) })
  if (hasParameter) tasks.push([`parameter ${parameterOf(run)}`, () => parameters.send(parameter)])

  const left: Left[] = []
  for (const [what, act] of tasks) {
    try {
      await patiently(() => unlessGone(act), isBusy)
    } catch (error) {
      left.push({ what, why: textOf(error) })
    }
  }
  return left
}

/**
 * One that was made a moment ago may not be known to the server that gets the request, so "not found" is not believed
 * at once.
 */
async function deleteFunction({ lambda }: Clients, FunctionName: string, isListed: boolean): Promise<void> {
  const isUnknown = (error: unknown) => !isListed && isNamed(error, 'ResourceNotFoundException')
  await patiently(() => lambda.send(new DeleteFunctionCommand({ FunctionName })), isUnknown, { forMs: 3_000 })
}

async function deleteLayer({ lambda }: Clients, LayerName: string, known: number | undefined): Promise<void> {
  const versions = new Set(known === undefined ? [] : [known])
  for await (const { LayerVersions = [] } of paginateListLayerVersions({ client: lambda }, { LayerName }))
    for (const { Version } of LayerVersions) if (Version !== undefined) versions.add(Version)
  for (const VersionNumber of versions)
    await lambda.send(new DeleteLayerVersionCommand({ LayerName, VersionNumber }))
}

async function deleteRole({ iam }: Clients, RoleName: string): Promise<void> {
  await unlessGone(() => iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: POLICY_NAME })))
  await iam.send(new DeleteRoleCommand({ RoleName }))
}

async function unlessGone(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!isNamed(error, 'ResourceNotFoundException', 'NoSuchEntityException', 'ParameterNotFound'))
      throw error
  }
}

/** It is still being made or changed, or a part of it is not known to be gone yet. */
function isBusy(error: unknown): boolean {
  return isNamed(
    error,
    'ResourceConflictException',
    'DeleteConflictException',
    'ConcurrentModificationException',
  )
}
