// The examples, as the tools that deploy them read them. Nothing is asked of AWS.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { LOCAL_CREDENTIALS } from '../../local/emulators/aws/server.ts'
import { PYTHON_PACKAGES } from './clients.ts'
import { CDK, INFRASTRUCTURE, isPythonHere } from './infrastructure.ts'

const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url))
const run = promisify(execFile)
const ENV = {
  PATH: `${INFRASTRUCTURE}/bin:${process.env['PATH']}`,
  HOME: tmpdir(),
  PYTHONPATH: INFRASTRUCTURE,
  SAM_CLI_TELEMETRY: '0',
  AWS_REGION: 'eu-west-1',
  AWS_DEFAULT_REGION: 'eu-west-1',
  AWS_EC2_METADATA_DISABLED: 'true',
}

/** Whatever the tool, the example is this. */
const PARTS = ['function', 'layer', 'log group', 'parameter', 'role', 'secret']

function partsOf(types: readonly string[]): string[] {
  const names: Record<string, RegExp> = {
    function: /Function$|_lambda_function$/i,
    layer: /LayerVersion$|_layer_version$/i,
    'log group': /LogGroup$|_log_group$/i,
    parameter: /SSM::Parameter$|ssm_parameter$/i,
    role: /IAM::Role$|iam_role$/i,
    secret: /Secret$|_secret$/i,
  }
  return Object.keys(names).filter((name) => types.some((type) => names[name]!.test(type)))
}

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly DeletionPolicy?: string }>>
}

for (const template of ['examples/template.yaml', 'examples/rotation/template.yaml', 'template.yaml']) {
  test(`layer/${template} is valid for SAM and for cfn-lint`, { skip: !isPythonHere }, async () => {
    const path = fileURLToPath(new URL(`../${template}`, import.meta.url))
    const { stdout } = await run('sam', ['validate', '--lint', '--template', path], { env: ENV })
    assert.match(stdout, /is a valid SAM Template/)
    await run('cfn-lint', ['--regions', 'eu-west-1', '--', path], { env: ENV })
  })
}

test('the SAM example has a function, its role, a secret, a parameter, the layer and the logs, and keeps none', () => {
  const text = readFileSync(join(EXAMPLES, 'template.yaml'), 'utf8')
  const { Resources } = parse(text, { logLevel: 'silent' }) as Template
  assert.deepEqual(partsOf(Object.values(Resources).map(({ Type }) => Type)), PARTS)
  assert.doesNotMatch(text, /Retain/)
})

test('the CDK example is synthesised into the same parts, and keeps none', async (t) => {
  const out = folder(t)
  await run(
    process.execPath,
    [join(CDK, 'node_modules/aws-cdk/bin/cdk'), 'synth', '--quiet', '--output', out],
    {
      cwd: CDK,
      env: { ...ENV, PATH: `${join(process.execPath, '..')}:${ENV.PATH}` },
    },
  )
  const [name = ''] = readdirSync(out).filter((file) => file.endsWith('.template.json'))
  const { Resources } = JSON.parse(readFileSync(join(out, name), 'utf8')) as Template
  assert.deepEqual(partsOf(Object.values(Resources).map(({ Type }) => Type)), PARTS)
  assert.deepEqual(
    Object.values(Resources).filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain'),
    [],
  )
})

test(
  'the Terraform example parses, has the same parts, and each reference leads to one',
  { skip: !isPythonHere },
  async () => {
    const parses = `import hcl2, json, sys
print(json.dumps([hcl2.load(open(path)) for path in sys.argv[1:]]))`
    const files = ['examples/terraform/main.tf', 'main.tf'].map((file) =>
      fileURLToPath(new URL(`../${file}`, import.meta.url)),
    )
    const { stdout } = await run('python3', ['-c', parses, ...files], { env: ENV })
    const [example = {}] = JSON.parse(stdout) as { resource?: Record<string, Record<string, object>>[] }[]
    const resources = (example.resource ?? []).flatMap((one) =>
      Object.entries(one).map(
        ([type, named]) => [unquoted(type), unquoted(Object.keys(named)[0] ?? '')] as const,
      ),
    )
    assert.deepEqual(partsOf(resources.map(([type]) => type)), PARTS)
    const known = new Set(resources.map(([type, name]) => `${type}.${name}`))
    const used = [...JSON.stringify(example).matchAll(/\b(aws_[a-z_]+\.[a-z_]+)\.[a-z]/g)].map(
      ([, name = '']) => name,
    )
    assert.ok(used.length > 5)
    assert.deepEqual(
      used.filter((name) => !known.has(name)),
      [],
    )
  },
)

/** The library keeps the quotes of labels. */
function unquoted(label: string): string {
  return label.replaceAll('"', '')
}

test('each example is deployed and taken down by the commands at its top and in the guide', () => {
  const guide = readFileSync(join(EXAMPLES, 'README.md'), 'utf8')
  for (const [file, destroys] of [
    ['template.yaml', 'sam delete --stack-name parameters-secrets-example'],
    ['cdk/app.js', 'npm run destroy'],
    ['terraform/main.tf', 'terraform destroy'],
    ['rotation/template.yaml', 'sam delete --stack-name parameters-secrets-rotation'],
  ] as const) {
    assert.ok(readFileSync(join(EXAMPLES, file), 'utf8').includes(destroys), file)
    assert.ok(guide.includes(destroys), `${file}: ${destroys}`)
  }
})

test(
  'what is called at a rotation changes one variable of each function, and nothing where that is done',
  { skip: !isPythonHere },
  async (t) => {
    const calls: { method: string; path: string; body: unknown }[] = []
    const environment = { OTHER: 'kept' }
    const server = createServer((request, response) => {
      void buffer(request).then((bytes) => {
        const body: unknown = bytes.length === 0 ? undefined : JSON.parse(bytes.toString())
        calls.push({ method: request.method ?? '', path: request.url ?? '', body })
        if (request.method === 'PUT')
          Object.assign(environment, (body as { Environment: { Variables: object } }).Environment.Variables)
        response.writeHead(200, { 'Content-Type': 'application/json' })
        response.end(JSON.stringify({ Environment: { Variables: environment }, RevisionId: 'r-1' }))
      })
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    t.after(() => (server.closeAllConnections(), server.close()))
    const event = { detail: { name: 's', labelUpdated: 'AWSCURRENT', versionId: 'v-2' } }
    const program = `import index, json; event = json.loads('${JSON.stringify(event)}')
index.handler(event, None); index.handler(event, None)`
    await run('python3', ['-B', '-c', program], {
      cwd: join(EXAMPLES, 'rotation'),
      env: {
        ...ENV,
        PYTHONPATH: PYTHON_PACKAGES,
        FUNCTIONS: 'reader',
        AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      },
    })
    const path = '/2015-03-31/functions/reader/configuration'
    assert.deepEqual(calls, [
      { method: 'GET', path, body: undefined },
      {
        method: 'PUT',
        path,
        body: { Environment: { Variables: { OTHER: 'kept', SECRET_ROTATED: 'v-2' } }, RevisionId: 'r-1' },
      },
      { method: 'GET', path, body: undefined },
    ])
  },
)

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'examples-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}
