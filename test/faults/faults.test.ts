// Plays the table: each row asks for a value of its own while its fault is on, looks at the answer, the log and the
// upstream, and asks once more when the fault is over. The worlds run side by side, the rows of a world in order.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { artefactName } from '../artefact.ts'
import { header, type Reply } from '../../tools/wire.ts'
import type { Failed, Row } from './row.ts'
import { ROWS } from './table.ts'
import { enter, type World, type WorldName } from './worlds.ts'

const FAILED = 'an unexpected error occurred while executing request'

describe(`faults upstream (${artefactName()})`, { concurrency: true }, () => {
  for (const name of new Set(ROWS.map(({ world }) => world))) {
    test(name, (t) =>
      play(
        name,
        ROWS.filter(({ world }) => world === name),
        t,
      ),
    )
  }
})

async function play(
  worldName: WorldName,
  rows: readonly Row[],
  t: Parameters<typeof enter>[0],
): Promise<void> {
  const world = await enter(t, worldName)
  for (const [i, row] of rows.entries()) {
    await t.test(row.name, async () => {
      const name = `${row.asks === 'parameter' ? '/' : ''}fault-${i}`
      const value = row.value ?? `the value of row ${i}`
      hold(world, row, name, value)
      await row.strike(world, name)
      const linesBefore = world.extension.logs().length
      const reply = await world.extension.get(target(row.asks, name))
      if ('code' in row.expect) await checkFailure(world, row, row.expect, reply, linesBefore)
      else checkValue(reply, row, value)
      const arrived = 'code' in row.expect ? (row.expect.arrived ?? row.expect.attempts) : row.expect.arrived
      assert.equal(world.extension.aws.calls(name), arrived, 'requests that arrived at AWS')

      world.extension.aws.clearFaults()
      await row.mend?.(world)
      await checkNext(world, row, name, value)
      checkNothingEscaped(world)
    })
  }
}

function hold({ extension: { aws } }: World, { asks, next }: Row, name: string, value: string): void {
  if (asks === 'parameter') aws.putParameter(name, value, { tier: 'Advanced' })
  else aws.putSecret(name, value)
  if (next === 'parameter') aws.putParameter('next', value)
}

function target(asks: Row['asks'], name: string): string {
  return asks === 'parameter'
    ? `/systemsmanager/parameters/get?name=${name}`
    : `/secretsmanager/get?secretId=${name}`
}

async function checkFailure(
  world: World,
  row: Row,
  expected: Failed,
  reply: Reply,
  linesBefore: number,
): Promise<void> {
  const reason = header(reply, 'X-Amzn-ErrorMessage') ?? ''
  const seen = { status: reply.status, body: reply.body.toString(), code: header(reply, 'X-Amzn-ErrorType') }
  assert.deepEqual(seen, { status: 400, body: FAILED, code: expected.code }, reason)
  if (typeof expected.reason === 'string') assert.equal(reason, expected.reason)
  else assert.match(reason, expected.reason)

  const line = await errorAfter(world, linesBefore)
  const operation = row.asks === 'parameter' ? 'SSM: GetParameter' : 'Secrets Manager: GetSecretValue'
  assert.match(line, /ERROR Get(SecretValue|Parameter) request encountered an error: operation error /)
  for (const part of [operation, expected.code, reason]) assert.ok(line.includes(part), `${part} in: ${line}`)
  assert.equal(line.includes('exceeded maximum number of attempts, 3, '), expected.attempts === 3, line)
  const errors = world.extension
    .logs()
    .slice(linesBefore)
    .filter((one) => one.includes(' ERROR '))
  assert.deepEqual(errors, [line], 'one line of error')
}

/** The answer and the line leave the process at the same time, by different ways. */
async function errorAfter({ extension }: World, linesBefore: number): Promise<string> {
  for (;;) {
    const line = extension
      .logs()
      .slice(linesBefore)
      .find((one) => one.includes(' ERROR '))
    if (line !== undefined) return line
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function checkValue(reply: Reply, { asks }: Pick<Row, 'asks'>, value: string, cache = 'MISS'): void {
  const body = reply.body.toString()
  const why = `${header(reply, 'X-Amzn-ErrorType')}: ${header(reply, 'X-Amzn-ErrorMessage')}`
  assert.deepEqual([reply.status, header(reply, 'X-Cache')], [200, cache], why)
  const answer = JSON.parse(body) as { SecretString?: string; Parameter?: { Value: string } }
  assert.equal(asks === 'parameter' ? answer.Parameter?.Value : answer.SecretString, value)
}

/** A failure is not kept, and what was served in spite of the fault is. */
async function checkNext({ extension }: World, row: Row, name: string, value: string): Promise<void> {
  const isKept = !('code' in row.expect)
  if (row.next === 'parameter') {
    const next = await extension.get(target('parameter', 'next') + '&refreshNow=true')
    return checkValue(next, { asks: 'parameter' }, value)
  }
  checkValue(await extension.get(target(row.asks, name)), row, value, isKept ? 'HIT' : 'MISS')
  if (isKept) checkValue(await extension.get(target(row.asks, name) + '&refreshNow=1'), row, value)
}

function checkNothingEscaped({ extension, stderr }: World): void {
  assert.equal(extension.lambda.crashed(), undefined)
  assert.deepEqual(stderr, [])
  assert.deepEqual(
    extension.logs().filter((line) => / unexpected |internal error/.test(line)),
    [],
  )
}
