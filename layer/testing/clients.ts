// The clients in layer/testing/clients: AWS's SDKs for several languages, and Powertools. They are built into
// dist/clients. The one for a language that this machine has no tools for is left out.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Build, isHere, make, pipBuild } from './toolchain.ts'

export interface Client {
  readonly name: string
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What it is built by. */
  readonly build?: Build
}

const SOURCES = fileURLToPath(new URL('clients', import.meta.url))
const READY = fileURLToPath(new URL('../../dist/clients', import.meta.url))
/** Where boto3 is. */
export const PYTHON_PACKAGES = join(READY, 'python')
const REQUIREMENTS = join(SOURCES, 'python/requirements.txt')
const JAVA = join(READY, 'java')

const PIP = pipBuild(PYTHON_PACKAGES, REQUIREMENTS)
const GO: Build = {
  command: ['go', 'build', '-C', join(SOURCES, 'go'), '-o', join(READY, 'go-client'), '.'],
}
const MAVEN: Build = {
  command: [
    'mvn',
    '--quiet',
    '--batch-mode',
    '--file',
    join(SOURCES, 'java'),
    'dependency:copy-dependencies',
    `-DoutputDirectory=${JAVA}`,
  ],
}
const CARGO: Build = {
  command: [
    'cargo',
    'build',
    '--quiet',
    '--locked',
    '--manifest-path',
    join(SOURCES, 'rust/Cargo.toml'),
    '--target-dir',
    join(READY, 'rust'),
  ],
}

const CLIENTS: readonly Client[] = [
  {
    name: 'boto3',
    build: PIP,
    command: ['python3', '-B', join(SOURCES, 'python/boto3_client.py')],
    env: { PYTHONPATH: PYTHON_PACKAGES },
  },
  {
    name: 'Powertools for Python',
    build: PIP,
    command: ['python3', '-B', join(SOURCES, 'python/powertools_client.py')],
    env: { PYTHONPATH: PYTHON_PACKAGES },
  },
  {
    name: 'Powertools for TypeScript',
    command: [process.execPath, fileURLToPath(import.meta.resolve('./clients/node/powertools.mjs'))],
  },
  { name: "AWS's SDK for Go", build: GO, command: [join(READY, 'go-client')] },
  {
    name: "AWS's SDK for Java",
    build: MAVEN,
    // A file of source is compiled when it is started.
    command: ['java', '-cp', join(JAVA, '*'), join(SOURCES, 'java/Client.java')],
  },
  { name: "AWS's SDK for Rust", build: CARGO, command: [join(READY, 'rust/debug/client')] },
]

/** Functions that take the token from the SDK's credential chain. They run until their input ends. */
const CHAINS: readonly Client[] = [
  {
    name: 'botocore',
    build: PIP,
    command: ['python3', '-B', join(SOURCES, 'python/chain.py')],
    env: { PYTHONPATH: PYTHON_PACKAGES },
  },
  {
    name: "the JavaScript SDK's provider chain",
    command: [process.execPath, fileURLToPath(import.meta.resolve('./clients/node/chain.mjs'))],
  },
  {
    name: "Java's DefaultCredentialsProvider",
    build: MAVEN,
    command: ['java', '-cp', join(JAVA, '*'), join(SOURCES, 'java/Chain.java')],
  },
]

/** Those that this machine has the tools for. */
export function clientsHere(): readonly Client[] {
  return CLIENTS.filter(isPossible)
}

/** The same, of those that take the token from the credential chain. */
export function chainsHere(): readonly Client[] {
  return CHAINS.filter(isPossible)
}

function isPossible({ build }: Client): boolean {
  return build === undefined || isHere(build)
}

/** Throws where a tool is here and fails. */
export function buildClients(): void {
  const here = clientsHere()
  const missing = CLIENTS.filter((client) => !here.includes(client))
  if (missing.length > 0) console.log(`no tools here for ${missing.map(({ name }) => name).join(', ')}`)
  mkdirSync(READY, { recursive: true })
  for (const build of new Set(here.map((client) => client.build))) if (build !== undefined) make(build)
}
