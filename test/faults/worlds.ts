// The environments in which the rows of the table run: one process of the extension each, in front of an upstream that
// fails in its own way.

import type { TestContext } from 'node:test'
import { startAws } from '../../local/emulators/aws/server.ts'
import { testTls } from '../../local/emulators/aws/tls.ts'
import { type Extension, startExtension } from '../artefact.ts'
import { freePort } from '../../tools/free-port.ts'
import { type Middleman, startMiddleman } from './middleman.ts'
import { startStalledPort, type StalledPort } from './stalled-port.ts'

export interface World {
  readonly extension: Extension
  /** What the process wrote to stderr, where it should write nothing. */
  readonly stderr: readonly string[]
  readonly middleman: Middleman
  readonly stalledPort: StalledPort
}

export type WorldName = keyof typeof WORLDS

interface Plan {
  /** Where secrets are fetched. Parameters come from the emulator itself, except through the proxy. */
  readonly endpoint?: 'proxy' | 'stalled port' | 'untrusted TLS' | 'other name' | 'no TLS'
  readonly timeoutMs?: string
  readonly containerCredentials?: boolean
}

const WORLDS = {
  'AWS itself': {},
  'AWS with a time limit of 400 ms': { timeoutMs: '400' },
  'a proxy': { endpoint: 'proxy' },
  'a port that accepts nothing': { endpoint: 'stalled port' },
  'a certificate that nobody trusts': { endpoint: 'untrusted TLS' },
  'a certificate of another name': { endpoint: 'other name' },
  'a server that speaks no TLS': { endpoint: 'no TLS' },
  'credentials from the container endpoint': { containerCredentials: true },
} as const satisfies Record<string, Plan>

export async function enter(t: TestContext, name: WorldName): Promise<World> {
  const plan: Plan = WORLDS[name]
  const stderr: string[] = []
  const port = await freePort()
  const middleman = await startMiddleman(port)
  t.after(() => middleman.close())
  const stalledPort = await startStalledPort(port)
  t.after(() => stalledPort.close())
  const tls = testTls()
  // No call gets as far as a request there, so it needs no secrets.
  const secure = await startAws({
    seed: {},
    tls,
    host: plan.endpoint === 'other name' ? '127.0.0.2' : '127.0.0.1',
  })
  t.after(() => secure.close())
  const endpoints = {
    proxy: middleman.url,
    'stalled port': stalledPort.url,
    'untrusted TLS': secure.url,
    'other name': secure.url,
    'no TLS': middleman.url.replace('http:', 'https:'),
  }
  const extension = await startExtension(t, {
    aws: { port },
    env: {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: plan.endpoint && endpoints[plan.endpoint],
      AWS_ENDPOINT_URL_SSM: plan.endpoint === 'proxy' ? middleman.url : undefined,
      AWS_CA_BUNDLE: plan.endpoint === 'other name' ? tls.caPath : undefined,
      SECRETS_MANAGER_TIMEOUT_MILLIS: plan.timeoutMs,
      SSM_PARAMETER_STORE_TIMEOUT_MILLIS: plan.timeoutMs,
    },
    lambda: {
      containerCredentials: plan.containerCredentials ?? false,
      onLog: ({ stream, text }) => void (stream === 'stderr' && stderr.push(text)),
    },
  })
  return { extension, stderr, middleman, stalledPort }
}
