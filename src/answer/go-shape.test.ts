import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { goDate, parameterBody, secretBody } from './go-shape.ts'

const instant = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const text = optional(fc.string({ unit: 'grapheme' }))

test('trailing zeros of the fraction are dropped, and a whole second has none', () => {
  assert.equal(goDate(new Date('2022-11-16T08:22:40.362Z')), '2022-11-16T08:22:40.362Z')
  assert.equal(goDate(new Date('2022-11-16T08:22:40.370Z')), '2022-11-16T08:22:40.37Z')
  assert.equal(goDate(new Date('2022-11-16T08:22:40.300Z')), '2022-11-16T08:22:40.3Z')
  assert.equal(goDate(new Date('2022-11-16T08:22:40.003Z')), '2022-11-16T08:22:40.003Z')
  assert.equal(goDate(new Date('2022-11-16T10:00:00.000Z')), '2022-11-16T10:00:00Z')
})

test('a date that is absent is null', () => {
  assert.equal(goDate(undefined), null)
})

test('every date reads back as the same instant, and its fraction never ends in zero', () => {
  fc.assert(
    fc.property(instant, (date) => {
      const written = goDate(date)!
      assert.match(written, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,2}[1-9])?Z$/)
      assert.equal(Date.parse(written), date.getTime())
    }),
  )
})

test('a secret keeps its keys in alphabetical order, absent ones as null, ResultMetadata last', () => {
  const expected =
    '{"ARN":null,"CreatedDate":null,"Name":null,"SecretBinary":null,"SecretString":null,' +
    '"VersionId":null,"VersionStages":null,"ResultMetadata":{}}'
  assert.equal(secretBody({}), expected)
})

test('a parameter keeps its keys in alphabetical order, absent ones as null, and an absent version as 0', () => {
  const expected =
    '{"Parameter":{"ARN":null,"DataType":null,"LastModifiedDate":null,"Name":null,"Selector":null,' +
    '"SourceResult":null,"Type":null,"Value":null,"Version":0},"ResultMetadata":{}}'
  assert.equal(parameterBody({}), expected)
})

test('markup in a value is written as it is, so that cutting it out of the raw text yields it', () => {
  const body = secretBody({ SecretString: '<a href="x">&\u2028</a>' })
  assert.ok(body.includes(String.raw`"SecretString":"<a href=\"x\">&` + '\u2028</a>"'), body)
})

test('a value that looks like a date with trailing zeros is left alone', () => {
  assert.ok(secretBody({ SecretString: '2022-11-16T10:00:00.000Z' }).includes('"2022-11-16T10:00:00.000Z"'))
})

test('binary that is a view into a larger buffer is written alone, in padded base64', () => {
  const within = new Uint8Array([9, 1, 2, 3, 4, 9]).subarray(1, 5)
  assert.equal(JSON.parse(secretBody({ SecretBinary: within })).SecretBinary, 'AQIDBA==')
})

test('whatever the fields hold, the body is compact JSON that reads back the same', () => {
  const secret = fc.record({
    ARN: text,
    CreatedDate: optional(instant),
    Name: text,
    SecretBinary: optional(fc.uint8Array()),
    SecretString: text,
    VersionId: text,
    VersionStages: optional(fc.array(fc.string())),
  })
  fc.assert(
    fc.property(secret, (fields) => {
      const body = secretBody(fields)
      const read = JSON.parse(body)
      assert.equal(JSON.stringify(read), body)
      assert.equal(read.SecretString ?? undefined, fields.SecretString)
      assert.deepEqual(read.VersionStages ?? undefined, fields.VersionStages)
      const base64: string | null = read.SecretBinary
      assert.deepEqual(
        base64 === null ? undefined : Uint8Array.from(Buffer.from(base64, 'base64')),
        fields.SecretBinary,
      )
    }),
  )
})
