import { faulty, type Row } from './row.ts'

const BROKE = /^Secrets Manager could not be read: the connection broke \(\w+\)$/
const NO_TLS = /^Secrets Manager could not be read: TLS failed \(\w+\)$/

/** There is no connection, or it breaks. */
export const CONNECTIONS: readonly Row[] = [
  {
    name: 'every connection is refused',
    world: 'a proxy',
    strike: ({ middleman }) => middleman.refuse(),
    mend: ({ middleman }) => middleman.listen(),
    expect: {
      code: 'ConnectionError',
      reason:
        /^Secrets Manager could not be read: the connection was refused(, or there is no route to it)? \(\w+\)$/,
      attempts: 3,
      arrived: 0,
    },
  },
  {
    name: 'no connection comes about',
    world: 'a port that accepts nothing',
    strike: ({ stalledPort }) => stalledPort.stall(),
    mend: ({ stalledPort }) => stalledPort.recover(),
    expect: {
      code: 'ConnectionError',
      reason: /^Secrets Manager could not be read: there was no connection in time \(\w+\)$/,
      attempts: 3,
      arrived: 0,
    },
  },
  ...(
    [
      'a certificate that nobody trusts',
      'a certificate of another name',
      'a server that speaks no TLS',
    ] as const
  ).map((world): Row => ({
    name: 'TLS fails',
    world,
    strike: () => {},
    expect: { code: 'TlsError', reason: NO_TLS, attempts: 1, arrived: 0 },
    next: 'parameter',
  })),
  {
    name: 'the connection is reset once before the headers',
    world: 'AWS itself',
    strike: faulty({ kind: 'reset' }, 1),
    expect: { arrived: 2 },
  },
  {
    name: 'the connection is always reset before the headers',
    world: 'AWS itself',
    strike: faulty({ kind: 'reset' }),
    expect: { code: 'ConnectionError', reason: BROKE, attempts: 3 },
  },
  {
    name: 'the connection is reset once after the headers',
    world: 'AWS itself',
    strike: faulty({ kind: 'reset-after-headers' }, 1),
    expect: { arrived: 2 },
  },
  {
    name: 'the connection is always reset after the headers',
    world: 'AWS itself',
    strike: faulty({ kind: 'reset-after-headers' }),
    expect: { code: 'ConnectionError', reason: BROKE, attempts: 3 },
  },
  {
    name: 'half a body comes once',
    world: 'AWS itself',
    strike: faulty({ kind: 'half-body' }, 1),
    expect: { arrived: 2 },
  },
  {
    name: 'half a body is all that ever comes',
    world: 'AWS itself',
    strike: faulty({ kind: 'half-body' }),
    expect: { code: 'ConnectionError', reason: BROKE, attempts: 3 },
  },
]
