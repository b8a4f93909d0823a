/** What is measured now, and when that group will be over, on standard error. */
export class Progress {
  #startedAt = 0

  /** The n-th of that many, from 0. On a terminal one line that is overwritten; in a log, a line for each tenth. */
  show(text: string, done: number, of: number): void {
    const now = performance.now()
    if (done === 0) this.#startedAt = now
    const left = done === 0 ? '' : `, ${duration(((now - this.#startedAt) / done) * (of - done))} left`
    const line = `${done + 1}/${of}${left}: ${text}`
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
    else if (done % Math.ceil(of / 10) === 0) process.stderr.write(`${line}\n`)
  }

  /** How long a group took, in a line of its own. */
  took(group: string, ms: number): void {
    this.end()
    process.stderr.write(`${group} took ${duration(ms)}\n`)
  }

  /** Takes the line from a terminal. */
  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  }
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
