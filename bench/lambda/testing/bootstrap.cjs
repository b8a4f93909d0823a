// The runtime loop of Node, as in a custom runtime: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

'use strict'
const { join } = require('node:path')

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`
const post = (path, body) => fetch(`${api}/${path}`, { method: 'POST', body: JSON.stringify(body) })
const reported = (error) => ({ errorType: error.name, errorMessage: error.message })

async function main() {
  const { handler } = require(join(process.env.LAMBDA_TASK_ROOT, 'index.js'))
  for (;;) {
    const next = await fetch(`${api}/invocation/next`)
    const id = next.headers.get('Lambda-Runtime-Aws-Request-Id')
    const event = await next.json()
    await handler(event).then(
      (result) => post(`invocation/${id}/response`, result),
      (error) => post(`invocation/${id}/error`, reported(error)),
    )
  }
}

main().catch((error) => post('init/error', reported(error)).finally(() => process.exit(1)))
