// The secrets of one region: versions, the stages that move between them, and how a SecretId finds its secret.

import * as derive from './derive.ts'
import { partitionOf } from './partitions.ts'
import { ServiceError } from './protocol.ts'
import { type SecretSeed, type SecretVersionSeed, SECRET_BYTES, SECRET_NAME } from './seed.ts'

export interface SecretVersion {
  readonly id: string
  readonly value: string | Buffer
  readonly createdDate: Date
  readonly stages: Set<string>
}

/** What a secret and its replicas in other regions have in common. */
export interface SecretState {
  readonly name: string
  /** Oldest first. */
  readonly versions: SecretVersion[]
  /** How many versions there have been. */
  made: number
  description: string
  kmsKeyId: string | undefined
  tags: Map<string, string>
  readonly createdDate: Date
  changedDate: Date
  /** When it will be gone, of a secret that is marked for deletion. */
  deletionDate: Date | undefined
  /** The region where it is written, and those that it is replicated to. Undefined: written where it is. */
  primaryRegion: string | undefined
  replicaRegions: string[]
  /** The regions that hold it. Undefined: every one, each with a state of its own. */
  heldIn: readonly string[] | undefined
}

export interface Secret {
  readonly arn: string
  readonly name: string
  /** False for a secret of another account, which only its full ARN finds. */
  readonly own: boolean
  readonly suffix: string
  readonly account: string
  /** Written in another region. */
  readonly isReplica: boolean
  readonly state: SecretState
}

export interface PutSecret {
  readonly versionId?: string
  /** Stages of the new version. Default: AWSCURRENT. */
  readonly stages?: readonly string[]
  readonly createdDate?: Date
}

const ARN = /^arn:(aws[\w-]*):secretsmanager:([a-z0-9-]+):(\d{12}):secret:(.+)$/
const FULL_ARN_END = /-[A-Za-z0-9]{6}$/
/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html */
const KEPT_VERSIONS = 100

export class Secrets {
  readonly #region: string
  readonly #account: string
  readonly #all: Secret[] = []

  constructor(region: string, account: string) {
    this.#region = region
    this.#account = account
  }

  /** By name, full ARN, or ARN without its suffix. Throws ResourceNotFoundException. */
  find(secretId: string): Secret {
    const found = this.search(secretId)
    if (found === undefined) throw notFound("Secrets Manager can't find the specified secret.")
    return found
  }

  search(secretId: string): Secret | undefined {
    return this.#all.find((secret) => this.#answersTo(secret, secretId))
  }

  remove(secret: Secret): void {
    const at = this.#all.indexOf(secret)
    if (at !== -1) this.#all.splice(at, 1)
  }

  /** All of this account, by name; those that are marked for deletion on request. */
  list(includesDeleted = false): Secret[] {
    return this.#all
      .filter((secret) => secret.own && (includesDeleted || secret.state.deletionDate === undefined))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** With those of other accounts. */
  all(): readonly Secret[] {
    return this.#all
  }

  /** Adds a version, and the secret if there is none of that name. Returns the version id. Throws RangeError. */
  put(name: string, value: string | Buffer, put: PutSecret = {}): string {
    if (Buffer.byteLength(value) > SECRET_BYTES) throw new RangeError(`a secret holds ${SECRET_BYTES} bytes`)
    const known = this.#all.find((one) => one.name === name)
    if (known === undefined && !SECRET_NAME.test(name))
      throw new RangeError(`"${name}" is no name of a secret`)
    return addVersion(known ?? this.create(name), value, put)
  }

  /** Gives a stage to one version and takes it from the other; AWSPREVIOUS follows AWSCURRENT. */
  moveStage(name: string, stage: string, versionId: string): void {
    moveStage(this.find(name), stage, versionId)
  }

  /** A new secret without versions. */
  create(name: string): Secret {
    const now = new Date()
    return this.hold(newState(name, now), derive.arnSuffix(name), this.#account)
  }

  /** As a seed describes it. */
  plant(name: string, given: string | SecretSeed, homeRegion: string): Secret {
    const seed: SecretSeed = asVersion(given)
    const state = newState(name, new Date(0))
    const previous =
      seed.previous === undefined ? [] : [{ ...asVersion(seed.previous), stages: ['AWSPREVIOUS'] }]
    const current = { ...seed, stages: ['AWSCURRENT', ...(seed.stages ?? [])] }
    for (const version of [...(seed.versions ?? []), ...previous, current]) {
      const ordinal = ++state.made
      state.versions.push({
        id: version.versionId ?? derive.versionId(name, ordinal),
        value: content(version),
        createdDate:
          version.createdDate === undefined ? derive.date(name, ordinal) : new Date(version.createdDate),
        stages: new Set(version.stages),
      })
    }
    const dates = state.versions.map(({ createdDate }) => createdDate.getTime())
    const primary = seed.region ?? (seed.replicas === undefined ? undefined : homeRegion)
    Object.assign(state, {
      description: seed.description ?? '',
      tags: new Map(Object.entries(seed.tags ?? {})),
      deletionDate: seed.deleted ? deletionDate(LONGEST_RECOVERY_DAYS) : undefined,
      createdDate: new Date(Math.min(...dates)),
      changedDate: new Date(Math.max(...dates)),
      primaryRegion: seed.replicas === undefined ? undefined : primary,
      replicaRegions: [...(seed.replicas ?? [])],
      heldIn: primary === undefined ? undefined : [primary, ...(seed.replicas ?? [])],
    })
    return this.hold(state, seed.arnSuffix ?? derive.arnSuffix(name), seed.account ?? this.#account)
  }

  /** Takes a secret in, as one that is written here or as the replica of one that is written elsewhere. */
  hold(state: SecretState, suffix: string, account: string): Secret {
    const { name } = state
    const region = this.#region
    const secret: Secret = {
      arn: `arn:${partitionOf(region)}:secretsmanager:${region}:${account}:secret:${name}-${suffix}`,
      name,
      own: account === this.#account,
      suffix,
      account,
      get isReplica() {
        return state.primaryRegion !== undefined && state.primaryRegion !== region
      },
      state,
    }
    this.#all.push(secret)
    return secret
  }

  // An id that ends like a full ARN is taken for one. So the ARN without suffix of a secret whose own name ends in
  // a hyphen and six characters finds nothing: the reason for AWS's advice against such names.
  #answersTo(secret: Secret, secretId: string): boolean {
    if (!secretId.startsWith('arn:')) return secret.own && secret.name === secretId
    if (secret.arn === secretId) return true
    const resource = ARN.exec(secretId)?.[4]
    if (resource === undefined || FULL_ARN_END.test(resource) || !secret.own) return false
    return secret.arn.slice(0, -7) === secretId
  }
}

/** The version a question means. Throws as GetSecretValue does. */
export function selectVersion(
  { state }: Secret,
  versionId: string | undefined,
  stage: string | undefined,
): SecretVersion {
  if (state.deletionDate !== undefined) throw markedForDeletion()
  if (versionId === undefined) {
    const wanted = stage ?? 'AWSCURRENT'
    const staged = state.versions.find((version) => version.stages.has(wanted))
    if (staged === undefined) throw noValue(`staging label: ${wanted}`)
    return staged
  }
  const version = state.versions.find((one) => one.id === versionId)
  if (version === undefined) throw noValue(`VersionId: ${versionId}`)
  if (stage !== undefined && !version.stages.has(stage)) {
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.')
  }
  return version
}

/** Returns its id. The first version of a secret is always the current one. */
export function addVersion(
  secret: Secret,
  value: string | Buffer,
  { versionId, stages = ['AWSCURRENT'], createdDate = new Date() }: PutSecret = {},
): string {
  const { state } = secret
  const { versions } = state
  const id = versionId ?? derive.versionId(secret.name, state.made + 1)
  const attached = versions.length === 0 ? new Set(['AWSCURRENT', ...stages]) : stages
  state.made++
  versions.push({ id, value, createdDate, stages: new Set() })
  for (const stage of attached) moveStage(secret, stage, id)
  const deprecated = versions.find((version) => version.stages.size === 0)
  if (versions.length > KEPT_VERSIONS && deprecated !== undefined) {
    versions.splice(versions.indexOf(deprecated), 1)
  }
  return id
}

export function moveStage({ name, state }: Secret, stage: string, versionId: string): void {
  const target = state.versions.find((version) => version.id === versionId)
  if (target === undefined) throw new RangeError(`${name} has no version ${versionId}`)
  const move = (label: string, to: SecretVersion): SecretVersion | undefined => {
    const holder = state.versions.find((version) => version.stages.has(label))
    holder?.stages.delete(label)
    to.stages.add(label)
    return holder
  }
  state.changedDate = new Date()
  const former = move(stage, target)
  if (stage !== 'AWSCURRENT' || former === undefined || former === target) return
  target.stages.delete('AWSPREVIOUS')
  move('AWSPREVIOUS', former)
}

export const SHORTEST_RECOVERY_DAYS = 7
export const LONGEST_RECOVERY_DAYS = 30
const DAY_MS = 86_400_000

export function deletionDate(days: number): Date {
  return new Date(Date.now() + days * DAY_MS)
}

/** Of its own: changes of the one are none of the other. */
export function copyOf(state: SecretState): SecretState {
  return {
    ...state,
    versions: state.versions.map((version) => ({ ...version, stages: new Set(version.stages) })),
    tags: new Map(state.tags),
    replicaRegions: [...state.replicaRegions],
  }
}

function newState(name: string, now: Date): SecretState {
  return {
    name,
    versions: [],
    made: 0,
    description: '',
    kmsKeyId: undefined,
    tags: new Map(),
    createdDate: now,
    changedDate: now,
    deletionDate: undefined,
    primaryRegion: undefined,
    replicaRegions: [],
    heldIn: undefined,
  }
}

function asVersion<T extends SecretVersionSeed>(seed: string | T): T | SecretVersionSeed {
  return typeof seed === 'string' ? { value: seed } : seed
}

/** What a version holds. */
export function content({ value, binary }: SecretVersionSeed): string | Buffer {
  if (binary !== undefined) return Buffer.from(binary, 'base64')
  return typeof value === 'object' ? JSON.stringify(value) : value!
}

export function notFound(message: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', message, { key: 'Message' })
}

function noValue(what: string): ServiceError {
  return notFound(`Secrets Manager can't find the specified secret value for ${what}`)
}

export function markedForDeletion(): ServiceError {
  return invalidRequest("You can't perform this operation on the secret because it was marked for deletion.")
}

export function invalidRequest(message: string): ServiceError {
  return new ServiceError('InvalidRequestException', message, { key: 'Message' })
}

export function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterException', message, { key: 'Message' })
}
