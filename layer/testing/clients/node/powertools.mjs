import { getSecret } from '@aws-lambda-powertools/parameters/secrets'
import {
  getParameter,
  getParameters,
  getParametersByName,
  setParameter,
} from '@aws-lambda-powertools/parameters/ssm'

// Powertools has a cache of its own; each read here is to ask the extension.
const FRESH = { forceFetch: true }

async function code(read) {
  try {
    await read
    return undefined
  } catch (error) {
    // It wraps the error of the SDK.
    return error.cause.name
  }
}

const listed = await getParameters('/app', FRESH)
const { _errors: missing, ...some } = await getParametersByName(
  { '/app/a': {}, '/none': {} },
  { throwOnError: false, maxAge: 0 },
)
const seen = {
  read: [await getSecret('s', FRESH), await getSecret('s', FRESH)],
  noSecret: await code(getSecret('none', FRESH)),
  noParameter: await code(getParameter('/none', FRESH)),
  listed: Object.keys(listed).map((name) => `/app/${name}`),
  some: [Object.keys(some), missing],
}
await setParameter('/app/a', { value: 'what the client has written, too', overwrite: true })
const writtenParameter = await getParameter('/app/a', FRESH)
process.stdout.write(JSON.stringify({ ...seen, writtenParameter }))
