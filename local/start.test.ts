import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { freePort } from '../tools/free-port.ts'
import { connect, exchange } from '../tools/wire.ts'
import { servingPort } from './serving-port.ts'

// The launcher as a user runs it, from source, around the bundle that `npm test` has just built.

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const START = fileURLToPath(new URL('start.ts', import.meta.url))

interface Started {
  readonly process: ChildProcess
  output(): string
  /** Resolves once the output matches, or rejects when the launcher ends before. */
  until(pattern: RegExp): Promise<void>
  /** Resolves with the exit code. */
  ended(): Promise<number | null>
}

/** `before` is what the launcher is started by. */
function start(
  t: TestContext,
  args: string[],
  env: Record<string, string> = {},
  before: string[] = [],
): Started {
  const inherited = { ...process.env }
  // npm's for the whole run of the tests, and what a user may have set.
  for (const name of ['INIT_CWD', 'AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_REGION', 'AWS_DEFAULT_REGION'])
    delete inherited[name]
  const [program = '', ...rest] = [...before, process.execPath, START, ...args]
  const child = spawn(program, rest, { cwd: ROOT, env: { ...inherited, ...env } })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exit = once(child, 'exit').then(([code]) => code as number | null)
  // In order, or the extension, which never ends by itself, would stay.
  t.after(async () => {
    child.kill('SIGTERM')
    await exit
  })
  return {
    process: child,
    output: () => output,
    ended: () => exit,
    async until(pattern) {
      while (!pattern.test(output)) {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}

/** A folder that is gone after the test, with the file in it. */
function folderWith(t: TestContext, name: string, content: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'local-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return folder
}

/** The token and the URL of each curl line. */
function curlLines(output: string): [string, URL][] {
  const lines = [...output.matchAll(/curl -H "X-Aws-Parameters-Secrets-Token: (.*?)" '(.*?)'/g)]
  return lines.map(([, token, url]) => [token!, new URL(url!)])
}

async function ask(port: number, path: string, token = 'local-token'): Promise<Response> {
  const headers = { 'X-Aws-Parameters-Secrets-Token': token, connection: 'close' }
  return fetch(`http://localhost:${port}${path}`, { headers })
}

test('each curl line that npm start prints is answered 200 with the token in it', async (t) => {
  const port = await freePort()
  const local = start(t, ['--port', String(port)])
  await local.until(/Ctrl-C stops[^]*\n\n/)
  const lines = curlLines(local.output())
  assert.ok(lines.length >= 7)
  for (const [token, { pathname, search }] of lines) {
    const reply = await ask(port, pathname + search, token)
    assert.equal(reply.status, 200, pathname + search)
    await reply.arrayBuffer()
  }
})

test('the curl lines name what the given seed holds, and each is answered 200', async (t) => {
  const folder = folderWith(t, 'mine.json', {
    secrets: {
      'a/b+c=d@e!': { value: 'odd name', previous: 'before' },
      gone: { value: 'v', deleted: true },
      theirs: { value: 'v', account: '210987654321' },
      elsewhere: { value: 'v', region: 'eu-west-1' },
      plain: 'text',
      third: 'text',
      'one-too-many': 'text',
    },
    parameters: {
      '/secure': { value: 'v', type: 'SecureString', previous: [{ value: 'w', labels: ['old'] }] },
      '/abroad': { value: 'v', region: 'eu-central-1' },
      flat: 'text',
    },
  })
  const port = await freePort()
  const local = start(t, ['--port', String(port), '--seed', join(folder, 'mine.json')])
  await local.until(/Ctrl-C stops[^]*\n\n/)
  const lines = curlLines(local.output()).map(([, { pathname, search }]) => pathname + search)
  assert.deepEqual(lines, [
    '/secretsmanager/get?secretId=a/b%2Bc%3Dd%40e!',
    '/secretsmanager/get?secretId=a/b%2Bc%3Dd%40e!&versionStage=AWSPREVIOUS',
    '/secretsmanager/get?secretId=arn:aws:secretsmanager:eu-west-1:123456789012:secret:elsewhere',
    '/secretsmanager/get?secretId=plain',
    '/systemsmanager/parameters/get?name=/secure&withDecryption=true',
    '/systemsmanager/parameters/get?name=/secure&withDecryption=true&label=old',
    '/systemsmanager/parameters/get?name=arn:aws:ssm:eu-central-1:123456789012:parameter/abroad',
    '/systemsmanager/parameters/get?name=flat',
  ])
  for (const line of lines) assert.equal((await ask(port, line)).status, 200, line)
})

test('Ctrl-C shuts the extension down in order, and the launcher ends with 0', async (t) => {
  const port = await freePort()
  const local = start(t, ['--port', String(port)])
  await local.until(/Ctrl-C stops/)
  local.process.kill('SIGINT')
  assert.equal(await local.ended(), 0)
  assert.match(local.output(), /INFO shutting down \(spindown\): 0 hits, 0 misses/)
})

test('a seed file of the user’s own is served, and is looked for where the user stands', async (t) => {
  const folder = folderWith(t, 'mine.json', { parameters: { '/mine': { value: 'its value' } } })
  const port = await freePort()
  const local = start(t, ['--port', String(port), '--seed', 'mine.json'], { INIT_CWD: folder })
  await local.until(/Ctrl-C stops/)
  const reply = await ask(port, '/systemsmanager/parameters/get?name=/mine')
  const body = (await reply.json()) as { Parameter: { Value: string } }
  assert.equal(body.Parameter.Value, 'its value')
})

test('a seed that changes is taken over as a rotation, and one that cannot be read changes nothing', async (t) => {
  const folder = folderWith(t, 'mine.json', { secrets: { db: 'the first value', old: 'text' } })
  const file = join(folder, 'mine.json')
  const local = start(t, ['--port', '0', '--seed', file])
  await local.until(/on port \d+ \(up/)
  const port = Number(/on port (\d+) \(up/.exec(local.output())?.[1])
  const read = async (query: string) =>
    (await ask(port, `/secretsmanager/get?secretId=${query}&refreshNow=true`)).text()
  assert.match(await read('db'), /the first value/)
  writeFileSync(file, '{ "secrets": { "db": ')
  await local.until(/nothing is changed: .*mine\.json/)
  assert.match(await read('db'), /the first value/)
  writeFileSync(file, JSON.stringify({ secrets: { db: { value: 'the second value' }, new: 'text' } }))
  await local.until(/mine\.json has changed: 3 entries\./)
  assert.match(await read('db'), /the second value/)
  assert.match(await read('db&versionStage=AWSPREVIOUS'), /the first value/)
  assert.match(await read('new'), /"SecretString":"text"/)
  assert.match(await read('old'), /an unexpected error/)
})

test('what is taken out of the seed is gone, and put back it is there again, whatever it was', async (t) => {
  const entry = { value: 'a value', previous: 'the one before', tags: { app: 'orders' } }
  const whole = {
    secrets: { db: entry, marked: { value: 'v', deleted: true } },
    parameters: { '/p': { value: 'v', type: 'SecureString' } },
  }
  const folder = folderWith(t, 'mine.json', whole)
  const file = join(folder, 'mine.json')
  const local = start(t, ['--port', '0', '--seed', file])
  await local.until(/on port \d+ \(up/)
  const port = Number(/on port (\d+) \(up/.exec(local.output())?.[1])
  const read = async (path: string) => {
    const reply = await ask(port, `${path}&refreshNow=true`)
    return reply.status === 200 ? reply.text() : (reply.headers.get('X-Amzn-ErrorType') ?? '')
  }
  const change = async (seed: unknown, entries: string) => {
    const before = local.output().split('has changed').length
    writeFileSync(file, JSON.stringify(seed))
    await local.until(new RegExp(`(has changed[^]*){${before}}`))
    assert.ok(local.output().includes(`mine.json has changed: ${entries}`), local.output())
  }
  const [db, marked, p] = [
    '/secretsmanager/get?secretId=db',
    '/secretsmanager/get?secretId=marked',
    '/systemsmanager/parameters/get?name=/p',
  ]
  assert.equal(await read(marked), 'InvalidRequestException')
  await change({}, '3 entries')
  assert.deepEqual(
    [await read(db), await read(marked), await read(p)],
    ['ResourceNotFoundException', 'ResourceNotFoundException', 'ParameterNotFound'],
  )
  await change({ ...whole, secrets: { ...whole.secrets, marked: { value: 'v' } } }, '3 entries')
  assert.match(await read(db), /a value/)
  assert.match(await read(`${db}&versionStage=AWSPREVIOUS`), /the one before/)
  assert.match(await read(marked), /"SecretString":"v"/)
  assert.match(await read(p), /AQICAHi/)
  await change(whole, '1 entry')
  assert.equal(await read(marked), 'InvalidRequestException')
  await change({ ...whole, parameters: { '/p': 'plain' } }, '1 entry')
  assert.match(await read(p), /"Type":"String","Value":"plain"/)
})

test('AWS_REGION is where it runs: for names, ARNs and every AWS SDK', async (t) => {
  const folder = folderWith(t, 'mine.json', {
    secrets: {
      db: 'text',
      here: { value: 'v', region: 'eu-central-1' },
      there: { value: 'w', region: 'us-east-1' },
    },
    parameters: { '/p': 'text' },
  })
  for (const variable of ['AWS_REGION', 'AWS_DEFAULT_REGION']) {
    const args = ['--port', '0', '--seed', join(folder, 'mine.json')]
    const local = start(t, args, { [variable]: 'eu-central-1' })
    await local.until(/on port \d+ \(up/)
    const port = Number(/on port (\d+) \(up/.exec(local.output())?.[1])
    const read = async (path: string) => (await ask(port, path)).json()
    const { ARN } = (await read('/secretsmanager/get?secretId=db')) as { ARN: string }
    assert.match(ARN, /^arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-\w{6}$/)
    const there = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:there'
    for (const id of [ARN, 'here', there])
      assert.equal((await ask(port, `/secretsmanager/get?secretId=${id}`)).status, 200, id)
    const { Parameter } = (await read('/systemsmanager/parameters/get?name=/p')) as {
      Parameter: { ARN: string }
    }
    assert.equal(Parameter.ARN, 'arn:aws:ssm:eu-central-1:123456789012:parameter/p')
    for (const region of ['eu-central-1', 'ap-south-1']) {
      const secrets = new SecretsManagerClient({
        region,
        endpoint: `http://localhost:${port}`,
        credentials: { accessKeyId: 'any', secretAccessKey: 'any', sessionToken: 'local-token' },
      })
      const held = await secrets.send(new GetSecretValueCommand({ SecretId: 'db' }))
      assert.match(held.ARN!, new RegExp(`^arn:aws:secretsmanager:${region}:`))
      const { SecretList } = await secrets.send(new ListSecretsCommand({ SortBy: 'name', SortOrder: 'asc' }))
      assert.deepEqual(
        SecretList!.map(({ Name }) => Name),
        region === 'eu-central-1' ? ['db', 'here'] : ['db'],
      )
      secrets.destroy()
    }
  }
})

test('variables that are references reach the extension as they do on Lambda', async (t) => {
  const local = start(t, ['--port', '0'], {
    DB_PASSWORD: 'resolve:secretsmanager:prod/db:password',
    COLOUR: 'resolve:ssm:/app/plain',
    MISTYPED: 'Resolve:ssm:/app/plain',
    UNRELATED: 'a value of the shell',
    PARAMETERS_SECRETS_EXTENSION_ENV_ON_ERROR: 'unset',
  })
  await local.until(/on port \d+ \(up/)
  const port = Number(/on port (\d+) \(up/.exec(local.output())?.[1])
  const reply = await ask(port, '/environment')
  const body = await reply.text()
  assert.equal(reply.status, 200)
  assert.match(body, /DB_PASSWORD/)
  assert.match(body, /not-a-real-password/)
  assert.match(body, /COLOUR/)
  assert.match(body, /blue/)
  assert.doesNotMatch(body, /UNRELATED|a value of the shell/)
})

test('who calls from another machine is answered by --host and a name that is allowed, and shown', async (t) => {
  const local = start(t, ['--port', '0', '--host', '0.0.0.0', '--allow-host', 'Secrets', '--requests'])
  await local.until(/Whoever reaches 0\.0\.0\.0:\d+ and has the token can read all of it\.[^]*\(up/)
  const port = Number(/0\.0\.0\.0:(\d+)/.exec(local.output())?.[1])
  const path = '/secretsmanager/get?secretId=MySecret'
  const askAs = (host: string | string[]) =>
    new Promise<number>((resolve, reject) => {
      const headers = [
        ...[host].flat().flatMap((name) => ['Host', name]),
        'X-Aws-Parameters-Secrets-Token',
        'local-token',
      ]
      get({ host: '127.0.0.1', port, path, headers, agent: false }, (reply) => {
        reply.resume().once('end', () => resolve(reply.statusCode ?? 0))
      }).once('error', reject)
    })
  const statuses = [await askAs(`secrets:${port}`), await askAs('localhost'), await askAs('evil.example')]
  assert.deepEqual(statuses, [200, 200, 403])
  const hosts = ['secrets', 'localhost']
  assert.equal(await askAs(hosts), 403, 'a repeated Host is none')
  await local.until(/GET \/secretsmanager\/get\?secretId=MySecret 403 [\d.]+ ms/)
  const lines = local.output().match(/^GET .*/gm) ?? []
  assert.match(lines[0]!, /^GET \/secretsmanager\/get\?secretId=MySecret MISS [\d.]+ ms$/)
  assert.match(lines[1]!, / HIT /)
})

test('the door that shows each request answers whatever the extension itself answers', async (t) => {
  const port = await freePort()
  const local = start(t, ['--port', String(port), '--requests'])
  await local.until(/\(up/)
  const token = 'X-Aws-Parameters-Secrets-Token: local-token\r\n'
  const ping = (headers = '', version = '1.1') => `GET /ping HTTP/${version}\r\n${headers}\r\n`
  const host = 'Host: localhost\r\n'
  const offer = `${host}Connection: Upgrade\r\nUpgrade: h2c\r\n`
  for (const [what, sent, statuses] of [
    ['two requests behind an upgrade', ping(offer) + ping(host) + ping(host), [200, 200, 200]],
    ['two upgrades', ping(offer) + ping(offer) + ping(host), [200, 200, 200]],
    ['headers of 60 KB', ping(`${host}X-Large: ${'x'.repeat(60_000)}\r\n`), [200]],
    ['HTTP/1.0 without a Host', ping('', '1.0'), [200]],
    ['an expectation that nobody knows', ping(`${host}Expect: the-unexpected\r\n`), [200]],
    ['a CONNECT', `CONNECT localhost:1 HTTP/1.1\r\n${host}${token}\r\n`, [405]],
    ['what is no HTTP', 'hello\r\n\r\n', [400]],
  ] as const) {
    const replies = await exchange(port, sent, { replies: statuses.length })
    assert.deepEqual([what, ...replies.map(({ status }) => status)], [what, ...statuses])
  }
  const wire = await connect(port)
  t.after(() => wire.destroy())
  await wire.send(ping(host))
  wire.halfClose()
  assert.equal((await wire.receive()).status, 200, 'to a client that has closed its sending half')
})

test('one POST each makes a fault of AWS and a rotation, and another ends it', async (t) => {
  const [port, control] = [await freePort(), await freePort()]
  const local = start(t, ['--port', String(port), '--control', String(control)], { AWS_MAX_ATTEMPTS: '1' })
  await local.until(/\(up/)
  const post = async (path: string, body?: string) => {
    const reply = await fetch(`http://127.0.0.1:${control}${path}`, { method: 'POST', ...(body && { body }) })
    return `${reply.status} ${(await reply.text()).trim()}`
  }
  const read = async () => {
    const reply = await ask(port, '/secretsmanager/get?secretId=MySecret&refreshNow=true')
    const text = await reply.text()
    return reply.status === 200
      ? (JSON.parse(text) as { SecretString: string }).SecretString
      : reply.headers.get('X-Amzn-ErrorType')
  }
  assert.equal(await post('/throttle'), '200 every call is throttled')
  assert.equal(await read(), 'ThrottlingException')
  assert.equal(await post('/unavailable'), '200 every call is answered 503')
  assert.equal(await read(), 'ServiceUnavailable')
  assert.equal(await post('/clear'), '200 AWS is well again')
  assert.equal(await post('/rotate/MySecret', 'what came by rotation'), '200 MySecret has a new version')
  assert.equal(await read(), 'what came by rotation')
  assert.equal(await post('/deny/MySecret'), '200 MySecret may not be read')
  assert.equal(await read(), 'AccessDeniedException')
  await post('/clear')
  assert.equal(await post('/delay/300'), '200 every call takes 300 ms')
  assert.equal(await post('/down/eu-west-1'), '200 eu-west-1 is down')
  assert.equal(await read(), 'what came by rotation')
  assert.equal(await post('/down/us-east-1'), '200 us-east-1 is down')
  assert.notEqual(await read(), 'what came by rotation')
  await post('/clear')
  assert.equal(await post('/down/moon-1'), '400 down/REGION')
  assert.equal(await post('/delay/soon'), '400 delay/MILLISECONDS')
  assert.equal(await post('/rotate/MySecret'), '400 rotate/NAME, with the new value as the body')
  assert.match(await post('/explode'), /^404 POST one of rotate, parameter, throttle/)
  assert.equal(await post('/parameter/new/one', 'a new parameter'), '200 /new/one has a new version')
  assert.doesNotMatch(local.output(), /what came by rotation/)
})

test('whatever listens is there for clients that take localhost for ::1', async (t) => {
  const control = await freePort()
  for (const args of [
    ['--requests'],
    ['--host', '0.0.0.0'],
    ['--host', '127.0.0.1'],
    ['--host', 'localhost'],
  ]) {
    const local = start(t, ['--port', '0', '--control', String(control), ...args])
    await local.until(/on port \d+ \(up/)
    const port = /on port (\d+) \(up/.exec(local.output())?.[1]
    for (const address of ['127.0.0.1', '[::1]']) {
      assert.equal(
        (await fetch(`http://${address}:${port}/ping`)).status,
        200,
        `${args.join(' ')} ${address}`,
      )
      assert.equal((await fetch(`http://${address}:${control}/clear`, { method: 'POST' })).status, 200)
    }
    local.process.kill('SIGINT')
    assert.equal(await local.ended(), 0)
  }
})

test('no web page may rotate or deny, by whatever name it has found this machine', async (t) => {
  const control = await freePort()
  const local = start(t, ['--port', '0', '--control', String(control)])
  await local.until(/\(up/)
  const post = (headers: Record<string, string | string[]>, body = 'of a web page') =>
    new Promise<number>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: control,
        path: '/rotate/MySecret',
        method: 'POST',
        agent: false,
      }
      const flat = Object.entries(headers).flatMap(([name, values]) =>
        [values].flat().flatMap((value) => [name, value]),
      )
      request({ ...options, headers: [...flat, 'Content-Length', String(body.length)] }, (reply) => {
        reply.resume().once('end', () => resolve(reply.statusCode ?? 0))
      })
        .once('error', reject)
        .end(body)
    })
  const Host = `localhost:${control}`
  for (const headers of [
    { Host: 'evil.example' },
    { Host: `evil.example:${control}` },
    { Host: 'localhost.evil.example' },
    { Host: ['localhost', 'evil.example'] },
    { Host, Origin: 'https://evil.example' },
    { Host, Origin: 'null' },
    { Host, Origin: 'http://localhost:3000' },
    { Host, 'Sec-Fetch-Site': 'cross-site' },
  ])
    assert.equal(await post(headers), 403, JSON.stringify(headers))
  assert.doesNotMatch(local.output(), /control:/)
  assert.equal(await post({ Host }, 'x'.repeat(2 * 1024 * 1024)), 413)
  assert.equal(await post({ Host }, 'x'.repeat(65_537)), 400)
  for (const good of [Host, '127.0.0.1', '[::1]:1', 'LOCALHOST'])
    assert.equal(await post({ Host: good }), 200)
})

test('kill of an npm start in the background ends all of it', async (t) => {
  const port = await freePort()
  const args = ['start', '--', '--port', String(port)]
  const npm = spawn('npm', args, { cwd: ROOT, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  // Open for as long as any of them lives.
  const closed = once(npm.stdout, 'close')
  t.after(() => spawnSync('kill', ['--', `-${npm.pid}`]))
  assert.equal(await servingPort(npm.stdout), port)
  npm.kill('SIGTERM')
  await closed
  await assert.rejects(fetch(`http://127.0.0.1:${port}/ping`))
})

test('the default seed is the project’s own, wherever the user stands', async (t) => {
  const local = start(t, ['--port', '0'], { INIT_CWD: tmpdir() })
  await local.until(/Serving the secrets and parameters of .*\/local\/seed\.json /)
})

test('PARAMETERS_SECRETS_EXTENSION_HTTP_PORT counts, and --port counts more', async (t) => {
  const [port, other] = [await freePort(), await freePort()]
  const env = { PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port) }
  const cases: [number, string[]][] = [
    [port, []],
    [other, ['--port', String(other)]],
  ]
  for (const [expected, args] of cases) {
    const local = start(t, args, env)
    await local.until(/Ctrl-C stops/)
    assert.equal((await ask(expected, '/secretsmanager/get?secretId=MySecret')).status, 200)
    local.process.kill('SIGINT')
    await local.ended()
  }
})

test('--port 0 serves on a free port and prints it', async (t) => {
  const local = start(t, ['--port', '0'])
  await local.until(/Ctrl-C stops[^]*\n\n/)
  const port = Number(/ on port (\d+) \(up in/.exec(local.output())?.[1])
  assert.ok(port >= 1024, local.output())
  for (const [, { port: printed }] of curlLines(local.output())) assert.equal(printed, String(port))
  assert.equal((await ask(port, '/secretsmanager/get?secretId=MySecret')).status, 200)
})

test('AWS_SESSION_TOKEN, where the user has set it, is the token, and is not printed', async (t) => {
  const port = await freePort()
  const local = start(t, ['--port', String(port)], { AWS_SESSION_TOKEN: 'a-token-of-my-own' })
  await local.until(/Ctrl-C stops[^]*\n\n/)
  const path = '/secretsmanager/get?secretId=MySecret'
  assert.equal((await ask(port, path, 'a-token-of-my-own')).status, 200)
  assert.equal((await ask(port, path)).status, 401)
  assert.doesNotMatch(local.output(), /a-token-of-my-own/)
})

test('what cannot be done ends with a sentence that says what to do, and code 1', async (t) => {
  const taken: number[] = []
  for (const host of ['127.0.0.1', '::1']) {
    const port = await freePort()
    const other = createServer().listen(port, host)
    await once(other, 'listening')
    t.after(() => other.close())
    taken.push(port)
  }
  const free = String(await freePort())
  const variable = { PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: '99999' }
  const cases: [string[], RegExp, Record<string, string>?][] = [
    ...taken.map((port): [string[], RegExp] => [
      ['--port', String(port)],
      new RegExp(`^npm start: port ${port} is in use; choose another with: npm start -- --port N\n$`),
    ]),
    [['--port', 'x'], /^npm start: --port must be a number from 0 to 65535, got "x"\n$/],
    [['--port', ''], /^npm start: --port must be a number from 0 to 65535, got ""\n$/],
    [[], /^npm start: PARAMETERS_SECRETS_EXTENSION_HTTP_PORT must be a number from 1 to 65535/, variable],
    [['--prot', '1'], /^npm start: Unknown option '--prot'/],
    [['--aws', '--seed', 'a.json'], /^npm start: --aws asks the real AWS, which takes no --seed/],
    [['--seed', 'no-such-file.json', '--port', free], /^npm start: \/.*\/no-such-file\.json: ENOENT/],
    [
      ['--port', free, '--control', free],
      new RegExp(`^npm start: --control and the port to serve on are both ${free}\n$`),
    ],
    [
      ['--port', '0', '--control', String(taken[0])],
      new RegExp(`^npm start: --control: port ${taken[0]} is in use\n$`),
    ],
    [
      ['--port', '0', '--control', String(taken[1])],
      new RegExp(`^npm start: --control: port ${taken[1]} is in use\n$`),
    ],
    [
      ['--port', '0', '--host', 'no.such.invalid'],
      /^npm start: --host: "no\.such\.invalid" is no address of this machine/,
    ],
    [
      ['--port', '0', '--host', '203.0.113.1'],
      /^npm start: --host: "203\.0\.113\.1" is no address of this machine/,
    ],
    [['--port', '0', '--host', ''], /^npm start: --host is empty: /],
    [['--port', '0', '--allow-host', 'a:1'], /^npm start: --allow-host must be a name without a port/],
    [[], /^npm start: AWS_REGION is no region of AWS: "moon-1"\n$/, { AWS_REGION: 'moon-1' }],
  ]
  for (const [args, message, env] of cases) {
    const local = start(t, args, env)
    assert.equal(await local.ended(), 1, args.join(' '))
    assert.match(local.output(), message)
    assert.doesNotMatch(local.output(), /Serving|^ {4}at /m)
  }
})

// Root gives its rights up for this. Where anybody may listen on port 80 there is nothing to test.
const AS_NOBODY = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : []
const LISTEN = `require('node:net').createServer().listen(80, '127.0.0.1', () => process.exit())
  .on('error', (error) => process.exit(error.code === 'EACCES' ? 13 : 0))`
const [PROBE, ...PROBE_ARGS] = [...AS_NOBODY, process.execPath, '-e', LISTEN]
if (spawnSync(PROBE, PROBE_ARGS).status === 13) {
  test('a port that needs more rights ends with a sentence that says what to do, and code 1', async (t) => {
    const local = start(t, ['--port', '80'], {}, AS_NOBODY)
    assert.equal(await local.ended(), 1)
    assert.match(
      local.output(),
      /^npm start: port 80 needs rights that you do not have .*; choose another with/,
    )
  })
}

test('without `npm ci` a sentence says what to do, and code 1', (t) => {
  const folder = folderWith(t, 'package.json', readFileSync(join(ROOT, 'package.json'), 'utf8'))
  for (const name of ['build.mjs', 'build']) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  const { status, stdout, stderr } = spawnSync(process.execPath, ['build.mjs', '--quiet', '--local'], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.deepEqual([status, stdout], [1, ''])
  assert.equal(stderr, 'esbuild is not installed: run `npm ci` first\n')
})

test('--help names every option', async (t) => {
  const local = start(t, ['--help'])
  assert.equal(await local.ended(), 0)
  for (const option of ['--seed FILE', '--port N', '--aws', '--help']) {
    assert.ok(local.output().includes(option), option)
  }
})

test('--aws without credentials, with an unknown profile or without a region says what to do', async (t) => {
  const folder = folderWith(
    t,
    'credentials',
    '[mine]\naws_access_key_id=AKMINE\naws_secret_access_key=SKMINE\n',
  )
  const env = {
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    AWS_CONFIG_FILE: join(folder, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const cases: [Record<string, string>, RegExp][] = [
    [{}, /^npm start: no AWS credentials: .*; set AWS_PROFILE to one of .*\n$/],
    [
      { AWS_PROFILE: 'other' },
      /^npm start: no AWS credentials for the profile "other": .*; set AWS_PROFILE to/,
    ],
    [
      { AWS_PROFILE: 'mine' },
      /^npm start: no AWS region for the profile "mine": .*; set AWS_REGION, or .*\n$/,
    ],
  ]
  for (const [variables, message] of cases) {
    const local = start(t, ['--aws', '--port', String(await freePort())], { ...env, ...variables })
    assert.equal(await local.ended(), 1)
    assert.match(local.output(), message)
    assert.doesNotMatch(local.output(), /SKMINE|^ {4}at /m)
  }
})

test('--aws hands the credentials and region of the user’s own profile to the bundle', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'credentials'),
    '[mine]\naws_access_key_id=AKMINE\naws_secret_access_key=SKMINE\n',
  )
  writeFileSync(join(folder, 'config'), '[profile mine]\nregion=eu-west-3\n')
  const { startAws } = await import('./emulators/aws/server.ts')
  const aws = await startAws({
    seed: { secrets: { mine: { value: 'from the profile' } } },
    region: 'eu-west-3',
    credentials: { accessKeyId: 'AKMINE', secretAccessKey: 'SKMINE' },
  })
  t.after(() => aws.close())
  const port = await freePort()
  const local = start(t, ['--aws', '--port', String(port)], {
    AWS_PROFILE: 'mine',
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_ENDPOINT_URL: aws.url,
  })
  await local.until(/Serving the real AWS/)
  const reply = await ask(port, '/secretsmanager/get?secretId=mine')
  assert.equal(reply.status, 200)
  assert.equal(((await reply.json()) as { SecretString: string }).SecretString, 'from the profile')
  assert.doesNotMatch(local.output(), /SKMINE/)
})
