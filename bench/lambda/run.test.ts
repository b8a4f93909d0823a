// The whole command when something is refused, throttled, interrupted or killed: nothing is left.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readRuns } from '../storing/results.ts'
import { cloud, SMALL } from './testing/harness.ts'
import { AwsError } from './testing/reply.ts'

/** One function, one start. */
const ONE = [...SMALL, '--contenders', 'nodejs']

test('nothing is made without a yes, and a dry run asks AWS nothing', async (t) => {
  const { run, control } = await cloud(t)
  for (const [answer, options] of [
    ['n\n', []],
    ['', []],
    ['y\n', ['--dry-run']],
  ] as const) {
    const { code, stdout, stderr } = await run(options, answer).ended
    assert.match(stdout, /54 functions, each started cold 30 times/)
    assert.match(stdout, /At most \$\d+\.\d\d/)
    assert.equal(code, options.length === 0 ? 1 : 0)
    if (options.length === 0) assert.match(stderr, /Nothing was made\./)
  }
  assert.equal(control.operations.size, 0)
})

test('figures of an emulated Lambda are refused where figures are published', async (t) => {
  const { run, control } = await cloud(t)
  const results = fileURLToPath(new URL('../../results', import.meta.url))
  for (const out of [results, join(results, 'mine')]) {
    const { code, stderr } = await run([...ONE, '--out', out]).ended
    assert.equal(code, 2)
    assert.match(stderr, /AWS_ENDPOINT_URL\w* is set: figures of an emulated Lambda do not go into results/)
  }
  assert.equal(control.operations.size, 0)
})

const DENIED = new AwsError(403, 'AccessDeniedException', 'not allowed')
const THROTTLED = {
  lambda: new AwsError(429, 'TooManyRequestsException'),
  iam: new AwsError(400, 'Throttling'),
}
const MAKES = ['PublishLayerVersion', 'CreateRole', 'PutRolePolicy', 'CreateFunction', 'GetFunction']
const MEASURES = ['UpdateFunctionConfiguration', 'Invoke']
const DELETES = [
  'DeleteFunction',
  'ListLayerVersions',
  'DeleteLayerVersion',
  'DeleteRolePolicy',
  'DeleteRole',
]
const isOfIam = (operation: string) => /Role/.test(operation)

describe('a failure at each step', { concurrency: 3 }, () => {
  for (const operation of MAKES)
    test(`where ${operation} is refused, the run ends with the reason and leaves nothing`, async (t) => {
      const { run, held, control, out } = await cloud(t)
      control.refuse(operation, DENIED)
      const { code, stderr } = await run(ONE).ended
      assert.equal(code, 1)
      assert.match(stderr, /not allowed/)
      assert.deepEqual(held(), [])
      assert.deepEqual(readRuns(out), [])
    })

  for (const operation of ['CreateSecret', 'PutParameter'])
    test(`where ${operation} is refused, the run ends with the reason and leaves nothing`, async (t) => {
      const { run, held, aws } = await cloud(t)
      aws.fault({ operation }, { kind: 'error', code: 'AccessDeniedException' })
      const { code, stderr } = await run(ONE).ended
      assert.equal(code, 1)
      assert.match(stderr, /AccessDeniedException/)
      assert.deepEqual(held(), [])
    })

  for (const operation of MEASURES)
    test(`where ${operation} is refused, that function's cell says so, and nothing is left`, async (t) => {
      const { run, held, control, out } = await cloud(t)
      control.refuse(operation, DENIED)
      const { code, stderr } = await run(ONE).ended
      assert.equal(code, 1)
      assert.match(
        stderr,
        /nodejs layer, x86_64, nodejs24\.x, 128 MB, has failed: AccessDeniedException: not allowed/,
      )
      assert.deepEqual(held(), [])
      const page = readFileSync(join(readRuns(out)[0]!.folder, 'README.md'), 'utf8')
      assert.match(page, /\| nodejs layer, x86_64 \| failed: AccessDeniedException: not allowed/)
    })

  for (const operation of DELETES)
    test(`where ${operation} is refused, the run says what is left and how to delete it`, async (t) => {
      const { run, held, control, out } = await cloud(t)
      control.refuse(operation, DENIED)
      const { code, stderr } = await run(ONE).ended
      assert.equal(code, 1)
      assert.match(stderr, /Not deleted:\n {2}\S+ .*not allowed/)
      assert.equal(readRuns(out).length, 1, 'the figures are kept')
      assert.notDeepEqual(held(), [])
      const [, name = ''] = /--region us-east-1 --cleanup (psl-bench-\w+)/.exec(stderr) ?? []
      control.refuse(operation, DENIED, 0)
      const again = await run(['--cleanup', name]).ended
      assert.equal(again.code, 0, again.stderr)
      assert.match(again.stdout, /Nothing of psl-bench-\w+ is left/)
      assert.deepEqual(held(), [])
    })

  test('what is throttled or refused for a moment at every step is repeated, and nothing is left', async (t) => {
    const { run, held, control, aws } = await cloud(t)
    for (const operation of [...MAKES, ...MEASURES, ...DELETES])
      control.refuse(operation, isOfIam(operation) ? THROTTLED.iam : THROTTLED.lambda, 1)
    for (const operation of ['CreateSecret', 'PutParameter', 'DeleteSecret', 'DeleteParameter'])
      aws.fault({ operation }, { kind: 'throttle' }, 1)
    // A policy is in force everywhere after some seconds only.
    aws.fault({ operation: 'GetSecretValue' }, { kind: 'error', code: 'AccessDeniedException' }, 1)
    const { code, stderr } = await run(ONE).ended
    assert.equal(code, 0, stderr)
    assert.deepEqual(held(), [])
  })

  for (const operation of ['PublishLayerVersion', 'CreateFunction', 'UpdateFunctionConfiguration', 'Invoke'])
    test(`Ctrl-C during ${operation} leaves nothing`, async (t) => {
      const { run, held, control } = await cloud(t)
      const called = control.called(operation)
      const { ended, kill } = run([...SMALL, '--contenders', 'nodejs,executable'])
      await called
      kill('SIGINT')
      const { code, stderr } = await ended
      assert.equal(code, 1)
      assert.match(stderr, /Interrupted\./)
      assert.deepEqual(held(), [])
    })

  test('what a run left that was killed outright is deleted by its name, and nothing else is', async (t) => {
    const { run, held, control, aws } = await cloud(t)
    aws.putSecret('psl-bench-somebody-elses', 'kept')
    const called = control.called('Invoke')
    const { ended, kill } = run([...SMALL, '--contenders', 'nodejs,executable'])
    await called
    kill('SIGKILL')
    const { stdout } = await ended
    const [name = ''] = /psl-bench-[a-z0-9]{8}/.exec(stdout) ?? []
    assert.equal(held().length, 2 + 2 + 1 + 3)
    for (let time = 0; time < 2; time++) {
      const again = await run(['--cleanup', name]).ended
      assert.equal(again.code, 0, again.stderr)
      assert.deepEqual(held(), ['psl-bench-somebody-elses'])
    }
    const other = await run(['--cleanup', 'psl-bench']).ended
    assert.equal(other.code, 2)
  })
})

test("where AWS's own layer cannot be looked up, that is said and nothing is made", async (t) => {
  const { run, held, control } = await cloud(t)
  const { code, stderr } = await run([...SMALL, '--contenders', 'none,aws']).ended
  assert.equal(code, 1)
  assert.match(
    stderr,
    /x86\/latest cannot be read \(ParameterNotFound\): give --closed-arn, or --contenders without aws/,
  )
  assert.deepEqual(held(), [])
  assert.equal(control.operations.has('lambda:PublishLayerVersion'), false)
})

test('the guide allows what the command asks for, and nothing else', async (t) => {
  const { run, control, aws } = await cloud(t)
  const { stdout } = await run(ONE).ended
  const [name = ''] = /psl-bench-[a-z0-9]{8}/.exec(stdout) ?? []
  await run(['--cleanup', name]).ended
  const prefixes: Record<string, string> = { secretsmanager: 'secretsmanager', ssm: 'ssm' }
  const own = aws.requests
    .filter(({ operation }) => /^(Create|Put|Delete)/.test(operation))
    .map(({ service, operation }) => `${prefixes[service]}:${operation}`)
  const guide = readFileSync(new URL('../../docs/bench-on-lambda.md', import.meta.url), 'utf8')
  const [, policy = ''] = /```json\n([\s\S]*?)```/.exec(guide) ?? []
  const { Statement } = JSON.parse(policy) as { Statement: { Action: string | string[] }[] }
  const used = [...control.operations].map((operation) => operation.replace(':Invoke', ':InvokeFunction'))
  assert.deepEqual(
    Statement.flatMap(({ Action }) => Action).sort(),
    // A layer is read where a function is made with it, and a role is passed there; AWS's own layer is looked up.
    [...new Set([...used, ...own, 'iam:PassRole', 'lambda:GetLayerVersion', 'ssm:GetParameter'])].sort(),
  )
})
