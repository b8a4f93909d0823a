// One GetSecretValue over TLS, signed by hand: what a first secret costs a runtime itself, without the SDK. The steps
// are those of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { readFileSync } from 'node:fs'
import type { OutgoingHttpHeaders } from 'node:http'

const { env } = process

/** Calls back with the body that AWS sent. Its modules are loaded by then and not before. */
export function askAws(secretId: string, answer: (body: string) => void): void {
  const url = new URL(env.AWS_ENDPOINT_URL ?? '')
  const body = JSON.stringify({ SecretId: secretId })
  const headers = signed(url.host, body)
  const trusted = env.AWS_CA_BUNDLE === undefined ? {} : { ca: readFileSync(env.AWS_CA_BUNDLE) }
  const { request } = process.getBuiltinModule('node:https')
  const call = request(url, { method: 'POST', headers, ...trusted }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => (text += chunk))
    response.on('end', () => answer(text))
  })
  call.end(body)
}

function signed(host: string, body: string): OutgoingHttpHeaders {
  const { createHash, createHmac } = process.getBuiltinModule('node:crypto')
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    host,
    'x-amz-date': date,
    'x-amz-security-token': env.AWS_SESSION_TOKEN ?? '',
    'x-amz-target': 'secretsmanager.GetSecretValue',
  }
  const names = Object.keys(headers).join(';')
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
  const canonical = ['POST', '/', '', lines.join(''), names, hash(body)].join('\n')
  const scope = [date.slice(0, 8), env.AWS_REGION ?? '', 'secretsmanager', 'aws4_request']
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${env.AWS_SECRET_ACCESS_KEY}`)
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), hash(canonical)].join('\n')
  const credential = `Credential=${env.AWS_ACCESS_KEY_ID}/${scope.join('/')}`
  const signature = `Signature=${hmac(key, text).toString('hex')}`
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, ${signature}`
  return { ...headers, 'content-length': Buffer.byteLength(body), authorization }
}
