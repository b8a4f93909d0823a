import type { IncomingMessage } from 'node:http'
import type { Fault } from './emulators/aws/fault.ts'
import { isRegion } from './emulators/aws/partitions.ts'
import type { Aws } from './emulators/aws/server.ts'
import { isLoopbackAuthority } from '../src/loopback.ts'
import { listen } from './listen.ts'

// Faults and rotations of AWS, on demand, while `npm start` runs: one POST for each. It listens on loopback alone and
// needs no token: what it changes is made up. A web page that the user looks at must change nothing all the same:
// browsers send the Host that they asked for, and the Origin of the page with each POST.

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
  down(aws, region) {
    if (!isRegion(region)) throw new Error('down/REGION')
    aws.clearFaults()
    aws.fault({ region }, { kind: 'reset' })
    return `${region} is down`
  },
  deny(aws, name) {
    if (name === '') throw new Error('deny/NAME')
    aws.deny(name, 'denied by hand')
    return `${name} may not be read`
  },
  clear(aws) {
    aws.clearFaults()
    aws.allowAll()
    return 'AWS is well again'
  },
}

/** Larger than any value, so that AWS's own limits are met first. */
const MOST_BODY_BYTES = 1024 * 1024

function meet(aws: Aws, fault: Fault, sentence: string): string {
  aws.clearFaults()
  aws.fault({}, fault)
  return sentence
}

interface Outcome {
  readonly status: number
  readonly text: string
}

/** Resolves when it listens, with what closes it. Rejects with a sentence when it cannot. */
export function startControl(aws: Aws, port: number, say: (sentence: string) => void): Promise<() => void> {
  return listen(
    (request, response) => {
      answer(aws, request)
        .then(({ status, text }) => {
          if (status === 200) say(`control: ${text}`)
          response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
        })
        .catch(() => response.destroy())
    },
    { port, option: '--control' },
  )
}

async function answer(aws: Aws, request: IncomingMessage): Promise<Outcome> {
  const refusal = refusalOf(request)
  const body = await bodyOf(request)
  if (refusal !== undefined) return { status: 403, text: refusal }
  if (body === undefined) return { status: 413, text: `a value has at most ${MOST_BODY_BYTES} bytes here` }
  return perform(aws, request, body)
}

/** Why a request is none of a program on this machine. */
function refusalOf({ headersDistinct: { host = [], origin, 'sec-fetch-site': site } }: IncomingMessage) {
  const [name = ''] = host
  if (host.length !== 1 || !isLoopbackAuthority(name)) return 'the Host must be localhost'
  const isPage = origin !== undefined || (site !== undefined && site.join() !== 'none')
  return isPage ? 'no web page may ask for this' : undefined
}

function perform(aws: Aws, { method, url = '' }: IncomingMessage, body: string): Outcome {
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

/** Undefined if it is too large, which is read to its end, so that the caller can read the answer. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= MOST_BODY_BYTES) chunks.push(chunk)
  }
  return bytes > MOST_BODY_BYTES ? undefined : Buffer.concat(chunks).toString()
}
