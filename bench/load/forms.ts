import { valueIn, type RequestParts } from '../measuring/request.ts'
import { CREDENTIALS, secretOf, TOKEN, type Target } from '../measuring/catalogue.ts'

// The forms of a request for a secret.

/** `value`: the bare value. `sdk`: as boto3 does whose endpoint is the extension. */
export type Form = 'value' | 'sdk'

export function requestOf({ path }: Target, form: Form | undefined): RequestParts {
  if (form !== 'sdk') {
    const headers = { 'X-Aws-Parameters-Secrets-Token': TOKEN }
    return { method: 'GET', path: form === 'value' ? `${path}&format=value` : path, headers }
  }
  const body = JSON.stringify({ SecretId: secretOf(path) })
  const scope = `${CREDENTIALS.accessKeyId}/20260102/us-east-1/secretsmanager/aws4_request`
  return {
    method: 'POST',
    path: '/',
    body,
    headers: {
      'Accept-Encoding': 'identity',
      'X-Amz-Target': 'secretsmanager.GetSecretValue',
      'Content-Type': 'application/x-amz-json-1.1',
      'User-Agent':
        'Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#5.10 md/arch#x86_64 lang/python#3.13.1 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.43.11',
      'X-Amz-Date': '20260102T030405Z',
      'X-Amz-Security-Token': TOKEN,
      Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=${'0'.repeat(64)}`,
      'amz-sdk-invocation-id': '01234567-89ab-4cde-8f01-0123456789ab',
      'amz-sdk-request': 'attempt=1',
      'Content-Length': String(body.length),
    },
  }
}

/** Throws unless that is an answer in that form; says nothing of what it holds. */
export function checkForm(body: string, { path, value }: Target, form: Form): void {
  const got = form === 'value' ? body : valueIn(body)
  if (got !== value) throw new Error(`${path}, ${form}: the value is another one`)
}
