import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuMs } from '../../tools/proc.ts'
import { limitProcessor } from './quota.ts'

const MEASURED_MS = 1_500

/** A process that would use a whole processor. */
async function busy(t: TestContext): Promise<number> {
  const child = spawn(process.execPath, ['--eval', `process.stdout.write('runs'); for (;;);`])
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

/** Of one processor, over a while. */
async function shareOf(pid: number): Promise<number> {
  const startedAt = performance.now()
  const usedMs = cpuMs(pid)
  await sleep(MEASURED_MS)
  return (cpuMs(pid) - usedMs) / (performance.now() - startedAt)
}

test('a busy process is held to its share, and let go again', async (t) => {
  const pid = await busy(t)
  const unlimited = limitProcessor(pid, 0.07)
  const held = await shareOf(pid)
  unlimited()
  const free = await shareOf(pid)
  assert.ok(held > 0 && held * 2 < free, `${held} of a processor, and ${free} when let go`)
})
