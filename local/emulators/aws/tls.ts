// A certificate for localhost, 127.0.0.1 and ::1, for tests alone: its private key is published with this source.
// It and the authority that signed it are valid until 2056. The authority's own key was destroyed after signing, so to
// trust the authority is to trust this one certificate and no other.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface TestTls {
  readonly key: string
  readonly cert: string
  /** Path of the authority's certificate, for AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS. */
  readonly caPath: string
}

export function testTls(): TestTls {
  return {
    key: readFileSync(pathOf('server-key'), 'utf8'),
    cert: readFileSync(pathOf('server'), 'utf8'),
    caPath: pathOf('ca'),
  }
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`./tls/test-only-${name}.pem`, import.meta.url))
}
