import { say, shown, type Public } from '../public.ts'

// The part of the configuration that is about secrets as environment variables: which of the function's variables are
// references, and what else is to become a variable. Nothing is asked of AWS here; core/environment.ts does that.

/** A variable of the function whose value is to be replaced. */
export interface Reference {
  readonly name: string
  /** Undefined if the text after `resolve:` cannot be read, or the name is one that cannot be replaced. */
  readonly target: Target | undefined
}

export type Target =
  | {
      readonly store: 'secrets-manager'
      readonly secretId: string
      readonly jsonKey: string | undefined
      readonly versionStage: string | undefined
      readonly versionId: string | undefined
    }
  /** `name` has `:version` or `:label` where one was asked for. */
  | { readonly store: 'parameter-store'; readonly name: string }

/** What holds several variables: a secret whose JSON has a member for each, or a path with a parameter for each. */
export type Source =
  | { readonly kind: 'secret'; readonly secretId: string }
  /** Without the slash at its end, but for the root. */
  | { readonly kind: 'path'; readonly path: string }

export interface EnvironmentSettings {
  readonly references: readonly Reference[]
  readonly sources: readonly Source[]
  /** What becomes of the function when a value cannot be had. `unset`: it starts without that variable. */
  readonly onError: 'fail' | 'unset'
}

interface Note {
  readonly level: 'plain' | 'debug' | 'info' | 'warn'
  readonly message: Public
}

const FROM = say`PARAMETERS_SECRETS_EXTENSION_ENV_FROM`
const ON_ERROR = say`PARAMETERS_SECRETS_EXTENSION_ENV_ON_ERROR`
const SECRET = 'resolve:secretsmanager:'
const PARAMETER = 'resolve:ssm:'
const OWN_PREFIX = 'PARAMETERS_SECRETS_EXTENSION_'

/**
 * Variables that bash sets, computes or guards by itself, so that the wrapper cannot give them a value: bash manual,
 * "Bash Variables".
 */
const OF_BASH =
  /^(_|BASH.*|COMP_.*|DIRSTACK|E?UID|EPOCHREALTIME|EPOCHSECONDS|FUNCNAME|GROUPS|HISTCMD|IFS|LINENO|OPTIND|PIPESTATUS|POSIXLY_CORRECT|PPID|S?RANDOM|SECONDS|SHELLOPTS|SHLVL)$/
/** What steers Lambda, the loader or a runtime is the owner's to set, and not that of whoever writes a secret. */
const STEERING =
  /^(AWS_.*|LD_.*|PATH|PWD|OLDPWD|HOME|ENV|LAMBDA_.*|GLIBC_TUNABLES|GCONV_PATH|NODE_OPTIONS|NODE_PATH|PYTHONPATH|PYTHONHOME|PYTHONSTARTUP|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|RUBYOPT|RUBYLIB|DOTNET_STARTUP_HOOKS|PARAMETERS_SECRETS_EXTENSION_.*)$/

/** Whether what a source holds under that name may become a variable. */
export function isAllowedName(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name) && !OF_BASH.test(name) && !STEERING.test(name)
}

/** One look at each variable. Undefined if there is no reference and no source. Never throws. */
export function readEnvironmentSettings(
  env: Readonly<Record<string, string | undefined>>,
  notes: Note[],
): EnvironmentSettings | undefined {
  let references: Reference[] | undefined
  for (const name in env) {
    const value = env[name]!
    if (!value.startsWith('resolve:') || name.startsWith(OWN_PREFIX)) continue
    if (!value.startsWith(SECRET) && !value.startsWith(PARAMETER)) continue
    references ??= []
    references.push({ name, target: isReplaceable(name) ? parseReference(value) : undefined })
  }
  const from = env[FROM]
  if (references === undefined && !from) return undefined
  const sources = (from ?? '').split(/[\s,]+/).flatMap((text) => readSource(text, notes))
  if (references === undefined && sources.length === 0) return undefined
  // A shell may have given them in any order.
  references?.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { references: references ?? [], sources, onError: readOnError(env[ON_ERROR], notes) }
}

function isReplaceable(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name) && !OF_BASH.test(name)
}

/**
 * `resolve:secretsmanager:<name or ARN>[:json-key[:stage[:version-id]]]`, in the order of ECS's `valueFrom`, and
 * `resolve:ssm:<name or ARN>[:version or label]`. An ARN of a secret has seven parts between colons; a name has none.
 */
function parseReference(value: string): Target | undefined {
  if (value.startsWith(PARAMETER)) {
    const name = value.slice(PARAMETER.length)
    const parts = name.split(':')
    const isGood = parts.every((part) => part !== '') || name.startsWith('arn:')
    return isGood && parts.length <= (name.startsWith('arn:') ? 7 : 2)
      ? { store: 'parameter-store', name }
      : undefined
  }
  const parts = value.slice(SECRET.length).split(':')
  const idParts = parts[0] === 'arn' ? 7 : 1
  const secretId = parts.slice(0, idParts).join(':')
  const [jsonKey, versionStage, versionId, ...rest] = parts.slice(idParts)
  if (secretId === '' || parts.length < idParts || rest.length > 0) return undefined
  return {
    store: 'secrets-manager',
    secretId,
    jsonKey: jsonKey || undefined,
    versionStage: versionStage || undefined,
    versionId: versionId || undefined,
  }
}

function readSource(text: string, notes: Note[]): Source[] {
  if (text === '') return []
  const secretId = /^secretsmanager:(.+)$/s.exec(text)?.[1]
  if (secretId !== undefined) return [{ kind: 'secret', secretId }]
  const path = /^ssm:(\/(?:.*\/)?)$/s.exec(text)?.[1]
  if (path !== undefined) return [{ kind: 'path', path: path === '/' ? path : path.slice(0, -1) }]
  const rule = say`${FROM} must list secretsmanager:<name or ARN> and ssm:/path/, got "${shown(text)}".`
  notes.push({ level: 'warn', message: say`${rule} Ignoring it.` })
  return []
}

function readOnError(value: string | undefined, notes: Note[]): 'fail' | 'unset' {
  const word = value?.trim().toLowerCase()
  if (word === 'unset') return 'unset'
  if (word !== undefined && word !== '' && word !== 'fail') {
    notes.push({
      level: 'warn',
      message: say`${ON_ERROR} must be fail or unset, got "${shown(value!)}". Using fail.`,
    })
  }
  return 'fail'
}
