// The floor of every start: listen, register, next, with nothing but `node:http`. It says when it listens, because
// nobody else can see that moment.
import { writeSync } from 'node:fs'
import { createServer, request } from 'node:http'

const [host, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? '').split(':')
const name = 'AWSParametersAndSecretsLambdaExtension'
const base = '/2020-01-01/extension'

createServer({ keepAliveTimeout: 0 }, (_, response) => response.end('ok')).listen(
  Number(process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT),
  '127.0.0.1',
  () => {
    writeSync(1, 'listening\n')
    register()
  },
)

function register(): void {
  const headers = { 'Lambda-Extension-Name': name, 'Content-Length': 23 }
  const options = { host, port, method: 'POST', path: `${base}/register`, headers }
  const call = request(options, (response) => {
    response.resume()
    next(String(response.headers['lambda-extension-identifier']))
  })
  call.end('{"events":["SHUTDOWN"]}')
}

function next(identifier: string): void {
  const headers = { 'Lambda-Extension-Identifier': identifier }
  request({ host, port, path: `${base}/event/next`, headers }, () => process.exit(0)).end()
}
