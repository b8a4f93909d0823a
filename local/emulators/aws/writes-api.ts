// What both services answer to the few writes that tests make: "CreateSecret", "PutSecretValue", "DescribeSecret",
// "DeleteSecret", "PutParameter" and "DeleteParameter" in the AWS API references.

import { type Input, optionalFlag, optionalText, requiredText } from './input.ts'
import { ServiceError } from './protocol.ts'
import type { Region } from './region.ts'

/** The same request again, which its token shows, is answered again: an SDK repeats what it had no answer to. */
export function createSecret(region: Region, input: Input): object {
  const name = requiredText(input, 'Name', { max: 512 })
  const value = requiredText(input, 'SecretString', { max: 65_536 })
  const versionId = optionalText(input, 'ClientRequestToken', { min: 32, max: 64 })
  region.policy.check('secretsmanager:CreateSecret', name)
  if (!region.secrets.has(name)) region.secrets.put(name, value, versionId === undefined ? {} : { versionId })
  const { arn, versions } = region.secrets.find(name)
  const [version] = versions
  if (version === undefined || version.id !== (versionId ?? version.id) || version.value !== value) {
    const message = `The operation failed because the secret ${name} already exists.`
    throw new ServiceError('ResourceExistsException', message, { key: 'Message' })
  }
  return { ARN: arn, Name: name, VersionId: version.id }
}

/** At once if that is asked for; otherwise it is marked, and keeps its name. */
export function deleteSecret(region: Region, input: Input): object {
  const secret = region.secrets.find(requiredText(input, 'SecretId'))
  region.policy.check('secretsmanager:DeleteSecret', secret.arn, secret.name)
  if (optionalFlag(input, 'ForceDeleteWithoutRecovery')) region.secrets.remove(secret)
  else secret.deleted = true
  return { ARN: secret.arn, Name: secret.name, DeletionDate: new Date() }
}

export function putSecretValue(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const value = requiredText(input, 'SecretString', { max: 65_536 })
  const versionId = optionalText(input, 'ClientRequestToken', { min: 32, max: 64 })
  region.policy.check('secretsmanager:PutSecretValue', secretId)
  const { arn, name } = region.secrets.find(secretId)
  const id = region.secrets.put(name, value, versionId === undefined ? {} : { versionId })
  return { ARN: arn, Name: name, VersionId: id, VersionStages: ['AWSCURRENT'] }
}

export function describeSecret(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  region.policy.check('secretsmanager:DescribeSecret', secretId)
  const { arn, name, versions } = region.secrets.find(secretId)
  const stages = versions
    .filter((one) => one.stages.size > 0)
    .map((one) => [one.id, [...one.stages]] as const)
  return { ARN: arn, Name: name, VersionIdsToStages: Object.fromEntries(stages) }
}

export function putParameter(region: Region, input: Input): object {
  const name = requiredText(input, 'Name')
  const value = requiredText(input, 'Value', { max: 8_192 })
  const known = region.parameters.find(name)
  if (known !== undefined && !optionalFlag(input, 'Overwrite')) {
    throw new ServiceError(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    )
  }
  const version = region.parameters.put(name, value, { type: typeOf(input) })
  return { Tier: region.parameters.find(name)?.tier ?? 'Standard', Version: version }
}

export function deleteParameter(region: Region, input: Input): object {
  const name = requiredText(input, 'Name')
  if (region.parameters.find(name) === undefined) throw new ServiceError('ParameterNotFound')
  region.parameters.delete(name)
  return {}
}

function typeOf(input: Input): 'String' | 'StringList' | 'SecureString' {
  const type = optionalText(input, 'Type')
  return type === 'SecureString' || type === 'StringList' ? type : 'String'
}
