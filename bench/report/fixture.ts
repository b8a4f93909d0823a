import type { Meta } from '../storing/record.ts'
import type { GroupResult, Sample } from '../storing/results.ts'

// Results for the tests of the report: eight rounds of a hit, whose processor time is as given.

export const META: Meta = {
  startedAt: '2026-11-23T12:00:00.000Z',
  commit: '0123456789abcdef',
  dirty: false,
  arch: 'x86_64',
  emulated: false,
  quick: false,
  command: 'npm run bench --',
  seed: 42,
  cpu: 'Some CPU',
  cores: 2,
  memoryMb: 8_000,
  kernel: '6.1.0',
  loadAverage: [0.1, 0.2, 0.3],
  pinning: 'none',
  runtimes: { 'Node 24': '24.21.0' },
  artefacts: {},
}
export const FLOOR = 'bare node:http, Node 24'
export const OURS = 'nodejs layer, Node 24'

export function hits(cpuUs: number, jitter = 1): GroupResult {
  const sample = (contender: string, round: number, cpu: number): Sample => ({
    scenario: 'c1, 100 B',
    contender,
    round,
    values: { p50Us: 60 + round, p99Us: 90, cpuUsPerHit: cpu + jitter * round, responses: 1_000 },
    latency: [
      [60, 900],
      [90, 99],
      [400, 1],
    ],
  })
  const rounds = Array.from({ length: 8 }, (_, round) => round)
  return {
    group: 'hit',
    method: 'a fixture',
    contenders: [FLOOR, OURS],
    scenarios: ['c1, 100 B'],
    floors: { [OURS]: FLOOR },
    skipped: [{ contender: 'executable (Bun)', reason: 'there is no zip' }],
    samples: rounds.flatMap((round) => [sample(FLOOR, round, 50), sample(OURS, round, cpuUs)]),
  }
}
