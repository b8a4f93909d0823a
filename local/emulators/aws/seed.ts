// What the emulated AWS holds at the start, as JSON that a person can read and write.
//
//   { "secrets":    { "MySecret": { "value": "new", "previous": "old" }, "plain": "just a string" },
//     "parameters": { "/app/list": { "value": "a,b", "type": "StringList" }, "/app/plain": "just a string" } }
//
// All but names and values is optional; what is left out is derived from the name (derive.ts).
// recorded-seed.json reproduces: Bodies recorded by fedonev/lambda-params-secrets, MIT licence, copyright 2022 fedonev.

import { readFileSync } from 'node:fs'

import type { ParameterSeed, ParameterTier, SecretVersionSeed, Seed } from './seed-format.ts'
import { type Check, base64, flag, integer, isoDate, listOf, mapOf, oneOf, record, text } from './check.ts'

export type {
  ParameterSeed,
  ParameterTier,
  ParameterType,
  ParameterVersionSeed,
  SecretSeed,
  SecretVersionSeed,
  Seed,
} from './seed-format.ts'

/** Secrets Manager's limit on one value, in bytes. */
export const SECRET_BYTES = 65_536
/** Parameter Store's limit on one value by tier, in bytes. */
export const PARAMETER_BYTES: Readonly<Record<ParameterTier, number>> = { Standard: 4096, Advanced: 8192 }

export const SECRET_NAME = /^[A-Za-z0-9/_+=.@!-]{1,512}$/
export const PARAMETER_NAME = /^(\/?[A-Za-z0-9._-]+)(\/[A-Za-z0-9._-]+){0,14}$/
const LABEL = /^(?!\d|aws|ssm)[A-Za-z0-9._-]{1,100}$/i

const account = text(/^\d{12}$/, 'twelve digits')
const region = text(/^[a-z]{2,}(-[a-z]+)+-\d$/, 'a region like us-east-1')
const stages = listOf(text(/^[\s\S]{1,256}$/, 'a stage of 1 to 256 characters'))

const secretVersion = {
  value: secretValue,
  binary: base64(SECRET_BYTES),
  versionId: text(/^[\s\S]{32,64}$/, 'a version id of 32 to 64 characters'),
  createdDate: isoDate,
}
const parameterVersion = {
  value: text(),
  lastModifiedDate: isoDate,
  labels: listOf(text(LABEL, 'a label (no digit, aws or ssm at its start)')),
  ciphertext: text(),
}

const secret = record({
  ...secretVersion,
  stages,
  previous: orText(oneValue(record(secretVersion))),
  versions: listOf(oneValue(record({ ...secretVersion, stages }))),
  arnSuffix: text(/^[A-Za-z0-9]{6}$/, 'six letters or digits'),
  description: text(),
  tags: mapOf(/^[\s\S]{1,128}$/, 'a tag key', text()),
  deleted: flag,
  region,
  replicas: listOf(region),
  account,
})
const parameter = record(
  {
    ...parameterVersion,
    type: oneOf('String', 'StringList', 'SecureString'),
    version: integer(1),
    previous: listOf(orText(record(parameterVersion, ['value']))),
    tier: oneOf('Standard', 'Advanced'),
    dataType: text(),
    description: text(),
    tags: mapOf(/^[\s\S]{1,128}$/, 'a tag key', text()),
    region,
    account,
  },
  ['value'],
)

const seed = record({
  // For editors: local/seed.schema.json.
  $schema: text(),
  secrets: mapOf(SECRET_NAME, 'a secret name (letters, digits and /_+=.@!-)', orText(oneValue(secret))),
  parameters: mapOf(
    PARAMETER_NAME,
    'a parameter name (like a or /a/b, of letters, digits and .-_)',
    orText(sized),
  ),
})

/**
 * Reads a seed from a JSON file, or checks one given as an object.
 * Throws an Error that names the place, as in `seed.json: secrets["a"].valeu: unknown key`.
 */
export function loadSeed(pathOrObject: string | Seed): Seed {
  if (typeof pathOrObject !== 'string') return checked(pathOrObject, 'seed')
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(pathOrObject, 'utf8'))
  } catch (error) {
    throw new Error(`${pathOrObject}: ${(error as Error).message}`, { cause: error })
  }
  return checked(parsed, pathOrObject)
}

function checked(value: unknown, source: string): Seed {
  const problem = seed(value, '')
  if (problem !== undefined) throw new Error(`${source}: ${problem}`)
  return value as Seed
}

function orText(check: Check): Check {
  return (value, place) => (typeof value === 'string' ? undefined : check(value, place))
}

function secretValue(value: unknown, place: string): string | undefined {
  if (typeof value !== 'string' && (typeof value !== 'object' || value === null)) {
    return `${place}: expected text, an object or a list`
  }
  const bytes = Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value))
  return bytes > SECRET_BYTES ? `${place}: ${bytes} bytes, but a secret holds ${SECRET_BYTES}` : undefined
}

function oneValue(check: Check): Check {
  return (value, place) => {
    const problem = check(value, place)
    if (problem !== undefined) return problem
    const { value: plain, binary } = value as SecretVersionSeed
    if (plain !== undefined && binary !== undefined) return `${place}: has both "value" and "binary"`
    return plain === undefined && binary === undefined ? `${place}: needs "value" or "binary"` : undefined
  }
}

function sized(value: unknown, place: string): string | undefined {
  const problem = parameter(value, place)
  if (problem !== undefined) return problem
  const { tier = 'Standard', previous = [], version, value: current } = value as ParameterSeed
  if (version !== undefined && version <= previous.length) {
    return `${place}.version: ${version} leaves no room for ${previous.length} previous versions`
  }
  const values = [...previous.map((older) => (typeof older === 'string' ? older : older.value)), current]
  const largest = Math.max(...values.map((one) => Buffer.byteLength(one)))
  const limit = PARAMETER_BYTES[tier]
  return largest > limit ? `${place}: ${largest} bytes, but the ${tier} tier holds ${limit}` : undefined
}
