export interface Ready {
  readonly port: number
  readonly isEmulated: boolean
  readonly seed: string
  /** From the spawn of the extension to the end of its initialisation. */
  readonly initMs: number
}

/** What the user sees when all is up: `curl` lines to paste. A token of the user's own is named, not printed. */
export function readyText({ port, isEmulated, seed, initMs }: Ready): string {
  const token = process.env.AWS_SESSION_TOKEN ? '$AWS_SESSION_TOKEN' : 'local-token'
  const header = `-H "X-Aws-Parameters-Secrets-Token: ${token}"`
  const curl = (path: string) => `  curl ${header} 'http://localhost:${port}${path}'`
  return [
    '',
    `Serving ${isEmulated ? `the secrets and parameters of ${seed}` : 'the real AWS'} (up in ${Math.round(initMs)} ms). Ctrl-C stops.`,
    '',
    ...examples(isEmulated).map(curl),
    '',
  ].join('\n')
}

function examples(isEmulated: boolean): string[] {
  if (!isEmulated) return ['/secretsmanager/get?secretId=NAME', '/systemsmanager/parameters/get?name=/NAME']
  return [
    '/secretsmanager/get?secretId=MySecret',
    '/secretsmanager/get?secretId=MySecret&versionStage=AWSPREVIOUS',
    '/secretsmanager/get?secretId=prod/db',
    '/systemsmanager/parameters/get?name=%2Fapp%2Fplain',
    '/systemsmanager/parameters/get?name=/app/plain&label=release',
    '/systemsmanager/parameters/get?name=/app/list',
    '/systemsmanager/parameters/get?name=/app/secure&withDecryption=true',
  ]
}
