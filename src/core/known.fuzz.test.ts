// Reads, refreshes, prefetches, writes and deletes in any order, with answers that come late and in any order, on the
// real core, cache and batches. AWS is a model that tells of each value which state of its secret or parameter it is
// of. Two things must hold, whatever the settings:
//
// - No reader gets a state older than that of the last write or refresh that was acknowledged before it began.
// - No reader gets another's value, nor ciphertext for plaintext.
//
// In some runs secrets have replicas, which follow without delay. A replica's answer counts like any other, but that it
// leaves what is held.
//
// KNOWN_FUZZ_SECONDS says how long it goes on (default: 5).

import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import type { Parameter } from '@aws-sdk/client-ssm'
import fc from 'fast-check'
import type { Answer } from '../answer/answer.ts'
import { readConfig } from '../config/config.ts'
import type { UpstreamSettings } from '../config/upstream.ts'
import { UpstreamError } from '../errors.ts'
import { createLog } from '../log.ts'
import { parameterLookup, pathLookup, secretLookup, type Lookup } from '../lookup.ts'
import { say, shown } from '../public.ts'
import type { RawAnswer, Target } from '../raw-call.ts'
import { createFailover, type Failover } from '../upstream/failover.ts'
import type { Upstream } from '../upstream/index.ts'
import { getParameter, getParameters, type ParameterStore } from '../upstream/parameter-store.ts'
import { getMatching } from '../upstream/matching.ts'
import { getPath } from '../upstream/path.ts'
import { carriedCall } from '../upstream/pass-through.ts'
import type { Place } from '../upstream/place.ts'
import { getSecrets, getSecretValue, type SecretsManager } from '../upstream/secrets-manager.ts'
import { createCore, type Core } from './core.ts'
import { isOutage } from './failure-kind.ts'

const SECONDS = Number(process.env['KNOWN_FUZZ_SECONDS'] ?? 5)
const OWN = '123456789012'
const OTHER = '999999999999'
const REPLICA_REGION = 'eu-west-1'
const ROLE = `arn:aws:iam::${OTHER}:role/Reader`
const REFERENCE = '/aws/reference/secretsmanager/'

/** A secret or a parameter, at AWS. */
interface Thing {
  readonly id: string
  readonly store: 'secret' | 'parameter'
  readonly account: string
  readonly name: string
  readonly arn: string
  readonly isEncrypted: boolean
  /** Whether it is there, state by state; the last is the present one. */
  readonly history: boolean[]
}

function secretOf(account: string, name: string): Thing {
  const arn = `arn:aws:secretsmanager:us-east-1:${account}:secret:${name}-XyZ123`
  return {
    id: `${account}/${name}`,
    store: 'secret',
    account,
    name,
    arn,
    isEncrypted: false,
    history: [true],
  }
}

function parameterOf(account: string, name: string, isEncrypted = false): Thing {
  const arn = `arn:aws:ssm:us-east-1:${account}:parameter/${name.replace(/^\//, '')}`
  return { id: `${account}/${name}`, store: 'parameter', account, name, arn, isEncrypted, history: [true] }
}

const stateOf = ({ history }: Thing): number => history.length - 1
const isThere = ({ history }: Thing): boolean => history.at(-1)!

/** A caller's question, and what it is of. */
interface Question {
  readonly lookup: Lookup
  /** The things that may be in its answer; the only one, unless it is a path. */
  readonly of: readonly string[]
  /** A version that a refresh of another leaves alone. */
  readonly version: string
}

const SECRETS = ['db', 'tail-AbCdEf'] as const
const PARAMETERS = ['/app/a', '/app/k', '/app/deep/c', 'bare'] as const
const PATHS = ['/', '/app', '/app/', '/app/deep'] as const
type Name = (typeof SECRETS)[number] | (typeof PARAMETERS)[number]

/** A question before it is known which names a run is about. */
interface Pick {
  readonly which: number
  readonly spelling: 'name' | 'arn' | 'partial' | 'reference'
  readonly version: 'current' | 'latest' | 'other'
  readonly isForeign: boolean
  readonly isByRole: boolean
  readonly isDecrypted: boolean
  /** All below that path, instead. */
  readonly path: (typeof PATHS)[number] | undefined
  readonly isRecursive: boolean
}

const rarely = fc.nat(3).map((dice) => dice === 0)

const pick: fc.Arbitrary<Pick> = fc.record({
  which: fc.nat(1),
  spelling: fc.constantFrom('name', 'name', 'arn', 'partial', 'reference'),
  version: fc.constantFrom('latest', 'latest', 'latest', 'current', 'other'),
  isForeign: rarely,
  isByRole: rarely,
  isDecrypted: fc.boolean(),
  path: fc.constant(undefined),
  isRecursive: fc.boolean(),
})

const pathPick: fc.Arbitrary<Pick> = fc
  .tuple(pick, fc.constantFrom(...PATHS))
  .map(([picked, path]) => ({ ...picked, path }))

function questionOf(picked: Pick, focus: readonly Name[]): Question {
  const { which, spelling, version, isForeign, isByRole, isDecrypted, path, isRecursive } = picked
  const role = isByRole ? ROLE : undefined
  const own = isByRole ? OTHER : OWN
  if (path !== undefined) {
    const of = PARAMETERS.filter((name) => isBelow(name, path, isRecursive))
    return {
      lookup: pathLookup(path, { isRecursive, withDecryption: isDecrypted, role }),
      of: of.map((name) => parameterOf(own, name).id),
      version: '',
    }
  }
  const name = focus[which % focus.length]!
  if (isParameter(name)) {
    const { arn, id } = parameterOf(own, name)
    const selector = version === 'other' ? ':live' : ''
    const text = (spelling === 'name' ? name : arn) + selector
    return {
      lookup: parameterLookup(text, { withDecryption: isDecrypted, role }),
      of: [id],
      version: selector,
    }
  }
  const isPrevious = version === 'other'
  const of = { version: isPrevious ? 'AWSPREVIOUS' : 'AWSCURRENT' }
  if (spelling === 'reference') {
    const text = REFERENCE + name + (isPrevious ? ':AWSPREVIOUS' : '')
    return {
      ...of,
      lookup: parameterLookup(text, { withDecryption: true, role }),
      of: [secretOf(own, name).id],
    }
  }
  const { arn, id } = secretOf(spelling !== 'name' && isForeign ? OTHER : own, name)
  // The partial ARN of such a name would be taken for a complete one.
  const partial = name === 'tail-AbCdEf' ? arn : arn.slice(0, -7)
  const text = { name, arn, partial }[spelling]
  const stage = isPrevious ? 'AWSPREVIOUS' : version === 'current' ? 'AWSCURRENT' : undefined
  return { ...of, lookup: secretLookup(text, { versionStage: stage, role }), of: [id] }
}

function isParameter(name: Name): name is (typeof PARAMETERS)[number] {
  return (PARAMETERS as readonly string[]).includes(name)
}

function isBelow(name: string, path: string, isRecursive: boolean): boolean {
  const prefix = path.endsWith('/') ? path : path + '/'
  const full = name.startsWith('/') ? name : '/' + name
  return full.startsWith(prefix) && (isRecursive || !full.slice(prefix.length).includes('/'))
}

type Outcome = 'done' | 'refused' | 'lost' | 'lost after it was done' | 'failed after it was done'

type Command =
  | { readonly kind: 'read' | 'refresh'; readonly picked: Pick }
  | { readonly kind: 'many'; readonly picks: readonly Pick[]; readonly isRefresh: boolean }
  | { readonly kind: 'prefetch' | 'environment' }
  | { readonly kind: 'write'; readonly picked: Pick; readonly outcome: Outcome; readonly isDelete: boolean }
  | { readonly kind: 'change'; readonly picked: Pick; readonly isDelete: boolean }
  | { readonly kind: 'see' | 'answer' | 'fail'; readonly which: number }
  | { readonly kind: 'tick'; readonly ms: number }

const anyPick = fc.oneof({ weight: 3, arbitrary: pick }, { weight: 1, arbitrary: pathPick })

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), picked: anyPick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('refresh' as const), picked: anyPick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('many' as const),
      picks: fc.array(pick, { minLength: 1, maxLength: 4 }),
      isRefresh: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('prefetch' as const, 'environment' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      picked: pick,
      outcome: fc.constantFrom<Outcome>(
        'done',
        'done',
        'done',
        'refused',
        'lost',
        'lost after it was done',
        'failed after it was done',
      ),
      isDelete: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      picked: pick,
      isDelete: fc.integer({ min: 0, max: 3 }).map((dice) => dice === 0),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('see' as const), which: fc.nat(9) }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), which: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('tick' as const),
      ms: fc.constantFrom(1, 300, 900, 2_000, 8_000, 40_000, 200_000, -500),
    }),
  },
)

const settings = fc.record({
  /** The names that a run is about. */
  focus: fc.subarray<Name>([...SECRETS, ...PARAMETERS], { minLength: 1, maxLength: 2 }),
  capacity: fc.constantFrom(0, 1, 2, 1_000),
  secretsTtl: fc.constantFrom(0, 10, 300, 300),
  parametersTtl: fc.constantFrom(0, 10, 300, 300),
  refreshAhead: fc.constantFrom(0, 50, 90),
  revalidate: fc.constantFrom(0, 0, 600),
  staleOnError: fc.constantFrom(0, 600),
  staleWait: fc.constantFrom(0, 500),
  negativeTtl: fc.constantFrom(0, 60),
  isBatched: fc.boolean(),
  /** Whether secrets have replicas, and whether their own region can be asked for them. */
  replicas: fc.constantFrom('none', 'none', 'there', 'asked alone'),
})

type Settings = typeof settings extends fc.Arbitrary<infer T> ? T : never

/** A call to AWS that is under way. */
interface Call {
  /** AWS looks at what it has; at the latest when it answers. */
  see(): void
  answer(): void
  fail(): void
}

class World {
  now = 1_700_000_000_000
  readonly things = new Map<string, Thing>()
  readonly calls: Call[] = []
  /** States that readers who begin now may count on, by thing: of writes, and by thing and version: of refreshes. */
  readonly written = new Map<string, number>()
  readonly refreshed = new Map<string, number>()
  /** Readers and writers who have no answer yet. */
  waiting = 0
  /** What was found wrong. */
  readonly errors: unknown[] = []
  readonly core: Core

  readonly chosen: Settings

  constructor(chosen: Settings) {
    this.chosen = chosen
    for (const account of [OWN, OTHER]) {
      for (const name of SECRETS) this.add(secretOf(account, name))
      for (const name of PARAMETERS) this.add(parameterOf(account, name, name === '/app/k'))
    }
    Date.now = () => this.now
    mock.timers.enable({ apis: ['setTimeout'] })
    const own = 'PARAMETERS_SECRETS_EXTENSION_'
    const config = readConfig({
      AWS_REGION: 'us-east-1',
      ...(chosen.replicas !== 'none' && { [own + 'FAILOVER_REGION']: REPLICA_REGION }),
      SECRETS_MANAGER_TTL: String(chosen.secretsTtl),
      SSM_PARAMETER_STORE_TTL: String(chosen.parametersTtl),
      [own + 'CACHE_SIZE']: String(chosen.capacity),
      [own + 'REFRESH_AHEAD_PERCENT']: String(chosen.refreshAhead),
      [own + 'STALE_WHILE_REVALIDATE_SECONDS']: String(chosen.revalidate),
      [own + 'STALE_ON_ERROR_SECONDS']: String(chosen.staleOnError),
      [own + 'STALE_WAIT_MILLIS']: String(chosen.staleWait),
      [own + 'NEGATIVE_TTL_SECONDS']: String(chosen.negativeTtl),
      [own + 'PREFETCH_SECRETS']: `db ${secretOf(OTHER, 'db').arn} ${secretOf(OWN, 'tail-AbCdEf').arn}`,
      [own + 'PREFETCH_PARAMETERS']: `/app/ bare ${parameterOf(OWN, '/app/k').arn}`,
      [own + 'PREFETCH_BATCH']: chosen.isBatched ? 'TRUE' : 'FALSE',
      [own + 'ENV_FROM']: 'ssm:/app/',
      [own + 'ENV_ON_ERROR']: 'unset',
      REFERS_TO_SECRET: 'resolve:secretsmanager:db',
      REFERS_TO_PARAMETER: 'resolve:ssm:/app/k',
    })
    const upstream = upstreamOf(this.services(failoverOf(config.upstream)))
    this.core = createCore(config, createLog('error', 'text', { write: () => {} }), {
      load: () => Promise.resolve(upstream),
      reset: () => {},
    })
  }

  add(thing: Thing): void {
    this.things.set(thing.id, thing)
  }

  get all(): Thing[] {
    return [...this.things.values()]
  }

  /** The least state that a reader who begins now may be given. */
  floor(id: string, version: string): number {
    return Math.max(this.written.get(id) ?? 0, this.refreshed.get(`${id} ${version}`) ?? 0)
  }

  async run(one: Command): Promise<void> {
    switch (one.kind) {
      case 'read':
      case 'refresh':
        this.read(this.question(one.picked), one.kind === 'refresh')
        break
      case 'many':
        this.readMany(
          one.picks.map((picked) => this.question(picked)),
          one.isRefresh,
        )
        break
      case 'prefetch':
        this.wait(this.core.prefetch!.run(OWN))
        break
      case 'environment':
        this.readEnvironment()
        break
      case 'write':
        this.write(this.question(one.picked), one.outcome, one.isDelete)
        break
      case 'change': {
        this.find(this.question(one.picked).of[0]!).history.push(!one.isDelete)
        break
      }
      case 'see':
      case 'answer':
      case 'fail': {
        const call = this.calls[one.which % Math.max(this.calls.length, 1)]
        if (call === undefined) break
        if (one.kind !== 'see') this.calls.splice(this.calls.indexOf(call), 1)
        call[one.kind]()
        break
      }
      case 'tick':
        this.now += one.ms
        if (one.ms > 0) mock.timers.tick(one.ms)
        break
      default:
        one satisfies never
    }
    await settle()
  }

  wait(over: Promise<void>): void {
    this.waiting++
    over.catch((error: unknown) => this.errors.push(error)).finally(() => this.waiting--)
  }

  /** As the GET endpoints do. */
  read(asked: Question, isRefresh: boolean): void {
    const check = this.begin(asked, isRefresh)
    const { cache } = this.core
    const held = isRefresh ? undefined : cache.get(asked.lookup)
    if (held !== undefined) return check(held)
    this.wait((isRefresh ? cache.refresh(asked.lookup) : cache.load(asked.lookup)).then(check, check))
  }

  question(picked: Pick): Question {
    return questionOf(picked, this.chosen.focus)
  }

  readMany(many: readonly Question[], isRefresh: boolean): void {
    const questions = [...new Map(many.map((one) => [one.lookup.key, one])).values()]
    const checks = questions.map((one) => this.begin(one, isRefresh))
    const lookups = questions
      .map(({ lookup }) => lookup)
      .filter((lookup) => lookup.store !== 'parameter-path')
    this.wait(
      this.core.readMany(lookups, isRefresh).then((parts) => {
        for (const [i, { got }] of parts.entries()) checks[i]!(got)
      }),
    )
  }

  readEnvironment(): void {
    const floors = new Map(
      this.all.map(({ id, store }) => [id, this.floor(id, store === 'secret' ? 'AWSCURRENT' : '')]),
    )
    this.wait(
      this.core.environment!.answer().then((made) => {
        assert.ok('bytes' in made)
        for (const { id, state, form } of valuesIn(made.bytes)) {
          assert.ok(state >= floors.get(id)!, `${id}: ${state} < ${floors.get(id)}`)
          assert.notEqual(form, 'cipher')
        }
      }),
    )
  }

  /** A reader begins. Returns what to call with what it is given. */
  begin({ lookup, of, version }: Question, isRefresh: boolean): (got: unknown) => void {
    const { key } = lookup
    const { capacity, secretsTtl, parametersTtl } = this.chosen
    const ttl = lookup.store === 'secrets-manager' ? secretsTtl : parametersTtl
    // Its answer is of a call that begins from now on.
    const isFresh = isRefresh || capacity === 0 || ttl === 0
    const floors = new Map(of.map((id) => [id, isFresh ? stateOf(this.find(id)) : this.floor(id, version)]))
    const isDecrypted = lookup.store === 'secrets-manager' || lookup.withDecryption
    return (got) => {
      const isFailure = got instanceof UpstreamError
      if (!isFailure && got instanceof Error) throw got
      const text = isFailure ? got.reason : (got as Answer).bytes
      if (!isFailure && (got as Answer).replicaRegion !== undefined) {
        assert.equal((got as Answer).staleForMs, undefined)
        assert.deepEqual((got as Answer).aliases, [])
      }
      const values = valuesIn(text)
      for (const { id, form } of values) {
        assert.ok(floors.has(id), `${id} instead of ${of.join()}`)
        const { isEncrypted } = this.things.get(id)!
        if (!isFailure) assert.equal(form, isEncrypted && !isDecrypted ? 'cipher' : 'plain', id)
      }
      // AWS was not heard.
      if (isFailure && values.length === 0) return
      for (const [id, floor] of floors) {
        const value = values.find((one) => one.id === id)
        const state = value?.state ?? this.absentSince(id, floor)
        assert.ok(state !== undefined && state >= floor, `${id}: ${state} < ${floor} (${key})`)
        // A refresh that ends in a refusal leaves what is held, and so does a replica's answer.
        if (isRefresh && !isFailure && (got as Answer).replicaRegion === undefined)
          raise(this.refreshed, `${id} ${version}`, state)
      }
    }
  }

  /** The first state from `floor` on in which it is not there. */
  absentSince(id: string, floor: number): number | undefined {
    const at = this.things.get(id)!.history.findIndex((isIn, state) => !isIn && state >= floor)
    return at === -1 ? undefined : at
  }

  write({ lookup, of }: Question, outcome: Outcome, isDelete: boolean): void {
    if (lookup.store === 'parameter-path') return
    const thing = this.things.get(of[0]!)!
    const name =
      lookup.store === 'secrets-manager' ? lookup.secretId : lookup.name.replace(/:(live|AWSPREVIOUS)$/, '')
    const asked = lookup.store !== 'secrets-manager' && thing.store === 'secret' ? thing.name : name
    const target: Target =
      thing.store === 'secret'
        ? `secretsmanager.${isDelete ? 'DeleteSecret' : 'PutSecretValue'}`
        : `AmazonSSM.${isDelete ? 'DeleteParameters' : 'PutParameter'}`
    const isDone = () => (isDelete ? isThere(thing) : true)
    let state = 0
    let changes = false
    const act = () => {
      changes = isDone()
      if (changes) thing.history.push(!isDelete)
      state = stateOf(thing)
    }
    const answer = (): RawAnswer => {
      const deleted = changes ? [asked] : []
      const body = target.endsWith('DeleteParameters') ? { DeletedParameters: deleted } : {}
      return {
        status: outcome === 'refused' ? 400 : outcome === 'done' ? 200 : 500,
        headers: [],
        bytes: JSON.stringify(body),
      }
    }
    const sent = this.core.passThrough({ target, region: undefined, body: '' }, [asked])
    this.pass = { act, outcome, answer }
    this.wait(
      sent.then(
        ({ status }) => {
          if (status === 200 && changes)
            this.written.set(thing.id, Math.max(this.written.get(thing.id) ?? 0, state))
        },
        () => undefined,
      ),
    )
  }

  /** Taken by the call that `write` has just made. */
  pass: { act(): void; readonly outcome: Outcome; answer(): RawAnswer } | undefined

  /** A call whose answer is of the moment when AWS saw it. */
  call<T>(see: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let seen: { readonly outcome: () => T } | undefined
      const look = () =>
        (seen ??= (() => {
          try {
            const got = see()
            return { outcome: () => got }
          } catch (error) {
            return {
              outcome: () => {
                throw error
              },
            }
          }
        })())
      this.calls.push({
        see: look,
        answer() {
          try {
            resolve(look().outcome())
          } catch (error) {
            reject(error)
          }
        },
        fail: () => reject(failure('ThrottlingException', 400, 'slow down')),
      })
    })
  }

  services(failover: Failover | undefined): SecretsManager & ParameterStore {
    const ask = <T>(see: () => T): Promise<T> => this.call(see)
    const askSecrets = <T>({ region }: Place, see: () => T): Promise<T> =>
      this.chosen.replicas === 'asked alone' && region !== REPLICA_REGION
        ? Promise.reject(failure('ConnectionError', 0, 'the region is down'))
        : this.call(see)
    return {
      region: 'us-east-1',
      timeoutMs: 0,
      failover,
      getSecretValue: (place, { SecretId, VersionStage }) =>
        askSecrets(place, () => this.secret(place, SecretId!, VersionStage)),
      batchGetSecretValue: (place, { SecretIdList = [] }) =>
        askSecrets(place, () => {
          const SecretValues: object[] = []
          const Errors: object[] = []
          for (const SecretId of SecretIdList) {
            const isForeign = SecretId.startsWith('arn:') && !SecretId.includes(accountOf(place))
            try {
              if (isForeign) throw failure('AccessDeniedException', 400, 'no member of a batch')
              SecretValues.push(this.secret(place, SecretId, undefined))
            } catch (error) {
              Errors.push({ SecretId, ErrorCode: (error as UpstreamError).code, Message: 'refused' })
            }
          }
          return { SecretValues, Errors, $metadata: {} }
        }),
      getParameter: (place, { Name, WithDecryption }) =>
        ask(() => ({ Parameter: this.parameter(place, Name!, WithDecryption ?? false), $metadata: {} })),
      getParameters: (place, { Names = [], WithDecryption = false }) =>
        ask(() => {
          const Parameters: object[] = []
          const InvalidParameters: string[] = []
          for (const name of Names) {
            try {
              Parameters.push(this.parameter(place, name, WithDecryption))
            } catch {
              InvalidParameters.push(name)
            }
          }
          return { Parameters, InvalidParameters, $metadata: {} }
        }),
      getParametersByPath: (place, { Path, Recursive = false, WithDecryption = false, NextToken = '' }) =>
        ask(() => {
          // One place a page, whether or not the parameter is there.
          const below = PARAMETERS.filter((name) => isBelow(name, Path!, Recursive)).sort()
          const at = NextToken === '' ? 0 : Number(NextToken)
          const thing = below[at] === undefined ? undefined : this.find(`${accountOf(place)}/${below[at]}`)
          const Parameters = thing && isThere(thing) ? [parameterShape(thing, '', WithDecryption)] : []
          return {
            Parameters,
            $metadata: {},
            ...(at + 1 < below.length && { NextToken: String(at + 1) }),
          }
        }),
      passThrough: () => {
        const { act, outcome, answer } = this.pass!
        return ask(() => {
          if (outcome !== 'refused' && outcome !== 'lost') act()
          if (outcome.startsWith('lost')) throw failure('ConnectionError', 0, 'lost')
          return answer()
        })
      },
    }
  }

  find(id: string): Thing {
    const thing = this.things.get(id)
    assert.ok(thing !== undefined, id)
    return thing
  }

  secretNamed(place: Place, asked: string): Thing {
    const id = asked.replace(`:${REPLICA_REGION}:`, ':us-east-1:')
    const account = accountOf(place)
    const thing = this.all.find(
      ({ store, name, arn, account: own }) =>
        store === 'secret' &&
        (id.startsWith('arn:') ? arn === id || arn.slice(0, -7) === id : name === id && account === own),
    )
    assert.ok(thing !== undefined, id)
    return thing
  }

  secret(place: Place, id: string, stage = 'AWSCURRENT') {
    const thing = this.secretNamed(place, id)
    if (!isThere(thing)) throw failure('ResourceNotFoundException', 400, valueOf(thing, 'plain'))
    const { name, arn } = thing
    return {
      ARN: place.region === REPLICA_REGION ? arn.replace('us-east-1', REPLICA_REGION) : arn,
      Name: name,
      SecretString: valueOf(thing, 'plain'),
      VersionStages: [stage],
      $metadata: {},
    }
  }

  /** A secret is read by reference. */
  parameterNamed(place: Place, asked: string): Thing {
    const name = asked.replace(/:(live|AWSPREVIOUS)$/, '')
    const account = accountOf(place)
    if (name.startsWith(REFERENCE)) return this.find(`${account}/${name.slice(REFERENCE.length)}`)
    return name.startsWith('arn:')
      ? this.all.find(({ arn }) => arn === name)!
      : this.find(`${account}/${name}`)
  }

  parameter(place: Place, asked: string, isDecrypted: boolean): Parameter {
    const thing = this.parameterNamed(place, asked)
    if (!isThere(thing)) throw failure('ParameterNotFound', 400, valueOf(thing, 'plain'))
    const selector = /:(live|AWSPREVIOUS)$/.exec(asked)?.[0] ?? ''
    const shape = parameterShape(thing, selector, isDecrypted)
    return thing.store === 'secret'
      ? { ...shape, Name: asked.replace(selector, ''), Type: 'SecureString' }
      : shape
  }
}

function raise(map: Map<string, number>, name: string, to: number): void {
  map.set(name, Math.max(map.get(name) ?? 0, to))
}

function accountOf({ role }: Place): string {
  return role === undefined ? OWN : OTHER
}

function parameterShape(thing: Thing, selector: string, isDecrypted: boolean): Parameter {
  const { name, arn, isEncrypted } = thing
  return {
    ARN: arn,
    Name: name,
    Type: isEncrypted ? 'SecureString' : 'String',
    Value: valueOf(thing, isEncrypted && !isDecrypted ? 'cipher' : 'plain'),
    ...(selector !== '' && { Selector: selector }),
  }
}

function valueOf(thing: Thing, form: 'plain' | 'cipher'): string {
  return `<${thing.id}|${stateOf(thing)}|${form}>`
}

interface Value {
  readonly id: string
  readonly state: number
  readonly form: string
}

function valuesIn(text: string): Value[] {
  const found = [...text.matchAll(/<([^|<>]+)\|(\d+)\|(plain|cipher)>/g)]
  return found.map(([, id = '', state, form = '']) => ({
    id,
    state: Number(state),
    form,
  }))
}

function failure(code: string, status: number, why: string): UpstreamError {
  return new UpstreamError({ code: shown(code), reason: shown(why), report: say`${shown(code)}`, status })
}

function failoverOf(upstream: UpstreamSettings): Failover | undefined {
  return createFailover(upstream, { isOutage, failedOver: () => {}, warn: () => {} }, () => 0)
}

/** As upstream/index.ts makes it. */
function upstreamOf(services: SecretsManager & ParameterStore): Upstream {
  return {
    fetch: (lookup, how) =>
      lookup.store === 'secrets-manager'
        ? getSecretValue(services, lookup, how)
        : getParameter(services, lookup),
    fetchSecrets: (lookups, onPart, how) => getSecrets(services, lookups, { ...how, onPart }),
    fetchParameters: (lookups, onPart) => getParameters(services, lookups, { onPart }),
    fetchPath: (lookup, options) => getPath(services, lookup, { ...options, timeoutMs: 0 }),
    fetchMatching: (chosen, options) => getMatching(services, chosen, { ...options, timeoutMs: 0 }),
    passThrough: (call) => services.passThrough(carriedCall(call, 'us-east-1')),
    sessionTokens: () => Promise.resolve([]),
    renewCredentials: async () => undefined,
    warmUp: () => Promise.resolve(),
    reset: () => {},
  }
}

const realNow = Date.now
let runs = 0

test('no reader gets what is older than the last write or refresh before it, nor what is not its own', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(command, { maxLength: 60, size: 'max' }),
      async (chosen, commands) => {
        runs++
        const world = new World(chosen)
        try {
          for (const one of commands) await world.run(one)
          for (let i = 0; world.calls.length > 0; i++) {
            assert.ok(i < 1_000, 'it ends')
            world.calls.shift()!.answer()
            await settle()
          }
          for (const error of world.errors) assert.ifError(error)
          assert.equal(world.waiting, 0, 'everybody was given an answer')
        } finally {
          Date.now = realNow
          mock.timers.reset()
        }
      },
    ),
    { numRuns: 1_000_000_000, interruptAfterTimeLimit: SECONDS * 1_000, markInterruptAsFailure: false },
  )
  t.diagnostic(`${runs} runs`)
})
