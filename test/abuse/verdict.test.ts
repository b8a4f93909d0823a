import assert from 'node:assert/strict'
import { test } from 'node:test'
import { complaint, type Rules } from './verdict.ts'

const RULES: Rules = {
  token: 'the-token',
  answers: ['{"held":"hunter2"}', '{"a":{"at":1700000000,"held":"hunter2"}}'],
  secrets: ['hunter2', 'the-token'],
}

function reply(status: number, body: string, headers = ''): string {
  return `HTTP/1.1 ${status} Word\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`
}

function judge(received: string, showsToken = true): string | number[] {
  const verdict = complaint(RULES, Buffer.from(received), true, showsToken)
  return 'wrong' in verdict ? verdict.wrong : verdict.statuses
}

const HELD = reply(200, RULES.answers[0]!)

const VERDICTS: readonly (readonly [what: string, seen: string | number[], expected: string | number[]])[] = [
  ['nothing at all', judge(''), []],
  ['an answer to who has the token', judge(HELD), [200]],
  ['an answer to who has not', judge(HELD, false), 'a 200 without the token'],
  ['a ping to who has not', judge(reply(200, 'healthy'), false), [200]],
  ['an answer that nobody holds', judge(reply(200, 'else')), 'a 200 with a body that nobody holds'],
  ['an answer as AWS spells it', judge(reply(200, '{"a":{"held":"hunter2","at":1.7E9}}')), [200]],
  [
    'an answer as AWS spells it, to who has no token',
    judge(reply(200, '{"a":{"held":"hunter2","at":1.7E9}}'), false),
    'a 200 without the token',
  ],
  [
    'an answer with another value',
    judge(reply(200, '{"a":{"held":"hunter2","at":1}}')),
    'a 200 with a body that nobody holds',
  ],
  ['a bare 500', judge(reply(500, 'oops')), 'status 500'],
  ['a secret in a refusal', judge(reply(400, 'no hunter2')), 'a secret in a 400'],
  ['a secret in a header of a refusal', judge(reply(400, 'no', 'Why: hunter2\r\n')), 'a secret in a 400'],
  ['the token in a header', judge(reply(200, 'healthy', 'Echo: the-token\r\n')), 'the token in a header'],
  ['several answers, the last one cut', judge(reply(401, 'no') + HELD + HELD.slice(0, -3)), [401, 200]],
  ['an answer to a HEAD among others', judge(reply(401, 'no').slice(0, -2) + HELD), [401, 200]],
  ['an answer to a HEAD at the end', judge(HELD + reply(405, 'no').slice(0, -2)), [200, 405]],
  ['a HEAD of who has the token', judge(HELD.slice(0, -RULES.answers[0]!.length)), [200]],
  [
    'a HEAD of who has not',
    judge(HELD.slice(0, -RULES.answers[0]!.length), false),
    'a 200 without the token',
  ],
  ['a HEAD of /ping', judge(reply(200, 'healthy').slice(0, -7), false), [200]],
  ['the leak behind good answers', judge(HELD + reply(404, 'hunter2')), 'a secret in a 404'],
  ['bytes that are no answer', judge('hunter2\r\n\r\n'), 'WireError: not a status line: "hunter2"'],
]

for (const [what, seen, expected] of VERDICTS) {
  test(`the fuzzer judges ${what}`, () => assert.deepEqual(seen, expected))
}
