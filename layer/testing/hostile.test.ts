// What functions bring along, on the artefact that EXTENSION_UNDER_TEST names: an extension that breaks, breaks them.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { testTls } from '../../local/emulators/aws/tls.ts'
import { type Extension, type ExtensionOptions, startExtension } from '../../test/artefact.ts'
import { environmentOf, run } from '../../test/wrapper.ts'
import { EXTENSION_PATH } from '../layers.ts'

const EXTENSION_NAME = basename(EXTENSION_PATH)
const SECRET = '/secretsmanager/get?secretId=dummy-string-secret'
const NOWHERE = 'http://127.0.0.1:1'

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function serves(t: TestContext, options: ExtensionOptions): Promise<Extension> {
  const extension = await startExtension(t, options)
  assert.equal((await extension.get(SECRET)).status, 200)
  return extension
}

/** A module that says so when somebody runs it. */
function intruderIn(folder: string): string {
  const path = join(folder, 'intruder.cjs')
  writeFileSync(path, `process.stdout.write('intruder')`)
  return path
}

function assertAlone({ logs }: Extension): void {
  assert.deepEqual(
    logs().filter((line) => /intruder|inspector|debugger/i.test(line)),
    [],
  )
}

const VARIABLES: Record<string, Record<string, string>> = {
  'a NODE_OPTIONS that requires a missing file': { NODE_OPTIONS: '--require /nope' },
  'a NODE_OPTIONS that no Node knows': { NODE_OPTIONS: '--no-such-option' },
  'a NODE_OPTIONS that waits for a debugger': { NODE_OPTIONS: '--inspect-brk=127.0.0.1:0' },
  'data of ICU that is not there': { NODE_ICU_DATA: '/nope' },
  'a configuration of OpenSSL that is not there': { OPENSSL_CONF: '/nope', OPENSSL_MODULES: '/nope' },
  'the variables of a child of Node': { NODE_CHANNEL_FD: '3', NODE_UNIQUE_ID: '1' },
  'a proxy for everything': {
    NODE_USE_ENV_PROXY: '1',
    ...Object.fromEntries(
      ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].map((name) => [name, NOWHERE]),
    ),
  },
  'sockets of a starter that has not run': { PARAMETERS_SECRETS_EXTENSION_INHERITED_SOCKETS: '3,4,5' },
  'a BUN_OPTIONS that preloads a missing file': { BUN_OPTIONS: '--preload /nope' },
  BUN_BE_BUN: { BUN_BE_BUN: '1' },
  'an inspector for Bun': { BUN_INSPECT: 'ws://127.0.0.1:0/x?break=1', BUN_INSPECT_NOTIFY: NOWHERE },
  'a verbose Bun': { BUN_CONFIG_VERBOSE_FETCH: 'curl', BUN_DEBUG_QUIET_LOGS: '0', BUN_JSC_useJIT: '0' },
  'caches and coverage that cannot be written': {
    NODE_COMPILE_CACHE: '/nope/cache',
    NODE_V8_COVERAGE: '/nope/coverage',
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: '/nope/transpiled',
  },
  'an LD_PRELOAD that is not there': { LD_PRELOAD: '/nope.so' },
  'a shell that ends at an unset variable': { SHELLOPTS: 'nounset' },
  'a shell that ends at a failure': { SHELLOPTS: 'errexit', BASHOPTS: 'failglob:nullglob' },
  'a shell with all such options': { SHELLOPTS: 'nounset:errexit:keyword:noclobber:noglob:pipefail' },
  'functions of a shell in place of its builtins': Object.fromEntries(
    ['cd', 'shopt', '[', 'command', 'printf'].map((name) => [`BASH_FUNC_${name}%%`, '() { exit 3; }']),
  ),
  'an empty PATH': { PATH: '' },
  'certificates that are not there': {
    NODE_EXTRA_CA_CERTS: '/nope',
    SSL_CERT_FILE: '/nope',
    SSL_CERT_DIR: '/nope',
  },
  'another language and time zone': { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', TZ: 'Asia/Kolkata' },
}

for (const [what, env] of Object.entries(VARIABLES)) {
  test(`it serves with ${what}`, async (t) => assertAlone(await serves(t, { env })))

  test(`the wrapper gives a secret to the function with ${what}`, async (t) => {
    const reference = { PASSWORD: 'resolve:secretsmanager:dummy-string-secret' }
    const extension = await startExtension(t, { env: { ...env, ...reference } })
    // `env` may name a library that is not there: what the loader says of it is not the wrapper's.
    const ran = await run(environmentOf(extension, env), ['/bin/cat', '/proc/self/environ'])
    assert.equal(ran.code, 0, ran.stderr)
    assert.ok(ran.stdout.toString().split('\0').includes('PASSWORD=an-insecure-string-secret-value'))
  })
}

test("a module that the function preloads into its own runtime is not run in the extension's", async (t) => {
  const intruder = intruderIn(temporary(t))
  const env = {
    NODE_OPTIONS: `--require ${intruder}`,
    BUN_OPTIONS: `--preload ${intruder}`,
    BUN_INSPECT_PRELOAD: intruder,
  }
  assertAlone(await serves(t, { env }))
})

test('it serves with libraries in LD_LIBRARY_PATH that are none', async (t) => {
  const folder = temporary(t)
  const libraries = [
    'libstdc++.so.6',
    'libgcc_s.so.1',
    'libatomic.so.1',
    'libssl.so.3',
    'libcrypto.so.3',
    'libz.so.1',
  ]
  for (const library of libraries) writeFileSync(join(folder, library), 'not a library')
  await serves(t, { env: { LD_LIBRARY_PATH: folder } })
})

test('settings of runtimes in the working directory are not read', async (t) => {
  const cwd = temporary(t)
  intruderIn(cwd)
  writeFileSync(
    join(cwd, '.env'),
    'PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL=debug\nPARAMETERS_SECRETS_EXTENSION_HTTP_PORT=1\n',
  )
  writeFileSync(join(cwd, 'bunfig.toml'), 'preload = ["./intruder.cjs"]\n')
  writeFileSync(join(cwd, 'package.json'), '{"type": "module", "imports": {"#x": "./intruder.cjs"}}')
  writeFileSync(join(cwd, 'tsconfig.json'), 'no JSON')
  const extension = await serves(t, { cwd })
  assertAlone(extension)
  assert.ok(!extension.logs().some((line) => line.includes('DEBUG')))
})

test('it serves in a working directory that does not exist any more', async (t) => {
  const cwd = temporary(t)
  const inner = join(cwd, 'gone')
  mkdirSync(inner)
  // A process keeps the directory that it was started in; a shell is in it while we take it away.
  const command = ['/bin/sh', '-c', `rmdir "${inner}" && exec "$0"`, commandOf(t)]
  await withCommand(command, () => serves(t, { cwd: inner, env: { PATH: '/usr/bin:/bin' } }))
  assert.throws(() => rmdirSync(inner), { code: 'ENOENT' })
})

test('it serves where a package.json beside it declares all files to be ES modules', async (t) => {
  const folder = temporary(t)
  mkdirSync(join(folder, 'extensions'))
  const copy = join(folder, 'extensions', EXTENSION_NAME)
  copyFileSync(commandOf(t), copy)
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  await withCommand([copy], () => serves(t, {}))
})

test('it serves where nothing can be written but /tmp', async (t) => {
  // As the root directory that the layers are tested under; elsewhere the layer's own folder alone is ours to close.
  const folder = dirname(commandOf(t))
  if (folder === '/opt/extensions') {
    for (const path of ['/', '/var/', '/opt/', '/opt/extensions/']) {
      assert.throws(() => writeFileSync(`${path}probe`, ''), { code: 'EROFS' })
    }
  }
  await serves(t, { cwd: folder })
})

test('it serves as a user without rights', async (t) => {
  // The user of Lambda's sandbox, where we may change to it; whoever may not has no rights anyway.
  const user = ['--reuid=993', '--regid=990', '--clear-groups', '--no-new-privs', '--inh-caps=-all']
  const isAllowed = spawnSync('/usr/bin/setpriv', [...user, 'true']).status === 0
  const command = isAllowed ? ['/usr/bin/setpriv', ...user, commandOf(t)] : [commandOf(t)]
  await withCommand(command, () => serves(t, {}))
})

test('a certificate that nobody vouches for is refused, whatever the function says', async (t) => {
  const { caPath, ...tls } = testTls()
  for (const [env, status] of [
    [{ AWS_CA_BUNDLE: caPath }, 200],
    [{}, 400],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 400],
  ] as const) {
    const extension = await startExtension(t, { env, aws: { tls } })
    assert.equal((await extension.get(SECRET)).status, status, JSON.stringify(env))
    await extension.stop()
  }
})

/** The one file of the layer. */
function commandOf(t: TestContext): string {
  const { extensionsDir } = JSON.parse(process.env['EXTENSION_UNDER_TEST'] ?? '{}') as {
    extensionsDir?: string
  }
  assert.ok(extensionsDir !== undefined, `${t.name}: EXTENSION_UNDER_TEST names no layer`)
  return join(extensionsDir, EXTENSION_NAME)
}

/** The same layer, started in another way. */
async function withCommand(command: string[], act: () => Promise<unknown>): Promise<void> {
  const before = process.env['EXTENSION_UNDER_TEST']
  process.env['EXTENSION_UNDER_TEST'] = JSON.stringify({ name: command.join(' '), command })
  try {
    await act()
  } finally {
    process.env['EXTENSION_UNDER_TEST'] = before
  }
}
