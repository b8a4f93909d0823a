// The parameters of one region: versions, the labels that move between them, and how a Name finds its parameter.

import * as derive from './derive.ts'
import {
  type ParameterSeed,
  type ParameterTier,
  type ParameterType,
  type ParameterVersionSeed,
  PARAMETER_BYTES,
} from './seed.ts'

export interface ParameterVersion {
  readonly version: number
  readonly value: string
  readonly ciphertext: string
  readonly lastModifiedDate: Date
  readonly labels: Set<string>
}

export interface Parameter {
  readonly arn: string
  readonly name: string
  readonly type: ParameterType
  readonly tier: ParameterTier
  readonly dataType: string
  /** False for a parameter that another account shares; only its ARN finds it. */
  readonly own: boolean
  /** Oldest first. */
  readonly versions: ParameterVersion[]
}

export interface PutParameter {
  readonly type?: ParameterType
  readonly tier?: ParameterTier
  readonly labels?: readonly string[]
  readonly lastModifiedDate?: Date
}

export class Parameters {
  readonly #region: string
  readonly #account: string
  readonly #all = new Map<string, Parameter>()
  #emptyPages = 0

  constructor(region: string, account: string, seed: Readonly<Record<string, string | ParameterSeed>>) {
    this.#region = region
    this.#account = account
    for (const [name, entry] of Object.entries(seed)) {
      this.#plant(name, typeof entry === 'string' ? { value: entry } : entry)
    }
  }

  sendEmptyPages(count: number): void {
    this.#emptyPages = count
  }

  takeEmptyPage(): boolean {
    return this.#emptyPages > 0 && this.#emptyPages-- > 0
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
    return [...this.#all.values()]
      .filter(({ name, own }) => own && (name.startsWith('/') ? name : '/' + name).startsWith(prefix))
      .filter(({ name }) => recursive || !name.slice(prefix.length).includes('/'))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Adds a version, and the parameter if there is none of that name. Returns the version number. */
  put(
    name: string,
    value: string,
    { type = 'String', tier = 'Standard', labels = [], lastModifiedDate }: PutParameter = {},
  ) {
    const parameter = this.find(name) ?? this.#create(name, { value, type, tier })
    const limit = PARAMETER_BYTES[parameter.tier]
    if (Buffer.byteLength(value) > limit)
      throw new RangeError(`the ${parameter.tier} tier holds ${limit} bytes`)
    const version = (parameter.versions.at(-1)?.version ?? 0) + 1
    parameter.versions.push({
      version,
      value,
      ciphertext: derive.ciphertext(name, version),
      lastModifiedDate: lastModifiedDate ?? new Date(),
      labels: new Set(),
    })
    for (const label of labels) this.label(name, label, version)
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

  delete(name: string): void {
    this.#all.delete(name)
  }

  #plant(name: string, seed: ParameterSeed): void {
    if (seed.region !== undefined && seed.region !== this.#region) return
    const { versions } = this.#create(name, seed)
    const older = (seed.previous ?? []).map((one) => (typeof one === 'string' ? { value: one } : one))
    const all: ParameterVersionSeed[] = [...older, seed]
    const first = (seed.version ?? all.length) - older.length
    all.forEach((one, index) => {
      const version = first + index
      versions.push({
        version,
        value: one.value,
        ciphertext: one.ciphertext ?? derive.ciphertext(name, version),
        lastModifiedDate:
          one.lastModifiedDate === undefined ? derive.date(name, version) : new Date(one.lastModifiedDate),
        labels: new Set(one.labels),
      })
    })
  }

  #create(name: string, seed: ParameterSeed): Parameter {
    const account = name.startsWith('/aws/service/') ? '' : (seed.account ?? this.#account)
    const parameter = {
      arn: `arn:aws:ssm:${this.#region}:${account}:parameter/${name.replace(/^\//, '')}`,
      name,
      type: seed.type ?? 'String',
      tier: seed.tier ?? 'Standard',
      dataType: seed.dataType ?? 'text',
      own: account === '' || account === this.#account,
      versions: [],
    }
    this.#all.set(name, parameter)
    return parameter
  }
}
