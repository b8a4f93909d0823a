// Loaded by Node before the extension, in the process whose compiled code is recorded. Writes a line when the extension
// has warmed up, and the code of each of its parts when the process ends.
'use strict'
const { writeFileSync } = require('node:fs')
const v8 = require('node:v8')
const vm = require('node:vm')

const set = v8.setFlagsFromString
// What has been compiled stays, however long the process takes.
set('--no-flush-bytecode')
// Nothing is compiled further. V8 notes in the code of a function how early one of its compilers took it, and a
// process that is given the code has it compiled as early: all that a miss runs, which costs more than it saves
// (src/engine.ts). Node 22 obeys no such note (`--profile-guided-optimization`).
const COMPILERS = Number.parseInt(process.versions.v8) > 12 ? ['sparkplug', 'maglev', 'turbofan'] : []
for (const one of COMPILERS) set(`--no-${one}`)
// src/engine.ts changes flags when all is warm, and V8 refuses code that was made under other flags than those of a
// start.
v8.setFlagsFromString = () => process.stdout.write('warm\n')
// A slow machine is no starved sandbox: src/processor.ts.
require('node:os').availableParallelism = () => 2
process.cpuUsage = () => ({ user: process.uptime() * 1e6, system: 0 })
// Nor does a timer end there that does not end on a fast machine, as what it runs would be compiled: src/core/wake.ts
// looks at the clock 250 ms after a call has begun, which is later than the end of a call, but not under qemu.
const BOUND_MS = 100
const NEVER_MS = 2 ** 31 - 1
for (const name of ['setInterval', 'setTimeout']) {
  const start = globalThis[name]
  globalThis[name] = (action, ms, ...rest) => start(action, ms >= BOUND_MS ? NEVER_MS : ms, ...rest)
}
require('node:net').Socket.prototype.setTimeout = function () {
  return this
}

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
  for (const one of COMPILERS) set(`--${one}`)
  set('--hash-seed=0')
  const parts = [...scripts].map(([name, { source, script }]) => {
    return { name, source, code: script.createCachedData().toString('base64') }
  })
  writeFileSync(
    process.env.RECORDED_CODE,
    JSON.stringify({ v8: process.versions.v8, arch: process.arch, parts }),
  )
})
