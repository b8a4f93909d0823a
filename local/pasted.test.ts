import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../tools/free-port.ts'

// What the guides have people paste beside `npm start`, pasted: each curl line of these documents is run by a shell.

const DOCUMENTS = ['README.md', 'docs/api.md', 'docs/local.md']
const START = fileURLToPath(new URL('start.ts', import.meta.url))

/** The curl lines of a document for the stand-in's own two ports, with the assignments that they use. */
function pastedFrom(document: string): string[] {
  const text = readFileSync(new URL(`../${document}`, import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block = '']) => block)
  return blocks.flatMap((block) => {
    const lines = block.replaceAll('\\\n', ' ').split('\n')
    const assigned = lines.filter((line) => /^[A-Z]+=/.test(line))
    return lines
      .filter((line) => /^curl .*localhost:277[34]/.test(line))
      .map((line) => [...assigned, line].join('\n'))
  })
}

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
  test('every curl line of the guides succeeds as pasted beside npm start', async (t) => {
    const { port, control } = await startLocal(t)
    const pasted = DOCUMENTS.flatMap(pastedFrom)
    assert.ok(pasted.length >= 9)
    for (const lines of pasted) {
      const script = lines
        .replaceAll('localhost:2773', `localhost:${port}`)
        .replaceAll('localhost:2774', `localhost:${control}`)
        .replace('curl ', 'curl --silent --show-error --fail-with-body --max-time 20 ')
      const env = { PATH: process.env.PATH }
      const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
        env,
        encoding: 'utf8',
      })
      assert.equal(status, 0, `${lines}\n${stdout}${stderr}`)
    }
  })
}
