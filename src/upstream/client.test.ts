import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { upstreamBuilds } from '../../test/upstream-builds.ts'
import { settingsFor } from '../../test/upstream-settings.ts'
import { secretLookup } from '../lookup.ts'

for (const build of upstreamBuilds()) {
  test(`a call names the SDK and the extension in its User-Agent: ${build.name}`, async (t) => {
    const calls: IncomingHttpHeaders[] = []
    const server = createServer((req, res) => {
      calls.push(req.headers)
      req.resume().once('end', () => res.end('{"ARN":"arn:x","Name":"a","SecretString":"whole"}'))
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    const upstream = build.createUpstream(settingsFor(`http://127.0.0.1:${port}`))
    t.after(() => {
      upstream.reset()
      server.closeAllConnections()
      server.close()
    })
    for (const name of ['a', 'b']) {
      await upstream.fetch(secretLookup(name))
      const { 'user-agent': agent = '' } = calls.pop()!
      assert.match(agent, /^aws-sdk-js\/3\.\d+\.\d+ (.+ )?open-parameters-secrets-extension\/\d+\.\d+\.\d+$/)
    }
  })
}
