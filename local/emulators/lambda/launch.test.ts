import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { startLambda } from './host.ts'
import { directoryOf, failureOf, lambda, nodeExtension, played, wellBehaved } from './testing.ts'

const fatal: Record<string, { make: (t: TestContext) => string; reason: string }> = {
  'a file without the exec bit': {
    make: (t) => {
      const directory = directoryOf(t, { x: '#!/bin/sh\n' })
      chmodSync(join(directory, 'x'), 0o644)
      return directory
    },
    reason: 'permission denied',
  },
  'a README beside the executables': {
    make: (t) => {
      const directory = directoryOf(t, { x: 'About these extensions\n' })
      chmodSync(join(directory, 'x'), 0o644)
      return directory
    },
    reason: 'permission denied',
  },
  'an executable text without a shebang': {
    make: (t) => directoryOf(t, { x: 'exec sleep 600\n' }),
    reason: 'exec format error',
  },
  'an empty executable': {
    make: (t) => directoryOf(t, { x: '' }),
    reason: 'exec format error',
  },
  'a shebang with a CRLF line end': {
    make: (t) => directoryOf(t, { x: '#!/bin/sh\r\nexec sleep 600\r\n' }),
    reason: 'no such file or directory',
  },
  'an interpreter that is not there': {
    make: (t) => directoryOf(t, { x: '#!/no/such/node\n' }),
    reason: 'no such file or directory',
  },
  'a symbolic link to a directory': {
    make: (t) => {
      const directory = directoryOf(t, {})
      symlinkSync('/', join(directory, 'x'))
      return directory
    },
    reason: 'permission denied',
  },
  'a symbolic link to nothing': {
    make: (t) => {
      const directory = directoryOf(t, {})
      symlinkSync('/no/such/file', join(directory, 'x'))
      return directory
    },
    reason: 'no such file or directory',
  },
}

for (const [what, { make, reason }] of Object.entries(fatal)) {
  test(`${what} is a launch error that fails init`, async (t) => {
    const directory = make(t)
    const host = await lambda(t, { extensionsDir: directory })
    const failure = await failureOf(host.initialized())
    assert.equal(failure.errorType, 'Extension.LaunchError')
    assert.equal(failure.message, `fork/exec ${join(directory, 'x')}: ${reason}`)
    await assert.rejects(host.invoke(), { errorType: 'Extension.LaunchError' })
  })
}

test('a launch error ends the extensions that were launched before it', async (t) => {
  const directory = directoryOf(t, { 'a.mjs': wellBehaved, 'b.js': 'no shebang' })
  const host = await lambda(t, { extensionsDir: directory })
  await failureOf(host.initialized())
  const report = await host.shutdown()
  assert.deepEqual(
    report.extensions.map(({ name, killed }) => ({ name, killed })),
    [{ name: 'a.mjs', killed: true }],
  )
})

test('subdirectories are ignored and an absent directory has no extensions', async (t) => {
  const directory = directoryOf(t, {})
  mkdirSync(join(directory, 'lib'))
  writeFileSync(join(directory, 'lib', 'data'), '')
  for (const extensionsDir of [directory, join(directory, 'none')]) {
    const host = await lambda(t, { extensionsDir })
    assert.deepEqual((await host.initialized()).extensions, [])
  }
})

test('a symbolic link to an executable is launched under the name of the link', async (t) => {
  const target = directoryOf(t, { 'target.mjs': wellBehaved.replace('process.argv[1]', '"link"') })
  const directory = directoryOf(t, {})
  symlinkSync(join(target, 'target.mjs'), join(directory, 'link'))
  const host = await lambda(t, { extensionsDir: directory })
  assert.equal((await host.initialized()).extensions[0]?.name, 'link')
})

test('extensions are launched in the order of their names', async (t) => {
  const directory = directoryOf(t, { 'b.mjs': wellBehaved, 'a.mjs': wellBehaved, 'B.mjs': wellBehaved })
  const host = await lambda(t, { extensionsDir: directory })
  const report = await host.initialized()
  assert.deepEqual(
    report.extensions.map(({ name }) => name),
    ['B.mjs', 'a.mjs', 'b.mjs'],
  )
})

test('an eleventh executable is one too many', async (t) => {
  const extensions = Array.from({ length: 11 }, (_, i) => ({ ...played, name: `x${i}` }))
  const host = await lambda(t, { extensions })
  const failure = await failureOf(host.initialized())
  assert.deepEqual([failure.errorType, failure.extension], ['Extension.LaunchError', 'x10'])
  assert.equal(host.pids.length, 10)
})

test('an extension leads its own process group, has no arguments, and its output comes line by line', async (t) => {
  const directory = directoryOf(t, {
    'x.mjs': nodeExtension(`
      process.stdout.write('one\\ntw')
      process.stderr.write('from stderr\\n')
      process.stdout.write('o ' + process.argv.length + ' ' + process.cwd() + '\\n')
      process.stdout.write('no line end')
      await register(['SHUTDOWN'])
      await next()
    `),
  })
  const lines: string[] = []
  const host = await lambda(t, {
    extensionsDir: directory,
    onLog: ({ extension, stream, text }) => lines.push(`${extension} ${stream} ${text}`),
  })
  await host.initialized()
  const [pid = 0] = host.pids
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  assert.equal(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]), pid)
  await host.shutdown()
  const stdout = lines.filter((line) => line.includes(' stdout '))
  assert.deepEqual(stdout, ['x.mjs stdout one', 'x.mjs stdout two 2 /', 'x.mjs stdout no line end'])
  assert.ok(lines.includes('x.mjs stderr from stderr'))
  assert.deepEqual(host.logs.toSorted(), ['from stderr', 'no line end', 'one', 'two 2 /'])
})

test('an explicit command runs with its arguments, under its given name', async (t) => {
  const directory = directoryOf(t, {
    'bundle.mjs': wellBehaved.replace('process.argv[1]', 'process.argv[2]'),
  })
  const command = [process.execPath, join(directory, 'bundle.mjs'), 'Named']
  const host = await lambda(t, { extensions: [{ name: 'Named', command }] })
  assert.equal((await host.initialized()).extensions[0]?.name, 'Named')
})

test('a host that cannot start says so and leaves nothing', async () => {
  await assert.rejects(startLambda({ extensions: [played, played] }), /same name/)
  await assert.rejects(startLambda({ extensions: [played, { name: 'x', command: [] }] }), /empty command/)
  await assert.rejects(startLambda({ extensionsDir: process.execPath }), { code: 'ENOTDIR' })
})
