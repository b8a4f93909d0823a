// Lambda's calls for layers, over HTTP: enough to publish, to look, and to grant.
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html and its neighbours

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

interface Version {
  readonly arn: string
  readonly hash: string
  readonly description: string
  readonly architectures: readonly string[]
  /** Where Lambda refers to the zip; undefined where it keeps a copy. */
  readonly reference: string | undefined
  readonly permissions: Map<string, { principal: string; organization: string | undefined }>
}

interface Content {
  readonly ZipFile?: string
  readonly S3Bucket?: string
  readonly S3Key?: string
  readonly S3ObjectStorageMode?: string
}

interface LambdaApi {
  readonly url: string
  /** By layer, oldest version first. */
  readonly layers: ReadonlyMap<string, readonly Version[]>
  /** IAM's action and resource of each call, in order. */
  readonly calls: readonly { readonly action: string; readonly resource: string }[]
  /** Zips in S3, by `bucket/key`. */
  readonly objects: Map<string, Buffer>
  /** The next call is refused. */
  refuseNext(status: number, type: string): void
  close(): void
}

export async function startLambdaApi(): Promise<LambdaApi> {
  const layers = new Map<string, Version[]>()
  const objects = new Map<string, Buffer>()
  const calls: { action: string; resource: string }[] = []
  let refusal: { status: number; type: string } | undefined
  const server = createServer((request, response) => {
    text(request)
      .then((body) => {
        calls.push(callOf(request))
        const refused = refusal
        refusal = undefined
        if (refused !== undefined) return fail(response, refused.status, refused.type)
        return answer(layers, objects, request, body, response)
      })
      .catch(() => response.destroy())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    layers,
    objects,
    calls,
    refuseNext: (status, type) => (refusal = { status, type }),
    close: () => (server.closeAllConnections(), server.close()),
  }
}

const TARGET = /^\/2018-10-31\/layers\/([^/]+)\/versions(?:\/(\d+)(\/policy)?)?$/

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html */
function callOf({ url = '', method }: IncomingMessage): { action: string; resource: string } {
  const [, name = '', number, policy] = TARGET.exec(new URL(url, 'http://localhost').pathname) ?? []
  const layer = `arn:aws:lambda:eu-west-1:123456789012:layer:${name}`
  if (number !== undefined) {
    const action = policy === undefined ? 'GetLayerVersion' : 'AddLayerVersionPermission'
    return { action: `lambda:${action}`, resource: `${layer}:${number}` }
  }
  // AWS lists no resource for the list of versions.
  return method === 'POST'
    ? { action: 'lambda:PublishLayerVersion', resource: layer }
    : { action: 'lambda:ListLayerVersions', resource: '*' }
}

function answer(
  layers: Map<string, Version[]>,
  objects: ReadonlyMap<string, Buffer>,
  request: IncomingMessage,
  body: string,
  response: ServerResponse,
): void {
  const { pathname } = new URL(request.url ?? '', 'http://localhost')
  const [, name = '', number, policy] = TARGET.exec(pathname) ?? []
  const versions = layers.get(name) ?? []
  const version = versions[Number(number) - 1]
  const input = body === '' ? {} : (JSON.parse(body) as Record<string, never>)
  if (request.method === 'POST' && number === undefined) {
    const { ZipFile, S3Bucket, S3Key, S3ObjectStorageMode: mode } = input['Content'] as unknown as Content
    const zip = ZipFile === undefined ? objects.get(`${S3Bucket}/${S3Key}`) : Buffer.from(ZipFile, 'base64')
    if (zip === undefined) return fail(response, 400, 'InvalidParameterValueException')
    const made = {
      arn: `arn:aws:lambda:us-east-1:123456789012:layer:${name}:${versions.length + 1}`,
      hash: createHash('sha256').update(zip).digest('base64'),
      description: input['Description'] ?? '',
      architectures: input['CompatibleArchitectures'] ?? [],
      reference: mode === 'REFERENCE' ? `${S3Bucket}/${S3Key}` : undefined,
      permissions: new Map(),
    }
    layers.set(name, [...versions, made])
    return send(response, 201, described(made, versions.length + 1))
  }
  if (number === undefined) {
    const all = versions.map((one, i) => described(one, i + 1)).toReversed()
    return send(response, 200, { LayerVersions: all.slice(0, 1) })
  }
  if (version === undefined) return fail(response, 404, 'ResourceNotFoundException')
  if (policy === undefined) return send(response, 200, described(version, Number(number)))
  const { StatementId: id = '', Principal: principal = '', OrganizationId: organization } = input
  if (version.permissions.has(id)) return fail(response, 409, 'ResourceConflictException')
  version.permissions.set(id, { principal, organization })
  return send(response, 201, { Statement: '{}', RevisionId: 'r' })
}

function described({ arn, hash, description }: Version, version: number): object {
  return { LayerVersionArn: arn, Version: version, Description: description, Content: { CodeSha256: hash } }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}

function fail(response: ServerResponse, status: number, type: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'x-amzn-ErrorType': type })
  response.end(JSON.stringify({ message: 'refused by the test' }))
}
