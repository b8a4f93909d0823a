import { gzipSync } from 'node:zlib'
import type { Passed } from './middleman.ts'
import { faulty, type Row } from './row.ts'

const NO_ANSWER = 'Secrets Manager answered 200 with a body that is no answer of AWS'

/** Something answers, and it is not what AWS promises; or it is, in a form that is rare. */
export const BODIES: readonly Row[] = [
  {
    name: 'the JSON breaks off',
    world: 'AWS itself',
    strike: faulty({ kind: 'garbage' }),
    expect: { code: 'ResponseError', reason: NO_ANSWER, attempts: 1 },
  },
  {
    name: 'the JSON breaks off behind the value',
    ...tampered((answer) => ({ ...answer, body: answer.body.subarray(0, -2) })),
    expect: { code: 'ResponseError', reason: NO_ANSWER, attempts: 1 },
  },
  {
    name: 'the body is empty',
    world: 'AWS itself',
    strike: faulty({ kind: 'empty' }),
    expect: { code: 'ResponseError', reason: NO_ANSWER, attempts: 1 },
  },
  ...['null', '[]', '{}', '"text"', '17'].map((body): Row => ({
    name: `the body is ${body}`,
    ...tampered((answer) => ({ ...answer, body: Buffer.from(body) })),
    expect: { code: 'ResponseError', reason: NO_ANSWER, attempts: 1 },
  })),
  {
    name: 'a web page comes with 200, as from a captive portal',
    world: 'AWS itself',
    strike: faulty({ kind: 'html' }),
    expect: { code: 'ResponseError', reason: NO_ANSWER, attempts: 1 },
  },
  {
    name: 'a good answer comes under another content type',
    ...tampered((answer) => headed(answer, { 'content-type': 'text/plain' })),
    expect: { arrived: 1 },
  },
  {
    name: 'a redirect comes, which is not followed',
    ...tampered((answer) => ({
      ...headed(answer, { location: 'http://127.0.0.1:9/' }),
      status: 302,
      body: Buffer.from(''),
    })),
    expect: {
      code: 'ResponseError',
      reason: /^Secrets Manager answered 302 with a body that is no answer of AWS$/,
      attempts: 1,
    },
  },
  {
    name: 'a proxy asks for a password',
    ...tampered((answer) => ({ ...answer, status: 407, body: Buffer.from('<html>Password?</html>') })),
    expect: {
      code: 'ResponseError',
      reason: /^Secrets Manager answered 407 with a body that is no answer of AWS$/,
      attempts: 1,
    },
  },
  {
    name: 'a load balancer without targets answers',
    ...tampered((answer) => ({ ...answer, status: 503, body: Buffer.from('<html>503</html>') })),
    expect: {
      code: 'ResponseError',
      reason: /^Secrets Manager answered 503 with a body that is no answer of AWS$/,
      attempts: 3,
    },
  },
  {
    name: 'the answer is not HTTP',
    ...tampered(() => 'SSH-2.0-OpenSSH_9.9\r\n'),
    expect: {
      code: 'ResponseError',
      reason: /^Secrets Manager could not be read: its response was not HTTP \(\w+\)$/,
      attempts: 1,
    },
  },
  {
    name: 'gzip comes unasked',
    ...tampered((answer) => ({
      ...headed(answer, { 'content-encoding': 'gzip' }),
      body: gzipSync(answer.body),
    })),
    expect: { arrived: 1 },
  },
  {
    name: 'an error comes in gzip unasked',
    ...tampered((answer) => ({
      ...headed(answer, { 'content-encoding': 'gzip' }),
      status: 400,
      body: gzipSync('{"__type":"AccessDeniedException","Message":"Not today"}'),
    })),
    expect: { code: 'AccessDeniedException', reason: 'Not today', attempts: 1 },
  },
  {
    name: 'what claims to be gzip is not',
    world: 'AWS itself',
    strike: faulty({ kind: 'bad-gzip' }),
    expect: {
      code: 'ResponseError',
      reason: /^Secrets Manager could not be read: its response was not HTTP \(\w+\)$/,
      attempts: 1,
    },
  },
  {
    name: 'gzip breaks off',
    ...tampered((answer) => ({
      ...headed(answer, { 'content-encoding': 'gzip' }),
      body: gzipSync(answer.body).subarray(0, -12),
    })),
    expect: {
      code: 'ResponseError',
      reason: /^Secrets Manager could not be read: its response was not HTTP \(\w+\)$/,
      attempts: 1,
    },
  },
  {
    name: 'the secret is as large as secrets can be',
    world: 'AWS itself',
    value: 'large '.padEnd(65_536, 'x'),
    strike: () => {},
    expect: { arrived: 1 },
  },
  {
    name: 'the secret is as large as secrets can be, and every character needs an escape',
    world: 'AWS itself',
    value: '\u0001'.repeat(65_536),
    strike: () => {},
    expect: { arrived: 1 },
  },
  {
    name: 'the parameter is as large as parameters can be',
    world: 'AWS itself',
    asks: 'parameter',
    value: 'large ' + 'é'.repeat(4_093),
    strike: () => {},
    expect: { arrived: 1 },
  },
]

function tampered(change: (answer: Passed) => Passed | string): Pick<Row, 'world' | 'strike' | 'mend'> {
  return {
    world: 'a proxy',
    strike: ({ middleman }) => (middleman.tamper = change),
    mend: ({ middleman }) => (middleman.tamper = undefined),
  }
}

function headed(answer: Passed, headers: Record<string, string>): Passed {
  return { ...answer, headers: { ...answer.headers, ...headers } }
}
