// What both services can be asked, by the prefix and the name of X-Amz-Target.

import type { Input } from './input.ts'
import {
  addTagsToResource,
  deleteParameter,
  deleteParameters,
  labelParameterVersion,
  listTagsForResource,
  putParameter,
  removeTagsFromResource,
  unlabelParameterVersion,
} from './parameter-writes.ts'
import {
  describeParameters,
  getParameter,
  getParameterHistory,
  getParameters,
  getParametersByPath,
} from './parameters-api.ts'
import { type Service, ServiceError } from './protocol.ts'
import type { Region } from './region.ts'
import {
  createSecret,
  deleteSecret,
  getRandomPassword,
  putSecretValue,
  removeRegionsFromReplication,
  replicateSecretToRegions,
  restoreSecret,
  stopReplicationToReplica,
  tagResource,
  untagResource,
  updateSecret,
  updateSecretVersionStage,
} from './secret-writes.ts'
import {
  batchGetSecretValue,
  describeSecret,
  getResourcePolicy,
  getSecretValue,
  listSecretVersionIds,
  listSecrets,
} from './secrets-api.ts'

/** Throws the ServiceError that AWS would answer. */
export type Operation = (region: Region, input: Input) => object

interface Known {
  readonly service: Service
  readonly title: string
  readonly operations: Readonly<Record<string, Operation>>
}

const SERVICES: Readonly<Record<string, Known>> = {
  secretsmanager: {
    service: 'secretsmanager',
    title: 'Secrets Manager',
    operations: {
      GetSecretValue: getSecretValue,
      BatchGetSecretValue: batchGetSecretValue,
      CreateSecret: createSecret,
      DeleteSecret: deleteSecret,
      DescribeSecret: describeSecret,
      GetRandomPassword: getRandomPassword,
      GetResourcePolicy: getResourcePolicy,
      ListSecretVersionIds: listSecretVersionIds,
      ListSecrets: listSecrets,
      PutSecretValue: putSecretValue,
      RemoveRegionsFromReplication: removeRegionsFromReplication,
      ReplicateSecretToRegions: replicateSecretToRegions,
      RestoreSecret: restoreSecret,
      StopReplicationToReplica: stopReplicationToReplica,
      TagResource: tagResource,
      UntagResource: untagResource,
      UpdateSecret: updateSecret,
      UpdateSecretVersionStage: updateSecretVersionStage,
    },
  },
  AmazonSSM: {
    service: 'ssm',
    title: 'Parameter Store',
    operations: {
      GetParameter: getParameter,
      GetParameters: getParameters,
      GetParametersByPath: getParametersByPath,
      AddTagsToResource: addTagsToResource,
      DeleteParameter: deleteParameter,
      DeleteParameters: deleteParameters,
      DescribeParameters: describeParameters,
      GetParameterHistory: getParameterHistory,
      LabelParameterVersion: labelParameterVersion,
      ListTagsForResource: listTagsForResource,
      PutParameter: putParameter,
      RemoveTagsFromResource: removeTagsFromResource,
      UnlabelParameterVersion: unlabelParameterVersion,
    },
  },
}

export interface Found {
  readonly service: Service
  readonly operation: Operation
}

/** What is not emulated is refused as AWS refuses what it does not know, but with a sentence that says so. */
export function findOperation(
  prefix: string,
  name: string,
): Found | { service?: Service; error: ServiceError } {
  const known = Object.hasOwn(SERVICES, prefix) ? SERVICES[prefix] : undefined
  if (known === undefined) {
    const titles = Object.values(SERVICES).map(({ title }) => title)
    return {
      error: unknown(`${prefix} is not emulated: there are ${titles.join(' and ')}, and nothing else.`),
    }
  }
  const { service, title, operations } = known
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  if (operation !== undefined) return { service, operation }
  const names = Object.keys(operations).join(', ')
  return { service, error: unknown(`${name} is not emulated. Of ${title} there are ${names}.`) }
}

function unknown(message: string): ServiceError {
  return new ServiceError('UnknownOperationException', message)
}
