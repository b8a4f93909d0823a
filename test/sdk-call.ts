import { exchange, type Reply } from '../tools/wire.ts'
import type { Extension } from './artefact.ts'

export interface SdkCall {
  /** What the endpoint of the SDK ends in. */
  readonly path?: string
  /** Of one call, whose attempts share it. */
  readonly invocation?: string
  readonly attempt?: number
}

/** One attempt of a call, as an SDK sends it whose endpoint is the extension. `input` may be text that is no JSON. */
export async function bySdk(
  { port, token }: Extension,
  target: string,
  input: unknown,
  { path = '/', invocation = 'a call', attempt = 1 }: SdkCall = {},
): Promise<Reply> {
  const body = typeof input === 'string' ? input : JSON.stringify(input)
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    `X-Amz-Target: ${target}`,
    `X-Amz-Security-Token: ${token}`,
    `amz-sdk-invocation-id: ${invocation}`,
    `amz-sdk-request: attempt=${attempt}; max=3`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  const [reply] = await exchange(port, `${head.join('\r\n')}\r\n\r\n${body}`)
  return reply!
}
