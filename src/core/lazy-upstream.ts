import type { Log } from '../log.ts'
import type { UpstreamSettings } from '../config/upstream.ts'
import type { UpstreamHooks } from '../upstream/calls.ts'
import type { FailoverHooks } from '../upstream/failover.ts'
import type { Upstream } from '../upstream/index.ts'

/** What holds the AWS SDK. It is loaded when first asked for, because nothing before `register` needs it. */
export interface LazyUpstream {
  /** Loads it, once. */
  load(): Promise<Upstream>
  /** Drops its sockets and credentials, if it is loaded. */
  reset(): void
}

export interface LazyUpstreamOptions extends Pick<UpstreamHooks, 'observe' | 'wokeAt'> {
  readonly failover: Omit<FailoverHooks, 'warn'>
}

/** What is given here is for when it is loaded. */
export function createLazyUpstream(
  settings: UpstreamSettings,
  log: Log,
  { failover, ...hooks }: LazyUpstreamOptions,
): LazyUpstream {
  let loading: Promise<Upstream> | undefined
  let loaded: Upstream | undefined
  return {
    load: () =>
      (loading ??= import('../upstream/index.ts').then(
        (aws) =>
          (loaded = aws.createUpstream(settings, {
            ...hooks,
            debug: log.debugEnabled ? log.debug : undefined,
            failover: { ...failover, warn: log.warn },
          })),
      )),
    reset: () => loaded?.reset(),
  }
}
