// Every way an upstream fails that we know of, as data.

import { BODIES } from './bodies.ts'
import { CONNECTIONS } from './connections.ts'
import { LOAD } from './load.ts'
import { CREDENTIALS, REFUSALS } from './refusals.ts'
import type { Row } from './row.ts'

export const ROWS: readonly Row[] = [...CONNECTIONS, ...BODIES, ...LOAD, ...CREDENTIALS, ...REFUSALS]
