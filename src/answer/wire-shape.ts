import { toBytes } from '../byte-string.ts'
import { createBody, type Body } from './answer.ts'

// AWS's own 200 bodies, in AWS JSON 1.1, made from the original's: what an AWS SDK reads. A time is in seconds since
// 1970, and what is absent is left out. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html

export const WIRE_TYPE = 'application/x-amz-json-1.1'

/**
 * That of the original's, with further headers and an id as each answer of AWS has: one for all who are given these
 * bytes.
 */
export function wireReply(body: string, further: readonly string[]): Body {
  const id = ['x-amzn-RequestId', globalThis.crypto.randomUUID()]
  return createBody(toBytes(wireBody(body)), WIRE_TYPE, [...id, ...further])
}

/** `body` is one of go-shape.ts. */
export function wireBody(body: string): string {
  const { ResultMetadata: _, ...fields } = JSON.parse(body) as Record<string, unknown>
  return JSON.stringify(fields, (key, value: unknown) => {
    if (value === null) return undefined
    const isTime = key === 'CreatedDate' || key === 'LastModifiedDate'
    return isTime && typeof value === 'string' ? Date.parse(value) / 1000 : value
  })
}
