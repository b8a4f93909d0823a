// Our name and version.

/** The original's name. Clients in the wild test for a file of this name, and Lambda registers us by it. */
export const EXTENSION_NAME = 'AWSParametersAndSecretsLambdaExtension'
/** The version of package.json; a test keeps the two equal. */
export const VERSION = '0.1.0'
