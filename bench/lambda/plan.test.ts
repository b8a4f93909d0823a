import assert from 'node:assert/strict'
import test from 'node:test'
import { CONTENDERS, planOf, type PlanOptions, planText } from './plan.ts'

const CLOSED = 'arn:aws:lambda:eu-west-1:015030872274:layer:AWS-Parameters-and-Secrets-Lambda-Extension'

const options: PlanOptions = {
  region: 'eu-west-1',
  architectures: ['arm64', 'x86_64'],
  runtimes: ['nodejs24.x', 'python3.13'],
  memoryMb: [128, 1769],
  contenders: Object.keys(CONTENDERS),
  starts: 30,
  closedArns: [`${CLOSED}:1`, `${CLOSED}-Arm64:1`],
  run: 'psl-bench-0a1b2c3d',
}

test('each architecture, runtime and memory has one function per contender that can run there', () => {
  const { functions, leftOut, invocations } = planOf(options)
  assert.equal(functions.length, 2 * 2 * (5 + 4))
  assert.equal(invocations, 36 * 31)
  assert.deepEqual(leftOut, [
    { contender: 'nodejs layer', reason: 'the nodejs layer on python3.13, which has no Node' },
  ])
  assert.equal(new Set(functions.map(({ name }) => name)).size, functions.length)
})

test('everything that is made begins with the name of the run, within 64 characters', () => {
  const { functions, layers } = planOf({ ...options, memoryMb: [10_240] })
  for (const { name } of [...functions, ...layers]) assert.match(name, /^psl-bench-0a1b2c3d-[\w-]{1,45}$/)
})

test("AWS's own layer is the version whose ARN is given, or else the newest, by its public parameter", () => {
  const plan = planOf({ ...options, closedArns: [`${CLOSED}-Arm64:1`] })
  const own = (architecture: string) =>
    plan.functions.find((one) => one.contender === 'aws' && one.architecture === architecture)?.layer
  const parameter = '/aws/service/aws-parameters-and-secrets-lambda-extension/x86/latest'
  assert.deepEqual(own('arm64'), { arn: `${CLOSED}-Arm64:1` })
  assert.deepEqual(own('x86_64'), { parameter })
  assert.ok(planText(plan).includes(`AWS's own layer is looked up in ${parameter}.`))
})

test('where AWS has no layer of its own for arm64 it is left out there', () => {
  const { functions, leftOut } = planOf({ ...options, region: 'eusc-de-east-1', closedArns: [] })
  const own = functions.filter(({ contender }) => contender === 'aws')
  assert.deepEqual(new Set(own.map(({ architecture }) => architecture)), new Set(['x86_64']))
  assert.ok(
    leftOut.some(({ reason }) => reason === "AWS's own layer on arm64, which eusc-de-east-1 has none of"),
  )
})

test('only the layers that a function uses are published', () => {
  const { layers } = planOf({ ...options, runtimes: ['python3.13'], architectures: ['arm64'] })
  assert.deepEqual(layers, [
    { name: 'psl-bench-0a1b2c3d-arm64', zip: 'parameters-secrets-arm64.zip', architectures: ['arm64'] },
  ])
})

test('the bound of the cost grows with the starts, and with the memory', () => {
  const { dollars } = planOf(options)
  assert.ok(dollars > 0)
  assert.ok(Math.abs(planOf({ ...options, starts: 61 }).dollars - 2 * dollars) < 1e-9)
  assert.ok(planOf({ ...options, memoryMb: [128, 3538] }).dollars > dollars)
})

test('the text names each thing that is made, the role that is not, and the cost', () => {
  const plan = planOf({ ...options, role: 'arn:aws:iam::123456789012:role/mine' })
  const text = planText(plan)
  for (const { name } of [...plan.functions, ...plan.layers]) assert.ok(text.includes(` ${name}`))
  assert.match(text, /no role: functions run under arn:aws:iam::123456789012:role\/mine/)
  assert.match(text, /log groups \/aws\/lambda\/psl-bench-0a1b2c3d-\*/)
  assert.match(text, /1116 invocations/)
  assert.match(text, /At most \$\d+\.\d\d/)
  assert.match(planText(planOf(options)), /role {7}psl-bench-0a1b2c3d-role/)
})

test('an option that cannot be used is named', () => {
  const refused: readonly [Partial<PlanOptions>, RegExp][] = [
    [{ region: 'here' }, /--region/],
    [{ run: 'my-functions' }, /is no name of a run/],
    [{ architectures: ['mips'] }, /--arch: no mips/],
    [{ runtimes: ['java21'] }, /--runtimes: no handler for java21/],
    [{ contenders: ['rust'] }, /--contenders: no rust/],
    [{ contenders: ['nodejs'], runtimes: ['python3.13'] }, /none of --contenders can run there/],
    [{ memoryMb: [64] }, /--memory: 64/],
    [{ starts: 0 }, /--starts: 0/],
    [{ closedArns: ['arn:aws:s3:::bucket'] }, /--closed-arn/],
    [{ role: 'admin' }, /--role/],
  ]
  for (const [option, message] of refused) assert.throws(() => planOf({ ...options, ...option }), message)
})
