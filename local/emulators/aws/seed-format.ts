// What a seed may say: the types alone, which the npm package exports.

export interface SecretVersionSeed {
  /** Text, or an object or array that is stored as JSON text. */
  readonly value?: string | object
  /** Base64, instead of `value`. */
  readonly binary?: string
  readonly versionId?: string
  /** ISO 8601. */
  readonly createdDate?: string
}

export interface SecretSeed extends SecretVersionSeed {
  /** Further stages of the current version; AWSCURRENT is always among them. */
  readonly stages?: readonly string[]
  /** The AWSPREVIOUS version. */
  readonly previous?: string | SecretVersionSeed
  /** Any other versions, with the stages they carry (none: a deprecated version, found by its id alone). */
  readonly versions?: readonly (SecretVersionSeed & { readonly stages?: readonly string[] })[]
  readonly arnSuffix?: string
  readonly description?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly deleted?: boolean
  /** The one region that holds it; without it all regions of the emulator do. */
  readonly region?: string
  /** Regions that it is replicated to from `region`, or from the emulator's own. */
  readonly replicas?: readonly string[]
  /** Another account: then only the full ARN finds it. */
  readonly account?: string
}

export interface ParameterVersionSeed {
  readonly value: string
  /** ISO 8601. */
  readonly lastModifiedDate?: string
  readonly labels?: readonly string[]
  /** What a SecureString shows without decryption. */
  readonly ciphertext?: string
}

export interface ParameterSeed extends ParameterVersionSeed {
  readonly type?: ParameterType
  /** Number of the current version; the previous ones count down from it. */
  readonly version?: number
  /** Older versions, oldest first. */
  readonly previous?: readonly (string | ParameterVersionSeed)[]
  readonly tier?: ParameterTier
  readonly dataType?: string
  readonly description?: string
  readonly tags?: Readonly<Record<string, string>>
  /** The one region that holds it; without it all regions of the emulator do. */
  readonly region?: string
  /** Another account, which shares it: then only the ARN finds it. */
  readonly account?: string
}

export type ParameterType = 'String' | 'StringList' | 'SecureString'
export type ParameterTier = 'Standard' | 'Advanced'

export interface Seed {
  /** For editors. */
  readonly $schema?: string
  readonly secrets?: Readonly<Record<string, string | SecretSeed>>
  readonly parameters?: Readonly<Record<string, string | ParameterSeed>>
}
