/** Which files a suite has, and how the test runner runs them. */
export interface Suite {
  /** Globs from the project's root. */
  readonly files: readonly string[]
  readonly flags: readonly string[]
}

export const ALL: Suite = {
  files: ['{src,local,test,tools,bench}/**/*.test.ts'],
  flags: ['--test-timeout=300000', '--test-concurrency=3'],
}

/** What runs on a clean checkout, without the bundle, and stops no process to wait. */
export const UNIT: Suite = {
  files: [
    'src/*.test.ts',
    'src/{answer,cache,config,core,http,lambda}/**/*.test.ts',
    'local/emulators/aws/*.test.ts',
    'src/upstream/{credentials,recorded,place}.test.ts',
    'test/{document,leaks}.test.ts',
    'tools/wire.test.ts',
    'bench/storing/*.test.ts',
    'bench/measuring/schedule.test.ts',
    'bench/report/*.test.ts',
  ],
  flags: ['--test-timeout=60000', '--test-concurrency=6'],
}
