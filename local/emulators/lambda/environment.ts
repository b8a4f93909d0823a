import type { LambdaCredentials } from './credentials.ts'

export type LambdaMode = 'on-demand' | 'provisioned-concurrency' | 'snap-start' | 'lambda-managed-instances'

export type Environment = Record<string, string>

/** The function that an environment is made for; every part has a default in `startLambda`. */
export interface FunctionSettings {
  functionName: string
  functionVersion: string
  handler: string
  accountId: string
  region: string
  memorySizeMb: number
}

interface EnvironmentParts {
  mode: LambdaMode
  settings: FunctionSettings
  runtimeApi: string
  credentials: LambdaCredentials
  /** Where credentials are to be had, in place of variables. */
  endpoint: { uri: string; token: string } | undefined
  functionEnvironment: Environment
  hostEnvironment: Environment
}

// What the runtime has and an external extension has not:
// docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
const absentVariables = new Set([
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_MAX_CONCURRENCY',
  'AWS_XRAY_CONTEXT_MISSING',
  'AWS_XRAY_DAEMON_ADDRESS',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
])

const credentialVariables = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']

/** Variables of Lambda that a function may set itself. */
const overridable: Environment = {
  TZ: ':UTC',
  LANG: 'en_US.UTF-8',
  PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  LD_LIBRARY_PATH:
    '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
}

/**
 * The whole environment of an extension process: nothing is inherited from this one. The function's own
 * variables come through raw (NODE_OPTIONS, LD_PRELOAD …), Lambda's reserved ones win over them, and
 * `hostEnvironment`, which Lambda does not know, wins over all.
 */
export function extensionEnvironment(parts: EnvironmentParts): Environment {
  const { mode, settings, runtimeApi, functionEnvironment, hostEnvironment } = parts
  const reserved: Environment = {
    AWS_REGION: settings.region,
    AWS_DEFAULT_REGION: settings.region,
    AWS_LAMBDA_FUNCTION_NAME: settings.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: settings.functionVersion,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memorySizeMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: mode,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    ...credentialsIn(parts),
  }
  return {
    ...overridable,
    ...visible(functionEnvironment),
    ...reserved,
    ...hostEnvironment,
  }
}

function credentialsIn({ endpoint, credentials }: EnvironmentParts): Environment {
  if (endpoint !== undefined) {
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: endpoint.uri,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: endpoint.token,
    }
  }
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  }
}

function visible(functionEnvironment: Environment): Environment {
  const entries = Object.entries(functionEnvironment).filter(
    ([key]) => !key.startsWith('_') && !absentVariables.has(key) && !credentialVariables.includes(key),
  )
  return Object.fromEntries(entries)
}
