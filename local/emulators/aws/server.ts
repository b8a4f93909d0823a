// The emulator as its users see it: start it, point AWS_ENDPOINT_URL at it, steer it, ask what it saw.

import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'

import { RateLimits } from './rate.ts'
import type { Fault, FaultMatch } from './fault.ts'
import { FaultPlan } from './faults.ts'
import { listener } from './handler.ts'
import type { PutParameter } from './parameters.ts'
import { Account, type Regions, isAmong } from './region.ts'
import { type Role, Roles, type Session } from './roles.ts'
import { type PutSecret, deletionDate, LONGEST_RECOVERY_DAYS } from './secrets.ts'
import { type ParameterSeed, type SecretSeed, type Seed, loadSeed } from './seed.ts'
import type { Credentials } from './signature.ts'
import { type RecordedRequest, Traffic } from './traffic.ts'

/** Accepted where no other credentials are given. They open nothing anywhere else. */
export const LOCAL_CREDENTIALS: Credentials = {
  accessKeyId: 'ASIALOCALLOCALLOCAL1',
  secretAccessKey: 'local-secret-access-key',
  sessionToken: 'local-token',
}

export const LOCAL_ACCOUNT = '123456789012'

export interface AwsOptions {
  /** A seed, or the path of one. */
  readonly seed: Seed | string
  /** Default: us-east-1. */
  readonly region?: string
  /** Further regions that requests may be signed for; each holds the seed, with its own ARNs. Default: none. */
  readonly regions?: Regions
  /** Default: LOCAL_ACCOUNT. */
  readonly accountId?: string
  /** Roles that a caller may assume, by ARN; each has an account of its own. */
  readonly roles?: Readonly<Record<string, Role>>
  /** Default: LOCAL_CREDENTIALS. */
  readonly credentials?: Credentials | readonly Credentials[]
  /** `ecdhCurve`: the only groups of its key exchange. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ecdhCurve?: string }
  /** Default: 0, a free one. */
  readonly port?: number
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** Denied from the start; see `deny`. */
  readonly denied?: readonly string[]
  /** See `emptyPages`. */
  readonly emptyPages?: number
}

export interface Aws {
  /** To be used as AWS_ENDPOINT_URL. */
  readonly url: string
  readonly port: number

  /** Requests for this name (as sent), or all requests. Refused and failed ones count too. */
  calls(name?: string): number
  /** Resolves once that many have arrived and their answers, faults apart, are settled. */
  called(name: string | undefined, times?: number): Promise<void>
  /** The latest 10,000, oldest first. */
  readonly requests: readonly RecordedRequest[]
  /** Sockets accepted so far. */
  connections(): number
  openConnections(): number
  peakConnections(): number
  /** Requests being answered now. */
  inFlight(): number
  peakConcurrency(): number
  /** Starts all counts anew. */
  resetCounts(): void

  /** The next `times` matching requests (default: all from now on) meet the fault. */
  fault(match: FaultMatch, fault: Fault, times?: number): void
  clearFaults(): void
  /** Beyond so many calls a second to these operations together, ThrottlingException; a burst gets one second's. */
  limitRate(operations: readonly string[], perSecond: number): void
  clearRates(): void
  /** Closes every open socket, as a peer does that grew tired of an idle one. Returns how many. */
  dropConnections(): number

  /** Adds a version in every region that has the secret, or a secret in all. Returns its id. */
  putSecret(name: string, value: string | Buffer, options?: PutSecret): string
  moveStage(name: string, stage: string, versionId: string): void
  /** Marks a secret for deletion, or takes the mark away. */
  deleteSecret(name: string, deleted?: boolean): void
  /** A secret as a seed describes it, in place of any that has the name. */
  plantSecret(name: string, seed: string | SecretSeed): void
  /** At once, in every region. */
  removeSecret(name: string): void
  putParameter(name: string, value: string, options?: PutParameter): number
  label(name: string, label: string, version?: number): void
  /** A parameter as a seed describes it, in place of any that has the name. */
  plantParameter(name: string, seed: string | ParameterSeed): void
  deleteParameter(name: string): void
  /** The next `count` pages of GetParametersByPath and BatchGetSecretValue are empty, and have a NextToken. */
  emptyPages(count: number): void

  /** Names of all secrets and parameters in the account's own region. */
  held(): string[]

  /**
   * AccessDeniedException for a name (as sent or as stored), an ARN, or an action such as `secretsmanager:ListSecrets`,
   * with IAM's usual message unless given.
   */
  deny(nameOrArn: string, message?: string): void
  allow(nameOrArn: string): void
  allowAll(): void
  /** From now on these and no others are known. */
  setCredentials(credentials: Credentials | readonly Credentials[]): void
  /** ExpiredTokenException for these from now on. */
  expireCredentials(accessKeyId: string): void
  /** Sessions of roles that were given out so far, oldest first. */
  sessions(): readonly Session[]
  /** Added to the service's clock: beyond five minutes either way, every signature is out of date. */
  clockSkewMs: number

  /** Destroys all sockets; resolves when the port is free. */
  close(): Promise<void>
}

/** Resolves when listening. Rejects for a bad seed or a port in use. */
export async function startAws(options: AwsOptions): Promise<Aws> {
  const { region = 'us-east-1', accountId = LOCAL_ACCOUNT, tls, port = 0, host = '127.0.0.1' } = options
  const seed = loadSeed(options.seed)
  const account = new Account(accountId, region, seed)
  const { policy } = account
  for (const one of options.denied ?? []) policy.deny(one)
  if (options.emptyPages !== undefined) account.sendEmptyPages(options.emptyPages)
  const roles = new Roles(options.roles ?? {}, (id, held) => new Account(id, region, loadSeed(held)))
  const keyring = new Keyring(options.credentials ?? LOCAL_CREDENTIALS)
  const faults = new FaultPlan()
  const limits = new RateLimits()
  const traffic = new Traffic()
  const verifier = {
    isRegion: (name: string) => name === region || isAmong(options.regions ?? [], name),
    lookup: (accessKeyId: string) => {
      const session = roles.session(accessKeyId)
      if (session === undefined) return keyring.lookup(accessKeyId)
      const expired = keyring.isExpired(accessKeyId) || session.expiresAt <= verifier.now()
      return { credentials: session.credentials, expired }
    },
    now: () => Date.now() + aws.clockSkewMs,
  }
  const answer = listener({ account, roles, verifier, faults, limits, traffic })
  const serverOptions = { keepAliveTimeout: 0, maxHeaderSize: 64 * 1024 }
  const server =
    tls === undefined
      ? createServer(serverOptions, answer)
      : createSecureServer({ ...serverOptions, ...tls }, answer)
  server.on('connection', (socket) => traffic.accept(socket))
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(port, host, () => listening())
  })
  const address = server.address() as AddressInfo

  const aws: Aws = {
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    calls: (name) => traffic.calls(name),
    called: (name, times = 1) => traffic.called(name, times),
    requests: traffic.requests,
    connections: () => traffic.accepted,
    openConnections: () => traffic.open,
    peakConnections: () => traffic.peakOpen,
    inFlight: () => traffic.inFlight,
    peakConcurrency: () => traffic.peakInFlight,
    resetCounts: () => traffic.reset(),
    fault: (match, fault, times = Infinity) => faults.add(match, fault, times),
    clearFaults: () => faults.clear(),
    limitRate: (operations, perSecond) => limits.set(operations, perSecond),
    clearRates: () => limits.clear(),
    dropConnections: () => traffic.dropSockets(),
    putSecret: (secretId, value, put) =>
      account.withSecret(secretId, (secrets, name) => secrets.put(name, value, put)),
    moveStage: (secretId, stage, id) =>
      account.withSecret(secretId, (secrets, name) => secrets.moveStage(name, stage, id)),
    deleteSecret: (secretId, deleted = true) =>
      account.withSecret(secretId, (secrets, name) => {
        secrets.find(name).state.deletionDate = deleted ? deletionDate(LONGEST_RECOVERY_DAYS) : undefined
      }),
    plantSecret: (name, entry) => account.plantSecret(name, entry),
    removeSecret: (name) => account.removeSecret(name),
    putParameter: (given, value, put) =>
      account.withParameter(given, (parameters, name) => parameters.put(name, value, put)),
    label: (given, label, version) =>
      account.withParameter(given, (parameters, name) => parameters.label(name, label, version)),
    plantParameter: (name, entry) => account.plantParameter(name, entry),
    deleteParameter: (given) =>
      account.withParameter(given, (parameters, name) => void parameters.delete(name)),
    emptyPages: (count) => account.sendEmptyPages(count),
    held: () => {
      const { secrets, parameters } = account.home
      return [...secrets.list(), ...parameters.list()].map(({ name }) => name)
    },
    deny: (name, message) => policy.deny(name, message),
    allow: (name) => policy.allow(name),
    allowAll: () => policy.allowAll(),
    setCredentials: (credentials) => keyring.set(credentials),
    sessions: () => roles.sessions(),
    expireCredentials: (accessKeyId) => keyring.expire(accessKeyId),
    clockSkewMs: 0,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        traffic.dropSockets()
      }),
  }
  return aws
}

class Keyring {
  #known: readonly Credentials[] = []
  readonly #expired = new Set<string>()

  constructor(credentials: Credentials | readonly Credentials[]) {
    this.set(credentials)
  }

  set(credentials: Credentials | readonly Credentials[]): void {
    this.#known = [credentials].flat()
    this.#expired.clear()
  }

  expire(accessKeyId: string): void {
    this.#expired.add(accessKeyId)
  }

  isExpired(accessKeyId: string): boolean {
    return this.#expired.has(accessKeyId)
  }

  lookup(accessKeyId: string): { credentials: Credentials; expired: boolean } | undefined {
    const credentials = this.#known.find((one) => one.accessKeyId === accessKeyId)
    return credentials && { credentials, expired: this.#expired.has(accessKeyId) }
  }
}
