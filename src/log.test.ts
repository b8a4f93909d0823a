import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { createAnswer } from './answer/answer.ts'
import { createLog, type Level, type Log } from './log.ts'
import { say, shown } from './public.ts'

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error', 'none']
const AT = new Date(Date.UTC(2024, 5, 26, 2, 34, 50, 7))

function capture(
  level: Level,
  format: 'text' | 'json' = 'text',
  at: Date = AT,
): { log: Log; lines: string[] } {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  return { log: createLog(level, format, { write, now: () => at }), lines }
}

test('a text line is the one of the original: prefix, Go timestamp in UTC, level, message', () => {
  const { log, lines } = capture('debug')
  log.debug(say`d`)
  log.info(say`Serving on port ${2773}`)
  log.warn(say`w`)
  log.error(say`e`)
  const prefix = '[AWS Parameters and Secrets Lambda Extension] 2024/06/26 02:34:50 '
  assert.deepEqual(lines, [
    prefix + 'DEBUG d\n',
    prefix + 'INFO Serving on port 2773\n',
    prefix + 'WARN w\n',
    prefix + 'ERROR e\n',
  ])
})

test('the very first line has no level, and single spaces', () => {
  const { log, lines } = capture('info')
  log.plain(say`PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL is not present. Log level set to info.`)
  assert.deepEqual(lines, [
    '[AWS Parameters and Secrets Lambda Extension] 2024/06/26 02:34:50 ' +
      'PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL is not present. Log level set to info.\n',
  ])
})

test('every part of the timestamp has its two digits', () => {
  for (const [at, text] of [
    [Date.UTC(2026, 0, 1, 0, 0, 0), '2026/01/01 00:00:00'],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 999), '2026/12/31 23:59:59'],
    [Date.UTC(2026, 8, 9, 9, 9, 9), '2026/09/09 09:09:09'],
  ] as const) {
    const { log, lines } = capture('info', 'text', new Date(at))
    log.info(say`x`)
    assert.equal(lines[0]?.slice(46, 65), text)
  }
})

test('a JSON line has the keys of Lambda’s own lines, and ends with a line feed', () => {
  const { log, lines } = capture('debug', 'json')
  log.warn(say`a "quoted" ${shown('back\\slash')}`)
  log.plain(say`first`)
  assert.deepEqual(lines, [
    '{"timestamp":"2024-06-26T02:34:50.007Z","level":"WARN","message":"a \\"quoted\\" back\\\\slash",' +
      '"extension":"AWSParametersAndSecretsLambdaExtension"}\n',
    '{"timestamp":"2024-06-26T02:34:50.007Z","level":"INFO","message":"first",' +
      '"extension":"AWSParametersAndSecretsLambdaExtension"}\n',
  ])
})

for (const format of ['text', 'json'] as const) {
  for (const level of LEVELS) {
    const expected = LEVELS.slice(LEVELS.indexOf(level)).filter((one) => one !== 'none')
    test(`level ${level} in ${format} writes ${expected.join(', ') || 'nothing'}`, () => {
      const { log, lines } = capture(level, format)
      for (const one of ['debug', 'info', 'warn', 'error'] as const) log[one](say`${shown(one)}-message`)
      assert.deepEqual(
        lines.map((line) => /(\w+)-message/.exec(line)?.[1]),
        expected,
      )
    })
  }
}

test('debugEnabled is true at debug alone', () => {
  for (const level of LEVELS) assert.equal(capture(level).log.debugEnabled, level === 'debug')
})

test('the line without a level is written at every level but none', () => {
  for (const level of LEVELS) {
    const { log, lines } = capture(level)
    log.plain(say`x`)
    assert.equal(lines.length, level === 'none' ? 0 : 1)
  }
})

test('the types refuse a plain string, a Buffer and an Answer at every level', () => {
  const { log, lines } = capture('none')
  const secret: string = 'hunter2'
  const answer = createAnswer('{"SecretString":"hunter2"}')
  for (const level of ['debug', 'info', 'warn', 'error', 'plain'] as const) {
    // @ts-expect-error a string may be a secret
    log[level](secret)
    // @ts-expect-error and so may text made from one
    log[level](`value: ${secret}`)
    // @ts-expect-error bytes
    log[level](Buffer.from(secret))
    // @ts-expect-error an answer
    log[level](answer)
    // @ts-expect-error the bytes of an answer are a string too
    log[level](answer.bytes)
    // @ts-expect-error an error's text may quote a value
    log[level](new Error(secret))
    // @ts-expect-error one message, no further arguments
    log[level](say`x`, secret)
  }
  assert.deepEqual(lines, [])
})

// The writer itself, in a process of its own whose stdout is a real pipe.

const LOG_URL = JSON.stringify(new URL('./log.ts', import.meta.url).href)
const PUBLIC_URL = JSON.stringify(new URL('./public.ts', import.meta.url).href)
const HEAD = `
  import { closeSync } from 'node:fs'
  import { createLog } from ${LOG_URL}
  import { say } from ${PUBLIC_URL}
  const log = createLog('info', 'text')
  const tell = (word) => process.stderr.write(word + '\\n')
`

function child(t: TestContext, body: string): ChildProcessWithoutNullStreams {
  const process_ = spawn(process.execPath, ['--input-type=module', '-e', HEAD + body])
  t.after(() => process_.kill('SIGKILL'))
  return process_
}

async function printed(process_: ChildProcessWithoutNullStreams, word: string): Promise<void> {
  let text = ''
  for await (const chunk of process_.stderr.setEncoding('utf8')) {
    text += chunk as string
    if (text.includes(word + '\n')) return
  }
  assert.fail(`never said ${word}, but: ${text}`)
}

test('a line is on stdout when the call returns, so that an exit right after it loses nothing', async (t) => {
  const writer = child(t, `log.info(say\`last words\`); process.exit(0)`)
  const chunks = await writer.stdout.setEncoding('utf8').toArray()
  assert.match(chunks.join(''), /^\[AWS Parameters and Secrets Lambda Extension\] \S+ \S+ INFO last words\n$/)
})

test('a stdout that nobody reads any more (EPIPE) does not stop the process', async (t) => {
  const writer = child(
    t,
    `process.stdin.once('data', () => {
       for (let i = 0; i < 100; i++) log.info(say\`line \${i}\`)
       setTimeout(() => { log.info(say\`later\`); tell('alive'); process.exit(7) }, 60)
     })
     tell('up')`,
  )
  writer.stdout.destroy()
  const alive = printed(writer, 'alive')
  await once(writer.stdout, 'close')
  writer.stdin.end('go')
  const [[code]] = (await Promise.all([once(writer, 'exit'), alive])) as [[number], void]
  assert.equal(code, 7)
})

test('a closed stdout (EBADF) does not stop the process', async (t) => {
  const writer = child(
    t,
    `closeSync(1); log.error(say\`nobody\`); log.error(say\`hears\`); tell('alive'); process.exit(7)`,
  )
  const [[code]] = (await Promise.all([once(writer, 'exit'), printed(writer, 'alive')])) as [[number], void]
  assert.equal(code, 7)
})

test('a full pipe (EAGAIN) loses whole lines at most: nothing blocks, nothing is torn, and it recovers', async (t) => {
  // Touching process.stdout makes the descriptor non-blocking, as a host may hand it to us.
  const body = `
    void process.stdout
    for (let i = 0; i < 6000; i++) log.info(say\`line \${i} ${WIDE}\`)
    tell('written')
    setInterval(() => log.info(say\`line 9999 ${WIDE}\`), 20)`
  // A pipe of the kernel, whose reader starts only when it is asked to; the one that spawn makes is a socket.
  const script = 'exec 3<&0; "$0" --input-type=module -e "$1" </dev/null | { read go <&3; exec cat; }'
  const both = spawn('/bin/sh', ['-c', script, process.execPath, HEAD + body], { detached: true })
  t.after(() => process.kill(-both.pid!, 'SIGKILL'))
  await printed(both, 'written')
  both.stdin.write('go\n')
  let text = ''
  for await (const chunk of both.stdout.setEncoding('utf8')) {
    text += chunk as string
    if (/ 9999 .*\n/.test(text)) break
  }
  const numbers = text.split('\n').slice(0, -1).map(lineNumber)
  const early = numbers.filter((n) => n !== 9999)
  assert.deepEqual(
    early,
    Array.from({ length: early.length }, (_, i) => i),
    'in order, from the first on, none twice',
  )
  assert.ok(early.length > 100 && early.length < 6000, `the pipe was full at some line, here ${early.length}`)
})

// Three bytes each, so that most places where a write may stop are inside a character.
const WIDE = '秘'.repeat(50)

function lineNumber(line: string): number {
  const match = /^\[AWS Parameters and Secrets Lambda Extension\] \S+ \S+ INFO line (\d+) (.*)$/.exec(line)
  assert.ok(match?.[2] === WIDE, `torn: ${JSON.stringify(line)}`)
  return Number(match[1])
}
