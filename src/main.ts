import { readConfig } from './config.ts'
import { createCore } from './core/core.ts'
import { kindOf, placeOf } from './errors.ts'
import { isAside } from './snap-start/aside.ts'
import { createLog } from './log.ts'
import { runAside } from './programs/aside.ts'
import { runExtension } from './programs/extension.ts'
import { say } from './public.ts'

// Makes the core from the environment, and hands it to the program that this process is to be.

const config = readConfig(process.env)
const log = createLog(config.logLevel, config.logFormat)
process.on('uncaughtException', survive)
process.on('unhandledRejection', survive)

const core = createCore(config, log)
if (isAside) runAside(core, survive)
else void runExtension({ config, log, core, survive })

/** An error that nobody caught: it is logged by its name, never quoted, and the process goes on. */
function survive(error: unknown): void {
  log.error(say`unexpected ${kindOf(error)} ${placeOf(error)}`)
}
