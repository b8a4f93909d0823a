// The emulated AWS, for tests, `npm start` and benchmarks.

export type { Fault, FaultMatch } from './faults.ts'
export { type Seed, loadSeed } from './seed.ts'
export { type Aws, type AwsOptions, LOCAL_CREDENTIALS, startAws } from './server.ts'
export type { Credentials } from './signature.ts'
export { type TestTls, testTls } from './tls.ts'
export type { RecordedRequest } from './traffic.ts'
