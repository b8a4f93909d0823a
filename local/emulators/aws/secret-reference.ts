// Secrets read through Parameter Store: /aws/reference/secretsmanager/<name>[:<stage or version id>]
// https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html

import { validation } from './input.ts'
import { ServiceError } from './protocol.ts'
import type { Region } from './region.ts'
import { type SecretRead, readSecret } from './secrets-api.ts'

const PREFIX = '/aws/reference/secretsmanager/'
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/

export function isSecretReference(name: string): boolean {
  return name.startsWith(PREFIX)
}

/** The `Parameter` member for a reference. `selector` is what follows the colon. */
export function referencedSecret(
  region: Region,
  name: string,
  selector: string | undefined,
  withDecryption: boolean,
): object {
  if (!withDecryption) {
    throw validation('WithDecryption flag must be True for retrieving a Secret Manager secret.')
  }
  const read = resolve(region, name.slice(PREFIX.length), selector)
  const { value, createdDate } = read.version
  return {
    ARN: read.secret.arn,
    LastModifiedDate: createdDate,
    Name: name,
    Selector: selector === undefined ? undefined : ':' + selector,
    SourceResult: sourceResult(read),
    Type: 'SecureString',
    Value: typeof value === 'string' ? value : undefined,
    Version: 0,
  }
}

function resolve(region: Region, secretName: string, selector: string | undefined): SecretRead {
  const byId = selector !== undefined && UUID.test(selector)
  const versionId = byId ? selector : undefined
  const stage = byId ? undefined : selector
  try {
    return readSecret(region, 'secretsmanager:GetSecretValue', secretName, versionId, stage)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    if (error.code === 'InvalidRequestException') throw validation('Invalid Request to Secrets Manager')
    if (error.code !== 'ResourceNotFoundException') throw error
    // "null" is the absent selector of a Java string concatenation, and is what AWS sends.
    const suffix = selector === undefined ? 'null' : ':' + selector
    throw new ServiceError(
      'ParameterNotFound',
      'An error occurred (ParameterNotFound) when referencing Secrets Manager:' +
        ` Secret ${PREFIX.slice(1)}${secretName}${suffix} not found.`,
    )
  }
}

// A Java object printed by a JSON library, as recorded: lower-case keys, a heap ByteBuffer with its fields (bytes
// are signed), and a date in the US locale.
function sourceResult({ secret, version }: SecretRead): string {
  const { value } = version
  const content =
    typeof value === 'string' ? { secretString: value } : { secretBinary: javaByteBuffer(value) }
  return JSON.stringify({
    ARN: secret.arn,
    name: secret.name,
    versionId: version.id,
    ...content,
    versionStages: [...version.stages],
    createdDate: javaDate(version.createdDate),
  })
}

function javaByteBuffer(bytes: Buffer): object {
  return {
    hb: [...new Int8Array(bytes)],
    offset: 0,
    isReadOnly: false,
    bigEndian: true,
    nativeByteOrder: false,
    mark: -1,
    position: 0,
    limit: bytes.length,
    capacity: bytes.length,
    address: 16,
  }
}

/** `Nov 16, 2022, 8:22:40 AM`, in UTC. */
function javaDate(date: Date): string {
  const hours = date.getUTCHours()
  return (
    `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}, ` +
    `${hours % 12 || 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} ${hours < 12 ? 'AM' : 'PM'}`
  )
}

function two(count: number): string {
  return String(count).padStart(2, '0')
}
