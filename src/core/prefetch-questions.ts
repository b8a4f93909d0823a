import type { Config } from '../config/config.ts'
import { parameterLookup, secretLookup, type SecretLookup, type SingleLookup } from '../lookup.ts'
import { say, shown, type Public } from '../public.ts'
import { isKept } from './cache.ts'
import { listedPath } from './listed-path.ts'
import type { Listed, Lists } from './prefetch-lists.ts'
import { isChoice, readChoice, type Choice } from './secret-filters.ts'

// What a prefetch asks: each question once, and no more of them than the cache holds answers. A path or a choice of
// secrets is one question: what it brings is counted when it comes.

export interface Questions {
  readonly named: readonly SingleLookup[]
  readonly paths: readonly ListedPath[]
  readonly choices: readonly Chosen[]
  /** There were more. */
  readonly isCut: boolean
}

/** All below a path. */
export interface ListedPath extends Listed {
  /** As AWS is asked. */
  readonly path: string
}

/** Secrets that a list chooses without naming them. */
export interface Chosen extends Choice {
  readonly role: string | undefined
}

export interface QuestionsOptions {
  readonly lists: Lists
  /** Questions besides those of the lists. */
  readonly lookups: readonly SingleLookup[]
  warn(line: Public): void
}

/** The settings by which nothing is kept. */
const TTL = {
  'secrets-manager': say`SECRETS_MANAGER_TTL`,
  'parameter-store': say`SSM_PARAMETER_STORE_TTL`,
} as const

/** What cannot be asked, or would not be kept, is left out with a warning. */
export function questionsOf(config: Config, { lists, lookups, warn }: QuestionsOptions): Questions {
  const { capacity } = config
  const named = new Map<string, SingleLookup>()
  const paths = new Map<string, ListedPath>()
  const choices = new Map<string, Chosen>()
  let isCut = false

  for (const listed of keptOf(lists.secrets, 'secrets-manager')) {
    if (isCut) break
    if (isChoice(listed.name)) addChoice(listed)
    else addNamed(secretQuestion(listed))
  }
  for (const listed of keptOf(lists.parameters, 'parameter-store')) {
    if (isCut) break
    if (listed.name.endsWith('/')) addPath(listed)
    else addNamed(parameterLookup(listed.name, { withDecryption: true, role: listed.role }))
  }
  // Whoever needs what would not be kept asks for it.
  for (const lookup of lookups) if (isKept(config, lookup)) addNamed(lookup)
  return { named: [...named.values()], paths: [...paths.values()], choices: [...choices.values()], isCut }

  /** None, with a warning, if what is fetched would not be kept. */
  function keptOf(names: readonly Listed[], store: keyof typeof TTL): readonly Listed[] {
    if (names.length === 0 || isKept(config, { store })) return names
    warn(say`prefetch: nothing is kept (${capacity > 0 ? TTL[store] : say`the cache`} is off)`)
    return []
  }

  function addNamed(lookup: SingleLookup): void {
    add(named, lookup.key, lookup)
  }

  function addChoice({ name, role }: Listed): void {
    const choice = readChoice(name)
    if (typeof choice === 'string') warn(say`prefetch: ${shown(name)} ${choice}`)
    else add(choices, `${role} ${name}`, { ...choice, role })
  }

  function addPath({ name, role }: Listed): void {
    const path = listedPath(name)
    if (path === undefined)
      warn(say`prefetch: ${shown(name)} is no path: one is like /app/, and / is all there is`)
    else add(paths, `${role} ${name}`, { name, role, path })
  }

  function add<T>(questions: Map<string, T>, key: string, question: T): void {
    if (questions.has(key)) return
    if (named.size + paths.size + choices.size < capacity) questions.set(key, question)
    else isCut = true
  }
}

/** `MySecret`, `MySecret?versionStage=AWSPREVIOUS`: selectors as in a request. */
function secretQuestion({ name: text, role }: Listed): SecretLookup {
  const [secretId = '', query] = text.split('?', 2)
  const selectors = new URLSearchParams(query)
  return secretLookup(secretId, {
    versionId: selectors.get('versionId') || undefined,
    versionStage: selectors.get('versionStage') || undefined,
    role,
  })
}
