// The emulated AWS, for tests, `npm start` and benchmarks.

export type { Fault } from './fault.ts'
export { loadSeed } from './seed.ts'
export { type Aws, type AwsOptions, LOCAL_CREDENTIALS, startAws } from './server.ts'
export type { Credentials } from './signature.ts'
export { testTls } from './tls.ts'
