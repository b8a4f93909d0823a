// What names this machine alone. A host is written as `URL.hostname` has it: an IPv6 address stands in brackets.

const ADDRESS = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i
/** `sandbox.localdomain` stands for the loopback in Lambda's own sandbox (its /etc/hosts). */
const NAME = /^(?:sandbox\.localdomain|[\w.-]+\.localhost)$/i

/** Whether that is a loopback address, or `localhost`. */
export function isLoopbackAddress(host: string): boolean {
  return ADDRESS.test(host)
}

/** The same, and whether it is a name that resolves to one, such as `x.localhost` (RFC 6761, section 6.3). */
export function isLoopback(host: string): boolean {
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  return ADDRESS.test(name) || NAME.test(name)
}

/** The same for a Host header, or the authority of a request target, with any port. */
export function isLoopbackAuthority(authority: string): boolean {
  return isLoopback(authority.replace(/:\d{0,5}$/, ''))
}
