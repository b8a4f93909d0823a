import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamError } from '../errors.ts'
import { say, shown } from '../public.ts'
import { kindOfFailure } from './failure-kind.ts'

const KINDS = {
  transient: [
    ['ThrottlingException', 400],
    ['TooManyRequestsException', 400],
    ['InternalServiceError', 500],
    ['ConnectionError', 503],
    ['TimeoutError', 504],
    // Signed before a freeze, or by a wrong clock: AWS has not looked at what the call asks.
    ['InvalidSignatureException', 400],
    ['RequestExpired', 400],
    ['RequestInTheFuture', 400],
    ['RequestTimeTooSkewed', 403],
    ['SignatureDoesNotMatch', 403],
  ],
  absent: [
    ['ResourceNotFoundException', 400],
    ['ParameterNotFound', 400],
    ['AccessDeniedException', 400],
  ],
  other: [
    ['InvalidRequestException', 400],
    ['DecryptionFailure', 400],
    ['ExpiredTokenException', 400],
    ['UnrecognizedClientException', 400],
    ['ThrottlingExceptionOfAnother', 400],
  ],
} as const

for (const [kind, failures] of Object.entries(KINDS)) {
  for (const [code, status] of failures) {
    test(`${code} with status ${status} is ${kind}`, () => {
      const failure = { code: shown(code), reason: say`why`, report: say`the whole story`, status }
      assert.equal(kindOfFailure(new UpstreamError(failure)), kind)
    })
  }
}

test('what is no answer of AWS is neither transient nor absent', () => {
  assert.equal(kindOfFailure(new Error('ThrottlingException')), 'other')
})
