// The wrapper alone, before something that answers in place of the extension: where it has to say the same as the
// extension, and what it leaves of the environment that it was given.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { readConfig } from '../../src/config/config.ts'
import { isAllowedName, OF_BASH, STEERING, STEERING_IN_EITHER_CASE } from '../../src/core/variable-names.ts'
import { impostor, OK, run, type Variables, wrapper } from '../wrapper.ts'

const P = 'PARAMETERS_SECRETS_EXTENSION_'
const SHOW = ['/bin/cat', '/proc/self/environ']

/** What the runtime gets behind an extension that answers with these bytes. */
async function behind(t: TestContext, answer: string, more: Variables): Promise<Map<string, string>> {
  const port = await impostor(t, answer)
  const all = { PATH: '/usr/bin:/bin', AWS_SESSION_TOKEN: 'any', [P + 'HTTP_PORT']: port, ...more }
  const { code, stdout, stderr } = await run(all as Record<string, string>, SHOW)
  assert.deepEqual([code, stderr], [0, ''])
  const records = stdout.toString().split('\0').slice(0, -1)
  return new Map(records.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]))
}

/** Values of a generator, each once. */
function some(count: number, arbitrary: fc.Arbitrary<string>): string[] {
  return [...new Set(fc.sample(arbitrary, count))]
}

const toggled = (text: string): fc.Arbitrary<string> =>
  fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }).map((flips) =>
    Array.from(text)
      .map((one, i) => (flips[i] ? (one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase()) : one))
      .join(''),
  )

test('the extension and the wrapper allow the same names', async (t) => {
  const globs = [...STEERING, ...OF_BASH, STEERING_IN_EITHER_CASE]
    .join(' ')
    .replaceAll('[0-4]', '4')
    .split(' ')
  const word = fc.string({ unit: fc.constantFrom(...'AZaz09_'.split('')), maxLength: 5 })
  const like = fc
    .tuple(fc.constantFrom(...globs), word, word)
    .chain(([glob, one, other]) => {
      const name = glob.includes('*') ? glob.replace('*', one) : glob
      return fc.constantFrom(name, name + other, other + name, name.slice(1), name.slice(0, -1), one)
    })
    .chain((name) => fc.oneof({ weight: 3, arbitrary: fc.constant(name) }, toggled(name)))
  // `_` is bash's own word for the command that it runs.
  const names = some(6_000, like).filter((name) => /^[A-Za-z_]\w*$/.test(name) && name !== '_')
  const body = names.map((name) => `${name} 5 new\nvalue\n`).join('')
  const given = await behind(t, OK(body), {})
  const taken = names.filter((name) => given.get(name) === 'value')
  assert.deepEqual(taken, names.filter(isAllowedName))
  assert.ok(taken.length > 500 && taken.length < names.length - 500, 'both kinds are among them')
})

test('the extension and the wrapper take the same values for references', async (t) => {
  const words = `resolve: Resolve: RESOLVE: re\u017folve: resolve {{resolve: {{ReSolve: {resolve: secretsmanager ssm SSM
    SecretsManager ssm-secure s3 : arn: x - / {{ }} é " ' \\ ~ ! & \``
  const blanks = [' ', '\t', '\n', '\r', '\u0001', '\u007f', '\u00a0', '\ufeff', '\u3000']
  const piece = fc.constantFrom(...words.split(/\s+/), ...blanks)
  const text = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''))
  const word = toggled('resolve')
  const blank = fc
    .array(fc.constantFrom('', '', ...blanks, '"', '-', 'x'), { maxLength: 2 })
    .map((all) => all.join(''))
  const service = fc.constantFrom('ssm', 'SecretsManager', 's3', '')
  const form = fc
    .tuple(
      fc.constantFrom('', 'x', '{', '{{', 'x{{', '{{{'),
      blank,
      word,
      blank,
      fc.constantFrom(':', ''),
      blank,
      service,
    )
    .map((pieces) => pieces.join(''))
  const values = some(4_000, fc.oneof(text, form)).filter((value) => !value.includes('\0'))
  const env = Object.fromEntries(values.map((value, i) => [`V_${i}`, value]))
  const left = await behind(t, OK(''), { ...env, [P + 'ENV_ON_ERROR']: ' \tUnset\n' })
  const meant = new Set(readConfig(env).environment?.references.map(({ name }) => name))
  assert.deepEqual(
    Object.keys(env).filter((name) => !left.has(name)),
    Object.keys(env).filter((name) => meant.has(name)),
  )
  assert.ok(meant.size > 100 && meant.size < values.length - 100, `both kinds are among them: ${meant.size}`)
})

test('the extension and the wrapper read the same port', async (t) => {
  const good = await impostor(t, OK(''))
  const forms = [
    ...['', '+', '-', '0', '00', '+000', ' ', '\t', '\u00a0', '\ufeff', '\u2003'].map((one) => one + good),
    ...['\n', ' ', '\v\f\r', '\u00a0', '.0', 'e0', '_', 'x', '+'].map((one) => good + one),
    good.padStart(15, '0'),
    good.padStart(16, '0'),
    '+' + good.padStart(15, '0'),
    `0x${Number(good).toString(16)}`,
    ...'0 +0 -0 65536 99999999 1e3 08 $(id) a[$(id>&2)] १२३४'.split(' '),
    '',
  ]
  for (const form of forms) {
    const { port } = readConfig({ [P + 'HTTP_PORT']: form })
    const env = { PATH: '/usr/bin:/bin', AWS_SESSION_TOKEN: 'any', _HANDLER: 'x', [P + 'HTTP_PORT']: form }
    const { code, stderr } = await run(env, ['/bin/true'])
    if (String(port) === good) assert.deepEqual([code, stderr], [0, ''], JSON.stringify(form))
    else
      assert.match(
        stderr,
        new RegExp(`^[^\\n]+ no answer from the extension at port ${port}\\n$|bad session token`),
        JSON.stringify(form),
      )
  }
})

test('what the environment holds reaches the runtime as it is, also where bash has such variables itself', async (t) => {
  const names =
    `BASH BASHOPTS BASHPID BASH_ALIASES BASH_ARGV0 BASH_CMDS BASH_COMMAND BASH_COMPAT BASH_ENV BASH_LINENO
    BASH_REMATCH BASH_SOURCE BASH_SUBSHELL BASH_VERSINFO BASH_VERSION BASH_XTRACEFD CDPATH CHILD_MAX COLUMNS COMPREPLY
    COMP_CWORD COMP_WORDBREAKS DIRSTACK EMACS ENV EPOCHREALTIME EPOCHSECONDS EUID EXECIGNORE FCEDIT FIGNORE FUNCNAME
    FUNCNEST GLOBIGNORE GROUPS HISTCMD HISTCONTROL HISTFILE HISTIGNORE HISTSIZE HOSTFILE HOSTNAME HOSTTYPE IFS IGNOREEOF
    INPUTRC LANG LC_ALL LC_CTYPE LC_MESSAGES LINENO LINES MACHTYPE MAIL MAPFILE OLDPWD OPTARG OPTERR OPTIND OSTYPE
    PIPESTATUS POSIXLY_CORRECT PPID PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 PWD RANDOM REPLY SECONDS SHELL SHELLOPTS SRANDOM
    TERM TIMEFORMAT TMOUT TMPDIR UID auto_resume histchars a.b a-b 1a ü`.split(/\s+/)
  const all = Object.fromEntries(names.map((name) => [name, `1 of ${name} "$(exit 1)" `]))
  // Of these bash itself warns where they are none of its own.
  const given = {
    ...all,
    BASH_COMPAT: '5.0',
    BASH_XTRACEFD: '2',
    LC_ALL: 'C',
    LANG: 'C',
    LC_CTYPE: 'C',
    LC_MESSAGES: 'C',
  }
  const got = await behind(t, OK('SECRET 5\nvalue\n'), {
    ...given,
    'BASH_FUNC_x%%': '() { :; }',
    SECRET: 'resolve:ssm:a',
  })
  for (const [name, value] of Object.entries(given)) assert.equal(got.get(name), value, name)
  assert.equal(got.get('BASH_FUNC_x%%'), '() { :; }')
  assert.equal(got.get('SECRET'), 'value')
})

test('a variable is taken away whatever its name', async (t) => {
  const names = [
    'GOOD',
    'a.b',
    'a b',
    '1a',
    'ü',
    'a[$(echo intruder >&2)]',
    'UID',
    'SHELLOPTS',
    'IFS',
    'PPID',
    '-u',
  ]
  const env = Object.fromEntries(names.map((name) => [name, 'resolve:ssm:/a']))
  const answers = [OK(''), OK(names.map((name) => `${name} -\n`).join(''))]
  for (const answer of answers) {
    const got = await behind(t, answer, { ...env, LEFT: 'x', 'l.m': 'y', [P + 'ENV_ON_ERROR']: 'unset' })
    assert.deepEqual(
      names.filter((name) => got.get(name)?.startsWith('resolve:')),
      [],
    )
    assert.deepEqual([got.get('LEFT'), got.get('l.m')], ['x', 'y'])
  }
})

test('a near miss that nobody resolved ends the function with one line that names the variable alone', async (t) => {
  for (const value of [
    'Resolve:ssm:/hush',
    ' resolve:hush',
    '"resolve:ssm:/hush"',
    'x{{resolve:ssm:hush}}',
  ]) {
    const port = await impostor(t, OK(''))
    const env = {
      PATH: '/usr/bin:/bin',
      AWS_SESSION_TOKEN: 'any',
      [P + 'HTTP_PORT']: port,
      'PASS.WORD': value,
    }
    const { code, stdout, stderr } = await run(env, ['/bin/echo', 'started'])
    assert.deepEqual([code, stdout.toString()], [1, ''])
    assert.match(stderr, /^[^\n]+ PASS\.WORD is a reference that the extension does not see\n$/)
    assert.doesNotMatch(stderr, /hush/)
  }
})

test('TMOUT of the function does not end the wait for the extension', async (t) => {
  const pieces = ['HTTP/1.1 200 OK\r\n', ...Array.from({ length: 80 }, () => ''), 'Content-Length: 0\r\n\r\n']
  const port = await impostor(t, ...pieces)
  const env = { PATH: '/usr/bin:/bin', AWS_SESSION_TOKEN: 'any', [P + 'HTTP_PORT']: port, TMOUT: '1' }
  const { code, stdout, stderr } = await run(env, SHOW)
  assert.deepEqual([code, stderr], [0, ''])
  assert.ok(stdout.toString().split('\0').includes('TMOUT=1'))
})

test('what cannot be started ends the function with one sentence of ours behind that of bash', async (t) => {
  const answer = OK(['A', 'B', 'C'].map((name) => `${name} 100000\n${'x'.repeat(100_000)}\n`).join(''))
  // A quarter of such a stack is less than these values.
  const small: [string, ...string[]] = ['/bin/sh', '-c', 'ulimit -s 512; exec "$0" "$@"', wrapper()]
  for (const [start, command, exit, why] of [
    [[wrapper()], '/no/such runtime', 127, /No such file or directory/],
    [[wrapper()], '/etc/passwd', 126, /Permission denied/],
    [[wrapper()], '/', 126, /[Dd]irectory/],
    [small, '/bin/echo', 126, /Argument list too long/],
  ] as const) {
    const port = await impostor(t, answer)
    const env = { PATH: '/usr/bin:/bin', AWS_SESSION_TOKEN: 'any', [P + 'HTTP_PORT']: port }
    const { code, stdout, stderr } = await run(env, [command, 'started'], start)
    assert.deepEqual([code, stdout.toString()], [exit, ''], command)
    const [line = '', ...more] = stderr.trimEnd().split('\n').toReversed()
    assert.ok(
      line.endsWith(
        ` ERROR parameters-secrets-exec: ${command} cannot be started, so the function does not start: the line before says why`,
      ),
      line,
    )
    assert.match(more.join('\n'), why)
    assert.doesNotMatch(stderr, /xxx/)
  }
})
