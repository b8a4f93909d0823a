import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { stateOf } from '../../local/emulators/lambda/sandbox-process.ts'
import { cpuMs } from '../../tools/proc.ts'
import { limitProcessor } from './quota.ts'

/** A process that would use a whole processor. */
async function busy(t: TestContext): Promise<number> {
  const child = spawn(process.execPath, ['--eval', `process.stdout.write('runs'); for (;;);`])
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

const isStopped = (pid: number): boolean => stateOf(pid) === 'T'

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1)
}

test('a busy process is stopped when it has used its share of a period, until it is let go', async (t) => {
  const pid = await busy(t)
  const startedAt = performance.now()
  const startedWithMs = cpuMs(pid)
  const letGo = limitProcessor(pid, 0.07)
  try {
    for (let stop = 0; stop < 10; stop++) {
      const usedMs = cpuMs(pid)
      await until(() => isStopped(pid))
      await until(() => !isStopped(pid) && cpuMs(pid) > usedMs)
    }
    const held = (cpuMs(pid) - startedWithMs) / (performance.now() - startedAt)
    assert.ok(held < 0.5, `${held} of a processor`)
  } finally {
    letGo()
  }
  const letGoWithMs = cpuMs(pid)
  await until(() => {
    assert.ok(!isStopped(pid))
    return cpuMs(pid) - letGoWithMs > 200
  })
})
