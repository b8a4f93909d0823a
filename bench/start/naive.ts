// The usual way to write it, without care for the start: both SDK clients imported at the top, a Map for a cache.
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { Agent } from 'node:https'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { EXTENSION_NAME } from '../../src/version.ts'

const { AWS_CA_BUNDLE, AWS_LAMBDA_RUNTIME_API, AWS_SESSION_TOKEN } = process.env
const requestHandler = new NodeHttpHandler({
  httpsAgent: new Agent({ ...(AWS_CA_BUNDLE !== undefined && { ca: readFileSync(AWS_CA_BUNDLE) }) }),
})
const secrets = new SecretsManagerClient({ requestHandler })
const parameters = new SSMClient({ requestHandler })
const cache = new Map<string, string>()

const server = createServer((incoming, response) => {
  if (incoming.headers['x-aws-parameters-secrets-token'] !== AWS_SESSION_TOKEN) {
    response.writeHead(401).end()
    return
  }
  answer(incoming.url ?? '/').then(
    (body) => response.end(body),
    () => response.writeHead(400).end(),
  )
})
server.listen(Number(process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT), '127.0.0.1', () => void live())

async function answer(target: string): Promise<string> {
  const held = cache.get(target)
  if (held !== undefined) return held
  const { pathname, searchParams } = new URL(target, 'http://localhost')
  const output =
    pathname === '/secretsmanager/get'
      ? await secrets.send(new GetSecretValueCommand({ SecretId: searchParams.get('secretId') ?? '' }))
      : await parameters.send(new GetParameterCommand({ Name: searchParams.get('name') ?? '' }))
  const body = JSON.stringify(output)
  cache.set(target, body)
  return body
}

async function live(): Promise<void> {
  const headers = { 'Lambda-Extension-Name': EXTENSION_NAME }
  const registered = await call('POST', 'register', headers, '{"events":["SHUTDOWN"]}')
  await call('GET', 'event/next', { 'Lambda-Extension-Identifier': registered }, '')
  process.exit(0)
}

function call(method: string, verb: string, headers: Record<string, string>, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const url = `http://${AWS_LAMBDA_RUNTIME_API}/2020-01-01/extension/${verb}`
    const outgoing = request(url, { method, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(String(response.headers['lambda-extension-identifier'])))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
