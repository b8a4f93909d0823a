// One function that reads one secret and one parameter through the layer. After npm run layer, in this folder:
//   npm ci && npm run deploy
//   npm run destroy

import { App, RemovalPolicy, Stack } from 'aws-cdk-lib'
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LayerVersion,
  ParamsAndSecretsLayerVersion,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'

const stack = new Stack(new App(), 'parameters-secrets-example')

const layer = new LayerVersion(stack, 'Layer', {
  layerVersionName: 'parameters-secrets-example',
  code: Code.fromAsset('../../../dist/parameters-secrets-arm64.zip'),
  compatibleArchitectures: [Architecture.ARM_64],
  license: 'Apache-2.0',
  removalPolicy: RemovalPolicy.DESTROY,
})
const secret = new Secret(stack, 'Secret', {
  description: 'Read by the example',
  generateSecretString: {
    secretStringTemplate: JSON.stringify({ username: 'app' }),
    generateStringKey: 'password',
  },
  removalPolicy: RemovalPolicy.DESTROY,
})
const parameter = new StringParameter(stack, 'Parameter', { stringValue: 'a value that is no secret' })

const reader = new LambdaFunction(stack, 'Function', {
  runtime: Runtime.PYTHON_3_13,
  architecture: Architecture.ARM_64,
  handler: 'handler.handler',
  code: Code.fromAsset('../../samples/python'),
  memorySize: 256,
  // In the place of ParamsAndSecretsLayerVersion.fromVersion(…), which is AWS's layer.
  paramsAndSecrets: ParamsAndSecretsLayerVersion.fromVersionArn(layer.layerVersionArn, { cacheSize: 500 }),
  logGroup: new LogGroup(stack, 'Logs', {
    retention: RetentionDays.ONE_WEEK,
    removalPolicy: RemovalPolicy.DESTROY,
  }),
  environment: { SECRET_ID: secret.secretArn, PARAMETER_NAME: parameter.parameterName },
})
secret.grantRead(reader)
parameter.grantRead(reader)
