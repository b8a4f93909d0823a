import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isAllowedName, OF_BASH, STEERING, STEERING_IN_EITHER_CASE } from './variable-names.ts'

const WRAPPER = new URL('../../layer/exec/parameters-secrets-exec', import.meta.url)
const SECURITY = new URL('../../SECURITY.md', import.meta.url)

/** Some of each family of names that AWS, glibc or a runtime reads. */
const REFUSED = `
  CORECLR_PROFILER COR_ENABLE_PROFILING DOTNET_STARTUP_HOOKS DOTNET_GCHeapHardLimit COMPlus_EnableDiagnostics complus_x
  PERL5LIB PERL5OPT PERLLIB PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS RUBYOPT RUBYLIB GEM_PATH GEM_HOME
  BUNDLE_GEMFILE NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS JAVA_TOOL_OPTIONS JAVA_HOME JDK_JAVA_OPTIONS _JAVA_OPTIONS
  OPENJ9_JAVA_OPTIONS CLASSPATH PHPRC PHP_INI_SCAN_DIR OPENSSL_CONF OPENSSL_MODULES SSL_CERT_FILE SSL_CERT_DIR
  SSLKEYLOGFILE CURL_CA_BUNDLE CURL_HOME REQUESTS_CA_BUNDLE HTTP_PROXY https_proxy No_Proxy ALL_PROXY grpc_proxy
  LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT GLIBC_TUNABLES MALLOC_CHECK_ GCONV_PATH LOCPATH NLSPATH HOSTALIASES RES_OPTIONS
  RESOLV_HOST_CONF LOCALDOMAIN TZDIR TMPDIR GIT_SSH_COMMAND GIT_EXEC_PATH BASH_ENV BASHOPTS BASH_FUNC_x SHELLOPTS SHELL
  PS0 PS1 PS2 PS3 PS4 PROMPT_COMMAND TMOUT IFS ENV _ _x __PYVENV_LAUNCHER__ AWS_REGION AWS_ACCESS_KEY_ID
  LAMBDA_TASK_ROOT PARAMETERS_SECRETS_EXTENSION_HTTP_PORT SECRETS_MANAGER_TTL SSM_PARAMETER_STORE_TTL PATH PWD OLDPWD
  HOME CDPATH UID EUID RANDOM SECONDS SHLVL NPM_CONFIG_REGISTRY npm_config_registry BUN_OPTIONS DENO_DIR GODEBUG
  ASPNETCORE_HOSTINGSTARTUPASSEMBLIES`

test('a source may not set what steers Lambda, the loader, a runtime or ourselves', () => {
  for (const name of REFUSED.trim().split(/\s+/)) assert.ok(!isAllowedName(name), name)
  for (const name of ['1a', 'a-b', 'a b', '', 'ü', 'a\n', 'a.b']) assert.ok(!isAllowedName(name), name)
})

test('names of applications are allowed, also such as begin like those', () => {
  const names = `DB_PASSWORD a PATHS LDAP_URL AWSX HOSTNAME CORE_URL CORS_ORIGIN GEMINI_KEY GITHUB_TOKEN GITLAB_TOKEN
    GOOGLE_API_KEY GODADDY_KEY PROXY PROXY_URL pwd path home env user uid PS5 PSK NODEPING_KEY REDIS_URL COMPLUS SSLMODE
    PGSSLMODE ENVIRONMENT HOME_URL TMP_DIR MALLOC TOKEN`
  for (const name of names.split(/\s+/)) assert.ok(isAllowedName(name), name)
})

const FAMILIES = [...STEERING, ...OF_BASH].flatMap((row) => row.split(' '))

test('the wrapper has the same families', () => {
  const text = readFileSync(WRAPPER, 'utf8')
  const body = /^PARAMETERS_SECRETS_EXTENSION_allows\(\) \{\n(.*?)^\}/ms.exec(text)![1]!
  const [exact, either] = body.split('case ${1^^} in')
  const globsIn = (some: string) =>
    [...some.matchAll(/^ {4}(.+)\) return 1 ;;$/gm)].flatMap(([, row]) => row!.split(' | '))
  assert.deepEqual(globsIn(exact!), FAMILIES)
  assert.deepEqual(globsIn(either!), STEERING_IN_EITHER_CASE.split(' '))
})

test('SECURITY.md lists these families, and no other', () => {
  const text = readFileSync(SECURITY, 'utf8')
  const section = /^### Names that a source never sets\n(.*)$/ms.exec(text)![1]!
  const listed = [...section.split('| names |')[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
  assert.deepEqual([...listed].sort(), [...FAMILIES, ...STEERING_IN_EITHER_CASE.split(' ')].sort())
})
