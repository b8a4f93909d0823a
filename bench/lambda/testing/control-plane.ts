// The calls of Lambda and IAM that a run makes, over HTTP, in front of sandboxes that execute what was published.
//
// As AWS: what was made is not known everywhere at once, a role is not accepted at first, a change takes a while and
// refuses the next one, lists come in pages. docs.aws.amazon.com/lambda/latest/api,
// docs.aws.amazon.com/IAM/latest/APIReference

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { Functions } from './functions.ts'
import { AwsError, type Reply } from './reply.ts'
import { Roles } from './roles.ts'
import type { SandboxOptions } from './sandbox.ts'

export interface ControlPlane {
  readonly url: string
  /** Everything that exists: `function NAME`, `layer NAME:VERSION`, `role NAME`. */
  held(): string[]
  /** The next `times` calls of that operation are refused before they do anything. */
  refuse(operation: string, error: AwsError, times?: number): void
  /** Resolves at the next call of it, which goes on. */
  called(operation: string): Promise<void>
  /** What was called so far: `lambda:CreateFunction`, `iam:CreateRole`. */
  readonly operations: ReadonlySet<string>
  /** Stops every sandbox. */
  close(): Promise<void>
}

type Route = readonly [method: string, path: RegExp, operation: string]

const ROUTES: readonly Route[] = [
  ['POST', /^\/2018-10-31\/layers\/([^/]+)\/versions$/, 'PublishLayerVersion'],
  ['GET', /^\/2018-10-31\/layers\/([^/]+)\/versions$/, 'ListLayerVersions'],
  ['DELETE', /^\/2018-10-31\/layers\/([^/]+)\/versions\/(\d+)$/, 'DeleteLayerVersion'],
  ['GET', /^\/2018-10-31\/layers$/, 'ListLayers'],
  ['POST', /^\/2015-03-31\/functions$/, 'CreateFunction'],
  ['GET', /^\/2015-03-31\/functions$/, 'ListFunctions'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)$/, 'GetFunction'],
  ['DELETE', /^\/2015-03-31\/functions\/([^/]+)$/, 'DeleteFunction'],
  ['PUT', /^\/2015-03-31\/functions\/([^/]+)\/configuration$/, 'UpdateFunctionConfiguration'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/invocations$/, 'Invoke'],
]

/** `sandboxes`: what every sandbox gets besides its own function. */
export async function startControlPlane(
  sandboxes: Pick<SandboxOptions, 'awsUrl' | 'credentials' | 'region'>,
): Promise<ControlPlane> {
  const roles = new Roles()
  const functions = new Functions(sandboxes, roles)
  const operations = new Set<string>()
  const refusals = new Map<string, { error: AwsError; times: number }>()
  const watchers = new Map<string, () => void>()

  const begin = (service: string, operation: string): void => {
    operations.add(`${service}:${operation}`)
    watchers.get(operation)?.()
    const refusal = refusals.get(operation)
    if (refusal === undefined || refusal.times === 0) return
    refusal.times -= 1
    throw refusal.error
  }

  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const body = await buffer(request)
    const url = new URL(request.url ?? '', 'http://localhost')
    const isIam = url.pathname === '/'
    try {
      if (request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ') !== true)
        throw new AwsError(403, 'MissingAuthenticationTokenException')
      if (isIam) {
        const form = new URLSearchParams(body.toString())
        const action = form.get('Action') ?? ''
        begin('iam', action)
        return roles.answer(action, form)
      }
      const route = ROUTES.find(([method, path]) => method === request.method && path.test(url.pathname))
      if (route === undefined) throw new AwsError(404, 'UnknownOperationException')
      const [, path, operation] = route
      const [, name = '', version = ''] = path.exec(url.pathname) ?? []
      begin('lambda', operation)
      return await functions.answer(operation, {
        name,
        version,
        marker: url.searchParams.get('Marker'),
        body,
      })
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      return isIam ? error.asXml() : error.asJson()
    }
  }

  const server = createServer((request, response: ServerResponse) => {
    answer(request).then(
      ({ status, headers, body }) => response.writeHead(status, headers).end(body),
      () => response.destroy(),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held: () => [...functions.held(), ...roles.held()],
    refuse: (operation, error, times = Infinity) => refusals.set(operation, { error, times }),
    called: (operation) => new Promise((resolve) => watchers.set(operation, resolve)),
    operations,
    async close() {
      await functions.close()
      server.closeAllConnections()
      server.close()
    },
  }
}
