import type { Size } from '../measuring/catalogue.ts'
import type { Form } from './forms.ts'

/** One kind of load on the cache; each is measured for every contender, in a fresh process each time. */
export interface HitScenario {
  readonly name: string
  readonly connections: number
  readonly mode: 'keep' | 'reconnect'
  readonly size: Size
  readonly keys: number
  /** Default: the original's body. Others are asked of our own extensions alone. */
  readonly form?: Form
}

const keep = { mode: 'keep', keys: 1 } as const

export const HIT_SCENARIOS: readonly HitScenario[] = [
  { name: 'c1, 100 B', connections: 1, size: '100B', ...keep },
  { name: 'c1, 100 B, the bare value', connections: 1, size: '100B', ...keep, form: 'value' },
  { name: 'c1, 100 B, asked by boto3', connections: 1, size: '100B', ...keep, form: 'sdk' },
  { name: 'c1, 4 KB', connections: 1, size: '4KB', ...keep },
  { name: 'c1, 64 KB', connections: 1, size: '64KB', ...keep },
  { name: 'new connection each, 100 B', connections: 1, mode: 'reconnect', size: '100B', keys: 1 },
  { name: 'c10, 100 B', connections: 10, size: '100B', ...keep },
  { name: 'c10, 4 KB, 1,000 keys', connections: 10, mode: 'keep', size: '4KB', keys: 1_000 },
  { name: 'c64, 100 B', connections: 64, size: '100B', ...keep },
  { name: 'c64, 4 KB', connections: 64, size: '4KB', ...keep },
]
