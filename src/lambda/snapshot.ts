// SnapStart: Lambda takes a snapshot of the initialised sandbox, keeps it for days, and starts every later sandbox
// from it. What this process holds at that moment is on AWS's disks and in every copy. So until the restore we fetch
// no secret by ourselves. What the function's own initialisation asks for is answered and forgotten.
//
// How a restore is known: extensions get no event for it, and a jump of the wall clock only suggests it. The first
// INVOKE proves it, because no function is invoked before. So only in this mode do we register for INVOKE; elsewhere it
// would delay each invoke, and Managed Instances refuse it.

export interface SnapshotGuardOptions {
  /** Throws away credentials and sockets; called when the last call to AWS before the snapshot is over. */
  forgetConnections(): void
  /** Throws away everything, answers included; called once, when the restore is certain. */
  forgetAll(): void
}

export class SnapshotGuard {
  readonly #options: SnapshotGuardOptions
  #isBeforeRestore: boolean
  #calls = 0

  /** `isSnapStart` false: a guard that never guards. */
  constructor(isSnapStart: boolean, options: SnapshotGuardOptions) {
    this.#isBeforeRestore = isSnapStart
    this.#options = options
  }

  /** While true, nothing may be kept. */
  get isBeforeRestore(): boolean {
    return this.#isBeforeRestore
  }

  /** Runs a call to AWS; before the restore nothing of it outlasts the last of those under way. */
  async during<T>(call: () => Promise<T>): Promise<T> {
    this.#calls++
    try {
      return await call()
    } finally {
      this.#calls--
      if (this.#isBeforeRestore && this.#calls === 0) this.#options.forgetConnections()
    }
  }

  /** An INVOKE has come, so the restore is over, if there was a snapshot. */
  invoked(): void {
    if (!this.#isBeforeRestore) return
    this.#isBeforeRestore = false
    this.#options.forgetAll()
  }
}
