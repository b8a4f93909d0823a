// One execution environment of Lambda on this machine: the runtime API address, the real extension processes, and
// in place of the runtime the code that the caller hands to `invoke`.
//
//   startLambda: listen → launch all → [all registered] → functionInit → registration closes → [all asked for next]
//                → initialized → invoke … freeze … thaw … → shutdown → close
//
// One failure (launch error, crash, time limit, reported error) ends the environment, as on Lambda: what was in
// progress rejects with it and so does every later invoke. Where Lambda would set up a new one, start another host.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Barriers } from './barriers.ts'
import { CredentialsEndpoint, type LambdaCredentials } from './credentials.ts'
import { type Environment, extensionEnvironment } from './environment.ts'
import type { ShutdownReason } from './events.ts'
import { ExtensionStates } from './extension-states.ts'
import { type ApiFaults, ExtensionsApi } from './extensions-api.ts'
import { LambdaFailure, timedOut } from './failure.ts'
import { finishInit, type InitReport, latecomers } from './init.ts'
import { type Invocation, type InvokeReport, runInvocation } from './invocation.ts'
import { type ExtensionCommand, extensionLimit, extensionsIn, launch } from './launch.ts'
import { type LambdaHostOptions, type Settled, settle } from './options.ts'
import type { LogLine, ProcessExit, SandboxProcess } from './sandbox-process.ts'
import { type ShutdownReport, shutDown } from './shutdown.ts'

/** What a test can do to the host; the plain fields may be set, changed and unset at any time. */
export interface LambdaFaults extends ApiFaults {
  /** Cuts the connection of every open next; says how many there were. */
  dropNext(): number
  /** Makes the API unreachable: open connections are cut, new ones refused. */
  stopApi(): Promise<void>
  /** The API is back, on the same port. */
  resumeApi(): Promise<void>
  /** Closes the reading end of every extension's stdout and stderr. */
  closeOutput(): void
}

/**
 * Listens and launches; rejects only when it cannot listen or read the directory. How the launch went is known from
 * `initialized`.
 */
export async function startLambda(options: LambdaHostOptions = {}): Promise<LambdaHost> {
  const host = new LambdaHost(options)
  try {
    await host.open()
  } catch (error) {
    await host.close()
    throw error
  }
  return host
}

export class LambdaHost {
  /** Everything that the extensions wrote, line by line, in the order in which it came. */
  readonly logs: string[] = []
  /** In launch order. */
  readonly processes: SandboxProcess[] = []
  readonly faults: LambdaFaults

  readonly #options: LambdaHostOptions
  readonly #settled: Settled
  readonly #barriers = new Barriers()
  readonly #states: ExtensionStates
  readonly #credentials: CredentialsEndpoint | undefined
  readonly #api: ExtensionsApi
  readonly #registered: Promise<void>
  readonly #initialized: Promise<InitReport>
  #environment: Environment = {}
  #isLaunched = false
  #isInitialized = false
  #invocations = 0
  #isFrozen = false
  #failure: LambdaFailure | undefined
  #shutdown: Promise<ShutdownReport> | undefined

  /** Use `startLambda`. */
  constructor(options: LambdaHostOptions) {
    this.#options = options
    this.#settled = settle(options)
    const { mode, settings, credentials, usesContainerCredentials } = this.#settled
    this.#states = new ExtensionStates(mode, this.#barriers)
    this.#credentials = usesContainerCredentials ? new CredentialsEndpoint(credentials) : undefined
    this.faults = {
      ...options.faults,
      dropNext: () => this.#api.dropNext(),
      stopApi: () => this.#api.stop(),
      resumeApi: () => this.#api.listen(),
      closeOutput: () => this.processes.forEach((sandboxProcess) => sandboxProcess.closeOutput()),
    }
    this.#api = new ExtensionsApi({
      states: this.#states,
      settings,
      credentials: this.#credentials,
      faults: this.faults,
      onReportedError: (failure) => this.#fail(failure),
    })
    this.#registered = this.#barriers.until(() => this.#isLaunched && this.#states.haveAllRegistered())
    this.#initialized = this.#initialize()
    // A caller need not ask; a failure that nobody asked for is no unhandled rejection.
    this.#registered.catch(() => {})
    this.#initialized.catch(() => {})
  }

  /** Use `startLambda`. */
  async open(): Promise<void> {
    const { extensionsDir, extensions = [] } = this.#options
    const commands = [...(extensionsDir === undefined ? [] : extensionsIn(extensionsDir)), ...extensions]
    const names = new Set(commands.map(({ name }) => name))
    if (names.size < commands.length) throw new RangeError('two extensions have the same name')
    await this.#api.listen()
    this.#environment = this.#makeEnvironment()
    try {
      for (const command of commands) await this.#launch(command)
    } catch (error) {
      if (!(error instanceof LambdaFailure)) throw error
      this.#fail(error)
    }
    this.#isLaunched = true
    this.#barriers.changed()
  }

  /** `host:port` of AWS_LAMBDA_RUNTIME_API. */
  get runtimeApi(): string {
    return this.#api.address
  }

  /** What every extension gets as its environment. */
  get environment(): Readonly<Environment> {
    return this.#environment
  }

  /** Of the extension processes in launch order, dead ones included. */
  get pids(): number[] {
    return this.processes.map((sandboxProcess) => sandboxProcess.pid)
  }

  /** Good answers of the container credentials endpoint so far. */
  get credentialReads(): number {
    return this.#credentials?.reads ?? 0
  }

  /** Resolves at the moment when Lambda would start the runtime. Rejects with the LambdaFailure of the init phase. */
  whenRegistered(): Promise<void> {
    return this.#registered
  }

  /** Resolves when init is done: all have asked for their next event. Rejects with the LambdaFailure. */
  initialized(): Promise<InitReport> {
    return this.#initialized
  }

  /** What ended the environment, if anything did. An exit of an extension outside of shutdown is `Extension.Crash`. */
  crashed(): LambdaFailure | undefined {
    return this.#failure
  }

  /** Resolves when something ends the environment; rejects when it is shut down instead. */
  async whenFailed(): Promise<LambdaFailure> {
    const stopped: unknown = await this.#barriers.until(() => false).catch((error: unknown) => error)
    if (this.#failure !== undefined) return this.#failure
    throw stopped
  }

  /**
   * One invocation: the event goes to those that subscribed to INVOKE, `work` runs as the function's code, and both
   * are waited for. A frozen environment is thawed first. Rejects with what `work` rejects with (the environment lives
   * on), or with a LambdaFailure (it does not).
   */
  async invoke(): Promise<InvokeReport<undefined>>
  async invoke<T>(work: (invocation: Invocation) => Promise<T>): Promise<InvokeReport<T>>
  async invoke(work: (invocation: Invocation) => Promise<unknown> = async () => undefined): Promise<unknown> {
    await this.#initialized
    const { mode, functionTimeoutMs } = this.#settled
    const isEnforced = mode !== 'lambda-managed-instances'
    if (isEnforced && this.#invocations > 0) throw new Error('an environment runs one invocation at a time')
    this.thaw()
    const invocation = { requestId: randomUUID(), deadlineMs: Date.now() + functionTimeoutMs }
    const fail = (): void => this.#fail(timedOut('Task', functionTimeoutMs))
    const timer = isEnforced ? setTimeout(fail, functionTimeoutMs) : undefined
    this.#invocations += 1
    try {
      if (this.#failure !== undefined) throw this.#failure
      return await runInvocation(this.#states, this.#barriers, this.#settled.settings, invocation, work)
    } catch (error) {
      if (!(error instanceof LambdaFailure)) throw error
      void this.#reset(error)
      throw error.during(invocation.requestId)
    } finally {
      this.#invocations -= 1
      clearTimeout(timer)
    }
  }

  /** Stops every process group as Lambda does between invocations. Resolves when the kernel shows them stopped. */
  async freeze(): Promise<void> {
    if (this.#settled.mode === 'lambda-managed-instances') {
      throw new Error('Managed Instances are never frozen')
    }
    this.#isFrozen = true
    for (const sandboxProcess of this.processes) sandboxProcess.signal('SIGSTOP')
    while (this.#isFrozen && !this.processes.every((one) => one.isStopped)) await sleep(1)
  }

  thaw(): void {
    if (!this.#isFrozen) return
    this.#isFrozen = false
    for (const sandboxProcess of this.processes) sandboxProcess.signal('SIGCONT')
  }

  /** Goes on from a snapshot that `freeze` made, with other credentials behind the endpoint. SnapStart only. */
  restore(credentials?: LambdaCredentials): void {
    if (this.#settled.mode !== 'snap-start') throw new Error('only snap-start restores')
    if (credentials !== undefined) this.rotateCredentials(credentials)
    this.thaw()
  }

  /** Needs the container endpoint: variables of a process that runs cannot change. */
  rotateCredentials(credentials: LambdaCredentials): void {
    if (this.#credentials === undefined) throw new Error('there is no container credentials endpoint')
    this.#credentials.rotate(credentials)
  }

  /** Ends the environment in order. Whatever is requested later gets the report of the first call. */
  shutdown(reason: ShutdownReason = 'spindown'): Promise<ShutdownReport> {
    if (this.#shutdown === undefined) {
      this.#barriers.break(new LambdaFailure('Sandbox.Shutdown', `Error: the environment was shut down`))
      this.thaw()
      this.#shutdown = shutDown(this.processes, this.#states, reason, this.#settled.shutdownTimeoutMs)
    }
    return this.#shutdown
  }

  /** Kills what is left and closes the API. Leaves no process and no socket. */
  async close(): Promise<void> {
    const down = this.shutdown()
    for (const sandboxProcess of this.processes) sandboxProcess.signal('SIGKILL')
    await down
    await this.#api.stop()
  }

  #makeEnvironment(): Environment {
    const { functionEnvironment = {}, hostEnvironment = {} } = this.#options
    const { runtimeApi } = this
    const endpoint = this.#credentials?.reachedAt(runtimeApi)
    return extensionEnvironment({
      ...this.#settled,
      runtimeApi,
      endpoint,
      functionEnvironment,
      hostEnvironment,
    })
  }

  async #launch(command: ExtensionCommand): Promise<void> {
    const { name } = command
    if (this.#states.all.length >= extensionLimit) {
      const message = `Error: Extension limit (${extensionLimit}) reached`
      throw new LambdaFailure('Extension.LaunchError', message, name)
    }
    const extension = this.#states.add(name, 'external')
    const onLog = (line: LogLine): void => {
      this.logs.push(line.text)
      this.#options.onLog?.(line)
    }
    const sandboxProcess = await launch(command, {
      environment: this.#environment,
      cwd: this.#options.cwd ?? '/',
      onLog,
    })
    this.processes.push(sandboxProcess)
    void sandboxProcess.exited.then((exit) => {
      extension.state = 'Exited'
      this.#fail(crash(name, exit))
    })
  }

  async #initialize(): Promise<InitReport> {
    const { initTimeoutMs } = this.#settled
    const late = (): void => this.#fail(timedOut('Init', initTimeoutMs, latecomers(this.#states)))
    const timer = setTimeout(late, initTimeoutMs)
    try {
      await this.#registered
      const { functionInit } = this.#options
      const report = await finishInit(this.#states, this.#barriers, this.processes, functionInit)
      this.#isInitialized = true
      return report
    } catch (error) {
      this.#fail(new LambdaFailure('Runtime.InitError', String(error)))
      throw this.#failure ?? error
    } finally {
      clearTimeout(timer)
    }
  }

  #fail(failure: LambdaFailure): void {
    if (this.#failure !== undefined || this.#shutdown !== undefined) return
    const isInit = !this.#isInitialized
    this.#failure = isInit ? this.#asInitFailure(failure) : failure
    this.#barriers.break(this.#failure)
    // A crash between two invocations is found by the next one.
    if (isInit || this.#invocations > 0) void this.#reset(this.#failure)
  }

  /** On Managed Instances every failure of an extension during init has this one name. */
  #asInitFailure(failure: LambdaFailure): LambdaFailure {
    if (this.#settled.mode !== 'lambda-managed-instances' || failure.extension === undefined) return failure
    return new LambdaFailure('FunctionError.ExtensionInitError', failure.message, failure.extension)
  }

  #reset(failure: LambdaFailure): Promise<ShutdownReport> {
    return this.shutdown(failure.errorType === 'Sandbox.Timedout' ? 'timeout' : 'failure')
  }
}

function crash(name: string, { exitCode, signal }: ProcessExit): LambdaFailure {
  const how = signal === null ? `exit code ${exitCode}` : `signal: ${signal}`
  return new LambdaFailure('Extension.Crash', `Error: ${how}`, name)
}
