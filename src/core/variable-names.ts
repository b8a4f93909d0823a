// Which variables of the function may be given a value by whom. The owner of the function writes its variables; whoever
// writes a secret or a parameter may be somebody else, so what they hold must not set what steers Lambda, the loader, a
// runtime, or where traffic goes and which certificates are believed. Families rather than names, as new names come
// with each release. SECURITY.md lists them, and the wrapper (layer/exec/) has them again; tests compare all three.

/** Globs: `*` is any text, `[0-4]` one of these characters. */
export const STEERING: readonly string[] = [
  // Lambda and the extension itself.
  'AWS_* LAMBDA_* PARAMETERS_SECRETS_EXTENSION_* SECRETS_MANAGER_* SSM_PARAMETER_STORE_*',
  // The loader and the C library: glibc, sysdeps/generic/unsecvars.h, and its resolver.
  'LD_* GLIBC_* LIBC_* MALLOC_* GCONV_PATH GETCONF_DIR LOCPATH NLSPATH TMPDIR TZDIR',
  'HOSTALIASES LOCALDOMAIN NIS_PATH RESOLV_* RES_OPTIONS',
  // Certificates and transport.
  'OPENSSL_* SSL_* SSLKEYLOGFILE CURL_* REQUESTS_* GRPC_*',
  // Runtimes and what loads their packages.
  'NODE_* NPM_* npm_* BUN_* DENO_* UV_*',
  'PYTHON* PIP_* VIRTUAL_ENV',
  'JAVA* JDK_* *_JAVA_OPTIONS CLASSPATH',
  'CORECLR_* COR_* DOTNET_* ASPNETCORE_*',
  'RUBY* GEM_* BUNDLE_*',
  'PERL* PHP* LUA_* ERL_* GIT_*',
  'GOCOVERDIR GODEBUG GOGC GOMAXPROCS GOMEMLIMIT GOTRACEBACK',
  // Shells.
  '_* PATH PWD OLDPWD HOME ENV IFS TMOUT PROMPT_COMMAND PS[0-4] BASH* SHELL*',
  'CDPATH EXECIGNORE FUNCNEST GLOBIGNORE OPTERR',
]

/** In either letter case. */
export const STEERING_IN_EITHER_CASE = '*_PROXY COMPLUS_*'

/**
 * What bash sets, computes or guards by itself, so that the wrapper cannot give it a value: its manual, "Bash
 * Variables".
 */
export const OF_BASH: readonly string[] = [
  'COMP_* DIRSTACK EUID EPOCHREALTIME EPOCHSECONDS FUNCNAME GROUPS HISTCMD LINENO',
  'OPTIND PIPESTATUS POSIXLY_CORRECT PPID RANDOM SECONDS SHLVL SRANDOM UID',
]

/** Characters of the longest name that a source may give: a name of Parameter Store has 1,011. */
export const LONGEST_NAME = 1024

const IS_NAME = /^[A-Za-z_]\w*$/
const IS_STEERING = anyOf([...STEERING, ...OF_BASH].join(' '))
const IS_STEERING_IN_EITHER_CASE = anyOf(STEERING_IN_EITHER_CASE, 'i')
const IS_OF_BASH = anyOf([...OF_BASH, '_ BASH* IFS SHELLOPTS'].join(' '))

/** Whether what a source holds under that name may become a variable. */
export function isAllowedName(name: string): boolean {
  return IS_NAME.test(name) && !IS_STEERING.test(name) && !IS_STEERING_IN_EITHER_CASE.test(name)
}

/** Whether the wrapper can replace a variable of that name by another value. */
export function isReplaceable(name: string): boolean {
  return IS_NAME.test(name) && !IS_OF_BASH.test(name)
}

function anyOf(globs: string, flags?: string): RegExp {
  return new RegExp(`^(?:${globs.replaceAll('*', '\\w*').replaceAll(' ', '|')})$`, flags)
}
