// Where others look up the ARNs of layers that were published: parameters, as AWS has them for its own layers.

import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { VERSION } from '../src/version.ts'

/** Below a path: for each layer `latest`, and the version that it was published as. */
export function parameterNames(path: string, layer: string): readonly string[] {
  return ['latest', VERSION].map((version) => `${path}/${layer}/${version}`)
}

/** Writes those that name another ARN, or none. Returns their names. Rejects with the SDK's error. */
export async function writeArn(region: string, path: string, layer: string, arn: string): Promise<string[]> {
  const client = new SSMClient({ region })
  const written: string[] = []
  for (const Name of parameterNames(path, layer)) {
    if ((await valueOf(client, Name)) === arn) continue
    await client.send(
      new PutParameterCommand({
        Name,
        Value: arn,
        Type: 'String',
        Overwrite: true,
        Description: `ARN of the layer ${layer}, Open Parameters and Secrets Lambda Extension`,
      }),
    )
    written.push(Name)
  }
  return written
}

async function valueOf(client: SSMClient, Name: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetParameterCommand({ Name }))).Parameter?.Value
  } catch (error) {
    if ((error as Error).name === 'ParameterNotFound') return undefined
    throw error
  }
}
