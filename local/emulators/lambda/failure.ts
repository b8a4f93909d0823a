/**
 * Why an execution environment failed, as Lambda reports it to the caller: `errorType` is stable
 * (`Extension.Crash`, `Extension.LaunchError`, `Sandbox.Timedout`, or what an extension gave to init/error
 * and exit/error), the message is for people.
 */
export class LambdaFailure extends Error {
  readonly errorType: string
  /** The extension at fault, where there is one. */
  readonly extension: string | undefined

  constructor(errorType: string, message: string, extension?: string) {
    super(message)
    this.name = 'LambdaFailure'
    this.errorType = errorType
    this.extension = extension
  }

  /** The same failure as an invocation gets to see it. */
  during(requestId: string): LambdaFailure {
    return new LambdaFailure(this.errorType, `RequestId: ${requestId} ${this.message}`, this.extension)
  }
}

/** Lambda's words when a phase runs over its limit, and whom it was waiting for if that is known. */
export function timedOut(what: string, limitMs: number, waitingFor = ''): LambdaFailure {
  const words = `Error: ${what} timed out after ${(limitMs / 1000).toFixed(2)} seconds`
  return new LambdaFailure('Sandbox.Timedout', waitingFor === '' ? words : `${words}: ${waitingFor}`)
}
