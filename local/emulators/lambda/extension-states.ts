// The life of each extension as the Extensions API sees it:
//
//   Started ─register→ Registered ─next→ Ready ─event→ Running ─next→ Ready …
//                          └──── init/error ─→ InitError      └ exit/error ─→ ExitError      process ends → Exited
//
// This file knows states and who waits for an event; nothing of HTTP, nothing of processes.

import { randomUUID } from 'node:crypto'
import type { Barriers } from './barriers.ts'
import type { LambdaMode } from './environment.ts'
import { extensionLimit } from './launch.ts'

type ExtensionState = 'Started' | 'Registered' | 'Ready' | 'Running' | 'InitError' | 'ExitError' | 'Exited'

export type EventType = 'INVOKE' | 'SHUTDOWN'

export interface ExtensionEvent {
  /** Headers of the answer to `next`, content type included. */
  headers: Record<string, string>
  body: string
}

export interface Extension {
  readonly name: string
  /** External: launched from /opt/extensions. Internal: any other that registers. */
  readonly kind: 'external' | 'internal'
  readonly id: string
  state: ExtensionState
  events: EventType[]
  /** When the headers of the request came in, by the clock of `performance.now()`. */
  registeredAt?: number
  readyAt?: number
  /** Open `next` calls; normally one. */
  readonly waiting: Set<(event: ExtensionEvent) => void>
  /** Released while no `next` was open. */
  pending?: ExtensionEvent
}

export interface Refusal {
  errorType: string
  errorMessage: string
}

export class ExtensionStates {
  readonly all: Extension[] = []
  #closed = false
  readonly #mode: LambdaMode
  readonly #barriers: Barriers

  constructor(mode: LambdaMode, barriers: Barriers) {
    this.#mode = mode
    this.#barriers = barriers
  }

  /** To be called before the process of an external extension is started. */
  add(name: string, kind: Extension['kind']): Extension {
    const extension: Extension = {
      name,
      kind,
      id: randomUUID(),
      state: 'Started',
      events: [],
      waiting: new Set(),
    }
    this.all.push(extension)
    return extension
  }

  /** Registration ends when the function's own initialisation has. */
  close(): void {
    this.#closed = true
  }

  register(name: string, events: string[], arrivedAt: number): Extension | Refusal {
    const known = this.all.find((extension) => extension.name === name)
    const refused = this.#refuseRegister(events, known)
    if (refused !== undefined) return refused
    const extension = known ?? this.add(name, 'internal')
    extension.state = 'Registered'
    extension.events = events.filter(isEventType)
    extension.registeredAt = arrivedAt
    this.#barriers.changed()
    return extension
  }

  #refuseRegister(events: string[], known: Extension | undefined): Refusal | undefined {
    if (this.#closed) {
      return refusal('Extension.RegistrationClosed', 'Extension registration closed already')
    }
    for (const event of events) {
      const reason = this.#refuseEvent(event, known?.kind ?? 'internal')
      if (reason !== undefined) return refusal('Extension.InvalidEventType', `${event}: ${reason}`)
    }
    if (known !== undefined && known.state !== 'Started') return refuseTransition(known, 'Registered')
    if (known === undefined && this.all.length >= extensionLimit) {
      return refusal('Extension.TooManyExtensions', `Extension limit (${extensionLimit}) reached`)
    }
    return undefined
  }

  /** On Managed Instances an external extension may have SHUTDOWN alone, an internal one nothing. */
  #refuseEvent(event: string, kind: Extension['kind']): string | undefined {
    if (!isEventType(event)) return 'ErrorInvalidEventType'
    if (event === 'INVOKE' && this.#mode === 'lambda-managed-instances') return 'ErrorInvalidEventType'
    if (event === 'SHUTDOWN' && kind === 'internal') return 'ShutdownEventNotSupportedForInternalExtension'
    return undefined
  }

  /** The extension asks for its next event: `answer` gets it now or whenever one is released. */
  next(
    extension: Extension,
    answer: (event: ExtensionEvent) => void,
    arrivedAt: number,
  ): Refusal | undefined {
    if (!['Registered', 'Ready', 'Running'].includes(extension.state)) {
      return refuseTransition(extension, 'Ready')
    }
    extension.readyAt ??= arrivedAt
    extension.state = 'Ready'
    extension.waiting.add(answer)
    if (extension.pending !== undefined) this.release(extension, extension.pending)
    this.#barriers.changed()
    return undefined
  }

  /** Hands an event to the extension, or keeps it until the extension asks. */
  release(extension: Extension, event: ExtensionEvent): void {
    if (extension.waiting.size === 0) {
      extension.pending = event
      return
    }
    delete extension.pending
    extension.state = 'Running'
    for (const answer of extension.waiting) answer(event)
    extension.waiting.clear()
  }

  /** The extension reports that it cannot go on. */
  reportError(extension: Extension, state: 'InitError' | 'ExitError'): Refusal | undefined {
    const from: ExtensionState[] = state === 'InitError' ? ['Registered'] : ['Registered', 'Ready', 'Running']
    if (!from.includes(extension.state)) return refuseTransition(extension, state)
    extension.state = state
    return undefined
  }

  subscribers(event: EventType): Extension[] {
    return this.all.filter((extension) => extension.events.includes(event))
  }

  haveAllRegistered(): boolean {
    return this.all.every((extension) => extension.registeredAt !== undefined)
  }

  /** True when each of these has asked for its next event and has been given none since. */
  areReady(extensions: Extension[]): boolean {
    return extensions.every((extension) => extension.state === 'Ready' && extension.pending === undefined)
  }
}

function isEventType(event: string): event is EventType {
  return event === 'INVOKE' || event === 'SHUTDOWN'
}

export function refusal(errorType: string, errorMessage: string): Refusal {
  return { errorType, errorMessage }
}

function refuseTransition(extension: Extension, to: ExtensionState): Refusal {
  const { name, state } = extension
  return refusal(
    'Extension.InvalidExtensionState',
    `State transition from ${state} to ${to} failed for extension ${name}. Error: State transition is not allowed`,
  )
}
