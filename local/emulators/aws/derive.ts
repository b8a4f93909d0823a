// Everything a seed may leave out is derived from the name, so that two runs of one seed answer the same bytes.

import { createHash } from 'node:crypto'

const SUFFIX_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const FIRST_DATE = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000

function digest(...parts: (string | number)[]): Buffer {
  return createHash('sha512').update(parts.join('\u0000')).digest()
}

/** The six characters that Secrets Manager appends to a name in an ARN. */
export function arnSuffix(name: string): string {
  const bytes = digest('arn', name)
  return Array.from(bytes.subarray(0, 6), (byte) => SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length]!).join('')
}

/** A version id in the form of a random UUID. */
export function versionId(name: string, ordinal: number): string {
  const bytes = digest('version', name, ordinal).subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** A moment on day `ordinal` of 2026, to the millisecond. */
export function date(name: string, ordinal: number): Date {
  const millisecond = digest('date', name, ordinal).readUInt32BE(0) % DAY_MS
  return new Date(FIRST_DATE + (ordinal - 1) * DAY_MS + millisecond)
}

/** Looks like a KMS ciphertext blob in base64 (they begin `AQICAHi`) and can be decrypted by nobody. */
export function ciphertext(name: string, version: number): string {
  const head = Buffer.from('AQICAHi8', 'base64')
  return Buffer.concat([head, digest('kms', name, version), digest('blob', name, version)]).toString('base64')
}
