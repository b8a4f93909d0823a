// The starter as it is shipped, each architecture's, in front of a program that says what it was given. The other
// architecture's runs under qemu, where that is installed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test, type TestContext } from 'node:test'
import { createExtensionsClient } from '../../src/lambda/extensions-api.ts'
import { EXTENSION_NAME } from '../../src/version.ts'
import { startStalledPort } from '../../test/faults/stalled-port.ts'
import { freePort } from '../../tools/free-port.ts'
import { launcherFor } from '../emulation.ts'
import { compileC } from '../testing/c.ts'
import { starterFor } from './starter.ts'

const VARIABLE = 'PARAMETERS_SECRETS_EXTENSION_INHERITED_SOCKETS'
const PORT = 'PARAMETERS_SECRETS_EXTENSION_HTTP_PORT'
const API = 'AWS_LAMBDA_RUNTIME_API'
const NATIVE = process.arch === 'arm64' ? 'arm64' : 'x86_64'
const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
)

const folder = mkdtempSync(join(tmpdir(), 'starter-'))
after(() => rmSync(folder, { recursive: true }))

/** What a program that the starter became was given. */
interface Given {
  readonly args: readonly string[]
  /** Without the starter's variable. */
  readonly env: Readonly<Record<string, string>>
  readonly variable: string | undefined
  /** The addresses of its sockets: two that listen, and where the third is connected to. */
  readonly sockets: readonly (string | null)[]
  /** Of all that it has open from 3 on, what is a socket. */
  readonly openSockets: number
}

const PROBE = write(
  'probe.cjs',
  `const { Server, Socket } = require('node:net')
  const { fstatSync, writeFileSync } = require('node:fs')
  const openSockets = Array.from({ length: 30 }, (_, i) => i + 3).filter((fd) => {
    try { return fstatSync(fd).isSocket() } catch { return false }
  }).length
  const { ${VARIABLE}: variable, ...env } = process.env
  const [v4, v6, api] = (variable ?? '-,-,-').split(',').map((fd) => (fd === '-' ? undefined : Number(fd)))
  const sockets = [v4, v6].map((fd) => {
    if (fd === undefined) return null
    const { address, port } = new Server().on('error', () => {}).listen({ fd }).address()
    return address + ':' + port
  })
  if (api !== undefined) {
    const socket = new Socket({ fd: api, readable: true, writable: true })
    sockets.push(socket.remoteAddress + ':' + socket.remotePort)
  } else sockets.push(null)
  const args = process.argv.slice(2, -1)
  writeFileSync(process.argv[2], JSON.stringify({ args, env, variable, sockets, openSockets }))
  process.exit(0)`,
)
/** In place of the launcher: it says with which argument it was executed, and with which sockets. */
const LAUNCHER = write(
  'launcher',
  `#!/bin/sh
  sockets=
  for fd in 3 4 5 6 7 8 9; do [ -S /proc/self/fd/$fd ] && sockets="$sockets $fd"; done
  printf '%s|%s|%s' "$1" "$sockets" "$${VARIABLE}" > "$OUT"\n`,
)

function write(name: string, text: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o755 })
  return path
}

interface Ended {
  readonly code: number | null
  readonly output: string
}

async function run(
  [file, ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const child = spawn(file!, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

/** The Extensions API's end: it keeps what it is sent, and answers nothing. */
async function silentApi(t: TestContext): Promise<{ address: string; received(): string }> {
  let received = ''
  const server = createServer((socket) => {
    socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk))
    socket.on('error', () => {})
    t.after(() => socket.destroy())
  })
  return { address: await addressOf(t, server), received: () => received }
}

async function addressOf(t: TestContext, server: Server, host = '127.0.0.1'): Promise<string> {
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => server.close())
  return `${host}:${(server.address() as AddressInfo).port}`
}

async function occupy(t: TestContext, port: number, host: string): Promise<void> {
  const holder = createServer().listen(port, host)
  await once(holder, 'listening')
  t.after(() => holder.close())
}

/** What `register` of the extension itself sends. */
async function ownRegister(t: TestContext): Promise<string> {
  const api = await silentApi(t)
  void createExtensionsClient(api.address)
    .register(EXTENSION_NAME, ['SHUTDOWN'], () => {})
    .catch(() => {})
  while (!api.received().endsWith('}')) await new Promise((resolve) => setTimeout(resolve, 5))
  return api.received().replace(api.address, 'HOST')
}

for (const architecture of ['x86_64', 'arm64'] as const) {
  const emulator = launcherFor(architecture)
  if ('missing' in emulator) {
    test(`the starter for ${architecture}`, { skip: `it needs ${emulator.missing}` }, () => {})
    continue
  }
  const starter = write(`starter-${architecture}`, starterFor(architecture))

  const start = async (
    env: Readonly<Record<string, string>>,
    around: readonly string[] = [],
  ): Promise<Given> => {
    const out = join(folder, `${architecture}-${Math.random()}.json`)
    const command = [...around, ...emulator, starter, process.execPath, PROBE, out, LAUNCHER]
    assert.deepEqual(await run(command, env), { code: 0, output: '' })
    const given = JSON.parse(readFileSync(out, 'utf8')) as Given
    assert.deepEqual(given.args, [out])
    return given
  }
  /** It has done nothing but become the program. */
  const assertLeft = (given: Given, env: Readonly<Record<string, string>>): void => {
    assert.deepEqual(given.env, env)
    assert.equal(given.variable, undefined)
    assert.equal(given.openSockets, 0)
  }

  describe(`the starter for ${architecture}`, { concurrency: 2 }, () => {
    test('listens on both addresses, and registers as the extension does', async (t) => {
      const [api, port] = [await silentApi(t), await freePort()]
      const env = {
        [PORT]: String(port),
        [API]: api.address,
        OTHER: 'a=b',
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      }
      const given = await start(env)
      const v6 = hasIPv6 ? `::1:${port}` : null
      assert.deepEqual(given.sockets, [`127.0.0.1:${port}`, v6, api.address])
      assert.deepEqual(given.env, env)
      assert.equal(given.openSockets, hasIPv6 ? 3 : 2)
      assert.equal(api.received().replace(api.address, 'HOST'), await ownRegister(t))
    })

    test('replaces what a function says in its place', async (t) => {
      const [api, port] = [await silentApi(t), await freePort()]
      const env = { [VARIABLE]: '0,1,2', [PORT]: String(port), [API]: api.address }
      assert.equal((await start(env)).sockets[0], `127.0.0.1:${port}`)
      assert.equal((await start({ ...env, [PORT]: 'none' })).variable, undefined)
    })

    test('leaves to the extension what is not plain digits for a port', async (t) => {
      const api = await silentApi(t)
      for (const port of ['0', '00000', '65536', '99999', '100000', '4294969296', '18446744073709551617']) {
        const env = { [PORT]: port, [API]: api.address }
        assertLeft(await start(env), env)
      }
      for (const port of [
        ' 21000',
        '21000 ',
        '+21000',
        '-21000',
        '021000',
        '21e3',
        '0x5208',
        '21000\n',
        'x'.repeat(100_000),
      ]) {
        const env = { [PORT]: port, [API]: api.address }
        assertLeft(await start(env), env)
      }
      assert.equal(api.received(), '')
    })

    test('leaves to the extension what is no IPv4 address for the Extensions API', async (t) => {
      const api = await silentApi(t)
      const [, port = ''] = api.address.split(':')
      const without = { [PORT]: String(await freePort()) }
      assertLeft(await start(without), without)
      for (const address of [
        '',
        ':',
        port,
        `:${port}`,
        '127.0.0.1',
        `0.0.0.0:${port}`,
        '127.0.0.1:',
        `localhost:${port}`,
        `[::1]:${port}`,
        `::1:${port}`,

        `127.0.0:${port}`,
        `127.0.0.1.1:${port}`,
        `127.0.0.256:${port}`,
        `127.0.0.01:${port}`,
        `0127.0.0.1:${port}`,
        `127..0.1:${port}`,
        `127.0.0.1:0`,
        '127.0.0.1:65536',
        `127.0.0.1:0${port}`,
        `127.0.0.1:${port}/`,

        ` ${api.address}`,
        `${api.address} `,
        `${api.address}\r\nX: y`,
        `user@${api.address}`,
        '1'.repeat(100_000),
      ]) {
        const env = { ...without, [API]: address }
        assertLeft(await start(env), env)
      }
      assert.equal(api.received(), '')
    })

    test('leaves a start before a snapshot to the extension, which registers for INVOKE then', async (t) => {
      const api = await silentApi(t)
      const env = {
        [PORT]: String(await freePort()),
        [API]: api.address,
        AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start',
      }
      assertLeft(await start(env), env)
      assert.equal(api.received(), '')
    })

    test('does not register where the port of 127.0.0.1 is taken', async (t) => {
      const [api, port] = [await silentApi(t), await freePort()]
      await occupy(t, port, '127.0.0.1')
      const env = { [PORT]: String(port), [API]: api.address }
      assertLeft(await start(env), env)
      assert.equal(api.received(), '')
    })

    test('leaves ::1 to the extension where its port is taken', { skip: !hasIPv6 }, async (t) => {
      const [api, port] = [await silentApi(t), await freePort()]
      await occupy(t, port, '::1')
      const { sockets } = await start({ [PORT]: String(port), [API]: api.address })
      assert.deepEqual(sockets, [`127.0.0.1:${port}`, null, api.address])
      assert.match(api.received(), /SHUTDOWN/)
    })

    test('listens, and leaves `register` to the extension, where nobody accepts it', async (t) => {
      const [gone, port] = [`127.0.0.1:${await freePort()}`, await freePort()]
      assert.equal((await start({ [PORT]: String(port), [API]: gone })).sockets[2], null)
      const stalled = await startStalledPort(1)
      t.after(() => stalled.close())
      await stalled.stall()
      const { sockets, openSockets } = await start({
        [PORT]: String(port),
        [API]: stalled.url.slice('http://'.length),
      })
      assert.deepEqual([sockets[0], sockets[2]], [`127.0.0.1:${port}`, null])
      assert.equal(openSockets, hasIPv6 ? 2 : 1)
    })

    test('does nothing in an environment of more variables than any function has', async (t) => {
      const api = await silentApi(t)
      const base = { [PORT]: String(await freePort()), [API]: api.address }
      const many = (count: number) => ({
        ...base,
        ...Object.fromEntries(Array.from({ length: count - 2 }, (_, i) => [`V${i}`, ''])),
      })
      assert.notEqual((await start(many(1_024))).variable, undefined)
      assertLeft(await start(many(1_025)), many(1_025))
    })

    test('lets go of everything where the program cannot be executed, and starts the launcher again', async (t) => {
      const [api, port] = [await silentApi(t), await freePort()]
      const OUT = join(folder, `again-${architecture}`)
      const noProgram = write('no-program', 'neither a script nor an ELF')
      for (const program of [join(folder, 'nothing'), folder, noProgram]) {
        const ran = await run([...emulator, starter, program, LAUNCHER], {
          OUT,
          [PORT]: String(port),
          [API]: api.address,
        })
        assert.deepEqual(ran, { code: 0, output: '' })
        assert.equal(readFileSync(OUT, 'utf8'), 'again||')
      }
      const nothing = await run([...emulator, starter, folder, folder], {})
      assert.deepEqual(nothing, { code: 126, output: '' })
      assert.deepEqual(await run([...emulator, starter], {}), { code: 126, output: '' })
    })

    test('never hands over what would be taken for a standard stream', async (t) => {
      const [api, port] = [await silentApi(t), await freePort()]
      const closing = ['/bin/sh', '-c', 'exec "$0" "$@" 0<&- 1>&- 2>&-']
      const env = { [PORT]: String(port), [API]: api.address }
      assert.equal((await start(env, closing)).variable, undefined)
      assert.equal(api.received(), '')
    })
  })
}

// Syscalls as asm/unistd.h numbers them, refused with EPERM as by a container's seccomp profile.
const DENY = `
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **arguments) {
  struct sock_filter filter[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, atoi(arguments[1])},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  struct sock_fprog program = {4, filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) return 99;
  execv(arguments[2], arguments + 2);
  return 98;
}`
const CALLS = {
  x86_64: { socket: 41, connect: 42, sendto: 44, bind: 49, listen: 50, setsockopt: 54 },
  arm64: { socket: 198, bind: 200, listen: 201, connect: 203, sendto: 206, setsockopt: 208 },
}[NATIVE]

test('where a profile of seccomp denies it a call, the extension is started all the same', async (t) => {
  const deny = compileC(folder, 'deny', DENY)
  const starter = write('starter', starterFor(NATIVE))
  const ends = write(
    'ends.cjs',
    `require('node:fs').writeFileSync(process.env.OUT, process.env.${VARIABLE} ?? 'none')`,
  )
  for (const [name, number] of Object.entries(CALLS)) {
    const api = await silentApi(t)
    const OUT = join(folder, `denied-${name}`)
    const env = { OUT, [PORT]: String(await freePort()), [API]: api.address }
    const ran = await run([deny, String(number), starter, process.execPath, ends, LAUNCHER], env)
    assert.deepEqual(ran, { code: 0, output: '' }, name)
    const isAfterListening = name === 'connect' || name === 'sendto'
    assert.match(readFileSync(OUT, 'utf8'), isAfterListening ? /^\d+,(\d+|-),-$/ : /^none$/, name)
    assert.equal(api.received(), '', name)
  }
})
