import assert from 'node:assert/strict'
import test from 'node:test'
import { terminalTables } from './terminal.ts'
import { FLOOR, hits, META, OURS } from './fixture.ts'

test('a scenario is a short table: one figure of each, how many times the best it is, and who failed', () => {
  const failed = [{ scenario: 'c1, 100 B', contender: 'peer', reason: '429\nits log' }]
  const run = { folder: 'run', meta: META, groups: [{ ...hits(60), failed }] }
  assert.deepEqual(terminalTables(run).split('\n'), [
    'hit, c1, 100 B: p50, µs',
    `  ${FLOOR}  63.5 [60.0–67.0]  1.00× best`,
    `  ${OURS}    63.5 [60.0–67.0]  1.00× best`,
    '  peer                     failed: 429',
    '  executable (Bun)         not run: there is no zip',
    '',
  ])
})

test('parts of one thing are listed, and not ranked against each other', () => {
  const group = {
    ...hits(60),
    group: 'micro',
    contenders: ['route', 'reply'],
    scenarios: ['the parts of a hit'],
    skipped: [],
    samples: ['route', 'reply'].map((contender, i) => ({
      scenario: 'the parts of a hit',
      contender,
      round: 0,
      values: { nsPerOp: 10 + i },
    })),
  }
  const text = terminalTables({ folder: 'run', meta: META, groups: [group] })
  assert.match(text, /route +10\.0/)
  assert.doesNotMatch(text, /×|best/)
})
