// AWS's guide of July 2026 takes the session token from an SDK's credential chain, inside the handler, "for all
// initialization modes, including SnapStart". Here are those modes, in front of the artefact that EXTENSION_UNDER_TEST
// names, with a function in each language whose chain is here. It has the variables that its runtime would have.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import type { LambdaCredentials } from '../../local/emulators/lambda/credentials.ts'
import type { LambdaMode } from '../../local/emulators/lambda/environment.ts'
import { type Extension, startExtension } from '../../test/artefact.ts'
import { gate } from '../../test/gate.ts'
import { chainsHere, type Client } from './clients.ts'

const SECRET = 'the secret of a function that asks its SDK for the token'
/** Longer than any SDK wants credentials to last, so that one that keeps them goes on with them. */
const LASTING_MS = 6 * 3_600_000
const OLD = credentials('OLD')
const NEW = credentials('NEW')

function credentials(name: string): LambdaCredentials {
  return {
    accessKeyId: `ASIA${name}CREDENTIALS01`,
    secretAccessKey: `the-secret-access-key-of-${name}`,
    sessionToken: `the-session-token-of-${name}`,
    expiration: new Date(Date.now() + LASTING_MS).toISOString(),
  }
}

interface Function {
  /**
   * All at once: so many invocations that make a provider of credentials of their own, and so many that share one,
   * which keeps what it has read. Rejects unless each gets the secret.
   */
  invoke(own: number, sharing: number): Promise<void>
}

/** With the variables of the extension, which under Lambda are those of the runtime too. */
function startFunction(t: TestContext, { lambda }: Extension, { command, env }: Client): Function {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    env: {
      ...lambda.environment,
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      // A region alone: nothing is looked up in the files of this machine.
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async invoke(own, sharing) {
      child.stdin.write(`${own} ${sharing}\n`)
      const line = await lines.next()
      if (line.done === true) throw new Error('the function has ended')
      const expected = Array.from({ length: own + sharing }, () => SECRET)
      assert.deepEqual(JSON.parse(line.value), expected)
    },
  }
}

async function start(t: TestContext, mode: LambdaMode, init?: () => Promise<void>): Promise<Extension> {
  return startExtension(t, {
    seed: { secrets: { s: SECRET } },
    aws: { credentials: [OLD, NEW] },
    ...(init !== undefined && { until: 'launched' as const }),
    lambda: {
      mode,
      credentials: OLD,
      containerCredentials: mode === 'snap-start' || mode === 'lambda-managed-instances',
      ...(init !== undefined && { functionInit: init }),
    },
  })
}

for (const client of chainsHere()) {
  test(`${client.name}, on demand: the token of the variables`, async (t) => {
    const extension = await start(t, 'on-demand')
    const function_ = startFunction(t, extension, client)
    await extension.lambda.invoke(() => function_.invoke(1, 1))
    assert.equal(extension.aws.calls('s'), 1)
  })

  test(`${client.name}, SnapStart: the token of the container endpoint, before the snapshot and after a restore`, async (t) => {
    const { until, release } = gate()
    let function_: Function | undefined
    const extension = await start(t, 'snap-start', async () => {
      await until
      function_ = startFunction(t, extension, client)
      await function_.invoke(2, 0)
    })
    release()
    await extension.lambda.initialized()
    await extension.lambda.freeze()
    extension.lambda.restore(NEW)
    extension.aws.setCredentials([NEW])
    await extension.lambda.invoke(() => function_!.invoke(2, 0))
  })

  test(`${client.name}, Managed Instances: 64 invocations at once, before, amid and after a rotation`, async (t) => {
    const extension = await start(t, 'lambda-managed-instances')
    const function_ = startFunction(t, extension, client)
    await function_.invoke(32, 32)
    extension.lambda.rotateCredentials(NEW)
    await function_.invoke(32, 32)
    extension.aws.expireCredentials(OLD.accessKeyId)
    assert.equal((await extension.get('/secretsmanager/get?secretId=s&refreshNow=true')).status, 200)
    await function_.invoke(32, 32)
  })
}
