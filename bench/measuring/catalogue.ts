import type { AwsOptions } from '../../local/emulators/aws/index.ts'

// The secrets that every benchmark reads. Everything about them follows from their name, so that the emulator's seed,
// the floors and the driver each know the exact bytes of the right answer without asking one another.

const SIZES = { '100B': 100, '1KB': 1_000, '4KB': 4_000, '10KB': 10_000, '64KB': 64_000 } as const
export type Size = keyof typeof SIZES

const REGION = 'us-east-1'
const ACCOUNT = '123456789012'
const ARN_SUFFIX = 'AbCdEf'
const CREATED = '2026-01-02T03:04:05'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const PATH = '/secretsmanager/get?secretId='

/** About as long as the session tokens that Lambda hands out: every request carries it. */
export const TOKEN = Array.from({ length: 900 }, (_, i) => ALPHABET[(i * 17) % ALPHABET.length]).join('')

export const CREDENTIALS = {
  accessKeyId: 'ASIABENCHBENCHBENCH1',
  secretAccessKey: 'bench-secret-access-key',
  sessionToken: TOKEN,
}

export const REQUEST_HEADERS = { 'X-Aws-Parameters-Secrets-Token': TOKEN }

export interface Target {
  readonly path: string
  /** The original's body, byte for byte. */
  readonly body: string
  readonly value: string
}

export function secretName(size: Size, index: number): string {
  return `bench/${size}/${index}`
}

export function targets(size: Size, keys: number, from = 0): Target[] {
  return Array.from({ length: keys }, (_, i) => target(secretName(size, from + i)))
}

export function target(name: string): Target {
  const value = valueOf(name)
  const body = JSON.stringify({
    ARN: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-${ARN_SUFFIX}`,
    CreatedDate: `${CREATED}Z`,
    Name: name,
    SecretBinary: null,
    SecretString: value,
    VersionId: versionOf(name),
    VersionStages: ['AWSCURRENT'],
    ResultMetadata: {},
  })
  return { path: PATH + encodeURIComponent(name), body, value }
}

/** The secret that a path of ours asks for. */
export function secretOf(path: string): string {
  return decodeURIComponent(path.slice(PATH.length))
}

/** Undefined for a request target that asks for none of ours. */
export function targetOf(path: string): Target | undefined {
  if (!path.startsWith(PATH)) return undefined
  return target(secretOf(path))
}

export function seedOf(wanted: readonly { size: Size; keys: number }[]): AwsOptions['seed'] {
  const names = wanted.flatMap(({ size, keys }) =>
    Array.from({ length: keys }, (_, i) => secretName(size, i)),
  )
  const secret = (name: string) => ({
    value: valueOf(name),
    versionId: versionOf(name),
    createdDate: `${CREATED}.000Z`,
    arnSuffix: ARN_SUFFIX,
  })
  return { secrets: Object.fromEntries(names.map((name) => [name, secret(name)])) }
}

/** AWS JSON 1.1 for GetSecretValue. */
export function upstreamBody(name: string): string {
  return JSON.stringify({
    ARN: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-${ARN_SUFFIX}`,
    CreatedDate: Date.parse(`${CREATED}Z`) / 1000,
    Name: name,
    SecretString: valueOf(name),
    VersionId: versionOf(name),
    VersionStages: ['AWSCURRENT'],
  })
}

function valueOf(name: string): string {
  const [, size, index] = /^bench\/(\w+)\/(\d+)$/.exec(name) ?? []
  const length = SIZES[size as Size]
  if (length === undefined) throw new RangeError(`no benchmark secret: ${name}`)
  const head = `${index}.`
  return head + ALPHABET.repeat(Math.ceil(length / ALPHABET.length)).slice(0, length - head.length)
}

function versionOf(name: string): string {
  const index = Number(name.slice(name.lastIndexOf('/') + 1))
  return `01234567-89ab-4cde-8f01-${index.toString(16).padStart(12, '0')}`
}
