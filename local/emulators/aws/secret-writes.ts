// What Secrets Manager does to a write: https://docs.aws.amazon.com/secretsmanager/latest/apireference/

import { randomInt } from 'node:crypto'

import * as derive from './derive.ts'
import {
  type Input,
  missing,
  optionalBytes,
  optionalCount,
  optionalFlag,
  optionalSecret,
  optionalStructures,
  optionalText,
  optionalTexts,
  requiredText,
} from './input.ts'
import { isRegion, partitionOf } from './partitions.ts'
import { ServiceError } from './protocol.ts'
import type { Region } from './region.ts'
import { checkName, findSecret, replicationOf } from './secrets-api.ts'
import {
  LONGEST_RECOVERY_DAYS,
  type Secret,
  type SecretVersion,
  SHORTEST_RECOVERY_DAYS,
  addVersion,
  copyOf,
  deletionDate,
  invalidParameter,
  invalidRequest,
  markedForDeletion,
  moveStage,
  notFound,
} from './secrets.ts'
import { SECRET_BYTES } from './seed.ts'
import { addTags, readTags } from './tags.ts'

/** "The secret name can contain ASCII letters, numbers, and the following characters: /_+=.@-" */
const NEW_NAME = /^[A-Za-z0-9/_+=.@-]+$/
const VERSION_ID = { min: 32, max: 64 }
const MOST_STAGES = 20

/** The same request again, which its token shows, is answered again: an SDK repeats what it had no answer to. */
export function createSecret(region: Region, input: Input): object {
  const name = requiredText(input, 'Name', { max: 512 })
  const versionId = optionalText(input, 'ClientRequestToken', VERSION_ID)
  const description = optionalText(input, 'Description', { min: 0 })
  const kmsKeyId = optionalText(input, 'KmsKeyId', { min: 0 })
  const value = optionalValue(input)
  const tags = readTags(input, invalidParameter)
  const replicas = replicaRegions(region, input)
  checkName(name, NEW_NAME)
  region.policy.check('secretsmanager:CreateSecret', name)
  const known = region.secrets.search(name)
  if (known !== undefined) {
    if (known.state.deletionDate !== undefined) {
      throw invalidRequest(
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      )
    }
    const version = known.state.versions.find(({ id }) => id === versionId)
    if (version === undefined) {
      throw resourceExists(`The operation failed because the secret ${name} already exists.`)
    }
    if (!isSame(version, value)) throw tokenInUse(known, version.id)
    return created(known, version.id)
  }
  const overwrites = optionalFlag(input, 'ForceOverwriteReplicaSecret')
  if (replicas !== undefined) checkReplicas(region, name, replicas, overwrites)
  const secret = region.secrets.create(name)
  Object.assign(secret.state, { description: description ?? '', kmsKeyId })
  for (const [key, tag] of tags ?? []) secret.state.tags.set(key, tag)
  const id = value === undefined ? undefined : addVersion(secret, value, { ...(versionId && { versionId }) })
  if (replicas !== undefined) replicate(region, secret, replicas)
  return created(secret, id)
}

function created(secret: Secret, versionId: string | undefined): object {
  return {
    ...named(secret),
    ReplicationStatus: secret.state.replicaRegions.length === 0 ? undefined : replicationOf(secret),
    VersionId: versionId,
  }
}

/**
 * "If you call this operation with a ClientRequestToken that matches an existing version's VersionId, and you specify
 * the same secret data, the operation succeeds but does nothing."
 */
export function putSecretValue(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const versionId = optionalText(input, 'ClientRequestToken', VERSION_ID)
  const stages = optionalTexts(input, 'VersionStages', MOST_STAGES, { max: 256 })
  const value = optionalValue(input)
  const secret = writable(region, 'PutSecretValue', secretId)
  if (value === undefined) throw invalidRequest('You must provide either SecretString or SecretBinary.')
  const known = secret.state.versions.find(({ id }) => id === versionId)
  if (known !== undefined && !isSame(known, value)) throw tokenInUse(secret, known.id)
  const id =
    known?.id ?? addVersion(secret, value, { ...(versionId && { versionId }), ...(stages && { stages }) })
  const version = secret.state.versions.find((one) => one.id === id)
  return { ...named(secret), VersionId: id, VersionStages: [...(version?.stages ?? [])] }
}

/** Unlike PutSecretValue, it takes no token of a version that is there. */
export function updateSecret(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const versionId = optionalText(input, 'ClientRequestToken', VERSION_ID)
  const description = optionalText(input, 'Description', { min: 0 })
  const kmsKeyId = optionalText(input, 'KmsKeyId', { min: 0 })
  const value = optionalValue(input)
  const secret = writable(region, 'UpdateSecret', secretId)
  const { state } = secret
  if (value !== undefined && state.versions.some(({ id }) => id === versionId))
    throw tokenInUse(secret, versionId!)
  if (description !== undefined) state.description = description
  if (kmsKeyId !== undefined) state.kmsKeyId = kmsKeyId === '' ? undefined : kmsKeyId
  state.changedDate = new Date()
  const id = value === undefined ? undefined : addVersion(secret, value, { ...(versionId && { versionId }) })
  return { ...named(secret), VersionId: id }
}

export function updateSecretVersionStage(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const stage = requiredText(input, 'VersionStage', { max: 256 })
  const from = optionalText(input, 'RemoveFromVersionId', VERSION_ID)
  const to = optionalText(input, 'MoveToVersionId', VERSION_ID)
  const secret = writable(region, 'UpdateSecretVersionStage', secretId)
  const { versions } = secret.state
  if (from === undefined && to === undefined) {
    throw invalidParameter('You must specify RemoveFromVersionId, MoveToVersionId or both.')
  }
  for (const id of [from, to]) {
    if (id !== undefined && !versions.some((version) => version.id === id)) {
      throw notFound(`Secrets Manager can't find the specified secret value for VersionId: ${id}`)
    }
  }
  const holder = versions.find(({ stages }) => stages.has(stage))
  if (from !== undefined && from !== holder?.id) {
    throw invalidParameter(
      `The parameter RemoveFromVersionId is wrong: staging label ${stage} is not attached to version ${from}.`,
    )
  }
  if (to === undefined) {
    if (stage === 'AWSCURRENT') {
      throw invalidParameter(
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
      )
    }
    holder!.stages.delete(stage)
    return named(secret)
  }
  if (holder !== undefined && holder.id !== to && from === undefined) {
    throw invalidParameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version` +
        ` ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
    )
  }
  const target = versions.find(({ id }) => id === to)!
  if (holder !== target && target.stages.size >= MOST_STAGES) {
    throw new ServiceError(
      'LimitExceededException',
      `A version can have at most ${MOST_STAGES} staging labels.`,
      { key: 'Message' },
    )
  }
  moveStage(secret, stage, to)
  return named(secret)
}

/** At once if that is requested, also of a secret that is not there; otherwise it is marked, and keeps its name. */
export function deleteSecret(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const isForced = optionalFlag(input, 'ForceDeleteWithoutRecovery')
  const days = recoveryDays(input)
  if (isForced && days !== undefined) {
    throw invalidParameter(
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    )
  }
  checkName(secretId)
  const found = region.secrets.search(secretId)
  if (found === undefined && isForced) {
    region.policy.check('secretsmanager:DeleteSecret', secretId)
    return { ...nameless(region, secretId), DeletionDate: new Date() }
  }
  const secret = findSecret(region, 'secretsmanager:DeleteSecret', secretId)
  const { state } = secret
  refuseReplica(secret)
  if (state.replicaRegions.length > 0) {
    const list = state.replicaRegions.join(',')
    throw invalidParameter(`You can't delete secret ${secret.name} that still has replica regions [${list}]`)
  }
  if (isForced) {
    region.secrets.remove(secret)
    return { ...named(secret), DeletionDate: new Date() }
  }
  if (state.deletionDate !== undefined) {
    throw invalidRequest(
      "You can't perform this operation on the secret because it was already scheduled for deletion.",
    )
  }
  state.deletionDate = deletionDate(days ?? LONGEST_RECOVERY_DAYS)
  return { ...named(secret), DeletionDate: state.deletionDate }
}

/** Any number is a valid one of the protocol, so that the service itself refuses those out of bounds. */
function recoveryDays(input: Input): number | undefined {
  const given = input['RecoveryWindowInDays']
  if (typeof given !== 'number') return optionalCount(input, 'RecoveryWindowInDays', LONGEST_RECOVERY_DAYS)
  if (given >= SHORTEST_RECOVERY_DAYS && given <= LONGEST_RECOVERY_DAYS) return Math.trunc(given)
  throw invalidParameter(
    `The RecoveryWindowInDays value must be between ${SHORTEST_RECOVERY_DAYS} and ${LONGEST_RECOVERY_DAYS} days (inclusive).`,
  )
}

function nameless({ name: region, account }: Region, secretId: string): object {
  if (secretId.startsWith('arn:')) return { ARN: secretId, Name: secretId.split(':')[6] ?? secretId }
  const suffix = derive.arnSuffix(secretId)
  const arn = `arn:${partitionOf(region)}:secretsmanager:${region}:${account}:secret:${secretId}-${suffix}`
  return { ARN: arn, Name: secretId }
}

export function restoreSecret(region: Region, input: Input): object {
  const secret = findSecret(region, 'secretsmanager:RestoreSecret', requiredText(input, 'SecretId'))
  refuseReplica(secret)
  secret.state.deletionDate = undefined
  return named(secret)
}

export function tagResource(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const tags = readTags(input, invalidParameter) ?? missing('Tags')
  addTags(writable(region, 'TagResource', secretId).state.tags, tags, invalidParameter)
  return {}
}

export function untagResource(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const keys = optionalTexts(input, 'TagKeys', 1000, { least: 0, max: 128 }) ?? missing('TagKeys')
  const { tags } = writable(region, 'UntagResource', secretId).state
  for (const key of keys) tags.delete(key)
  return {}
}

export function replicateSecretToRegions(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const regions = replicaRegions(region, input) ?? missing('AddReplicaRegions')
  const secret = writable(region, 'ReplicateSecretToRegions', secretId)
  checkReplicas(region, secret.name, regions, optionalFlag(input, 'ForceOverwriteReplicaSecret'))
  replicate(region, secret, regions)
  return { ARN: secret.arn, ReplicationStatus: replicationOf(secret) }
}

/** "Deletes the secret replicas from the Regions you specify." */
export function removeRegionsFromReplication(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const regions = optionalTexts(input, 'RemoveReplicaRegions', 100) ?? missing('RemoveReplicaRegions')
  const secret = writable(region, 'RemoveRegionsFromReplication', secretId)
  const { state } = secret
  const other = regions.find((name) => !state.replicaRegions.includes(name))
  if (other !== undefined) throw invalidParameter(`The secret ${secret.name} has no replica in ${other}.`)
  for (const name of regions) {
    const { secrets } = region.in(name)
    for (const one of secrets.all().filter((held) => held.state === state)) secrets.remove(one)
  }
  state.replicaRegions = state.replicaRegions.filter((name) => !regions.includes(name))
  return { ARN: secret.arn, ReplicationStatus: replicationOf(secret) }
}

/** The replica becomes a secret of its own, with what it holds now. */
export function stopReplicationToReplica(region: Region, input: Input): object {
  const secretId = requiredText(input, 'SecretId')
  const secret = findSecret(region, 'secretsmanager:StopReplicationToReplica', secretId)
  if (!secret.isReplica) throw invalidRequest(`The secret ${secret.name} is no replica.`)
  const { state, suffix, account } = secret
  state.replicaRegions = state.replicaRegions.filter((name) => name !== region.name)
  region.secrets.remove(secret)
  const own = { ...copyOf(state), primaryRegion: undefined, replicaRegions: [], heldIn: [region.name] }
  return { ARN: region.secrets.hold(own, suffix, account).arn }
}

function replicaRegions(region: Region, input: Input): string[] | undefined {
  const given = optionalStructures(input, 'AddReplicaRegions', 100)
  const names = given?.map((one) => requiredText(one, 'Region', { max: 128, pattern: /^([a-z]+-)+\d+$/ }))
  const bad = names?.find((name) => !isRegion(name) || name === region.name)
  if (bad !== undefined) throw invalidParameter(`Invalid replica region: ${bad}`)
  return names
}

function checkReplicas(region: Region, name: string, regions: readonly string[], overwrites: boolean): void {
  const taken = regions.find((one) => region.in(one).secrets.search(name) !== undefined)
  if (taken === undefined || overwrites) return
  throw resourceExists(`Replication failed: Secret name ${name} already exists in region ${taken}.`)
}

function replicate(
  region: Region,
  { name, state, suffix, account }: Secret,
  regions: readonly string[],
): void {
  state.primaryRegion = region.name
  for (const one of regions) {
    const { secrets } = region.in(one)
    const former = secrets.search(name)
    if (former !== undefined) secrets.remove(former)
    secrets.hold(state, suffix, account)
    if (!state.replicaRegions.includes(one)) state.replicaRegions.push(one)
  }
}

const CHARACTERS = [
  ['ExcludeLowercase', 'abcdefghijklmnopqrstuvwxyz'],
  ['ExcludeUppercase', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
  ['ExcludeNumbers', '0123456789'],
  ['ExcludePunctuation', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'],
] as const

export function getRandomPassword(region: Region, input: Input): object {
  const length = optionalCount(input, 'PasswordLength', 4096) ?? 32
  const excluded = new Set(optionalText(input, 'ExcludeCharacters', { min: 0, max: 4096 }) ?? '')
  region.policy.check('secretsmanager:GetRandomPassword', '*')
  const needsEach = (input['RequireEachIncludedType'] ?? true) !== false
  const sets = CHARACTERS.filter(([flag]) => !optionalFlag(input, flag)).map(([, set]) => set.split(''))
  if (optionalFlag(input, 'IncludeSpace')) sets.push([' '])
  const included = sets.map((set) => set.filter((one) => !excluded.has(one))).filter((set) => set.length > 0)
  if (included.length === 0 || (needsEach && included.length > length)) {
    throw invalidParameter('Password length is too short based on the required types.')
  }
  const any = (set: readonly string[]): string => set[randomInt(set.length)]!
  const password = needsEach ? included.map(any) : []
  const all = included.flat()
  while (password.length < length) password.splice(randomInt(password.length + 1), 0, any(all))
  return { RandomPassword: password.join('') }
}

/** A secret that may be changed: here, not elsewhere, and not marked for deletion. */
function writable(region: Region, operation: string, secretId: string): Secret {
  const secret = findSecret(region, `secretsmanager:${operation}`, secretId)
  refuseReplica(secret)
  if (secret.state.deletionDate !== undefined) throw markedForDeletion()
  return secret
}

function refuseReplica(secret: Secret): void {
  if (!secret.isReplica) return
  throw invalidParameter(
    "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
  )
}

function optionalValue(input: Input): string | Buffer | undefined {
  const text = optionalSecret(input, 'SecretString', SECRET_BYTES)
  const bytes = optionalBytes(input, 'SecretBinary', SECRET_BYTES)
  if (text !== undefined && bytes !== undefined) {
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    )
  }
  return text ?? bytes
}

function isSame({ value }: SecretVersion, other: string | Buffer | undefined): boolean {
  if (typeof value === 'string' || typeof other !== 'object') return value === other
  return value.equals(other)
}

function named({ arn, name }: Secret): object {
  return { ARN: arn, Name: name }
}

function tokenInUse({ arn }: Secret, token: string): ServiceError {
  return resourceExists(
    `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${arn}.`,
  )
}

function resourceExists(message: string): ServiceError {
  return new ServiceError('ResourceExistsException', message, { key: 'Message' })
}
