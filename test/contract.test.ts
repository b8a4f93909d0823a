// Runs every document of contract/ over raw sockets against the built artefact: one document, one process, in order.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import type { Seed } from '../local/emulators/aws/seed.ts'
import type { Aws, AwsOptions } from '../local/emulators/aws/server.ts'
import { artefactName, differs, type Extension, type ExtensionOptions, startExtension } from './artefact.ts'
import {
  compare,
  type Document,
  type Exchange,
  parseDocument,
  renderRequest,
  type Step,
  type Upstream,
} from './document.ts'
import { connect, header, type Reply, type Wire } from '../tools/wire.ts'

const FOLDER = new URL('contract/', import.meta.url)

test('there are contract documents', () => assert.ok(documents().length > 0))

for (const name of documents()) {
  const document = parse(name)
  test(`${document.title} (${artefactName()})`, async (t) => {
    const extension = await startExtension(t, setupOf(document))
    for (const section of document.sections) {
      const run = (inner: TestContext) => runSteps(inner, section.steps, extension, name)
      await t.test(section.name, (inner) =>
        differs(section.name) ? assert.rejects(run(inner), assert.AssertionError) : run(inner),
      )
    }
  })
}

async function runSteps(
  t: TestContext,
  steps: readonly Step[],
  extension: Extension,
  name: string,
): Promise<void> {
  let wire: Wire | undefined
  for (const step of steps) {
    if (step.kind === 'upstream') {
      perform(extension.aws, step, name)
      continue
    }
    if (!step.sameConnection) wire = await opened(t, extension)
    await ask(step, wire!, extension, name)
  }
}

function documents(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith('.md'))
}

function parse(name: string): Document {
  try {
    return parseDocument(readFileSync(new URL(name, FOLDER), 'utf8'))
  } catch (error) {
    throw new Error(`contract/${name}: ${String(error)}`, { cause: error })
  }
}

interface Setup {
  readonly env?: Record<string, string>
  readonly seed?: Seed
  /** What each role's account holds. */
  readonly roles?: Readonly<Record<string, Seed>>
  /** Further regions of AWS. */
  readonly regions?: readonly string[]
}

/** A setup fence is a `Setup`; the emulator checks the seeds itself. */
function setupOf({ setup }: Document): ExtensionOptions {
  const { env, seed, roles = {}, regions = [], ...rest } = setup as Setup
  assert.deepEqual(rest, {}, 'a setup holds env, seed, roles and regions only')
  const assumable = Object.entries(roles).map(([arn, held]) => [arn, { seed: held }])
  return {
    ...(env && { env }),
    ...(seed && { seed }),
    aws: { regions, roles: Object.fromEntries(assumable) as NonNullable<AwsOptions['roles']> },
  }
}

async function opened(t: TestContext, { port }: Extension): Promise<Wire> {
  const wire = await connect(port)
  t.after(() => wire.destroy())
  return wire
}

async function ask(exchange: Exchange, wire: Wire, extension: Extension, name: string): Promise<void> {
  const at = `contract/${name}:${exchange.line}`
  await wire.send(renderRequest(exchange, extension))
  let reply: Reply | undefined
  for (const expected of exchange.responses) {
    reply = await wire.receive({ bodiless: exchange.request.startsWith('HEAD ') })
    const { expected: wanted, actual } = compare(expected, reply)
    assert.equal(actual, wanted, at)
  }
  // The connection does what the last answer said, and carries nothing beyond it.
  if (header(reply!, 'connection') === 'close') {
    assert.equal((await wire.closed()).length, 0, `${at}: nothing after the answer`)
  } else {
    assert.deepEqual([wire.state().open, wire.state().unread.length], [true, 0], `${at}: open and idle`)
  }
}

interface Change {
  /** Keys that must stand beside the one that names the change; one with `?` may. */
  readonly needs: readonly string[]
  act(aws: Aws, name: string, details: Details): unknown
}

interface Details {
  readonly value: string
  readonly versionId: string
  readonly date: string
  readonly stage: string
  readonly code: string
  readonly message?: string
  readonly times?: number
}

// What an upstream fence can say: one of these keys first, with the name it happens to.
const CHANGES: Readonly<Record<string, Change>> = {
  secret: {
    needs: ['value', 'versionId', 'date'],
    act: (aws, name, { value, versionId, date }) =>
      aws.putSecret(name, value, { versionId, createdDate: new Date(date) }),
  },
  parameter: {
    needs: ['value', 'date'],
    act: (aws, name, { value, date }) => aws.putParameter(name, value, { lastModifiedDate: new Date(date) }),
  },
  moveStage: {
    needs: ['stage', 'versionId'],
    act: (aws, name, { stage, versionId }) => aws.moveStage(name, stage, versionId),
  },
  deny: { needs: [], act: (aws, name) => aws.deny(name) },
  allow: { needs: [], act: (aws, name) => aws.allow(name) },
  down: { needs: [], act: (aws, region) => aws.fault({ region }, { kind: 'unavailable' }) },
  fail: {
    needs: ['code', 'message?', 'times?'],
    act: (aws, name, { code, message, times }) =>
      aws.fault({ name }, { kind: 'error', code, ...(message !== undefined && { message }) }, times),
  },
}

function perform(aws: Aws, { action, line }: Upstream, file: string): void {
  const [[kind, name] = ['', ''], ...rest] = Object.entries(action as Record<string, string>)
  const change = CHANGES[kind]
  const details = rest.map(([key]) => key)
  const allowed = change?.needs.map((key) => key.replace('?', '')) ?? []
  const needed = change?.needs.filter((key) => !key.endsWith('?')) ?? []
  const isClear =
    details.every((key) => allowed.includes(key)) && needed.every((key) => details.includes(key))
  if (change === undefined || !isClear) throw new Error(`contract/${file}:${line}: no change of the upstream`)
  change.act(aws, name, Object.fromEntries(rest) as unknown as Details)
}
