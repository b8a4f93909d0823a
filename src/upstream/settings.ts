// What the upstream half is told at birth. Types only: main.ts imports them without loading the half itself.

export interface StoreSettings {
  /** A URL that replaces the one of the SDK's endpoint rules, for every region. */
  readonly endpoint: string | undefined
  /** Bound on a whole call, retries included, in milliseconds; 0 is no bound. */
  readonly timeoutMs: number
}

/** Where `AWS_CONTAINER_CREDENTIALS_*` points: SnapStart functions get their credentials there. */
export interface ContainerSettings {
  readonly fullUri: string | undefined
  readonly relativeUri: string | undefined
  readonly authorizationToken: string | undefined
  readonly authorizationTokenFile: string | undefined
}

export interface StaticCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

export interface UpstreamSettings {
  readonly region: string | undefined
  /** The environment's; they win over `container`. */
  readonly credentials: StaticCredentials | undefined
  readonly container: ContainerSettings | undefined
  readonly secretsManager: StoreSettings
  readonly parameterStore: StoreSettings
  /** Sockets per store and region. */
  readonly maxConnections: number
  readonly useFips: boolean
  readonly useDualstack: boolean
  /** Path of a PEM file that replaces the trusted roots, as `AWS_CA_BUNDLE` does in every AWS SDK. */
  readonly caBundle: string | undefined
}
