// The documents against the sources and each other: every variable that is read, every line that is logged and every
// refusal is in its table, the tables hold no variable that nobody reads, and what a document names is there.

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { rejects } from '../src/http/rejects.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const PREFIX = 'PARAMETERS_SECRETS_EXTENSION_'
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const sourcesIn = (...patterns: string[]) =>
  patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .filter((path) => !path.endsWith('.test.ts'))
    .map(read)
    .join('\n')

const SOURCES = sourcesIn('src/**/*.ts')
const CONFIG = sourcesIn('src/config/*.ts')
const WRAPPER = read('layer/exec/parameters-secrets-exec')

/** Those that Lambda or a CGI server sets. */
const NOT_SETTINGS =
  /^(AWS_(ACCESS|SECRET|SESSION|CONTAINER|REGION|DEFAULT|LAMBDA_(RUNTIME|INIT|FUNCTION))|REQUEST_METHOD)/

function variablesRead(): string[] {
  const named = [
    ...CONFIG.matchAll(/\benv\.([A-Za-z_]+)/g),
    ...[...CONFIG.matchAll(/\b(?:our|own)\(say`([A-Z_]+)`/g)].map(([all, name]) => [all, `${PREFIX}${name}`]),
    ...CONFIG.matchAll(
      /(?<!\b(?:our|own)\(say)['`]((?:PARAMETERS_SECRETS|SECRETS_MANAGER|SSM|AWS|HTTPS?|NO|http)_[A-Za-z_]+)['`]/g,
    ),
    ...WRAPPER.matchAll(/\b(PARAMETERS_SECRETS_EXTENSION_EXEC_WRAPPER)\b/g),
  ].map(([, name = '']) => name)
  return [...new Set(named)].filter((name) => !NOT_SETTINGS.test(name) && !name.endsWith('_')).sort()
}

test('every variable that is read is in the guide of settings, and it names no other of ours', () => {
  const guide = read('docs/configure.md')
  const all = variablesRead()
  assert.ok(all.length > 30)
  const shown = (name: string) =>
    guide.includes(`\`${name}\``) ||
    guide.includes(`\`${name}=`) ||
    (name.startsWith(PREFIX) && guide.includes(`\`${name.slice(PREFIX.length)}\``))
  assert.deepEqual(
    all.filter((name) => !shown(name) && !shown(name.toUpperCase())),
    [],
  )
  const named = [...guide.matchAll(/PARAMETERS_SECRETS_EXTENSION_[A-Z_]+[A-Z]\b/g)].map(([name]) => name)
  assert.deepEqual(
    named.filter(
      (name) =>
        !SOURCES.includes(name) &&
        !SOURCES.includes(`say\`${name.slice(PREFIX.length)}\``) &&
        !WRAPPER.includes(name),
    ),
    [],
  )
})

/** A template as the guides show it: each part that changes is `…`. Nested templates are parts. */
function skeleton(template: string): string {
  let text = template
  for (let before = ''; before !== text;) {
    before = text
    text = text.replace(/\$\{[^{}]*\}/g, '…')
  }
  return text
}

/** Every text that is handed to the log in one piece. */
function linesLogged(): string[] {
  const calls = [
    ...SOURCES.matchAll(/\blog\.(?:debug|info|warn|error)\(\s*say`((?:\$\{(?:[^{}`]|`[^`]*`)*\}|[^`])*)`/g),
  ]
  return [...new Set(calls.map(([, template = '']) => skeleton(template)))].sort()
}

test('every line that the code can log is in the guide of troubles', () => {
  const guide = read('docs/troubleshoot.md')
  const lines = linesLogged()
  assert.ok(lines.length > 15, `${lines.length} lines were found`)
  const isShown = (line: string) => guide.includes(`\`${line}\``)
  assert.deepEqual(
    lines.filter((line) => !isShown(line) && !isShown(line.replaceAll('……', '…'))),
    [],
  )
})

test('every line of the wrapper is in the guide of troubles', () => {
  const guide = read('docs/troubleshoot.md')
  const texts = [...WRAPPER.matchAll(/\bPARAMETERS_SECRETS_EXTENSION_fail (?:'([^'\n]+)'|"([^"\n]+)")/g)].map(
    ([, plain, parts = '']) => plain ?? skeleton(parts).replace(/\$\w+/g, '…'),
  )
  assert.ok(texts.length >= 8, String(texts))
  assert.deepEqual(
    texts.filter((text) => !guide.includes(`\`parameters-secrets-exec: ${text}\``)),
    [],
  )
})

test('every refusal, and every kind of failure that is ours, is in the guide of troubles', () => {
  const guide = read('docs/troubleshoot.md')
  const missing = Object.values(rejects).filter(
    ({ errorType, body }) => !guide.includes(`\`${errorType}\``) || !guide.includes(`\`${body}\``),
  )
  assert.deepEqual(missing, [])
  // AWS's own for a failed provider, and what ends a wait: no caller sees either.
  const ours = codesOfFailures().filter((code) => !/^(IDP|Abort)/.test(code))
  for (const one of ['ConnectionError', 'JsonKeyNotFound', 'ListTooLong', 'NameCollision', 'InvalidSource']) {
    assert.ok(ours.includes(one), one)
  }
  assert.deepEqual(
    ours.filter((code) => !guide.includes(`\`${code}\``)),
    [],
  )
})

/** Those that are made as text for the log, and those that are plain strings. Names of operations are no codes. */
function codesOfFailures(): string[] {
  const all = [
    ...SOURCES.matchAll(/(?<!(?:operation|name): )\bsay`([A-Z][a-z]+(?:[A-Z][a-z]*)+)`/g),
    ...sourcesIn('src/upstream/**/*.ts', 'src/answer/*.ts').matchAll(
      /'([A-Z]\w+(?:Error|NotFound|Failure|Json))'/g,
    ),
  ].map(([, code = '']) => code)
  // A library, and no code.
  return [...new Set(all)].filter((code) => code !== 'BoringSSL').sort()
}

const DOCUMENTS = globSync(['*.md', 'docs/*.md', 'layer/*.md', 'layer/examples/*.md', '.github/**/*.md'], {
  cwd: ROOT,
})

test('a link from one document to another leads somewhere', () => {
  assert.ok(DOCUMENTS.length >= 20)
  const broken = DOCUMENTS.flatMap((path) =>
    [...read(path).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
      ([link, target = '', anchor]) => {
        const file = target === '' ? path : join(dirname(path), target)
        if (!existsSync(join(ROOT, file))) return [`${path}: ${link}`]
        if (anchor === undefined || !file.endsWith('.md')) return []
        return anchorsOf(read(file)).includes(anchor) ? [] : [`${path}: ${link}`]
      },
    ),
  )
  assert.deepEqual(broken, [])
})

test('a file that a document names is there', () => {
  const named = DOCUMENTS.flatMap((path) =>
    [...read(path).matchAll(/`((?:src|test|layer|local|bench|tools|docs)\/[\w*./{},-]+\.\w+)`/g)].map(
      ([, file = '']) => [path, file] as const,
    ),
  )
  assert.ok(named.length > 60)
  assert.deepEqual(
    named.filter(([, file]) => globSync(file, { cwd: ROOT }).length === 0),
    [],
  )
})

// GitHub shows 110 characters of code in one line.
test('no line of prose is longer than 120 characters, and none to paste longer than 110', () => {
  const FENCED = /^ *```[^]*?^ *```$/gm
  const long = DOCUMENTS.flatMap((path) => {
    const text = read(path).replaceAll(/<!-- (\w+):begin -->[^]*?<!-- \1:end -->/g, '')
    const prose = text.replaceAll(FENCED, '').split('\n')
    const code = [...text.matchAll(FENCED)].flatMap(([block]) => block.split('\n'))
    return [
      ...prose.filter((line) => line.length > 120 && !/^ *\||^!\[/.test(line)),
      ...code.filter((line) => line.length > 110),
    ].map((line) => `${path}: ${line}`)
  })
  assert.deepEqual(long, [])
})

// Until it is published somewhere. An address then belongs into package.json and into these documents at once.
const { name, repository, homepage, bugs } = JSON.parse(read('package.json')) as Record<string, unknown>
const PASTED = [...DOCUMENTS, ...globSync(['layer/samples/**/*', 'local/*.mjs'], { cwd: ROOT })].filter(
  (path) => /(?:file|\.\w+)$/.test(path),
)

test('no document speaks of a repository while package.json has none', () => {
  assert.deepEqual([repository, homepage, bugs], [undefined, undefined, undefined])
  assert.deepEqual(
    PASTED.filter((path) => /\b(?:the|this|our) repository\b/i.test(read(path))),
    [],
  )
})

test('no line to paste takes the package from a registry, where somebody else may have its name', () => {
  const use = new RegExp(`\\b(?:npx|npm|pnpm|yarn)\\b[^\\n]*[\\s=]${String(name)}(?![\\w-]*\\.tgz)\\b`)
  assert.deepEqual(
    PASTED.filter((path) => use.test(read(path).replaceAll(/\\?\n(?=\S)/g, ' '))),
    [],
  )
})

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
