/** Path and name, as IAM allows them. */
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/

export function isRoleArn(text: string): boolean {
  return ROLE_ARN.test(text)
}
