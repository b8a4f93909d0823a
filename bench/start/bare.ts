// The floor of every start: listen, register, next, with nothing but `node:http`. It says when it listens, because
// nobody else can see that moment. As `https` it is the floor of a first secret too, and asks AWS for each.
import { writeSync } from 'node:fs'
import { createServer, request, type RequestListener } from 'node:http'
import { EXTENSION_NAME } from '../../src/version.ts'
import { askAws } from './ask-aws.ts'

const [host, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? '').split(':')
const base = '/2020-01-01/extension'

const ok: RequestListener = (_, response) => response.end('ok')
const secret: RequestListener = ({ url = '' }, response) => {
  const { searchParams } = new URL(url, 'http://localhost')
  askAws(searchParams.get('secretId') ?? '', (body) => response.end(body))
}

createServer({ keepAliveTimeout: 0 }, process.env.BENCH_FLOOR === 'https' ? secret : ok).listen(
  Number(process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT),
  '127.0.0.1',
  () => {
    writeSync(1, 'listening\n')
    register()
  },
)

function register(): void {
  const headers = { 'Lambda-Extension-Name': EXTENSION_NAME, 'Content-Length': 23 }
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
