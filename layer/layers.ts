import { EXTENSION_NAME } from '../src/version.ts'
import type { Architecture } from './runtimes.ts'

/** The only path below extensions/, as Lambda starts each file there. */
export const EXTENSION_PATH = `extensions/${EXTENSION_NAME}`
/** What the nodejs layer runs before Node, one for each processor: layer/starter. */
export const STARTER_PATHS: Readonly<Record<Architecture, string>> = {
  x86_64: 'parameters-secrets-starter-x86_64',
  arm64: 'parameters-secrets-starter-arm64',
}
/** A shell script, the same in every zip. Lambda puts it into /opt. */
export const WRAPPER_PATH = 'parameters-secrets-exec'
/** Whose work is in it. Text that nobody executes. */
export const NOTICES_PATH = 'parameters-secrets-notices.txt'
/** What V8 has compiled of the bundle, for each pinned Node: src/code-cache.ts. Nobody executes it. */
export const CODE_PATH = /^parameters-secrets-code-\d+(\.\d+)+-(x64|arm64)-[a-z]+$/
export const FILE_MODE = 0o755
/** Of what is read and never executed. */
export const TEXT_MODE = 0o644

/**
 * `aws lambda publish-layer-version --zip-file` takes at most 52,428,800 bytes. The build fails a little below that.
 * docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const UPLOAD_LIMIT = 52_000_000

export interface Layer {
  readonly zip: string
  /** `node` is the launcher with the bundle; the others are an ELF for that processor. */
  readonly kind: 'node' | Architecture
  /** Bytes of the zip, about 5 % over what was reached; raise it in the commit that says what was bought with it. */
  readonly budget: number
}

export const LAYERS: readonly Layer[] = [
  { zip: 'parameters-secrets-nodejs.zip', kind: 'node', budget: 1_525_000 },
  { zip: 'parameters-secrets-x86_64.zip', kind: 'x86_64', budget: UPLOAD_LIMIT },
  { zip: 'parameters-secrets-arm64.zip', kind: 'arm64', budget: UPLOAD_LIMIT },
]
