import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../tools/free-port.ts'

// What the guides have people paste beside `npm start`, pasted: each line of these documents that asks the stand-in is
// run by a shell.

const DOCUMENTS = ['README.md', 'docs/api.md', 'docs/local.md']
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const START = fileURLToPath(new URL('start.ts', import.meta.url))

/** Lines that are not run here: what runs them, or why nothing can. */
const OTHERS: readonly (readonly [line: RegExp, why: string])[] = [
  [/^npm ci && npm start$|^npm start -- --(control|seed)/, 'start.test.ts starts it with each option'],
  [/^AWS_ENDPOINT_URL=.* npm start -- --aws$/, 'start.test.ts'],
  [/^npm (run build -- --package|install --save-dev \.\.)|^\.\/node_modules\/\.bin\//, 'package.test.ts'],
  [/^npm --prefix|^until curl /, 'package.test.ts'],
  [/^npm ci && npm run layer |^npm run layer:publish /, 'npm run test:layers; publish.test.ts'],
  [/^aws |^docker compose |^curl .*localhost:9000|^echo |^sam local /, 'they need AWS, Docker or SAM'],
]

function linesOf(document: string): string[][] {
  const text = readFileSync(new URL(`../${document}`, import.meta.url), 'utf8')
  return [...text.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block = '']) =>
    block.trim().replaceAll('\\\n', ' ').split('\n'),
  )
}

const asksStandIn = (line: string): boolean => /^(curl|npx autocannon) .*localhost:277[34]/.test(line)
const isAssignment = (line: string): boolean => /^[A-Z]+="/.test(line)

/** The lines of a document for the stand-in's own two ports, with the assignments that they use. */
function pastedFrom(document: string): string[] {
  return linesOf(document).flatMap((lines) =>
    lines.filter(asksStandIn).map((line) => [...lines.filter(isAssignment), line].join('\n')),
  )
}

/** It ends with 0 whatever it was answered. */
function assertAllAnswered(report: string): void {
  const { errors, non2xx, '2xx': good } = JSON.parse(report) as Record<string, number>
  assert.deepEqual([errors, non2xx], [0, 0])
  assert.ok(good! > 0)
}

test('each line of the guides is run by a test, or cannot be run here', () => {
  const lines = DOCUMENTS.flatMap(linesOf).flat()
  assert.ok(lines.length > 25)
  assert.deepEqual(
    lines.filter(
      (line) => !asksStandIn(line) && !isAssignment(line) && !OTHERS.some(([other]) => other.test(line)),
    ),
    [],
  )
})

async function startLocal(t: TestContext): Promise<{ port: number; control: number }> {
  const [port, control] = [await freePort(), await freePort()]
  const env = {
    ...process.env,
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_REGION: 'us-east-1',
  }
  const child = spawn(process.execPath, [START, '--port', String(port), '--control', String(control)], {
    env,
  })
  const exit = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGTERM')
    await exit
  })
  let output = ''
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('Ctrl-C stops')) resolve()
    })
  })
  return { port, control }
}

if (spawnSync('curl', ['--version']).status === 0) {
  test('every line of the guides that asks the stand-in succeeds as pasted beside npm start', async (t) => {
    const { port, control } = await startLocal(t)
    const pasted = DOCUMENTS.flatMap(pastedFrom)
    assert.ok(pasted.length >= 9)
    for (const lines of pasted) {
      const script = lines
        .replaceAll('localhost:2773', `localhost:${port}`)
        .replaceAll('localhost:2774', `localhost:${control}`)
        .replace('curl ', 'curl --silent --show-error --fail-with-body --max-time 20 ')
        .replace('npx autocannon -c 10 -d 5', 'npx --offline autocannon --json -c 10 -d 1')
      const env = { PATH: process.env.PATH }
      const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
        env,
        cwd: ROOT,
        encoding: 'utf8',
      })
      assert.equal(status, 0, `${lines}\n${stdout}${stderr}`)
      if (script.includes('autocannon')) assertAllAnswered(stdout)
    }
  })
}
