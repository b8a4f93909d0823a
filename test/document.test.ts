import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare, DocumentError, type Exchange, parseDocument, renderRequest } from './document.ts'

const fence = (info: string, text: string): string => '```' + info + '\n' + text + '\n```\n'
const ASK = fence('request', 'GET / HTTP/1.1')
const OK = fence('response', 'HTTP/1.1 200 OK\nContent-Length: {length}\n\nfine')

/** The first exchange of a document with this request. */
function requestOf(fenceText: string): Exchange {
  const step = parseDocument('# T\n' + fenceText + OK).sections[0]?.steps[0]
  assert.equal(step?.kind, 'exchange')
  return step
}

const render = (fenceText: string): string =>
  renderRequest(requestOf(fenceText), { token: 'tok', port: 2773 }).toString('latin1')

function compared(response: string, reply: { headers: [string, string][]; body: string; status?: number }) {
  const step = parseDocument('# T\n' + ASK + fence('response', response)).sections[0]!.steps[0] as Exchange
  return compare(step.responses[0]!, {
    version: '1.1',
    status: reply.status ?? 200,
    reason: 'OK',
    headers: reply.headers,
    body: Buffer.from(reply.body),
  })
}

const matches = (response: string, headers: [string, string][], body = 'fine'): boolean => {
  const { expected, actual } = compared(response, { headers, body })
  return expected === actual
}

test('a document is its title, its setup and one section per heading that holds an exchange', () => {
  const document = parseDocument(
    [
      '# Title\nprose\n' + fence('setup', '{"env":{"A":"1"}}'),
      '## Empty\nprose only\n### Deep\n' + ASK + OK + ASK + OK,
      '## Flat\n' + ASK + OK,
    ].join('\n'),
  )
  assert.equal(document.title, 'Title')
  assert.deepEqual(document.setup, { env: { A: '1' } })
  assert.deepEqual(
    document.sections.map(({ name, steps }) => [name, steps.length]),
    [
      ['Empty › Deep', 2],
      ['Flat', 1],
    ],
  )
})

test('without a setup fence the setup is empty, and exchanges under the title are named by it', () => {
  const document = parseDocument('# Title\n' + ASK + OK)
  assert.deepEqual(document.setup, {})
  assert.equal(document.sections[0]?.name, 'Title')
})

test('an upstream fence is a step between exchanges', () => {
  const document = parseDocument('# T\n' + ASK + OK + fence('upstream', '{"a":1}') + ASK + OK)
  assert.deepEqual(
    document.sections[0]?.steps.map((step) => (step.kind === 'upstream' ? step.action : step.kind)),
    ['exchange', { a: 1 }, 'exchange'],
  )
})

test('several response fences are several answers to one request', () => {
  assert.equal(requestOf(ASK + fence('response', 'HTTP/1.1 100 Continue')).responses.length, 2)
})

test('line ends of a request become CRLF, and its head ends by itself', () => {
  assert.equal(render(fence('request', 'GET / HTTP/1.1\nA: b')), 'GET / HTTP/1.1\r\nA: b\r\n\r\n')
})

test('what follows the blank line of a request is its body, as is', () => {
  const text = 'POST / HTTP/1.1\nContent-Length: {length}\n\n{"é":{token}}'
  assert.equal(
    Buffer.from(render(fence('request', text)), 'latin1').toString(),
    'POST / HTTP/1.1\r\nContent-Length: 14\r\n\r\n{"é":{token}}',
  )
})

test('placeholders of a request stand for the token, the port and repetition', () => {
  assert.equal(render(fence('request', 'GET {token} {port}{ab × 3}')), 'GET tok 2773ababab\r\n\r\n')
})

test('a raw request is its escapes and nothing else', () => {
  assert.equal(
    render(fence('request-raw', 'GET / {token}\\r\\n\nA:\\tb\\\\\\x00\\xfF')),
    'GET / tok\r\nA:\tb\\\x00\xff',
  )
})

test('same-connection is not a new connection', () => {
  const steps = parseDocument('# T\n' + ASK + OK + fence('request same-connection', 'GET /') + OK)
    .sections[0]!.steps
  assert.deepEqual(
    steps.map((step) => step.kind === 'exchange' && step.sameConnection),
    [false, true],
  )
})

test('a malformed document fails loudly, with the line', () => {
  const malformed: [what: string, source: string, message: RegExp][] = [
    ['no request', '# T\nprose\n', /line 1: no request/],
    ['an empty document', '', /line 1: no request/],
    ['only a setup', '# T\n' + fence('setup', '{}'), /line 1: no request/],
    ['no title', ASK + OK, /line 1: a fence above the title/],
    ['a section before the title', '## A\n' + ASK + OK, /line 1: one title/],
    ['two titles', '# A\n' + ASK + OK + '# B\n', /one title/],
    ['a skipped level', '# A\n### C\n' + ASK + OK, /line 2: a heading skips/],
    ['two sections of one name', `# T\n## A\n${ASK}${OK}## A\n${ASK}${OK}`, /a second section called "A"/],
    ['a request without a response', '# T\n' + ASK, /line 2: a request without a response/],
    ['two requests in a row', '# T\n' + ASK + ASK + OK, /line 2: a request without a response/],
    ['a response without a request', '# T\n' + OK, /line 2: a response without a request/],
    [
      'a response after an upstream change',
      '# T\n' + ASK + OK + fence('upstream', '{}') + OK,
      /without a request/,
    ],
    [
      'an unclosed fence',
      '# T\n' + ASK + '```response\nHTTP/1.1 200 OK\n',
      /line 5: a fence that never closes/,
    ],
    ['an unknown fence', '# T\n' + fence('reqest', 'GET /') + OK, /unknown kind "reqest"/],
    ['a nameless fence', '# T\n' + fence('', 'GET /') + OK, /unknown kind ""/],
    ['an indented fence', '# T\n  ```request\n', /line 2: a fence must start at the margin/],
    ['an empty request', '# T\n```request\n```\n' + OK, /an empty request/],
    ['a bad setup', '# T\n' + fence('setup', '{') + ASK + OK, /setup is not JSON/],
    ['two setups', '# T\n' + fence('setup', '{}') + fence('setup', '{}') + ASK + OK, /a second setup/],
    ['a late setup', '# T\n' + ASK + OK + fence('setup', '{}'), /setup comes before/],
    ['a bad upstream', '# T\n' + fence('upstream', 'x') + ASK + OK, /upstream is not JSON/],
    ['a request placeholder', '# T\n' + fence('request', 'GET {tokn}') + OK, /unknown placeholder {tokn}/],
    ['a raw escape', '# T\n' + fence('request-raw', 'GET \\q') + OK, /unknown escape \\q/],
    ['half a raw escape', '# T\n' + fence('request-raw', 'GET \\x1') + OK, /unknown escape \\x/],
    ['a raw request beyond ASCII', '# T\n' + fence('request-raw', 'é') + OK, /only printable ASCII/],
    [
      'an early same-connection',
      '# T\n' + fence('request same-connection', 'G') + OK,
      /needs an exchange before/,
    ],
    ['a bad status line', '# T\n' + ASK + fence('response', '200 OK'), /line 6: not a status line/],
    [
      'a bad header line',
      '# T\n' + ASK + fence('response', 'HTTP/1.1 200 OK\nA:b'),
      /line 7: not a header line/,
    ],
    ['a header placeholder', '# T\n' + ASK + fence('response', 'HTTP/1.1 200 OK\nA: {x}'), /placeholder {x}/],
  ]
  for (const [what, source, message] of malformed) {
    assert.throws(
      () => parseDocument(source),
      (error) => error instanceof DocumentError && message.test(error.message),
      what,
    )
  }
})

const EXPECTED = 'HTTP/1.1 200 OK\nContent-Length: {length}\nDate: {date}\n\nfine'
const DATE: [string, string] = ['Date', 'Mon, 23 Nov 2026 15:46:07 GMT']
const LENGTH: [string, string] = ['Content-Length', '4']

test('an answer matches in any header order', () => {
  assert.ok(matches(EXPECTED, [LENGTH, DATE]))
  assert.ok(matches(EXPECTED, [DATE, LENGTH]))
})

test('an answer differs by one header more, one less, one twice, or another letter case', () => {
  assert.ok(!matches(EXPECTED, [LENGTH, DATE, ['Server', 'x']]))
  assert.ok(!matches(EXPECTED, [LENGTH]))
  assert.ok(!matches(EXPECTED, [LENGTH, DATE, DATE]))
  assert.ok(!matches(EXPECTED, [LENGTH, ['date', DATE[1]]]))
})

test('an answer differs by status, body, a wrong length or a date that is none', () => {
  assert.ok(!matches(EXPECTED, [LENGTH, DATE], 'find'))
  assert.ok(!matches(EXPECTED, [['Content-Length', '5'], DATE]))
  for (const date of ['', 'today', '2026-11-23T15:46:07Z', 'Tue, 23 Nov 2026 15:46:07 GMT']) {
    assert.ok(!matches(EXPECTED, [LENGTH, ['Date', date]]), date)
  }
  const { expected, actual } = compared(EXPECTED, { headers: [LENGTH, DATE], body: 'fine', status: 201 })
  assert.notEqual(expected, actual)
})

test('a header may be any random UUID, and nothing else in its place', () => {
  const expected = 'HTTP/1.1 200 OK\nX-Id: {uuid}\n\nfine'
  assert.ok(matches(expected, [['X-Id', '0f8fad5b-d9cb-469f-a165-70867728950e']], 'fine'))
  for (const id of ['', '0f8fad5b-d9cb-069f-a165-70867728950e', '0F8FAD5B']) {
    assert.ok(!matches(expected, [['X-Id', id]], 'fine'), id)
  }
})

test('a body is compared as text that may hold braces and blank lines', () => {
  assert.ok(matches('HTTP/1.1 200 OK\n\n{"a":"{date}"}\n\nb', [], '{"a":"{date}"}\n\nb'))
})
