import { createHash } from 'node:crypto'
import {
  AddLayerVersionPermissionCommand,
  GetLayerVersionCommand,
  LambdaClient,
  type LayerVersionContentInput,
  ListLayerVersionsCommand,
  PublishLayerVersionCommand,
} from '@aws-sdk/client-lambda'
import { VERSION } from '../src/version.ts'

/** Who may use a layer besides the account that publishes it. */
export type Granted = { readonly account: string } | { readonly organization: string }

interface Wanted {
  readonly name: string
  readonly architectures: readonly ('x86_64' | 'arm64')[]
  /** The zip. */
  readonly contents: Buffer
  /** Where the same zip is, for Lambda to refer to instead of keeping a copy. */
  readonly reference?: { readonly bucket: string; readonly key: string } | undefined
  readonly grants: readonly Granted[]
}

interface Published {
  readonly arn: string
  /** False where its newest version has these bytes already. */
  readonly isNew: boolean
  /** In the order of the wanted ones. */
  readonly granted: readonly { readonly to: string; readonly isNew: boolean }[]
}

function contentOf(contents: Buffer, reference: Wanted['reference']): LayerVersionContentInput {
  return reference === undefined
    ? { ZipFile: contents }
    : { S3Bucket: reference.bucket, S3Key: reference.key, S3ObjectStorageMode: 'REFERENCE' }
}

/** The function rejects with the SDK's error, or where Lambda holds other bytes than it was given. */
export function createPublisher(region: string): (wanted: Wanted) => Promise<Published> {
  const lambda = new LambdaClient({ region })
  return async ({ name, architectures, contents, reference, grants }) => {
    const hash = createHash('sha256').update(contents).digest('base64')
    const present = await newest(name)
    const isNew = present?.hash !== hash
    const { arn, version } = isNew ? await add() : present
    const granted = []
    for (const grant of grants) granted.push(await allow(version, grant))
    return { arn, isNew, granted }

    async function add() {
      const made = await lambda.send(
        new PublishLayerVersionCommand({
          LayerName: name,
          Description: `Open Parameters and Secrets Lambda Extension ${VERSION}`,
          LicenseInfo: 'Apache-2.0',
          CompatibleArchitectures: [...architectures],
          Content: contentOf(contents, reference),
        }),
      )
      if (made.Content?.CodeSha256 !== hash) throw new Error(`${name}: Lambda holds other bytes`)
      return { arn: made.LayerVersionArn ?? '', version: made.Version ?? 0 }
    }

    /** The same grant again is no error: the id of its statement says whom it is for. */
    async function allow(of: number, grant: Granted) {
      const isAccount = 'account' in grant
      const to = isAccount ? grant.account : grant.organization
      try {
        await lambda.send(
          new AddLayerVersionPermissionCommand({
            LayerName: name,
            VersionNumber: of,
            StatementId: `${isAccount ? 'account' : 'organization'}-${to}`,
            Action: 'lambda:GetLayerVersion',
            Principal: isAccount ? to : '*',
            ...(!isAccount && { OrganizationId: to }),
          }),
        )
        return { to, isNew: true }
      } catch (error) {
        if ((error as Error).name !== 'ResourceConflictException') throw error
        return { to, isNew: false }
      }
    }
  }

  async function newest(name: string) {
    const { LayerVersions: [last] = [] } = await lambda.send(
      new ListLayerVersionsCommand({ LayerName: name, MaxItems: 1 }),
    )
    if (last?.Version === undefined) return undefined
    const { Content, LayerVersionArn = '' } = await lambda.send(
      new GetLayerVersionCommand({ LayerName: name, VersionNumber: last.Version }),
    )
    return { hash: Content?.CodeSha256, arn: LayerVersionArn, version: last.Version }
  }
}
