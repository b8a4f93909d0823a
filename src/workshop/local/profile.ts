import { SSMClient } from '@aws-sdk/client-ssm'

export interface Profile {
  readonly region: string
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
}

/** The user's own credentials and region, by the AWS SDK's provider chain. Rejects with the chain's explanation. */
export async function resolveProfile(): Promise<Profile> {
  const client = new SSMClient({})
  try {
    const region = await client.config.region()
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials()
    return {
      region,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    }
  } finally {
    client.destroy()
  }
}
