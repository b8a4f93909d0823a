// A test run that ends in the middle must leave no extension behind: the processes are in groups of their own, so
// no terminal and no parent ends them.

/** The process groups to be killed if this process ends before them. */
export interface Reapable {
  signal(signal: NodeJS.Signals): void
}

const alive = new Set<Reapable>()
const deadly: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP']

process.on('exit', killAll)

export function watch(reapable: Reapable): void {
  if (alive.size === 0) for (const signal of deadly) process.on(signal, endAs)
  alive.add(reapable)
}

export function unwatch(reapable: Reapable): void {
  alive.delete(reapable)
  if (alive.size === 0) for (const signal of deadly) process.off(signal, endAs)
}

/** Kills them, then ends as without this handler, unless another handler of the signal exists: then that decides. */
function endAs(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  killAll()
  process.off(signal, endAs)
  process.kill(process.pid, signal)
}

function killAll(): void {
  for (const reapable of alive) reapable.signal('SIGKILL')
}
