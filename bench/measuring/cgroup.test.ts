import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createCgroup } from './cgroup.ts'
import { majorFaults, readMb } from '../../tools/proc.ts'
import { ROOT } from '../contenders/runtimes.ts'

const MB = 2 ** 20

// Where none may be made, there is none, and the group says so in its rows.
test('a process in a cgroup keeps its number and dies of too much memory, one outside does not', async () => {
  const eat = [process.execPath, '--eval', `Buffer.alloc(${200 * MB}, 1)`]
  assert.equal(spawnSync(eat[0]!, eat.slice(1)).signal, null)
  const cgroup = createCgroup(96 * MB)
  if (cgroup === undefined) return
  const run = (command: string[]) => {
    const [first = '', ...rest] = cgroup.around(command)
    return spawn(first, rest, { stdio: ['ignore', 'pipe', 'ignore'] })
  }
  const says = run(['/bin/sh', '-c', 'echo $$'])
  const [number] = (await once(says.stdout, 'data')) as [Buffer]
  assert.equal(Number(number.toString()), says.pid)
  const [, signal] = (await once(run(eat), 'exit')) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL')
  assert.ok(cgroup.cacheMb() >= 0)
  await cgroup.remove()
})

test('what a process reads from the disk is counted, and what is in memory already is not', (t) => {
  const folder = join(ROOT, 'dist/bench/read')
  mkdirSync(folder, { recursive: true })
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'file')
  writeFileSync(file, Buffer.alloc(8 * MB, 1))
  spawnSync('sync')
  spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'])
  const script = `
    const { readFileSync } = require('node:fs')
    const counts = [1, 2].map(() => {
      readFileSync(${JSON.stringify(file)})
      return readFileSync('/proc/self/io', 'latin1')
    })
    process.stdout.write(JSON.stringify(counts.map((io) => Number(/^read_bytes: (.*)/m.exec(io)[1]))))`
  const [first = 0, second = 0] = JSON.parse(
    spawnSync(process.execPath, ['--eval', script], { encoding: 'utf8' }).stdout,
  ) as number[]
  assert.ok(first >= 8 * MB, `${first} bytes`)
  assert.ok(second - first < MB)
  assert.ok(readMb(process.pid) >= 0)
  assert.ok(majorFaults(process.pid) >= 0)
})
