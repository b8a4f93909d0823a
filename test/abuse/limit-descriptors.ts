import { fileURLToPath } from 'node:url'
import { EXTENSION_NAME } from '../../src/version.ts'

interface UnderTest {
  readonly name?: string
  readonly command?: readonly string[]
  readonly extensionsDir?: string
}

/** From now on this process starts the artefact under test with no more descriptors than these. */
export function limitDescriptors(limit: number): void {
  const {
    name = 'dist/extension.cjs',
    command,
    extensionsDir,
  }: UnderTest = JSON.parse(process.env['EXTENSION_UNDER_TEST'] || '{}') as UnderTest
  const bundle = fileURLToPath(new URL('../../dist/extension.cjs', import.meta.url))
  const artefact =
    extensionsDir === undefined
      ? (command ?? [process.execPath, bundle])
      : [`${extensionsDir}/${EXTENSION_NAME}`]
  process.env['EXTENSION_UNDER_TEST'] = JSON.stringify({
    name,
    command: ['/bin/sh', '-c', `ulimit -n ${limit} && exec "$@"`, 'sh', ...artefact],
  })
}
