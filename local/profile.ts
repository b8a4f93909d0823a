import { SSMClient } from '@aws-sdk/client-ssm'

export interface Profile {
  readonly region: string
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
}

/** The user's own credentials and region, by the AWS SDK's provider chain. Throws a sentence that says what to do. */
export async function resolveProfile(): Promise<Profile> {
  const client = new SSMClient({})
  const profile = process.env['AWS_PROFILE']
  const named = profile === undefined ? '' : ` for the profile "${profile}"`
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config
      .credentials()
      .catch(failWith(`no AWS credentials${named}`, ADVICE.credentials))
    const region = await client.config.region().catch(failWith(`no AWS region${named}`, ADVICE.region))
    return {
      region,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    }
  } finally {
    client.destroy()
  }
}

const ADVICE = {
  credentials:
    'set AWS_PROFILE to one of `aws configure list-profiles`, run `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  region: 'set AWS_REGION, or the region of the profile with `aws configure set region`',
}

/** With the chain's own explanation in the middle: it names what it looked at, and quotes no credentials. */
function failWith(what: string, advice: string): (error: Error) => never {
  return (error) => {
    throw new Error(`${what}: ${error.message.replace(/\.$/, '')}; ${advice}`, { cause: error })
  }
}
