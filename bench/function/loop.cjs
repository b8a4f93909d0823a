// A function and the runtime loop of Node in one, in front of the emulated Runtime API: it reads a secret while it
// loads, or nothing, and asks for its first invocation. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

'use strict'
const http = require('node:http')

const { AWS_LAMBDA_RUNTIME_API, BENCH_READS, BENCH_PATH, BENCH_SECRET, BENCH_VALUE } = process.env

main().catch((error) => {
  process.stderr.write(`the function has failed: ${error.message}\n`)
  process.exit(1)
})

async function main() {
  if (BENCH_READS !== 'nothing') {
    const value = BENCH_READS === 'sdk' ? await bySdk() : await byExtension()
    if (value !== BENCH_VALUE) throw new Error('it has read another value')
  }
  const [host, port] = AWS_LAMBDA_RUNTIME_API.split(':')
  http.get({ host, port, path: '/2018-06-01/runtime/invocation/next' })
}

function byExtension() {
  const headers = { 'X-Aws-Parameters-Secrets-Token': process.env.AWS_SESSION_TOKEN }
  const port = process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT
  return new Promise((resolve, reject) => {
    const request = http.get({ host: 'localhost', port, path: BENCH_PATH, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => (body += text))
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(body).SecretString)
        else reject(new Error(`it was answered ${response.statusCode}`))
      })
    })
    request.on('error', reject)
  })
}

async function bySdk() {
  const { GetSecretValueCommand, SecretsManagerClient } = require('@aws-sdk/client-secrets-manager')
  const answer = await new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId: BENCH_SECRET }))
  return answer.SecretString
}
