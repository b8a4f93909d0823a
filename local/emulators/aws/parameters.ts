// The parameters of one region: versions, the labels that move between them, and how a Name finds its parameter.

import * as derive from './derive.ts'
import { partitionOf } from './partitions.ts'
import {
  type ParameterSeed,
  type ParameterTier,
  type ParameterType,
  type ParameterVersionSeed,
  PARAMETER_BYTES,
  PARAMETER_NAME,
} from './seed.ts'

export interface ParameterVersion {
  readonly version: number
  readonly value: string
  readonly ciphertext: string
  readonly lastModifiedDate: Date
  readonly labels: Set<string>
  readonly tier: ParameterTier
  readonly dataType: string
  readonly description: string | undefined
  readonly allowedPattern: string | undefined
  /** Of a SecureString. */
  readonly keyId: string
}

export interface Parameter {
  readonly arn: string
  readonly name: string
  type: ParameterType
  /** Another account's, if it is shared by one. */
  readonly account: string
  /** False for a parameter that another account shares; only its ARN finds it. */
  readonly own: boolean
  /** Oldest first; never empty. */
  readonly versions: ParameterVersion[]
  readonly tags: Map<string, string>
  /** The one region that holds it. Undefined: every one, each with a state of its own. */
  readonly heldIn: string | undefined
}

/** What is left out stays as it is, or is the default of a new parameter. */
export interface PutParameter {
  readonly type?: ParameterType
  readonly tier?: ParameterTier
  readonly labels?: readonly string[]
  readonly lastModifiedDate?: Date
  readonly dataType?: string
  readonly description?: string
  readonly allowedPattern?: string
  readonly keyId?: string
  readonly tags?: ReadonlyMap<string, string>
}

/** What a SecureString is under where nothing else is said. */
const DEFAULT_KEY_ID = 'alias/aws/ssm'
/** "Parameter Store retains the 100 most recently created versions": API_PutParameter. */
export const MOST_VERSIONS = 100

export class Parameters {
  readonly #region: string
  readonly #account: string
  readonly #all = new Map<string, Parameter>()

  constructor(region: string, account: string) {
    this.#region = region
    this.#account = account
  }

  /** By name or ARN, without selector. */
  find(name: string): Parameter | undefined {
    if (!name.startsWith('arn:')) {
      const found = this.#all.get(name)
      return found?.own === true ? found : undefined
    }
    return [...this.#all.values()].find((parameter) => parameter.arn === name)
  }

  /** Those below a path, by name; `recursive` reaches beyond the first level. */
  under(path: string, recursive: boolean): Parameter[] {
    const prefix = path.endsWith('/') ? path : path + '/'
    return this.list()
      .filter(({ name }) => withSlash(name).startsWith(prefix))
      .filter(({ name }) => recursive || !withSlash(name).slice(prefix.length).includes('/'))
  }

  /** All that have a name here, by name: of this account, and public ones. */
  list(): Parameter[] {
    return this.all()
      .filter(({ own }) => own)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** With those of other accounts. */
  all(): Parameter[] {
    return [...this.#all.values()]
  }

  /**
   * Adds a version, and the parameter if there is none of that name. Returns the version number. Throws RangeError for
   * a value that its tier does not hold, and changes nothing then.
   */
  put(name: string, value: string, put: PutParameter = {}): number {
    const found = this.find(name)
    const before = found?.versions.at(-1)
    const tier = put.tier ?? before?.tier ?? 'Standard'
    const limit = PARAMETER_BYTES[tier]
    if (Buffer.byteLength(value) > limit) throw new RangeError(`the ${tier} tier holds ${limit} bytes`)
    if (found === undefined && !PARAMETER_NAME.test(name))
      throw new RangeError(`"${name}" is no name of a parameter`)
    const parameter = found ?? this.#create(name, this.#account, put.type ?? 'String', undefined)
    if (put.type !== undefined) parameter.type = put.type
    const version = (before?.version ?? 0) + 1
    parameter.versions.push({
      version,
      value,
      ciphertext: derive.ciphertext(name, version),
      lastModifiedDate: put.lastModifiedDate ?? new Date(),
      labels: new Set(),
      tier,
      dataType: put.dataType ?? before?.dataType ?? 'text',
      description: put.description ?? before?.description,
      allowedPattern: put.allowedPattern ?? before?.allowedPattern,
      keyId: put.keyId ?? before?.keyId ?? DEFAULT_KEY_ID,
    })
    for (const [key, tag] of put.tags ?? []) parameter.tags.set(key, tag)
    for (const label of put.labels ?? []) this.label(name, label, version)
    if (parameter.versions.length > MOST_VERSIONS) {
      const oldest = parameter.versions.findIndex(({ labels }) => labels.size === 0)
      parameter.versions.splice(oldest, 1)
    }
    return version
  }

  /** Gives a label to one version (default: the newest) and takes it from any other. */
  label(name: string, label: string, version?: number): void {
    const versions = this.find(name)?.versions ?? []
    const target = version === undefined ? versions.at(-1) : versions.find((one) => one.version === version)
    if (target === undefined) throw new RangeError(`${name} has no version ${version ?? 'at all'}`)
    for (const one of versions) one.labels.delete(label)
    target.labels.add(label)
  }

  /** By name, also one that another account shares. Returns whether there was one. */
  delete(name: string): boolean {
    return this.#all.delete(name)
  }

  /** As a seed describes it. */
  plant(name: string, given: string | ParameterSeed): void {
    const seed: ParameterSeed = typeof given === 'string' ? { value: given } : given
    const parameter = this.#create(name, seed.account ?? this.#account, seed.type ?? 'String', seed.region)
    const older = (seed.previous ?? []).map((one) => (typeof one === 'string' ? { value: one } : one))
    const all: ParameterVersionSeed[] = [...older, seed]
    const first = (seed.version ?? all.length) - older.length
    all.forEach((one, index) => {
      const version = first + index
      parameter.versions.push({
        version,
        value: one.value,
        ciphertext: one.ciphertext ?? derive.ciphertext(name, version),
        lastModifiedDate:
          one.lastModifiedDate === undefined ? derive.date(name, version) : new Date(one.lastModifiedDate),
        labels: new Set(one.labels),
        tier: seed.tier ?? 'Standard',
        dataType: seed.dataType ?? 'text',
        description: seed.description,
        allowedPattern: undefined,
        keyId: DEFAULT_KEY_ID,
      })
    })
    for (const [key, value] of Object.entries(seed.tags ?? {})) parameter.tags.set(key, value)
  }

  /** A parameter as another region has it, with an ARN of this one. */
  hold({ name, account, type, heldIn, versions, tags }: Parameter): void {
    const copy = this.#create(name, account, type, heldIn)
    copy.versions.push(...versions.map((version) => ({ ...version, labels: new Set(version.labels) })))
    for (const [key, value] of tags) copy.tags.set(key, value)
  }

  #create(name: string, given: string, type: ParameterType, heldIn: string | undefined): Parameter {
    const account = name.startsWith('/aws/service/') ? '' : given
    const parameter = {
      arn: parameterArn(this.#region, account, name),
      name,
      type,
      account,
      own: account === '' || account === this.#account,
      versions: [],
      tags: new Map<string, string>(),
      heldIn,
    }
    this.#all.set(name, parameter)
    return parameter
  }
}

export function parameterArn(region: string, account: string, name: string): string {
  return `arn:${partitionOf(region)}:ssm:${region}:${account}:parameter/${name.replace(/^\//, '')}`
}

function withSlash(name: string): string {
  return name.startsWith('/') ? name : '/' + name
}
