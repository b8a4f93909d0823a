import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Fault } from './emulators/aws/faults.ts'
import type { Aws } from './emulators/aws/server.ts'

// A bad day of AWS, on demand, while `npm start` runs: one POST for each. It listens on loopback alone and needs no
// token: what it changes is made up.

/** By the first step of the path, what is done with the rest of it and with the body. Throws a sentence. */
const COMMANDS: Readonly<Record<string, (aws: Aws, rest: string, body: string) => string>> = {
  rotate(aws, name, value) {
    if (name === '' || value === '') throw new Error('rotate/NAME, with the new value as the body')
    aws.putSecret(name, value)
    return `${name} has a new version`
  },
  parameter(aws, name, value) {
    if (name === '' || value === '') throw new Error('parameter/NAME, with the new value as the body')
    aws.putParameter(`/${name}`, value)
    return `/${name} has a new version`
  },
  throttle: (aws) => meet(aws, { kind: 'throttle' }, 'every call is throttled'),
  unavailable: (aws) => meet(aws, { kind: 'unavailable' }, 'every call is answered 503'),
  hang: (aws) => meet(aws, { kind: 'hang' }, 'no call is answered'),
  delay(aws, text) {
    const delayMs = Number(text)
    if (!/^\d{1,6}$/.test(text)) throw new Error('delay/MILLISECONDS')
    return meet(aws, { kind: 'delay', delayMs }, `every call takes ${delayMs} ms`)
  },
  deny(aws, name) {
    if (name === '') throw new Error('deny/NAME')
    aws.fault({ name }, { kind: 'error', code: 'AccessDeniedException', message: 'denied by hand' })
    return `${name} may not be read`
  },
  clear(aws) {
    aws.clearFaults()
    return 'AWS is well again'
  },
}

function meet(aws: Aws, fault: Fault, sentence: string): string {
  aws.clearFaults()
  aws.fault({}, fault)
  return sentence
}

/** Resolves when it listens, with what closes it. Rejects when it cannot. */
export async function startControl(
  aws: Aws,
  port: number,
  say: (sentence: string) => void,
): Promise<() => void> {
  const server = createServer((request, response) => {
    bodyOf(request)
      .then((body) => {
        const { status, text } = perform(aws, request, body)
        if (status === 200) say(`control: ${text}`)
        response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
      })
      .catch(() => response.destroy())
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return () => {
    server.closeAllConnections()
    server.close()
  }
}

function perform(
  aws: Aws,
  { method, url = '' }: IncomingMessage,
  body: string,
): { status: number; text: string } {
  const [, command = '', rest = ''] = /^\/(\w*)\/?(.*)$/s.exec(url) ?? []
  const known = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined
  if (method !== 'POST' || known === undefined)
    return { status: 404, text: `POST one of ${Object.keys(COMMANDS).join(', ')}` }
  try {
    return { status: 200, text: known(aws, decodeURIComponent(rest), body) }
  } catch (error) {
    return { status: 400, text: (error as Error).message }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
