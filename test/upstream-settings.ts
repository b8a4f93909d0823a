import type { UpstreamSettings } from '../src/config/upstream.ts'

/** Settings for the upstream part in front of the emulator at `url`, with its local credentials. */
export function settingsFor(url: string, changes: Partial<UpstreamSettings> = {}): UpstreamSettings {
  return {
    region: 'us-east-1',
    credentials: {
      accessKeyId: 'ASIALOCALLOCALLOCAL1',
      secretAccessKey: 'local-secret-access-key',
      sessionToken: 'local-token',
    },
    container: undefined,
    secretsManager: { endpoint: url, timeoutMs: 0 },
    parameterStore: { endpoint: url, timeoutMs: 0 },
    securityTokens: { endpoint: url, timeoutMs: 0 },
    roles: { arns: [], externalId: undefined, sessionName: 'local-function' },
    failoverRegion: undefined,
    maxConnections: 3,
    maxAttempts: 3,
    useFips: false,
    useDualstack: false,
    caBundle: undefined,
    certFile: undefined,
    certDirectories: undefined,
    proxy: undefined,
    ...changes,
  }
}
