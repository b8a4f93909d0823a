import { IAMClient } from '@aws-sdk/client-iam'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SSMClient } from '@aws-sdk/client-ssm'

export interface Clients {
  readonly lambda: LambdaClient
  readonly iam: IAMClient
  readonly secrets: SecretsManagerClient
  readonly parameters: SSMClient
}

/** With the credentials of the environment or of AWS_PROFILE. They repeat what is throttled for half a minute or so. */
export function clientsOf(region: string): Clients {
  const options = { region, maxAttempts: 8 }
  return {
    lambda: new LambdaClient(options),
    iam: new IAMClient(options),
    secrets: new SecretsManagerClient(options),
    parameters: new SSMClient(options),
  }
}

/** Where the clients ask, if not at AWS: the variables that an SDK reads. */
export function otherEndpoints(environment: NodeJS.ProcessEnv): string[] {
  return Object.keys(environment).filter(
    (name) => name.startsWith('AWS_ENDPOINT_URL') && environment[name] !== '',
  )
}

/**
 * Repeats what is refused for a reason that passes. Rejects with what is refused for any other, and with the last
 * refusal when the time is over.
 */
export async function patiently<T>(
  act: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  {
    forMs = 60_000,
    everyMs = 1_000,
    signal,
  }: { forMs?: number; everyMs?: number; signal?: AbortSignal } = {},
): Promise<T> {
  for (const until = performance.now() + forMs; ;) {
    try {
      return await act()
    } catch (error) {
      if (!isPassing(error) || performance.now() > until) throw error
      signal?.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
}

/** Whether it is an error of AWS with one of these names. */
export function isNamed(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.includes(error.name)
}

/** With its name, where that says more than its message: some of AWS's have none. */
export function textOf(error: unknown): string {
  const { name, message } = error as Error
  return name === 'Error' || name === 'RangeError' ? message : `${name}: ${message}`
}
