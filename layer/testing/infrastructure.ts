// The tools that deploy the examples, in dist/infrastructure and beside the CDK example. Terraform itself is in no
// registry of packages, so its file is parsed by a library.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Build, isHere, make, pipBuild } from './toolchain.ts'

/** Where the packages for Python are. */
export const INFRASTRUCTURE = fileURLToPath(new URL('../../dist/infrastructure', import.meta.url))
const REQUIREMENTS = fileURLToPath(new URL('infrastructure.txt', import.meta.url))
export const CDK = fileURLToPath(new URL('../examples/cdk', import.meta.url))

const PIP = pipBuild(INFRASTRUCTURE, REQUIREMENTS)
const NPM: Build = {
  command: ['npm', 'ci', '--silent', '--no-audit', '--prefix', CDK],
  once: { file: join(CDK, 'package-lock.json'), done: join(CDK, 'node_modules/installed.json') },
}

/** Whether the tools written in Python can be had. */
export const isPythonHere = isHere(PIP)

/** Throws where a tool is here and fails. */
export function installInfrastructure(): void {
  make(NPM)
  if (isPythonHere) make(PIP)
  else console.log('no pip here: the examples for SAM and Terraform are not checked')
}
