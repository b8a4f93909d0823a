// What we are called, and which one.

/** Clients in the wild test for a file of this name, and Lambda registers us by it: the original's. */
export const EXTENSION_NAME = 'AWSParametersAndSecretsLambdaExtension'
/** The version of package.json; a test keeps the two equal. */
export const VERSION = '0.1.0'
