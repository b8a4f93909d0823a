import { readConfig } from './config/config.ts'
import { kindOf, placeOf } from './errors.ts'
import { takeInherited } from './lambda/inherited.ts'
import { createLog } from './log.ts'
import { runExtension } from './programs/extension.ts'
import type { Serving } from './programs/serving.ts'
import { say } from './public.ts'

// Reads the environment, and starts the extension.

const inherited = takeInherited(process.env)
const config = readConfig(process.env)
const log = createLog(config.logLevel, config.logFormat)
process.on('uncaughtException', survive)
process.on('unhandledRejection', survive)

void runExtension({ config, log, inherited, load, survive })

async function load(): Promise<Serving> {
  const { createServing } = await import('./programs/serving.ts')
  return createServing(config, log)
}

/** An error that nobody caught: it is logged by its name, never quoted, and the process goes on. */
function survive(error: unknown): void {
  log.error(say`unexpected ${kindOf(error)} ${placeOf(error)}`)
}
