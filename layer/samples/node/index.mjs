// nodejs runtimes, with the nodejs layer. SECRET_ID and PARAMETER_NAME are variables of the function.

const port = process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT ?? '2773'

async function ask(path, query) {
  const url = `http://localhost:${port}${path}?${new URLSearchParams(query)}`
  const headers = { 'X-Aws-Parameters-Secrets-Token': process.env.AWS_SESSION_TOKEN }
  const response = await fetch(url, { headers })
  if (!response.ok) throw new Error(`${response.status} ${response.headers.get('x-amzn-errormessage') ?? ''}`)
  return response.json()
}

export async function handler() {
  const [secret, parameter] = await Promise.all([
    ask('/secretsmanager/get', { secretId: process.env.SECRET_ID }),
    ask('/systemsmanager/parameters/get', { name: process.env.PARAMETER_NAME, withDecryption: 'true' }),
  ])
  return { secretLength: secret.SecretString.length, parameterVersion: parameter.Parameter.Version }
}
