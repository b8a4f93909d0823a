// What AWS answered, as typed fields. `upstream` makes them, `answer` turns them into the bytes of a body.

export interface SecretFields {
  readonly ARN?: string | undefined
  readonly CreatedDate?: Date | undefined
  readonly Name?: string | undefined
  readonly SecretBinary?: Uint8Array | undefined
  readonly SecretString?: string | undefined
  readonly VersionId?: string | undefined
  readonly VersionStages?: readonly string[] | undefined
  /** The region whose replica answered, where it was not the one that was asked first. No member of AWS's. */
  readonly replicaRegion?: string
}

export interface ParameterFields {
  readonly ARN?: string | undefined
  readonly DataType?: string | undefined
  readonly LastModifiedDate?: Date | undefined
  readonly Name?: string | undefined
  readonly Selector?: string | undefined
  readonly SourceResult?: string | undefined
  readonly Type?: string | undefined
  readonly Value?: string | undefined
  readonly Version?: number | undefined
}

export type Fields =
  | { readonly store: 'secrets-manager'; readonly secret: SecretFields }
  | { readonly store: 'parameter-store'; readonly parameter: ParameterFields }
