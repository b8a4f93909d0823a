// AWS in a process of its own. It gets `{ seed, tls }`, answers with its address, and is then controlled by messages.
//
// The `canned` kind knows every benchmark secret and checks no signature: it is there for the 100,000 misses of the
// memory benchmark, which say nothing about time.
import { createServer } from 'node:http'
import { startAws, testTls } from '../../local/emulators/aws/index.ts'
import { callerIdentityXml } from '../../local/emulators/aws/tokens-api.ts'
import { CREDENTIALS, seedOf, upstreamBody } from '../measuring/catalogue.ts'
import type { UpstreamRequest, UpstreamOptions } from './upstream.ts'

/** For servers that ask who they are before they serve. */
const IDENTITY = callerIdentityXml('123456789012', undefined)

const options = JSON.parse(process.argv[2] ?? '{}') as UpstreamOptions
process.on('disconnect', () => process.exit(0))
if (options.kind === 'canned') serveCanned()
else await serveAws()

async function serveAws(): Promise<void> {
  const { key, cert, caPath } = testTls()
  const aws = await startAws({
    seed: seedOf(options.secrets),
    credentials: CREDENTIALS,
    ...(options.tls && { tls: { key, cert }, host: '127.0.0.1' }),
  })
  process.on('message', ({ ask, delayMs = 0 }: UpstreamRequest) => {
    if (ask === 'delay') {
      aws.clearFaults()
      if (delayMs > 0) aws.fault({}, { kind: 'delay', delayMs })
    }
    if (ask === 'reset') aws.resetCounts()
    process.send?.({ calls: aws.calls() })
  })
  process.send?.({ url: aws.url, caBundle: options.tls ? caPath : undefined })
}

function serveCanned(): void {
  let calls = 0
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      if (text.startsWith('Action=GetCallerIdentity')) return void response.end(IDENTITY)
      calls++
      const { SecretId } = JSON.parse(text) as { SecretId: string }
      response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.1' })
      response.end(upstreamBody(SecretId))
    })
  })
  process.on('message', () => process.send?.({ calls }))
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    if (typeof address === 'object') process.send?.({ url: `http://127.0.0.1:${address?.port}` })
  })
}
