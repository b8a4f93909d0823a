import { isRegion } from './emulators/aws/partitions.ts'

/**
 * Where the stand-in runs if nothing else is said: where the SDKs on this machine are configured to. Throws a sentence.
 */
export function defaultRegion(env: NodeJS.ProcessEnv): string {
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'us-east-1'
  if (isRegion(region)) return region
  throw new Error(`AWS_REGION is no region of AWS: "${region}"`)
}
