// The regions of AWS by the partition they belong to: the patterns of "regionRegex" in the AWS SDKs' partitions.json.

const PARTITIONS: readonly (readonly [partition: string, region: RegExp])[] = [
  ['aws', /^(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d$/],
  ['aws-cn', /^cn-[a-z]+-\d$/],
  ['aws-us-gov', /^us-gov-[a-z]+-\d$/],
  ['aws-iso', /^us-iso-[a-z]+-\d$/],
  ['aws-iso-b', /^us-isob-[a-z]+-\d$/],
  ['aws-iso-e', /^eu-isoe-[a-z]+-\d$/],
  ['aws-iso-f', /^us-isof-[a-z]+-\d$/],
  ['aws-eusc', /^eusc-de-[a-z]+-\d$/],
]

export function isRegion(name: string): boolean {
  return PARTITIONS.some(([, region]) => region.test(name))
}

/** What an ARN of that region has after `arn:`. */
export function partitionOf(region: string): string {
  return PARTITIONS.find(([, pattern]) => pattern.test(region))?.[0] ?? 'aws'
}
