import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { nodejsExtension } from './launcher.ts'
import { seal } from './seal.ts'

const file = nodejsExtension(`process.stdout.write(JSON.stringify(require('node:path').sep))`).toString()

test('for Node it is the bundle, as CommonJS and as an ES module', () => {
  for (const type of ['commonjs', 'module']) {
    const { stdout, stderr } = spawnSync(process.execPath, [`--input-type=${type}`], {
      input: file,
      encoding: 'utf8',
    })
    assert.deepEqual([stdout, stderr], ['"/"', ''])
  }
})

test('every shell at hand can read it to the end of the comment', () => {
  const shells = ['/bin/sh', '/bin/bash', '/bin/dash', '/bin/busybox'].filter((shell) => existsSync(shell))
  for (const shell of shells) {
    const args = shell.endsWith('busybox') ? ['sh', '-n'] : ['-n']
    const script = file.slice(0, file.indexOf('*/\n'))
    const { status, stderr } = spawnSync(shell, args, { input: script, encoding: 'utf8' })
    assert.deepEqual([status, stderr], [0, ''], shell)
  }
})

test('a launcher is small, and nothing in it ends the comment early', () => {
  assert.ok(file.startsWith(`#!/bin/sh\n':' /*\n`))
  assert.equal(file.split('*/').length, 2)
  assert.ok(file.length < 3_500, `${file.length} bytes`)
})

test('a name is sealed where it stands once, and a Bun that has it otherwise is refused', () => {
  const names = ['BUN_BE_BUN', 'BUN_OPTIONS', 'BUN_INSPECT', 'BUN_INSPECT_CONNECT_TO', 'BUN_INSPECT_PRELOAD']
  const executable = Buffer.from(`x\0${names.join('\0')}\0BUN_OPTIONS are read\0`)
  seal(executable)
  assert.equal(
    executable.toString(),
    `x\0${names.map((name) => name.replace('B', '=')).join('\0')}\0BUN_OPTIONS are read\0`,
  )
  assert.throws(() => seal(executable), /BUN_BE_BUN: not once/)
  assert.throws(() => seal(Buffer.from(`\0${names.join('\0')}\0BUN_OPTIONS\0`)), /BUN_OPTIONS: not once/)
})
