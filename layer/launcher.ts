// The one file of the nodejs layer: a shell script that is the extension itself when Node reads it.

import { readFileSync } from 'node:fs'
import { NODE_FLAGS } from '../src/engine.ts'

const SOURCE = new URL('nodejs/launcher.sh', import.meta.url)

// As an ES module, which a package.json of another layer in /opt can make of this file, it has no `require`.
const REQUIRE_ANYWHERE = 'var require=process.getBuiltinModule||require;'

/** `bundle` is CommonJS that requires nothing but Node's own modules. */
export function nodejsExtension(bundle: string, flags: readonly string[] = NODE_FLAGS): Buffer {
  const launcher = readFileSync(SOURCE, 'utf8')
    .replaceAll(/^(?!#!)\s*#.*\n/gm, '')
    .replaceAll(/\n{2,}/g, '\n')
    .replaceAll('@FLAGS@', flags.join(' '))
  const comment = launcher.slice(launcher.indexOf('/*'), -'*/\n'.length)
  if (!launcher.startsWith(`#!/bin/sh\n':' /*\n`) || comment.includes('*/') || launcher.includes('\r')) {
    throw new Error('launcher.sh is not one comment for JavaScript')
  }
  return Buffer.from(`${launcher}"use strict";${REQUIRE_ANYWHERE}${bundle}`)
}
