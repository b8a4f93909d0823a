import { partitionOf } from './emulators/aws/partitions.ts'
import type { ParameterSeed, SecretSeed, Seed } from './emulators/aws/seed.ts'
import { LOCAL_ACCOUNT } from './emulators/aws/server.ts'

export interface Ready {
  readonly port: number
  /** What the emulated AWS holds and the file it comes from; undefined for the real one. */
  readonly emulated: { readonly seed: Seed; readonly file: string; readonly region: string } | undefined
  /** From the spawn of the extension to the end of its initialisation. */
  readonly initMs: number
}

/** Of each kind. */
const MOST_EXAMPLES = 3

/** What the user sees when all is up: `curl` lines to paste. A token of the user's own is named, not printed. */
export function readyText({ port, emulated, initMs }: Ready): string {
  const token = process.env.AWS_SESSION_TOKEN ? '$AWS_SESSION_TOKEN' : 'local-token'
  const header = `-H "X-Aws-Parameters-Secrets-Token: ${token}"`
  const curl = (path: string) => `  curl ${header} 'http://localhost:${port}${path}'`
  const what = emulated === undefined ? 'the real AWS' : `the secrets and parameters of ${emulated.file}`
  const paths =
    emulated === undefined
      ? [secretPath('NAME'), parameterPath('/NAME')]
      : examplesOf(emulated.seed, emulated.region)
  return [
    '',
    `Serving ${what} on port ${port} (up in ${Math.round(initMs)} ms). Ctrl-C stops.`,
    '',
    ...paths.map(curl),
    '',
  ].join('\n')
}

/** A few questions that the seed has an answer to: by the name, or by the ARN where that names the region. */
function examplesOf({ secrets = {}, parameters = {} }: Seed, region: string): string[] {
  const some = <S extends string | SecretSeed | ParameterSeed>(seeds: Readonly<Record<string, S>>) =>
    Object.entries(seeds)
      .filter(([, seed]) => isAtHand(seed))
      .slice(0, MOST_EXAMPLES)
  return [
    ...some(secrets).flatMap(([name, seed]) =>
      secretExamples(
        isElsewhere(seed, region) ? arnOf('secretsmanager', seed.region, `secret:${name}`) : name,
        seed,
      ),
    ),
    ...some(parameters).flatMap(([name, seed]) =>
      parameterExamples(
        isElsewhere(seed, region) ? arnOf('ssm', seed.region, `parameter/${name.replace(/^\//, '')}`) : name,
        seed,
      ),
    ),
  ]
}

function isAtHand(seed: string | SecretSeed | ParameterSeed): boolean {
  return typeof seed === 'string' || (seed.account === undefined && !('deleted' in seed && seed.deleted))
}

function isElsewhere<S extends SecretSeed | ParameterSeed>(
  seed: string | S,
  region: string,
): seed is S & { region: string } {
  if (typeof seed === 'string' || seed.region === undefined) return false
  const replicas = 'replicas' in seed ? (seed.replicas ?? []) : []
  return ![seed.region, ...replicas].includes(region)
}

/** Of a secret it is the part without the suffix, which AWS takes, too. */
function arnOf(service: string, region: string, resource: string): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${LOCAL_ACCOUNT}:${resource}`
}

function secretExamples(id: string, seed: string | SecretSeed): string[] {
  const path = secretPath(id)
  const hasPrevious = typeof seed !== 'string' && seed.previous !== undefined
  return hasPrevious ? [path, `${path}&versionStage=AWSPREVIOUS`] : [path]
}

function parameterExamples(name: string, seed: string | ParameterSeed): string[] {
  const path = parameterPath(name)
  if (typeof seed === 'string') return [path]
  const decrypted = seed.type === 'SecureString' ? `${path}&withDecryption=true` : path
  const older = seed.previous?.find((one) => typeof one !== 'string' && one.labels?.[0] !== undefined)
  const label = typeof older === 'object' ? older.labels?.[0] : undefined
  return label === undefined ? [decrypted] : [decrypted, `${decrypted}&label=${label}`]
}

function secretPath(name: string): string {
  return `/secretsmanager/get?secretId=${inQuery(name)}`
}

function parameterPath(name: string): string {
  return `/systemsmanager/parameters/get?name=${inQuery(name)}`
}

/** Slashes and colons as they are, for people to read. */
function inQuery(name: string): string {
  return encodeURIComponent(name).replaceAll('%2F', '/').replaceAll('%3A', ':')
}
