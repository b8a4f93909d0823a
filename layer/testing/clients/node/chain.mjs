// A function that takes the session token from the SDK's credential chain inside its handler, as AWS's guide has it for
// every initialization mode. Each line of input has two numbers of invocations, all at once: so many make a provider of
// their own, so many share one that keeps what it has read. Each line of output is what they got.

import { createInterface } from 'node:readline'
import { defaultProvider } from '@aws-sdk/credential-provider-node'

const url = `http://localhost:${process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT}/secretsmanager/get?secretId=s`
const kept = defaultProvider()

async function handler(provider) {
  const { sessionToken } = await provider()
  const response = await fetch(url, { headers: { 'X-Aws-Parameters-Secrets-Token': sessionToken } })
  const body = await response.text()
  return response.ok ? JSON.parse(body).SecretString : `${response.status} ${body}`
}

for await (const line of createInterface({ input: process.stdin })) {
  const [own, sharing] = line.split(' ').map(Number)
  const providers = Array.from({ length: own + sharing }, (_, i) => (i < own ? defaultProvider() : kept))
  process.stdout.write(`${JSON.stringify(await Promise.all(providers.map(handler)))}\n`)
}
