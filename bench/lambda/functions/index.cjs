// The function of a run on Lambda, for the Node runtimes: reads as READS says, and tells how long each read took.
// CommonJS, because there the runtime's own SDK is found by `require` alone.

'use strict'
const http = require('node:http')

const { READS, HITS, MISSES, SECRET_ID, PARAMETER_NAME } = process.env
// A client keeps its connection, as every HTTP client of a function that is called often does.
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
const read = READS === 'sdk' ? bySdk() : byExtension

exports.handler = async () => {
  const { openssl } = process.versions
  if (READS === 'none') return { openssl }
  const first = await timed(readWhenReady)
  const hits = []
  for (let i = 0; i < Number(HITS); i++) hits.push(await timed(() => read({ secretId: SECRET_ID })))
  const misses = []
  for (let version = 1; version <= Number(MISSES); version++)
    misses.push(await timed(() => read({ name: PARAMETER_NAME, version })))
  return { first, hits, misses, openssl }
}

async function timed(act) {
  const from = process.hrtime.bigint()
  await act()
  return Number(process.hrtime.bigint() - from) / 1e3
}

// AWS's own extension answers so until it has seen the first invocation.
async function readWhenReady() {
  for (;;) {
    try {
      return await read({ secretId: SECRET_ID })
    } catch (error) {
      if (!error.isNotReady) throw error
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}

function byExtension({ secretId, name, version }) {
  const path =
    name === undefined
      ? `/secretsmanager/get?secretId=${encodeURIComponent(secretId)}`
      : `/systemsmanager/parameters/get?name=${encodeURIComponent(name)}&version=${version}`
  const port = process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT ?? 2773
  const headers = { 'X-Aws-Parameters-Secrets-Token': process.env.AWS_SESSION_TOKEN }
  return new Promise((resolve, reject) => {
    const request = http.get({ host: 'localhost', port, path, headers, agent }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text) => (body += text))
      response.on('end', () => {
        if (response.statusCode === 200) return resolve(JSON.parse(body))
        const error = new Error(
          `${response.statusCode} ${String(response.headers['x-amzn-errortype'] ?? '')}`,
        )
        reject(Object.assign(error, { isNotReady: body.startsWith('not ready') }))
      })
    })
    request.on('error', reject)
  })
}

function bySdk() {
  const { GetSecretValueCommand, SecretsManagerClient } = require('@aws-sdk/client-secrets-manager')
  const { GetParameterCommand, SSMClient } = require('@aws-sdk/client-ssm')
  const secrets = new SecretsManagerClient()
  const parameters = new SSMClient()
  return ({ secretId, name, version }) =>
    name === undefined
      ? secrets.send(new GetSecretValueCommand({ SecretId: secretId }))
      : parameters.send(new GetParameterCommand({ Name: `${name}:${version}` }))
}
