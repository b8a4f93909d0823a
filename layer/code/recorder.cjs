// Loaded by Node before the extension, in the process whose compiled code is recorded. Writes a line when the extension
// has warmed up, and the code of each of its parts when the process ends.
'use strict'
const { writeFileSync } = require('node:fs')
const v8 = require('node:v8')
const vm = require('node:vm')

const set = v8.setFlagsFromString
// What has been compiled stays, however long the process takes.
set('--no-flush-bytecode')
// src/engine.ts changes flags when all is warm, and V8 refuses code that was made under other flags than those of a
// start.
v8.setFlagsFromString = () => process.stdout.write('warm\n')
// A slow machine is no starved sandbox: src/processor.ts.
require('node:os').availableParallelism = () => 2
process.cpuUsage = () => ({ user: process.uptime() * 1e6, system: 0 })

const { Script } = vm
const scripts = new Map()
vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options)
    scripts.set(options.filename, { source, script: this })
  }
}
process.on('exit', () => {
  // As at a start without flags. Only the process's own seed was to be known, so that two records are the same bytes.
  set('--flush-bytecode')
  set('--hash-seed=0')
  const parts = [...scripts].map(([name, { source, script }]) => {
    return { name, source, code: script.createCachedData().toString('base64') }
  })
  writeFileSync(
    process.env.RECORDED_CODE,
    JSON.stringify({ v8: process.versions.v8, arch: process.arch, parts }),
  )
})
