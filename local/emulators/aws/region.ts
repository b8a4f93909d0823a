// What one account holds, by region, and who may not read what.

import { isRegion } from './partitions.ts'
import { Parameters } from './parameters.ts'
import { ServiceError } from './protocol.ts'
import { type Secret, Secrets, copyOf } from './secrets.ts'
import type { ParameterSeed, SecretSeed, Seed } from './seed.ts'

export interface Region {
  readonly name: string
  readonly account: string
  readonly secrets: Secrets
  readonly parameters: Parameters
  readonly policy: Policy
  /** Pages of lists that are empty before one is not. */
  emptyPages: number
  /** The same account in another region. */
  readonly in: (region: string) => Region
}

/** Which regions there are: these, or every one that AWS could have. */
export type Regions = readonly string[] | 'any'

/**
 * An account in all its regions. A region is made when it is first requested: it holds what the seed and the owner of
 * the emulator put into every region, and what callers wrote is its own.
 */
export class Account {
  readonly policy: Policy
  readonly id: string
  readonly #home: string
  readonly #regions = new Map<string, Region>()
  /** What every new region begins with. */
  readonly #pattern: Region

  constructor(id: string, home: string, seed: Seed) {
    this.id = id
    this.#home = home
    this.policy = new Policy(id)
    this.#pattern = this.#empty('')
    const { secrets, parameters } = this.#pattern
    for (const [name, entry] of Object.entries(seed.secrets ?? {})) secrets.plant(name, entry, home)
    for (const [name, entry] of Object.entries(seed.parameters ?? {})) parameters.plant(name, entry)
  }

  get home(): Region {
    return this.region(this.#home)
  }

  region(name: string): Region {
    const known = this.#regions.get(name)
    if (known !== undefined) return known
    const region = this.#empty(name)
    this.#regions.set(name, region)
    // Replicas last: what they show is in their own regions, which may have replicas from here.
    const held = this.#pattern.secrets.all().filter(({ state }) => state.heldIn?.includes(name) ?? true)
    const isWrittenHere = ({ state }: Secret): boolean => (state.primaryRegion ?? name) === name
    for (const secret of held.filter(isWrittenHere)) this.#copySecret(secret, region)
    for (const secret of held.filter((one) => !isWrittenHere(one))) this.#copySecret(secret, region)
    for (const parameter of this.#pattern.parameters.all()) {
      if ((parameter.heldIn ?? name) === name) region.parameters.hold(parameter)
    }
    return region
  }

  /** As at the start, in every region that the seed wants it in. */
  plantSecret(name: string, seed: string | SecretSeed): void {
    this.removeSecret(name)
    const planted = this.#pattern.secrets.plant(name, seed, this.#home)
    for (const region of this.#regions.values()) this.#copySecret(planted, region)
  }

  plantParameter(name: string, seed: string | ParameterSeed): void {
    this.removeParameter(name)
    this.#pattern.parameters.plant(name, seed)
    const planted = this.#pattern.parameters.all().find((one) => one.name === name)!
    for (const region of this.#regions.values()) {
      if ((planted.heldIn ?? region.name) === region.name) region.parameters.hold(planted)
    }
  }

  removeSecret(name: string): void {
    for (const { secrets } of this.#everywhere()) {
      for (const secret of secrets.all().filter((one) => one.name === name)) secrets.remove(secret)
    }
  }

  removeParameter(name: string): void {
    for (const { parameters } of this.#everywhere()) parameters.delete(name)
  }

  /** In every region that has the secret, replicas apart; or, where there is none of that name, in all. */
  withSecret<T>(secretId: string, act: (secrets: Secrets, name: string) => T): T {
    const name = this.#nameOf(secretId)
    const all = this.#everywhere().map(({ secrets }) => secrets)
    const holder = (secrets: Secrets): Secret | undefined => secrets.all().find((one) => one.name === name)
    const writable = all.filter((secrets) => {
      const secret = holder(secrets)
      return secret !== undefined && (!secret.isReplica || secrets === this.#pattern.secrets)
    })
    return inEach(writable.length === 0 ? all : writable, (secrets) => act(secrets, name))
  }

  withParameter<T>(name: string, act: (parameters: Parameters, name: string) => T): T {
    const stored = this.#everywhere()
      .map(({ parameters }) => parameters.find(name)?.name)
      .find((found) => found !== undefined)
    const all = this.#everywhere().map(({ parameters }) => parameters)
    const holding = all.filter((parameters) => parameters.find(stored ?? name) !== undefined)
    return inEach(holding.length === 0 ? all : holding, (parameters) => act(parameters, stored ?? name))
  }

  /** The next pages of every region. */
  sendEmptyPages(count: number): void {
    for (const region of this.#everywhere()) region.emptyPages = count
  }

  /** The home region first, and last what new regions begin with. */
  #everywhere(): Region[] {
    return [this.home, ...[...this.#regions.values()].filter((one) => one !== this.home), this.#pattern]
  }

  #nameOf(secretId: string): string {
    const found = this.#everywhere().map(({ secrets }) => secrets.search(secretId)?.name)
    return found.find((name) => name !== undefined) ?? secretId
  }

  #copySecret({ state, suffix, account }: Secret, region: Region): void {
    if (state.heldIn?.includes(region.name) === false) return
    if (state.primaryRegion === undefined || state.primaryRegion === region.name) {
      region.secrets.hold(copyOf(state), suffix, account)
      return
    }
    const { secrets } = this.region(state.primaryRegion)
    const primary = secrets.all().find((one) => one.name === state.name)
    if (primary?.state.replicaRegions.includes(region.name) === true) {
      region.secrets.hold(primary.state, suffix, account)
    }
  }

  #empty(name: string): Region {
    return {
      name,
      account: this.id,
      secrets: new Secrets(name, this.id),
      parameters: new Parameters(name, this.id),
      policy: this.policy,
      emptyPages: name === '' ? 0 : this.#pattern.emptyPages,
      in: (other) => this.region(other),
    }
  }
}

export function takeEmptyPage(region: Region): boolean {
  return region.emptyPages > 0 && region.emptyPages-- > 0
}

export function isAmong(regions: Regions, name: string): boolean {
  return regions === 'any' ? isRegion(name) : regions.includes(name)
}

/** The result of the first. */
function inEach<T, R>(items: readonly T[], act: (item: T) => R): R {
  return items.map(act)[0]!
}

/** The role session that AWS names in an AccessDeniedException. */
const SESSION = 'assumed-role/local-function-role/local-function'

/** Allows everything but what was denied, by the name a caller sends or by the ARN behind it. */
export class Policy {
  readonly #account: string
  readonly #denied = new Map<string, string | undefined>()

  constructor(account: string) {
    this.#account = account
  }

  deny(nameOrArn: string, message?: string): void {
    this.#denied.set(nameOrArn, message)
  }

  allow(nameOrArn: string): void {
    this.#denied.delete(nameOrArn)
  }

  allowAll(): void {
    this.#denied.clear()
  }

  /** Throws AccessDeniedException when the action, the ARN or one of the names is denied. */
  check(action: string, arn: string, ...names: string[]): void {
    const denied = [arn, action, ...names].find((name) => this.#denied.has(name))
    if (denied === undefined) return
    const message =
      this.#denied.get(denied) ??
      `User: arn:aws:sts::${this.#account}:${SESSION} is not authorized to perform: ${action}` +
        ` on resource: ${arn} because no identity-based policy allows the ${action} action`
    throw new ServiceError('AccessDeniedException', message, { key: 'Message' })
  }
}
