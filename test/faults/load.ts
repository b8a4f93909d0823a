import { faulty, type Row } from './row.ts'

/** AWS is overloaded, or takes too long. */
export const LOAD: readonly Row[] = [
  {
    name: 'throttled once',
    world: 'AWS itself',
    strike: faulty({ kind: 'throttle' }, 1),
    expect: { arrived: 2 },
  },
  {
    name: 'throttled twice',
    world: 'AWS itself',
    strike: faulty({ kind: 'throttle' }, 2),
    expect: { arrived: 3 },
  },
  {
    name: 'throttled for ever',
    world: 'AWS itself',
    strike: faulty({ kind: 'throttle' }),
    expect: { code: 'ThrottlingException', reason: 'Rate exceeded', attempts: 3 },
  },
  {
    name: 'a parameter is throttled twice',
    world: 'AWS itself',
    asks: 'parameter',
    strike: faulty({ kind: 'throttle' }, 2),
    expect: { arrived: 3 },
  },
  {
    name: '500 once',
    world: 'AWS itself',
    strike: faulty({ kind: 'internal-error' }, 1),
    expect: { arrived: 2 },
  },
  {
    name: '503 twice',
    world: 'AWS itself',
    strike: faulty({ kind: 'unavailable' }, 2),
    expect: { arrived: 3 },
  },
  {
    name: 'slow, without a limit',
    world: 'AWS itself',
    strike: faulty({ kind: 'delay', delayMs: 1_000 }),
    expect: { arrived: 1 },
  },
  ...(['secret', 'parameter'] as const).flatMap((asks): Row[] => {
    const service = asks === 'secret' ? 'Secrets Manager' : 'SSM'
    const reason = `${service} did not answer within 400 ms`
    return [
      {
        name: `a ${asks} comes too late`,
        world: 'AWS with a time limit of 400 ms',
        asks,
        strike: faulty({ kind: 'delay', delayMs: 5_000 }),
        expect: { code: 'TimeoutError', reason, attempts: 1 },
      },
      {
        name: `a ${asks} never comes`,
        world: 'AWS with a time limit of 400 ms',
        asks,
        strike: faulty({ kind: 'hang' }),
        expect: { code: 'TimeoutError', reason, attempts: 1 },
      },
      {
        name: `a ${asks} comes piece by piece, too slowly`,
        world: 'AWS with a time limit of 400 ms',
        asks,
        strike: faulty({ kind: 'drip', pieceMs: 200 }),
        expect: { code: 'TimeoutError', reason, attempts: 1 },
      },
    ]
  }),
]
