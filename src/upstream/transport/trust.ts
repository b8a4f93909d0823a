import { X509Certificate } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import type { UpstreamSettings } from '../../config/upstream.ts'
import { readRegularFile } from '../../regular-file.ts'

// Whom to trust. Node and Bun bring their own roots. Go looks at the system's store too, and an image behind a firewall
// that inspects TLS has the firewall's issuer there. So the store is read once, when a chain ends at an unknown issuer:
// a usual start pays nothing for it.

/** Options for an agent; empty for the runtime's own roots. */
export interface Trust {
  readonly ca?: string | string[]
  readonly secureContext?: SecureContext
}

/** OpenSSL's names for it, on Node and on Bun. */
const UNKNOWN_ISSUER =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/

/** The places of Go's crypto/x509 (root_linux.go), in its order: the first file that is there, then the directories. */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]
const DIRECTORIES = ['/etc/ssl/certs', '/etc/pki/tls/certs']
/** Of a file of certificates, in bytes. That of a distribution has a quarter of a megabyte. */
export const LONGEST_BUNDLE = 8 * 1024 * 1024
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

export function isUnknownIssuer(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' && UNKNOWN_ISSUER.test(code)
}

/** The runtime's roots, those of NODE_EXTRA_CA_CERTS, and the system's. Undefined if the system has none. */
export function systemTrust({ certFile, certDirectories }: UpstreamSettings): Trust | undefined {
  const found = firstOf(certFile === undefined ? FILES : [certFile])
  // Debian's directory holds the same as its file, so it is read only if it is named, or if there is no file.
  if (found.length === 0 || certDirectories !== undefined) {
    for (const directory of certDirectories ?? DIRECTORIES) found.push(...allIn(directory))
  }
  if (found.length === 0) return undefined
  const extra = process.env['NODE_EXTRA_CA_CERTS']
  const all = [...rootCertificates, ...(extra === undefined ? [] : certificatesIn(extra)), ...found]
  const ca = [...new Set(all)]
  // Given as text, Node would read all of them for each connection, and name its agent's pool by them. Bun has no
  // ready-made context.
  return process.versions['bun'] === undefined ? { secureContext: createSecureContext({ ca }) } : { ca }
}

function firstOf(files: readonly string[]): string[] {
  for (const file of files) {
    const found = certificatesIn(file)
    if (found.length > 0) return found
  }
  return []
}

function allIn(directory: string): string[] {
  try {
    return readdirSync(directory).flatMap((name) => certificatesIn(`${directory}/${name}`))
  } catch {
    return []
  }
}

function certificatesIn(file: string): string[] {
  try {
    return (readRegularFile(file, LONGEST_BUNDLE).match(CERTIFICATE) ?? []).filter(isReadable)
  } catch {
    return []
  }
}

/** Whether the text holds certificates, all of which can be read. */
export function isBundle(pem: string): boolean {
  const found = pem.match(CERTIFICATE) ?? []
  return found.length > 0 && found.every(isReadable)
}

function isReadable(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}
