// What the fuzzer starts from: requests of real clients and of attackers, and pieces of the grammar to throw in.

export const SECRET_TARGETS = [
  '/secretsmanager/get?secretId=held',
  '/secretsmanager/get/?secretId=held&versionStage=AWSCURRENT',
  '/secretsmanager/get?secretId=arn%3Aaws%3Asecretsmanager%3Aus-east-1%3A123456789012%3Asecret%3Aheld-hEldHe',
  '/secretsmanager/get?secretId=held&versionId=00000000-0000-4000-8000-000000000001&refreshNow=true',
  '/secretsmanager/get?secretId=missing',
  '/v1/held',
  '/v1/h%65ld?versionStage=AWSCURRENT',
  '/systemsmanager/parameters/get?name=/held/parameter',
  '/systemsmanager/parameters/get/?withDecryption=true&name=%2Fheld%2Fparameter&label=none',
  '/systemsmanager/parameters/get?name=/held/parameter:1&version=1',
  'http://localhost:2773/secretsmanager/get?secretId=held',
  '/secretsmanager/get?secretId=held&format=value',
  '/systemsmanager/parameters/get?name=/held/parameter&jsonKey=a',
  '/secretsmanager/getMultiple?secretId=held&secretId=missing',
  '/systemsmanager/parameters/getMultiple?name=/held/parameter&withDecryption=true',
  '/systemsmanager/parameters/getByPath?path=/held&recursive=true',
] as const

/** Requests of an AWS SDK: target and body. */
const SDK_CALLS = [
  ['secretsmanager.GetSecretValue', '{"SecretId":"held"}'],
  ['AmazonSSM.GetParameter', '{"Name":"/held/parameter","WithDecryption":true}'],
  ['AmazonSSM.GetParameters', '{"Names":["/held/parameter","/none"]}'],
  ['secretsmanager.DescribeSecret', '{"SecretId":"missing"}'],
  ['secretsmanager.GetSecretValue', '{"SecretId":'],
  ['AmazonS3.ListBuckets', '{}'],
] as const

const TARGETS = [
  ...SECRET_TARGETS,
  '/secretsmanager/get?secretId=held&roleArn=arn:aws:iam::111122223333:role/reader',
  '/metrics',
  '/ping',
  '/environment',
  '/',
  '*',
  '/secretsmanager/get',
  '/a/../secretsmanager/get?secretId=held',
]

/** Whole requests; each carries the token unless it is of a kind that never does. */
export function corpus(token: string): Buffer[] {
  const headers = `Host: localhost:2773\r\nX-Aws-Parameters-Secrets-Token: ${token}\r\n`
  return [
    ...TARGETS.map((target) => `GET ${target} HTTP/1.1\r\n${headers}\r\n`),
    `GET ${SECRET_TARGETS[0]} HTTP/1.0\r\nx-aws-parameters-secrets-token: ${token}\r\n\r\n`,
    `GET ${SECRET_TARGETS[0]} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`,
    `GET ${SECRET_TARGETS[0]} HTTP/1.1\r\n${headers}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
    `GET ${SECRET_TARGETS[0]} HTTP/1.1\r\n${headers}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    `GET ${SECRET_TARGETS[0]} HTTP/1.1\r\n${headers}Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`,
    `POST ${SECRET_TARGETS[0]} HTTP/1.1\r\n${headers}Content-Length: 17\r\n\r\n{"SecretId":"a"}\n`,
    ...SDK_CALLS.map(([target, body]) => {
      const length = `Content-Type: application/x-amz-json-1.1\r\nContent-Length: ${body.length}\r\n`
      const signed = `Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/ssm/aws4_request\r\n`
      const shown = `X-Amz-Security-Token: ${token}\r\namz-sdk-request: attempt=2\r\namz-sdk-invocation-id: a\r\n`
      return `POST / HTTP/1.1\r\nHost: localhost:2773\r\nX-Amz-Target: ${target}\r\n${length}${signed}${shown}\r\n${body}`
    }),
    `HEAD ${SECRET_TARGETS[0]} HTTP/1.1\r\n${headers}\r\n`,
    `HEAD /ping/ HTTP/1.1\r\n${headers}\r\n`,
    `HEAD ${SECRET_TARGETS[0]} HTTP/1.1\r\n${headers}Upgrade: h2c\r\nConnection: Upgrade\r\n\r\nGET /ping HTTP/1.1\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\n${headers}\r\n`,
    `CONNECT localhost:2773 HTTP/1.1\r\n${headers}\r\n`,
    `GET ${SECRET_TARGETS[0]} HTTP/1.1\r\n${headers}X-Forwarded-For: 203.0.113.9\r\n\r\n`,
    `GET ${SECRET_TARGETS[0]} HTTP/1.1\r\nHost: rebound.example\r\nX-Aws-Parameters-Secrets-Token: ${token}\r\n\r\n`,
    // A TLS ClientHello and the HTTP/2 preface, as from clients with the wrong scheme.
    Buffer.from('16030100c8010000c40303', 'hex').toString('latin1') + 'x'.repeat(190),
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000',
  ].map((text) => Buffer.from(text, 'latin1'))
}

/** Thrown into the middle of requests. */
export const MORSELS: readonly Buffer[] = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  '\u0000',
  ' ',
  '\t',
  ':',
  '%',
  '%00',
  '%ff',
  '%C0%80',
  '%u0041',
  '+',
  '&&==&',
  '?',
  '#',
  'HTTP/0.9',
  'HTTP/1.0',
  'HTTP/2.0',
  'HTTP/1.1\r\nHost: a',
  '../',
  '//',
  '\\',
  'é',
  '\u00ff\u00fe',
  '٣',
  'Content-Length: 5\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity, chunked\r\n',
  'Connection: close\r\n',
  'Expect: 100-continue\r\n',
  'Expect: 200-ok\r\n',
  'Upgrade: websocket\r\nConnection: Upgrade\r\n',
  'X-Forwarded-For: ::1\r\n',
  'Host: evil.example\r\n',
  'Host:\r\n',
  ' folded\r\n',
  ': no name\r\n',
  'X-Aws-Parameters-Secrets-Token: \r\n',
  'X-Aws-Parameters-Secrets-Token: wrong\r\n',
  '&secretId=',
  '&secretId=held',
  '&name=',
  '&withDecryption=maybe',
  '&refreshNow=true',
  '&version=1',
  '&label=x',
  'a'.repeat(4_000),
  'a'.repeat(70_000),
  'X-Many: 1\r\n'.repeat(2_500),
  '&a=b'.repeat(5_000),
  '%41'.repeat(9_000),
  'arn:aws:ssm:eu-west-1:123456789012:parameter/x',
  'arn:aws:secretsmanager:::secret:',
  '__proto__',
  'constructor',
].map((text) => Buffer.from(text))
