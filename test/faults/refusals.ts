import { LOCAL_CREDENTIALS } from '../../local/emulators/aws/server.ts'
import { faulty, type Row } from './row.ts'

/** Ours: AWS sends ParameterNotFound without a message. */
const UNSAID = 'The parameter does not exist in this account and region.'

const ROTATED = {
  accessKeyId: 'ASIALOCALLOCALLOCAL2',
  secretAccessKey: 'rotated-secret-key',
  sessionToken: 'rotated-token',
}

/** The clock and the credentials, which are not the caller's fault. */
export const CREDENTIALS: readonly Row[] = [
  {
    name: 'the clock is an hour slow, and then comes right',
    world: 'AWS itself',
    strike: ({ extension }) => (extension.aws.clockSkewMs = 3_600_000),
    mend: ({ extension }) => (extension.aws.clockSkewMs = 0),
    expect: { arrived: 2 },
  },
  {
    name: 'the clock is an hour fast, and then comes right',
    world: 'AWS itself',
    strike: ({ extension }) => (extension.aws.clockSkewMs = -3_600_000),
    mend: ({ extension }) => (extension.aws.clockSkewMs = 0),
    expect: { arrived: 2 },
  },
  {
    name: 'the credentials of the environment expire',
    world: 'AWS itself',
    strike: ({ extension }) => extension.aws.expireCredentials(LOCAL_CREDENTIALS.accessKeyId),
    mend: ({ extension }) => extension.aws.setCredentials(LOCAL_CREDENTIALS),
    expect: {
      code: 'ExpiredTokenException',
      reason: 'The security token included in the request is expired',
      attempts: 1,
    },
  },
  {
    name: 'they expire, and the endpoint has new ones',
    world: 'credentials from the container endpoint',
    strike: async ({ extension }) => {
      await extension.get('/secretsmanager/get?secretId=before')
      extension.aws.setCredentials([LOCAL_CREDENTIALS, ROTATED])
      extension.aws.expireCredentials(LOCAL_CREDENTIALS.accessKeyId)
      extension.lambda.rotateCredentials(ROTATED)
    },
    expect: { arrived: 2 },
  },
  {
    name: 'they expire, and the endpoint has nothing newer',
    world: 'credentials from the container endpoint',
    strike: ({ extension }) => extension.aws.expireCredentials(ROTATED.accessKeyId),
    mend: ({ extension }) => extension.aws.setCredentials(ROTATED),
    expect: {
      code: 'ExpiredTokenException',
      reason: 'The security token included in the request is expired',
      attempts: 1,
    },
  },
]

// docs.aws.amazon.com: the errors of GetSecretValue, of GetParameter, and the common errors of both.
export const REFUSALS: readonly Row[] = [
  refusal('secret', 'ResourceNotFoundException', "Secrets Manager can't find the specified secret."),
  refusal(
    'secret',
    'InvalidRequestException',
    'You provided a VersionStage that is not associated to the provided VersionId.',
  ),
  refusal('secret', 'InvalidParameterException', 'The parameter name or value is invalid.'),
  refusal('secret', 'ValidationException', 'Invalid name.'),
  refusal(
    'secret',
    'DecryptionFailure',
    "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
  ),
  refusal('secret', 'InternalServiceError', 'An error occurred on the server side.', 500, 3),
  refusal('parameter', 'ParameterNotFound', undefined),
  refusal(
    'parameter',
    'ParameterVersionNotFound',
    'Systems Manager could not find version 9 of the parameter.',
  ),
  refusal('parameter', 'InvalidKeyId', 'The query key ID is not valid.'),
  refusal('parameter', 'ValidationException', 'WithDecryption flag must be True.'),
  refusal('parameter', 'InternalServerError', 'An error occurred on the server side.', 500, 3),
  refusal('parameter', 'ThrottlingException', 'Rate exceeded', 400, 3),
  ...(['secret', 'parameter'] as const).flatMap((asks) => [
    refusal(
      asks,
      'AccessDeniedException',
      'User: arn:aws:sts::123456789012:assumed-role/r/f is not authorized to perform this',
    ),
    refusal(asks, 'ExpiredTokenException', 'The security token included in the request is expired'),
    refusal(asks, 'UnrecognizedClientException', 'The security token included in the request is invalid.'),
    refusal(asks, 'InvalidSignatureException', 'The request signature we calculated does not match.'),
    refusal(asks, 'IncompleteSignature', 'The request signature does not conform to AWS standards.'),
    refusal(asks, 'MissingAuthenticationToken', 'The request must contain a valid access key id.'),
    refusal(
      asks,
      'RequestExpired',
      'The request reached the service more than 15 minutes after its date stamp.',
    ),
    refusal(asks, 'OptInRequired', 'The access key id needs a subscription for the service.', 403),
    refusal(
      asks,
      'ServiceUnavailable',
      'The request has failed due to a temporary failure of the server.',
      503,
      3,
    ),
  ]),
]

/** AWS answers with an error: three tries where trying again may help. */
function refusal(
  asks: 'secret' | 'parameter',
  code: string,
  message: string | undefined,
  status = 400,
  attempts = 1,
): Row {
  const service = asks === 'secret' ? 'Secrets Manager' : 'Parameter Store'
  return {
    name: `${service} answers ${status} ${code}`,
    world: 'AWS itself',
    asks,
    strike: faulty({ kind: 'error', code, status, ...(message !== undefined && { message }) }),
    expect: { code, reason: message ?? UNSAID, attempts },
  }
}
