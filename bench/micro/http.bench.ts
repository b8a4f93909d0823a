import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { createAnswer } from '../../src/answer/answer.ts'
import { hit } from '../../src/http/reply.ts'
import { createRouter, route } from '../../src/http/get/route.ts'
import { createTokenCheck } from '../../src/token.ts'
import { secretLookup } from '../../src/lookup.ts'
import { TOKEN, target, secretName } from '../measuring/catalogue.ts'
import { type MicroBench, repeated } from './bench.ts'

const { path, body } = target(secretName('100B', 0))
const router = createRouter()
const isKnown = createTokenCheck([TOKEN])
// Not the same string object: equal pointers would be equal at once.
const presented = Buffer.from(TOKEN).toString()
const answer = createAnswer(body)
const request = new IncomingMessage(new Socket())
const encoded = '/secretsmanager/get?secretId=prod%2Fdb&versionStage=AWSPREVIOUS'

export const benches: MicroBench[] = [
  repeated(
    'route, a target seen before',
    () => router(path),
    ({ kind }) => kind === 'read',
  ),
  repeated(
    'route, plain',
    () => route('/secretsmanager/get?secretId=prod'),
    ({ kind }) => kind === 'read',
  ),
  repeated(
    'route, encoded with a stage',
    () => route(encoded),
    ({ kind }) => kind === 'read',
  ),
  repeated(
    'key',
    () => secretLookup('prod/db'),
    ({ key }) => key.endsWith('AWSCURRENT'),
  ),
  repeated(
    'token of 900 characters',
    () => isKnown(presented),
    (isRight) => isRight,
  ),
  repeated('reply, a hit of 100 B', reply, (response) => response.statusCode === 200 && response.headersSent),
]

/** Into a response without a socket, which keeps the bytes and sends nothing. */
function reply(): ServerResponse {
  const response = new ServerResponse(request)
  hit(response, answer)
  return response
}
