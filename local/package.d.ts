// The local stand-in of the Open Parameters and Secrets Lambda Extension, for tests.

export interface SecretSeed {
  /** Text, or an object that is stored as JSON text. */
  value?: string | object
  /** Base64, instead of `value`. */
  binary?: string
  /** The AWSPREVIOUS version. */
  previous?: string | { value: string | object }
}

export interface ParameterSeed {
  value: string
  type?: 'String' | 'StringList' | 'SecureString'
}

/** What the emulated AWS holds, by name. */
export interface Seed {
  secrets?: Record<string, string | SecretSeed>
  parameters?: Record<string, string | ParameterSeed>
}

/** Which calls: by a name as it is asked for, or by an operation such as `GetSecretValue`. Empty: all. */
export interface FaultMatch {
  name?: string
  operation?: string
}

/** What becomes of them. */
export type Fault =
  | { kind: 'throttle' | 'internal-error' | 'unavailable' | 'reset' | 'hang'; delayMs?: number }
  | { kind?: 'delay'; delayMs: number }
  | { kind: 'error'; code: string; message?: string; status?: number }

export interface LocalOptions {
  /** What the emulated AWS holds, or the path of a JSON file that says so. */
  seed: Seed | string
  /** Default 0: any that is free. */
  port?: number
  /** What callers must send. Default `local-token`. */
  token?: string
  /** Settings of the extension, as a function's variables. */
  env?: Record<string, string>
}

export interface Local {
  /** `http://localhost:PORT` */
  readonly url: string
  readonly port: number
  /** For the header `X-Aws-Parameters-Secrets-Token`. */
  readonly token: string
  /** Gives a secret a new current version; the one before is AWSPREVIOUS from then on. */
  rotate(secretId: string, value: string): void
  putParameter(name: string, value: string): void
  /** The next `times` matching calls to AWS (default: all from now on) meet the fault. */
  fault(match: FaultMatch, fault: Fault, times?: number): void
  clearFaults(): void
  /** Calls that AWS has had for a name, or altogether. */
  calls(name?: string): number
  stop(): Promise<void>
}

/** Resolves when it serves. Rejects for a bad seed or a port in use. */
export function startLocal(options: LocalOptions): Promise<Local>
