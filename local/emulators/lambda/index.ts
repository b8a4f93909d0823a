export { type LambdaHost, startLambda } from './host.ts'
export type { LambdaHostOptions } from './options.ts'
export type { ShutdownReport } from './shutdown.ts'
