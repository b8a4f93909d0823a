import { reject } from '../errors.ts'

/**
 * Every reason to refuse a request. The 401 is the original's, byte for byte (recorded in awslabs/aws-sdk-rust#905).
 * Nobody has recorded the original's other refusals, so ours say what is wrong.
 */
export const rejects = {
  badToken: reject(401, 'AccessDeniedException', 'bad session token or header key'),
  forwarded: reject(
    400,
    'AccessDeniedException',
    'forwarded requests are not served: X-Forwarded-For is present',
  ),
  foreignHost: reject(
    403,
    'AccessDeniedException',
    'foreign Host header: call localhost, 127.0.0.1 or [::1]',
  ),
  method: reject(405, 'UnsupportedOperationException', 'method not allowed: use GET'),
  unknownPath: reject(
    404,
    'UnknownOperationException',
    'unknown path: use /secretsmanager/get or /systemsmanager/parameters/get',
  ),
  noEnvironment: reject(
    404,
    'UnknownOperationException',
    'no variable of the function begins with resolve:secretsmanager: or resolve:ssm:',
  ),
  missingSecretId: reject(400, 'ValidationException', 'missing parameter secretId'),
  missingName: reject(400, 'ValidationException', 'missing parameter name'),
  badWithDecryption: reject(400, 'ValidationException', 'withDecryption must be true or false'),
  missingPath: reject(400, 'ValidationException', 'missing parameter path'),
  badRecursive: reject(400, 'ValidationException', 'recursive must be true or false'),
  badFormat: reject(400, 'ValidationException', 'format must be value'),
  tooManyNames: reject(400, 'ValidationException', 'more than 100 names'),
  ofOneOnly: reject(
    400,
    'ValidationException',
    'jsonKey, format and a version are for one secret or parameter: use get',
  ),
  badRefreshNow: reject(400, 'ValidationException', 'refreshNow must be true or false'),
  badRoleArn: reject(400, 'ValidationException', 'roleArn must be the ARN of an IAM role'),
  foreignRole: reject(
    403,
    'AccessDeniedException',
    'roleArn is not one of PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS',
  ),
  malformedEscape: reject(400, 'ValidationException', 'malformed percent-escape in the target'),
  malformedRequest: reject(400, 'ValidationException', 'malformed HTTP request'),
  headersTooLarge: reject(431, 'ValidationException', 'request header fields too large'),
  internal: reject(500, 'InternalFailure', 'internal error of the extension'),
} as const
