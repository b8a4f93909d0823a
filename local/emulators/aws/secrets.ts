// The secrets of one region: versions, the stages that move between them, and how a SecretId finds its secret.

import * as derive from './derive.ts'
import { ServiceError } from './protocol.ts'
import { type SecretSeed, type SecretVersionSeed, SECRET_BYTES } from './seed.ts'

export interface SecretVersion {
  readonly id: string
  readonly value: string | Buffer
  readonly createdDate: Date
  readonly stages: Set<string>
}

export interface Secret {
  readonly arn: string
  readonly name: string
  /** False for a secret of another account, which only its full ARN finds. */
  readonly own: boolean
  readonly description: string
  readonly tags: Readonly<Record<string, string>>
  readonly versions: SecretVersion[]
  deleted: boolean
}

export interface PutSecret {
  readonly versionId?: string
  /** Stages of the new version. Default: AWSCURRENT. */
  readonly stages?: readonly string[]
  readonly createdDate?: Date
}

const ARN = /^arn:(aws[\w-]*):secretsmanager:([a-z0-9-]+):(\d{12}):secret:(.+)$/
const FULL_ARN_END = /-[A-Za-z0-9]{6}$/

export class Secrets {
  readonly #region: string
  readonly #account: string
  readonly #all: Secret[] = []

  constructor(region: string, account: string, seed: Readonly<Record<string, string | SecretSeed>>) {
    this.#region = region
    this.#account = account
    for (const [name, entry] of Object.entries(seed)) this.#plant(name, asVersion(entry))
  }

  /** By name, full ARN, or ARN without its suffix. Throws ResourceNotFoundException. */
  find(secretId: string): Secret {
    const found = this.#all.find((secret) => this.#answersTo(secret, secretId))
    if (found === undefined) throw notFound("Secrets Manager can't find the specified secret.")
    return found
  }

  /** Also one that is marked for deletion. */
  has(name: string): boolean {
    return this.#all.some((secret) => secret.own && secret.name === name)
  }

  remove(secret: Secret): void {
    this.#all.splice(this.#all.indexOf(secret), 1)
  }

  /** All that are not deleted, by name. */
  list(): Secret[] {
    return this.#all
      .filter((secret) => secret.own && !secret.deleted)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Adds a version, and the secret if there is none of that name. Returns the version id. */
  put(
    name: string,
    value: string | Buffer,
    { versionId, stages = ['AWSCURRENT'], createdDate }: PutSecret = {},
  ) {
    if (Buffer.byteLength(value) > SECRET_BYTES) throw new RangeError(`a secret holds ${SECRET_BYTES} bytes`)
    const secret = this.#all.find((one) => one.name === name) ?? this.#create(name, {})
    const id = versionId ?? derive.versionId(name, secret.versions.length + 1)
    secret.versions.push({ id, value, createdDate: createdDate ?? new Date(), stages: new Set() })
    for (const stage of stages) moveStage(secret, stage, id)
    return id
  }

  /** Gives a stage to one version and takes it from the other; AWSPREVIOUS follows AWSCURRENT. */
  moveStage(name: string, stage: string, versionId: string): void {
    moveStage(this.find(name), stage, versionId)
  }

  #plant(name: string, seed: SecretSeed): void {
    if (seed.region !== undefined && seed.region !== this.#region) return
    const secret = this.#create(name, seed)
    const previous =
      seed.previous === undefined ? [] : [{ ...asVersion(seed.previous), stages: ['AWSPREVIOUS'] }]
    const current = { ...seed, stages: ['AWSCURRENT', ...(seed.stages ?? [])] }
    for (const version of [...(seed.versions ?? []), ...previous, current]) {
      const ordinal = secret.versions.length + 1
      secret.versions.push({
        id: version.versionId ?? derive.versionId(name, ordinal),
        value: content(version),
        createdDate:
          version.createdDate === undefined ? derive.date(name, ordinal) : new Date(version.createdDate),
        stages: new Set(version.stages),
      })
    }
  }

  #create(name: string, seed: SecretSeed): Secret {
    const account = seed.account ?? this.#account
    const suffix = seed.arnSuffix ?? derive.arnSuffix(name)
    const secret = {
      arn: `arn:aws:secretsmanager:${this.#region}:${account}:secret:${name}-${suffix}`,
      name,
      own: account === this.#account,
      description: seed.description ?? '',
      tags: seed.tags ?? {},
      versions: [],
      deleted: seed.deleted ?? false,
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
  secret: Secret,
  versionId: string | undefined,
  stage: string | undefined,
): SecretVersion {
  if (secret.deleted) {
    throw invalidRequest("You can't perform this operation on the secret because it was marked for deletion.")
  }
  if (versionId === undefined) {
    const wanted = stage ?? 'AWSCURRENT'
    const staged = secret.versions.find((version) => version.stages.has(wanted))
    if (staged === undefined) throw noValue(`staging label: ${wanted}`)
    return staged
  }
  const version = secret.versions.find((one) => one.id === versionId)
  if (version === undefined) throw noValue(`VersionId: ${versionId}`)
  if (stage !== undefined && !version.stages.has(stage)) {
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.')
  }
  return version
}

function moveStage(secret: Secret, stage: string, versionId: string): void {
  const target = secret.versions.find((version) => version.id === versionId)
  if (target === undefined) throw new RangeError(`${secret.name} has no version ${versionId}`)
  const holder = secret.versions.find((version) => version.stages.has(stage))
  if (holder === target) return
  holder?.stages.delete(stage)
  target.stages.add(stage)
  if (stage !== 'AWSCURRENT' || holder === undefined) return
  target.stages.delete('AWSPREVIOUS')
  moveStage(secret, 'AWSPREVIOUS', holder.id)
}

function asVersion<T extends SecretVersionSeed>(seed: string | T): T | SecretVersionSeed {
  return typeof seed === 'string' ? { value: seed } : seed
}

function content({ value, binary }: SecretVersionSeed): string | Buffer {
  if (binary !== undefined) return Buffer.from(binary, 'base64')
  return typeof value === 'object' ? JSON.stringify(value) : value!
}

function notFound(message: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', message, { key: 'Message' })
}

function noValue(what: string): ServiceError {
  return notFound(`Secrets Manager can't find the specified secret value for ${what}`)
}

function invalidRequest(message: string): ServiceError {
  return new ServiceError('InvalidRequestException', message, { key: 'Message' })
}
