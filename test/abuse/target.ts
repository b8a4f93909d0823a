// The extension that is attacked: a few secrets, something slow behind it, and the rules of what may come out.

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Extension, startExtension } from '../artefact.ts'
import { exchange } from '../../tools/wire.ts'
import { SECRET_TARGETS } from './corpus.ts'
import type { Rules } from './verdict.ts'

export interface Target {
  readonly extension: Extension
  readonly rules: Rules
  /** Throws if anything shows that an error got where none may get. */
  assertUnharmed(): void
}

const HELD = ['the value that the fuzzer is after', 'the parameter that the fuzzer is after']

export async function startTarget(t: TestContext, env: Record<string, string> = {}): Promise<Target> {
  const stderr: string[] = []
  const extension = await startExtension(t, {
    seed: {
      secrets: {
        held: {
          value: HELD[0]!,
          versionId: '00000000-0000-4000-8000-000000000001',
          arnSuffix: 'hEldHe',
          createdDate: '2026-05-01T00:00:00.000Z',
        },
      },
      parameters: { '/held/parameter': { value: HELD[1]!, lastModifiedDate: '2026-05-01T00:00:00.000Z' } },
    },
    env,
    lambda: { onLog: ({ stream, text }) => void (stream === 'stderr' && stderr.push(text)) },
  })
  // A name and its ARN are two questions with one answer; a selector changes the answer.
  const answers = new Set<string>()
  for (const target of [...SECRET_TARGETS, '/systemsmanager/parameters/get?name=/held/parameter:1']) {
    const reply = await extension.get(target)
    if (reply.status === 200) answers.add(reply.body.toString())
  }
  for (const [target, body] of [
    ['secretsmanager.GetSecretValue', '{"SecretId":"held"}'],
    ['AmazonSSM.GetParameter', '{"Name":"/held/parameter"}'],
  ]) {
    const headers = `X-Amz-Target: ${target}\r\nX-Amz-Security-Token: ${extension.token}\r\nContent-Length: ${body!.length}`
    const [reply] = await exchange(
      extension.port,
      `POST / HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${body}`,
    )
    assert.equal(reply?.status, 200)
    answers.add(reply.body.toString())
  }
  return {
    extension,
    rules: { token: extension.token, answers: [...answers], secrets: [...HELD, extension.token] },
    assertUnharmed() {
      assert.equal(extension.lambda.crashed(), undefined)
      assert.deepEqual(stderr, [], 'nothing on stderr')
      const escaped = extension
        .logs()
        .filter((line) => / unexpected |internal error|ERROR server: /.test(line))
      assert.deepEqual(escaped.slice(0, 5), [], 'nothing escaped')
    },
  }
}
