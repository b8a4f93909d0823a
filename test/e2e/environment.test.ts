// Secrets as environment variables: the wrapper of the layers in front of real runtimes, as Lambda starts them.

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { artefactName, type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { freePort } from '../../tools/free-port.ts'
import { header } from '../../tools/wire.ts'
import { environmentOf, impostor, OK, type Ran, run, type Variables, wrapper } from '../wrapper.ts'

const P = 'PARAMETERS_SECRETS_EXTENSION_'
const FIXED_ARN = /arn:aws:secretsmanager:[^"]+/

/** The environment of the runtime behind the wrapper, byte for byte: what the kernel was given. */
async function environment(extension: Extension, more: Variables = {}): Promise<Map<string, string>> {
  const { code, stdout, stderr } = await run(environmentOf(extension, more), ['cat', '/proc/self/environ'])
  assert.deepEqual([code, stderr], [0, ''])
  const records = stdout.toString('latin1').split('\0').slice(0, -1)
  return new Map(records.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]))
}

/** What is no text in UTF-8. */
const BINARY = Buffer.from(Array.from({ length: 40 }, (_, i) => 255 - i)).toString('base64')

const text = (bytes: string | undefined) => Buffer.from(bytes ?? 'nothing', 'latin1').toString('utf8')

const start = (t: TestContext, env: Variables, seed: ExtensionOptions['seed'] = SEED) =>
  startExtension(t, { env, seed })

const SEED = {
  secrets: {
    database: { value: { host: 'h', port: 5432, 'pass-word': 'sesame opens' } },
    plain: 'the plain secret of the test',
  },
  parameters: {
    '/app/url': 'https://example.com',
    '/app/deep/KEY': 'a deep value',
    '/app/9bad': 'a bad name',
  },
}

test(`a handler of Node reads process.env, before next is requested (${artefactName()})`, async (t) => {
  let started: (extension: Extension) => void = () => {}
  const begun = new Promise<Extension>((resolve) => (started = resolve))
  let ran: Ran | undefined
  const extension = await startExtension(t, {
    seed: SEED,
    env: {
      DB_PASSWORD: 'resolve:secretsmanager:database:pass-word',
      URL: 'resolve:ssm:/app/url',
    },
    until: 'launched',
    lambda: {
      async functionInit() {
        const program =
          'process.stdout.write(JSON.stringify([process.env.DB_PASSWORD, process.env.URL, process.argv]))'
        const command = [process.execPath, '-e', program, 'a b', '$(c)', '']
        ran = await run(environmentOf(await begun, {}), command)
      },
    },
  })
  started(extension)
  await extension.lambda.initialized()
  assert.deepEqual([ran?.code, ran?.stderr], [0, ''])
  const [password, url, argv] = JSON.parse(ran!.stdout.toString()) as [string, string, string[]]
  assert.deepEqual([password, url], ['sesame opens', 'https://example.com'])
  assert.deepEqual(argv.slice(1), ['a b', '$(c)', ''])
  assert.equal(extension.aws.calls(), 2, 'each was requested once')
  const again = await extension.get('/secretsmanager/get?secretId=database')
  assert.equal(header(again, 'x-cache'), 'HIT', 'what was resolved is in the cache')
})

test('a handler of Python reads os.environ', async (t) => {
  const extension = await start(t, { PASSWORD: 'resolve:secretsmanager:plain' })
  const program = "import os; print(os.environ['PASSWORD'])"
  const { code, stdout, stderr } = await run(environmentOf(extension, {}), ['python3', '-c', program])
  assert.deepEqual([code, stderr, stdout.toString()], [0, '', 'the plain secret of the test\n'])
})

test('every value arrives byte for byte, in any locale', async (t) => {
  const values: Record<string, string> = {
    quotes: `'single' "double" \\ back\\slash \\n`,
    commands: '$(touch /tmp/x) `id` ${HOME} $HOME ; & | > <',
    lines: '\n\nfirst\r\nsecond\n\n',
    spaces: '  \t around  ',
    unicode: 'żółć 漢字 🔑 \u0001\u007f\u0080',
    large: 'é"\n$'.repeat(13_000),
    marks: '= - 5 new',
    equals: 'a=b=c=d=e=f',
  }
  const secrets = Object.fromEntries(Object.entries(values).map(([name, value]) => ['s-' + name, value]))
  const env = Object.fromEntries(
    Object.keys(values).map((name) => [name, `resolve:secretsmanager:s-${name}`]),
  )
  const extension = await start(t, env, { secrets })
  for (const locale of ['C', 'C.UTF-8', 'en_US.UTF-8', undefined]) {
    const { stdout } = await run(environmentOf(extension, { LANG: locale, LC_ALL: locale }), [
      'cat',
      '/proc/self/environ',
    ])
    const got = stdout.toString('utf8').split('\0')
    for (const [name, value] of Object.entries(values)) {
      assert.ok(got.includes(`${name}=${value}`), `${name} in ${locale}`)
    }
  }
})

test('nothing else of the environment changes, and no variable of the wrapper is left', async (t) => {
  const extension = await start(t, { PASSWORD: 'resolve:secretsmanager:plain' })
  const ours = {
    name: 'n',
    value: 'v',
    status: 's',
    length: 'l',
    LC_ALL: 'C',
    IFS_: 'x',
    left: '',
    REPLY: 'r',
  }
  const before = environmentOf(extension, { ...ours, PWD: '/', OLDPWD: '/tmp', SHLVL: '3', _: 'x' })
  const after = await environment(extension, { ...ours, PWD: '/', OLDPWD: '/tmp', SHLVL: '3', _: 'x' })
  for (const changed of ['_', 'PASSWORD', 'OLDPWD']) {
    delete before[changed]
    after.delete(changed)
  }
  assert.deepEqual(Object.fromEntries(after), before)
})

test('a version, a stage, a label and an ARN are requested as ECS would', async (t) => {
  const extension = await start(t, {})
  const arn = FIXED_ARN.exec(
    (await extension.get('/secretsmanager/get?secretId=database')).body.toString(),
  )![0]
  extension.aws.putSecret('database', '{"port":1}')
  const second = await start(t, {
    CURRENT: 'resolve:secretsmanager:database:port:AWSCURRENT',
    ARN: `resolve:secretsmanager:${arn.split(':').slice(0, 6).join(':')}:database:port`,
    WHOLE: 'resolve:secretsmanager:database',
    POINTER: 'resolve:secretsmanager:database:/port:AWSCURRENT:',
    VERSION: 'resolve:ssm:/app/url:1',
    UNTOUCHED: 'we resolve:something:else',
    BARE: arn,
  })
  const got = await environment(second)
  assert.deepEqual(
    ['CURRENT', 'ARN', 'POINTER', 'VERSION', 'UNTOUCHED', 'BARE'].map((name) => text(got.get(name))),
    ['5432', '5432', '5432', 'https://example.com', 'we resolve:something:else', arn],
  )
  assert.deepEqual(JSON.parse(text(got.get('WHOLE'))), { host: 'h', port: 5432, 'pass-word': 'sesame opens' })
})

test('without references the environment is a 404, and the runtime starts as it is', async (t) => {
  const extension = await start(t, {})
  assert.equal((await extension.get('/environment')).status, 404)
  assert.ok(!(await environment(extension)).has('PASSWORD'))
})

const FAILURES: Record<string, [reference: string, code: string]> = {
  'a secret that is not there': ['resolve:secretsmanager:nowhere', 'ResourceNotFoundException'],
  'a parameter that is not there': ['resolve:ssm:/nowhere', 'ParameterNotFound'],
  'a key that is not there': ['resolve:secretsmanager:database:nothing', 'JsonKeyNotFound'],
  'a key of what is no JSON': ['resolve:secretsmanager:plain:key', 'InvalidJson'],
  'no name': ['resolve:ssm:', 'InvalidReference'],
  'too many parts': ['resolve:secretsmanager:a:b:c:d:e', 'InvalidReference'],
  'a zero in the value': ['resolve:secretsmanager:zero', 'NulInValue'],
}

for (const [what, [reference, code]] of Object.entries(FAILURES)) {
  test(`${what} ends the function with one line that names the variable, or unsets it`, async (t) => {
    const seed = { ...SEED, secrets: { ...SEED.secrets, zero: 'before\0after the zero' } }
    for (const onError of [undefined, 'unset']) {
      const env = { BROKEN: reference, GOOD: 'resolve:secretsmanager:plain', [P + 'ENV_ON_ERROR']: onError }
      const extension = await start(t, env, seed)
      if (onError === 'unset') {
        const got = await environment(extension)
        assert.deepEqual([got.has('BROKEN'), got.get('GOOD')], [false, 'the plain secret of the test'])
        continue
      }
      const { code: exit, stdout, stderr } = await run(environmentOf(extension, {}), ['echo', 'started'])
      assert.deepEqual([exit, stdout.toString()], [1, ''])
      assert.match(stderr, new RegExp(`^\\[AWS Param[^\\n]+ ERROR [^\\n]*BROKEN \\(${code}\\)\\n$`))
      const reply = await extension.get('/environment')
      assert.deepEqual([reply.status, header(reply, 'x-amzn-errortype')], [400, code])
    }
  })
}

test('the members of a secret and the parameters of a path become variables', async (t) => {
  const secret = JSON.stringify({
    USER: 'the user of the test',
    PORT: 5432,
    HOSTNAME: 'member',
    PATH: '/evil',
    LD_PRELOAD: '/evil.so',
    'pass-word': 'x',
    UID: '0',
    TAKEN: 'not taken',
  })
  const extension = await start(
    t,
    {
      [P + 'ENV_FROM']: 'secretsmanager:all, ssm:/app/ ,nonsense',
      [P + 'ENV_ON_ERROR']: 'unset',
      TAKEN: 'mine',
      [P + 'LOG_LEVEL']: 'debug',
    },
    { secrets: { all: secret }, parameters: SEED.parameters },
  )
  const got = await environment(extension, { HOSTNAME: undefined })
  assert.deepEqual(
    ['USER', 'PORT', 'HOSTNAME', 'TAKEN', 'url', 'KEY'].map((name) => got.get(name)),
    ['the user of the test', '5432', 'member', 'mine', 'https://example.com', 'a deep value'],
  )
  for (const name of ['LD_PRELOAD', 'pass-word', 'UID', '9bad']) assert.ok(!got.has(name), name)
  assert.notEqual(got.get('PATH'), '/evil')
  await extension.logged(/ERROR environment: no value for nonsense: InvalidSource \(it has to be /)
  await extension.logged(/WARN environment: 4 names of secretsmanager:all are not allowed/)
})

test('a source that cannot be read ends the function', async (t) => {
  const extension = await start(t, { [P + 'ENV_FROM']: 'secretsmanager:plain' })
  const { code, stderr } = await run(environmentOf(extension, {}), ['echo'])
  assert.equal(code, 1)
  assert.match(stderr, /secretsmanager:plain \(InvalidJson\)\n$/)
})

const NEAR_MISSES: Record<string, [value: string, why: RegExp]> = {
  'the wrong letter case': ['Resolve:SecretsManager:plain', /it has to begin with resolve:secretsmanager:, /],
  'a blank before it': [' resolve:secretsmanager:plain', /it has to begin with/],
  'quotes around it': ['"resolve:secretsmanager:plain"', /it has to begin with/],
  'another service': ['resolve:s3:plain', /it has to begin with/],
  "CloudFormation's form": [
    '{{resolve:secretsmanager:plain}}',
    /CloudFormation has left a dynamic reference/,
  ],
  "CloudFormation's form with blanks": [
    'x:{{ Resolve : secretsmanager:plain }}',
    /CloudFormation has left a dynamic reference/,
  ],
  'a blank before its colon': ['resolve :secretsmanager:plain', /it has to begin with/],
  "CloudFormation's order, of a binary secret": [
    'resolve:secretsmanager:database:SecretBinary',
    /SecretBinary belongs to Cl/,
  ],
  "CloudFormation's form inside a text": ['x:{{resolve:ssm-secure:/plain:1}}@y', /CloudFormation has left/],
  "CloudFormation's order": [
    'resolve:secretsmanager:database:SecretString:port',
    /SecretString belongs to Cl/,
  ],
}

for (const [what, [value, why]] of Object.entries(NEAR_MISSES)) {
  test(`a reference with ${what} is no password: it ends the function, or the variable is taken away`, async (t) => {
    const extension = await start(t, { BROKEN: value, GOOD: 'resolve:secretsmanager:plain' })
    const { code, stdout, stderr } = await run(environmentOf(extension, {}), ['echo', 'started'])
    assert.deepEqual([code, stdout.toString()], [1, ''])
    assert.match(stderr, /^[^\n]+ ERROR [^\n]+ BROKEN \(InvalidReference: [^\n]+\)\n$/)
    assert.match(stderr, why)
    const unset = await start(t, { BROKEN: value, [P + 'ENV_ON_ERROR']: 'unset' })
    assert.ok(!(await environment(unset)).has('BROKEN'))
    await unset.logged(/ERROR environment: no value for BROKEN: InvalidReference \(/)
  })
}

test('a name that is no name of a shell is refused, and where an error unsets, it is taken away', async (t) => {
  const env = { 'BRO.KEN': 'resolve:secretsmanager:plain', GOOD: 'resolve:secretsmanager:plain' }
  const { stderr } = await run(environmentOf(await start(t, env), {}), ['echo'])
  assert.match(stderr, / BRO\.KEN \(InvalidReference: bash cannot set a variable of this name\)\n$/)
  const got = await environment(await start(t, { ...env, [P + 'ENV_ON_ERROR']: 'unset' }))
  assert.deepEqual([got.has('BRO.KEN'), got.get('GOOD')], [false, 'the plain secret of the test'])
})

const EMPTY: Record<string, [source: string, failure: string]> = {
  'a path without a parameter': [
    'ssm:/nowhere/',
    'ssm:/nowhere/ (EmptyPath: there is no parameter below it)',
  ],
  'a path without its last slash': ['ssm:/app', 'ssm:/app (InvalidSource: it has to be '],
  'a secret without an allowed name': ['secretsmanager:bad', 'secretsmanager:bad (NoAllowedName: '],
  'a secret without a member': ['secretsmanager:empty', 'secretsmanager:empty (EmptySecret: '],
  'a secret that is no object': ['secretsmanager:list', 'secretsmanager:list (InvalidJson)'],
}

for (const [what, [source, failure]] of Object.entries(EMPTY)) {
  test(`${what} ends the function, and where an error unsets, it starts without`, async (t) => {
    const seed = {
      ...SEED,
      secrets: {
        ...SEED.secrets,
        bad: '{"LD_PRELOAD":"x","a-b":"y"}',
        empty: `{${' '.repeat(30)}}`,
        list: '["the list of the test"]',
      },
    }
    const from = { [P + 'ENV_FROM']: `secretsmanager:database ${source}` }
    const extension = await start(t, from, seed)
    const { code, stdout, stderr } = await run(environmentOf(extension, {}), ['echo', 'started'])
    assert.deepEqual([code, stdout.toString()], [1, ''])
    assert.ok(stderr.includes(`: ${failure}`), stderr)
    const unset = await start(t, { ...from, [P + 'ENV_ON_ERROR']: 'unset' }, seed)
    assert.equal((await environment(unset)).get('port'), '5432')
  })
}

test('one name from two places ends the function, and where an error unsets, it is in neither', async (t) => {
  const seed = {
    secrets: { one: { value: { host: 'first host', user: 'u' } }, other: { value: { host: 'second host' } } },
    parameters: { '/x/a/URL': 'first URL', '/x/b/URL': 'second URL', '/x/a/KEY': 'the key of the test' },
  }
  const from = { [P + 'ENV_FROM']: 'secretsmanager:one secretsmanager:other ssm:/x/ ssm:/x/a/' }
  const { code, stderr } = await run(environmentOf(await start(t, from, seed), {}), ['echo'])
  assert.equal(code, 1)
  const both = 'NameCollision: secretsmanager:one:host and secretsmanager:other:host'
  assert.ok(stderr.endsWith(`: host (${both}), URL (NameCollision: ssm:/x/a/URL and ssm:/x/b/URL)\n`), stderr)
  const unset = await start(t, { ...from, [P + 'ENV_ON_ERROR']: 'unset' }, seed)
  const got = await environment(unset)
  assert.deepEqual(
    ['host', 'URL', 'user', 'KEY'].map((name) => got.get(name)),
    [undefined, undefined, 'u', 'the key of the test'],
  )
  await unset.logged(
    /WARN environment: host is in secretsmanager:one:host and secretsmanager:other:host, so it is not set$/,
  )
  await unset.logged(/WARN environment: URL is in ssm:\/x\/a\/URL and ssm:\/x\/b\/URL, so it is not set$/)
  // Whoever says which is meant has no collision.
  const own = await start(t, { ...from, host: 'my host', URL: 'resolve:ssm:/x/b/URL' }, seed)
  const said = await environment(own)
  assert.deepEqual([said.get('host'), said.get('URL')], ['my host', 'second URL'])
})

test('values stand within a text, each as its place needs it', async (t) => {
  const seed = {
    secrets: { db: { value: { user: 'us:er', password: 'p@ss/w"rd é' } }, binary: { binary: BINARY } },
    parameters: { '/db/host': 'db.example.com' },
  }
  const env = {
    URL: 'resolve:template:postgres://{{secretsmanager:db:user|url}}:{{secretsmanager:db:password|url}}@{{ssm:/db/host}}/app',
    JSON: 'resolve:template:{"auth":{"password":"{{secretsmanager:db:password|json}}"}}',
    BASIC: 'resolve:template:Basic {{secretsmanager:db:password|base64}}',
    BINARY: 'resolve:template:{{secretsmanager:binary|base64}}',
  }
  const extension = await start(t, env, seed)
  const got = await environment(extension)
  assert.equal(got.get('URL'), 'postgres://us%3Aer:p%40ss%2Fw%22rd%20%C3%A9@db.example.com/app')
  assert.equal(text(got.get('JSON')), '{"auth":{"password":"p@ss/w\\"rd é"}}')
  assert.equal(got.get('BASIC'), `Basic ${Buffer.from('p@ss/w"rd é').toString('base64')}`)
  assert.equal(got.get('BINARY'), BINARY)
  assert.equal(extension.aws.calls('db'), 1, 'a value that stands in several places is requested once')
  const broken = await start(t, { BINARY: 'resolve:template:{{secretsmanager:binary|json}}' }, seed)
  const { code, stderr } = await run(environmentOf(broken, {}), ['echo'])
  assert.equal(code, 1)
  assert.match(stderr, / BINARY \(BinaryValue: secretsmanager:binary\)\n$/)
})

test('what is optional is taken away where it is absent, and is an error where it is denied', async (t) => {
  const optional = {
    A: 'resolve:optional:secretsmanager:nowhere',
    B: 'resolve:optional:ssm:/nowhere',
    C: 'resolve:optional:secretsmanager:database:nothing',
    D: 'resolve:optional:template:x{{secretsmanager:plain}}{{ssm:/nowhere}}',
    GOOD: 'resolve:optional:secretsmanager:plain',
    [P + 'LOG_LEVEL']: 'debug',
  }
  const extension = await start(t, optional)
  const got = await environment(extension)
  assert.deepEqual(
    ['A', 'B', 'C', 'D'].filter((name) => got.has(name)),
    [],
  )
  assert.equal(got.get('GOOD'), 'the plain secret of the test')
  await extension.logged(/DEBUG environment: A is optional, and there is no value$/)
  assert.equal((await extension.get('/environment')).status, 200, 'also when the prefetch is over')
  const loud = extension.logs().filter((line) => / (WARN|ERROR) /.test(line))
  assert.deepEqual(loud, [], 'what may be absent is no trouble')
  for (const [reference, code] of [
    ['secretsmanager:plain', 'AccessDeniedException'],
    ['secretsmanager:plain:key', 'AccessDeniedException'],
    ['template:{{ssm:/nowhere}}{{secretsmanager:plain}}', 'AccessDeniedException: secretsmanager:plain'],
  ] as const) {
    const denied = await startExtension(t, {
      seed: SEED,
      env: { A: `resolve:optional:${reference}` },
      until: 'launched',
    })
    denied.aws.deny('plain')
    await denied.lambda.initialized()
    const { code: exit, stderr } = await run(environmentOf(denied, {}), ['echo'])
    assert.equal(exit, 1)
    assert.ok(stderr.endsWith(` A (${code})\n`), stderr)
  }
})

test('a source may name its variables by the whole way, in capitals, behind a prefix', async (t) => {
  const seed = {
    secrets: {
      tree: {
        value: { db: { host: 'the host', ports: [1, 2], 'pass-word': 'the password' }, key: 'the key' },
      },
    },
    parameters: {
      '/app/db/url': 'https://example.com',
      '/app/cache/url': 'https://example.org',
      '/app/x.y': 'dotted value',
    },
  }
  const options = '?name=path&case=upper&prefix=APP_'
  const from = { [P + 'ENV_FROM']: `ssm:/app/${options} secretsmanager:tree?prefix=T_&name=path` }
  const got = await environment(await start(t, from, seed))
  const expected = {
    APP_DB_URL: 'https://example.com',
    APP_CACHE_URL: 'https://example.org',
    APP_X_Y: 'dotted value',
    T_db_host: 'the host',
    T_db_ports: '[1,2]',
    T_db_pass_word: 'the password',
    T_key: 'the key',
  }
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, got.get(name)])), expected)
  const twice = { 'a.b': 'the first value', a: { b: 'the second value' } }
  const collided = await start(
    t,
    { [P + 'ENV_FROM']: 'secretsmanager:twice?name=path' },
    { secrets: { twice: { value: twice } } },
  )
  const { stderr } = await run(environmentOf(collided, {}), ['echo'])
  assert.match(stderr, / a_b \(NameCollision: secretsmanager:twice:a\.b and secretsmanager:twice:\/a\/b\)\n$/)
})

test('a value with a byte order mark is JSON', async (t) => {
  const seed = { secrets: { marked: '\ufeff{"key":"the marked value"}' } }
  const env = { A: 'resolve:secretsmanager:marked:key', [P + 'ENV_FROM']: 'secretsmanager:marked' }
  const got = await environment(await start(t, env, seed))
  assert.deepEqual([got.get('A'), got.get('key')], ['the marked value', 'the marked value'])
})

test('an AWS that is silent for one value does not hold the others, nor the start, beyond INIT', async (t) => {
  const seed = { ...SEED, secrets: { ...SEED.secrets, silent: 'the silent secret' } }
  const env = { GOOD: 'resolve:secretsmanager:plain', SILENT: 'resolve:secretsmanager:silent' }
  const start2 = async (more: Variables) => {
    const extension = await startExtension(t, {
      env: { ...env, ...more },
      seed,
      until: 'launched',
      end: 'any',
    })
    extension.aws.fault({ name: 'silent' }, { kind: 'hang' })
    extension.aws.fault({ name: '/app/' }, { kind: 'hang' })
    await extension.lambda.initialized()
    return extension
  }
  const [fail, unset] = await Promise.all([
    start2({}),
    start2({ [P + 'ENV_ON_ERROR']: 'unset', [P + 'ENV_FROM']: 'ssm:/app/' }),
  ])
  const [failed, got] = await Promise.all([
    run(environmentOf(fail, {}), ['echo', 'started']),
    environment(unset),
  ])
  assert.deepEqual([failed.code, failed.stdout.toString()], [1, ''])
  assert.match(failed.stderr, / SILENT \(TimeoutError: AWS did not answer within 8000 ms\)\n$/)
  assert.deepEqual([got.get('GOOD'), got.has('SILENT')], ['the plain secret of the test', false])
  // By the prefetch and, after two seconds, for who waits. AWS itself is given up after 13 s, and asked again.
  for (const { aws } of [fail, unset]) assert.equal(aws.calls('silent'), 2)
  assert.equal((await unset.get('/secretsmanager/get?secretId=plain')).status, 200)
})

test('a path is read from the cache, and anew when its time is over', async (t) => {
  const extension = await start(t, { [P + 'ENV_FROM']: 'ssm:/app/', SSM_PARAMETER_STORE_TTL: '1' })
  assert.equal((await environment(extension)).get('url'), 'https://example.com')
  extension.aws.putParameter('/app/url', 'https://example.org')
  while ((await environment(extension)).get('url') !== 'https://example.org') await sleep(100)
})

test('a failure is tried again with the next question', async (t) => {
  const extension = await start(t, { LATE: 'resolve:secretsmanager:late' })
  assert.equal((await extension.get('/environment')).status, 400)
  extension.aws.putSecret('late', 'the late secret')
  assert.equal((await environment(extension)).get('LATE'), 'the late secret')
})

test('a reference that the extension has not seen does not reach the function', async (t) => {
  const extension = await start(t, { PASSWORD: 'resolve:secretsmanager:plain' })
  const more = { UNSEEN: 'resolve:ssm:/app/url' }
  const { code, stdout, stderr } = await run(environmentOf(extension, more), ['echo', 'started'])
  assert.deepEqual([code, stdout.toString()], [1, ''])
  assert.match(stderr, /UNSEEN is a reference that the extension does not see\n$/)
  assert.ok(!(await environment(extension, { ...more, [P + 'ENV_ON_ERROR']: 'UNSET' })).has('UNSEEN'))
})

test('where no extension answers, the function ends with one line', async (t) => {
  const extension = await start(t, { PASSWORD: 'resolve:secretsmanager:plain' })
  const port = String(await freePort())
  const env = environmentOf(extension, { [P + 'HTTP_PORT']: port })
  const { code, stdout, stderr } = await run(env, ['echo', 'started'])
  assert.deepEqual([code, stdout.toString()], [1, ''])
  assert.match(stderr, new RegExp(`^[^\\n]+ no answer from the extension at port ${port}\\n$`))
})

test('a port that the extension does not take is not taken by the wrapper either', async (t) => {
  for (const port of ['70000', 'x', '27 73', '0', '', '-1', '$(id)']) {
    const extension = await start(t, {})
    const { stderr } = await run(
      environmentOf(extension, { [P + 'HTTP_PORT']: port, AWS_SESSION_TOKEN: 'x' }),
      ['true'],
    )
    assert.match(stderr, /at port 2773\n$|bad session token/, port)
  }
  const spaced = await start(t, { PASSWORD: 'resolve:secretsmanager:plain' })
  const got = await environment(spaced, { [P + 'HTTP_PORT']: ` ${spaced.port} ` })
  assert.equal(got.get('PASSWORD'), 'the plain secret of the test')
})

const BROKEN: Record<string, string> = {
  nothing: '',
  'no HTTP': 'SSH-2.0-OpenSSH\r\n',
  'a head that is cut': 'HTTP/1.1 200 OK\r\nContent-Le',
  'no length': 'HTTP/1.1 200 OK\r\n\r\nV 1\nx\n',
  'a length that is none': 'HTTP/1.1 200 OK\r\nContent-Length: a[$(echo intruder >&2)]\r\n\r\nV 1\nx\n',
  'a body that is cut': OK('V 100\nonly this', 107),
  'a record that is cut': OK('V 1\nx\nW 1', 20),
  'a value that is longer than it says': OK('V 1\nxyz\n'),
  'a value that is longer than the body': OK('V 100\nx\n'),
  'a size that is an expression': OK('V a[$(echo intruder >&2)]\nx\n'),
  'a name that is an expression': OK('a[$(echo intruder >&2)] 1\nx\n'),
  'a name that is none': OK('1a 1\nx\n'),
  'empty lines': OK('\n\n\n'),
}

for (const [what, answer] of Object.entries(BROKEN)) {
  test(`an answer with ${what} starts nothing`, async (t) => {
    const port = await impostor(t, answer)
    const env = { PATH: process.env['PATH'] ?? '', [P + 'HTTP_PORT']: port, AWS_SESSION_TOKEN: 'any' }
    const { code, stdout, stderr } = await run(env, ['echo', 'started'])
    assert.deepEqual([code, stdout.toString()], [1, ''])
    assert.match(stderr, /^[^\n]+ ERROR parameters-secrets-exec: [^\n]*\n$/)
    assert.ok(!stderr.includes('intruder'))
  })
}

test('an answer that comes in pieces is waited for', async (t) => {
  const pieces = Array.from(OK('V 5\na\nb\u00e9\nW 0 new\n\n'))
  const port = await impostor(t, ...pieces)
  const env = { PATH: process.env['PATH'] ?? '', [P + 'HTTP_PORT']: port, AWS_SESSION_TOKEN: 'any' }
  const { code, stdout } = await run(env, ['cat', '/proc/self/environ'])
  assert.equal(code, 0)
  const records = stdout.toString().split('\0')
  assert.ok(records.includes('V=a\nb\u00e9') && records.includes('W='))
})

test('a wrong token gets nothing, and a refusal is one line', async (t) => {
  const extension = await start(t, { PASSWORD: 'resolve:secretsmanager:plain' })
  assert.equal(
    (await extension.get('/environment', { 'X-Aws-Parameters-Secrets-Token': 'wrong' })).status,
    401,
  )
  const { code, stderr } = await run(environmentOf(extension, { AWS_SESSION_TOKEN: 'wrong' }), ['echo'])
  assert.equal(code, 1)
  assert.match(stderr, /^[^\n]+ bad session token or header key\n$/)
})

test('a hostile environment runs nothing in the wrapper, and reaches the function as it is', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'environment-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const intruder = join(folder, 'intruder.sh')
  writeFileSync(intruder, 'echo intruder >&2\n')
  const extension = await start(t, { PASSWORD: 'resolve:secretsmanager:plain' })
  const hostile = {
    BASH_ENV: intruder,
    ENV: intruder,
    'BASH_FUNC_exec%%': '() { echo intruder >&2; }',
    'BASH_FUNC_read%%': '() { echo intruder >&2; }',
    'BASH_FUNC_export%%': '() { echo intruder >&2; }',
    IFS: 'eax0123456789',
    POSIXLY_CORRECT: '1',
    PS4: '$(echo intruder >&2)',
    [P + 'status']: '404',
    [P + 'set']: 'PASSWORD=wrong',
    [P + 'fail']: 'x',
    TMPDIR: '/nope',
    LC_ALL: 'tr_TR.UTF-8',
    EXECIGNORE: '*',
    GLOBIGNORE: '*',
    BASH_XTRACEFD: '1',
    CDPATH: '/',
    SHELLOPTS: 'xtrace:noexec:nounset',
  }
  const { code, stdout, stderr } = await run(environmentOf(extension, hostile), [
    '/bin/cat',
    '/proc/self/environ',
  ])
  assert.equal(code, 0)
  assert.ok(!stderr.includes('intruder'), stderr)
  const records = stdout.toString().split('\0')
  assert.ok(records.includes('PASSWORD=the plain secret of the test'))
  assert.ok(records.includes(`BASH_ENV=${intruder}`))
})

test('a further wrapper runs next, with the same command and the values', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'environment-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const next = join(folder, 'next wrapper')
  writeFileSync(next, '#!/bin/sh\nMORE=more exec "$@"\n')
  chmodSync(next, 0o755)
  const extension = await start(t, { PASSWORD: 'resolve:secretsmanager:plain' })
  const got = await environment(extension, { [P + 'EXEC_WRAPPER']: next })
  assert.deepEqual([got.get('MORE'), got.get('PASSWORD')], ['more', 'the plain secret of the test'])
  for (const [path, message] of [
    ['/nope', /is no executable file: \/nope\n$/],
    [wrapper(), /names this wrapper itself\n$/],
  ] as const) {
    const { code, stderr } = await run(environmentOf(extension, { [P + 'EXEC_WRAPPER']: path }), ['echo'])
    assert.equal(code, 1)
    assert.match(stderr, message)
  }
})

test('more than the kernel takes together is an error, or left out, and what remains starts the function', async (t) => {
  const names = Array.from({ length: 60 }, (_, i) => `LARGE_${100 + i}`)
  const env = Object.fromEntries(names.map((name) => [name, 'resolve:secretsmanager:large']))
  const seed = { secrets: { large: 'x'.repeat(65_000), more: { value: { SMALL: 'small value' } } } }
  const extension = await start(t, env, seed)
  const { code, stdout, stderr } = await run(environmentOf(extension, {}), ['echo', 'started'])
  assert.deepEqual([code, stdout.toString()], [1, ''])
  const why = 'EnvironmentTooLong: all values together are longer than 1572864 bytes'
  assert.match(stderr, new RegExp(`^[^\\n]+ ERROR [^\\n]+: LARGE_124 \\(${why}\\), [^\\n]+, and 16 more\\n$`))
  assert.equal((await extension.get('/secretsmanager/get?secretId=large')).status, 200)
  const all = { ...env, [P + 'ENV_ON_ERROR']: 'unset', [P + 'ENV_FROM']: 'secretsmanager:more' }
  const got = await environment(await start(t, all, seed))
  assert.deepEqual(
    names.filter((name) => got.has(name)),
    names.slice(0, 24),
  )
  assert.equal(got.get('SMALL'), 'small value')
})

test('a secret with names of any length holds nobody up', async (t) => {
  const leaves = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`k${i}`, 1]))
  const long = 'k'.repeat(30_000)
  const seed = { secrets: { long: { value: { db: { host: 'the host' }, [long]: { a: { b: leaves } } } } } }
  const from = { [P + 'ENV_FROM']: 'secretsmanager:long?name=path' }
  const extension = await start(t, from, seed)
  assert.equal((await environment(extension)).get('db_host'), 'the host')
  await extension.logged(/WARN environment: 3000 names of secretsmanager:long\?name=path are not allowed$/)
})

test('two values of one name are a collision, however long their paths are', async (t) => {
  const way = 'a/'.repeat(509)
  const seed = { secrets: { twin: { value: { [`${way}b.c`]: 'the first', [`${way}b/c`]: 'the second' } } } }
  const from = { [P + 'ENV_FROM']: 'secretsmanager:twin?name=path' }
  const { code, stderr } = await run(environmentOf(await start(t, from, seed), {}), ['echo'])
  assert.equal(code, 1)
  assert.match(stderr, / a_a_[a_]+b_c \(NameCollision: secretsmanager:twin:/)
})

test('with the cache off the values are there all the same', async (t) => {
  const extension = await start(t, {
    PASSWORD: 'resolve:secretsmanager:plain',
    [P + 'CACHE_ENABLED']: 'FALSE',
  })
  assert.equal((await environment(extension)).get('PASSWORD'), 'the plain secret of the test')
})

test('under SnapStart no value is fetched, and the function ends with an explanation', async (t) => {
  const extension = await startExtension(t, {
    seed: SEED,
    env: { PASSWORD: 'resolve:secretsmanager:plain' },
    lambda: { mode: 'snap-start' },
  })
  const { code, stdout, stderr } = await run(environmentOf(extension, {}), ['echo', 'started'])
  assert.deepEqual([code, stdout.toString()], [1, ''])
  assert.match(stderr, /would lie in the snapshot[^\n]+\n$/)
  await extension.lambda.invoke()
  assert.equal(extension.aws.calls(), 0)
})
