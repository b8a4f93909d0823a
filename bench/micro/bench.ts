/** One function of ours, or a peer's on the same work. `prepare` is called once in a fresh process. */
export interface MicroBench {
  readonly scenario: string
  readonly contender: string
  /** How many operations one `run` does: enough to be long against the clock's resolution. */
  readonly operations: number
  prepare(): {
    run(): void
    /** Throws when `run` did not do its work. */
    check(): void
    values?(): Record<string, number>
  }
}

/** Repeats one operation and checks what the last one gave. */
export function repeated<T>(
  contender: string,
  operation: () => T,
  isRight: (result: T) => boolean,
): MicroBench {
  const operations = 1_000
  return {
    scenario: 'the parts of a hit',
    contender,
    operations,
    prepare: () => {
      let last: T | undefined
      return {
        run: () => {
          for (let i = 0; i < operations; i++) last = operation()
        },
        check: () => {
          if (last === undefined || !isRight(last)) throw new Error(`${contender}: wrong result`)
        },
      }
    },
  }
}
