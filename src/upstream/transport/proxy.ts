import { BlockList, connect, isIP, type Socket } from 'node:net'
import { bufferOf, bytesIn } from '../../byte-string.ts'
import type { ProxySettings } from '../../config/upstream.ts'

// The way out through a proxy, by the rules of Go's `golang.org/x/net/http/httpproxy`, which the original's transport
// follows. All runtimes take the same way: a CONNECT over a bare socket, then TLS through it. Node 20 silently ignores
// `https.Agent({ proxyEnv })`, and `http.request` would need another agent.

/** Where to connect to, and with which header. A proxy's password is in no log line and no error. */
export interface Proxy {
  readonly host: string
  readonly port: number
  /** The value of `Proxy-Authorization`. */
  readonly authorization: string | undefined
}

/** Where a connection leads: a name or an IP address, which may be in brackets. */
interface Target {
  readonly host: string
  readonly port: number
}

/** The proxy for a connection, with TLS or without; undefined: it is made directly. */
export function proxyFor(
  settings: ProxySettings | undefined,
  secure: boolean,
  target: Target,
): Proxy | undefined {
  const text = secure ? settings?.https : settings?.http
  const host = target.host.replace(/^\[|\]$/g, '').toLowerCase()
  if (settings === undefined || text === undefined) return undefined
  if (isNear(host) || isExcepted(host, target.port, settings.noProxy)) return undefined
  const proxy = new URL(text)
  const basic = Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`)
  return {
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: Number(proxy.port || 80),
    authorization: proxy.username === '' ? undefined : `Basic ${basic.toString('base64')}`,
  }
}

/** This machine, and link-local addresses: credentials and emulators, never behind a proxy. */
function isNear(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  const near = new BlockList()
  near.addSubnet('127.0.0.0', 8)
  near.addSubnet('169.254.0.0', 16)
  near.addAddress('::1', 'ipv6')
  near.addSubnet('fe80::', 10, 'ipv6')
  return isIn(near, host)
}

/** NO_PROXY: `*`, names, suffixes, IP addresses and CIDR blocks. All but the last may have a port. */
function isExcepted(host: string, port: number, noProxy: string): boolean {
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry === '*' || (entry !== '' && matches(entry, host, port)))
}

function matches(entry: string, host: string, port: number): boolean {
  const [, address, bits] = /^([\d.a-f:]+)\/(\d{1,3})$/.exec(entry) ?? []
  if (address !== undefined && isIP(address) !== 0) return isInBlock(host, address, Number(bits))
  const [name, onPort] = splitPort(entry)
  if (onPort !== undefined && onPort !== port) return false
  if (isIP(name) !== 0) return isInBlock(host, name, isIP(name) === 6 ? 128 : 32)
  // `.a.b` means every name below it, and so does `*.a.b`. `a.b` means that name too.
  const suffix = name.replace(/^\*/, '')
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith('.' + suffix)
}

/** `host:80`, `[::1]:80`, `::1`. */
function splitPort(entry: string): [string, number | undefined] {
  const [, inBrackets, bracketPort] = /^\[(.+)\](?::(\d+))?$/.exec(entry) ?? []
  if (inBrackets !== undefined)
    return [inBrackets, bracketPort === undefined ? undefined : Number(bracketPort)]
  const [, name, port] = /^([^:]+):(\d+)$/.exec(entry) ?? []
  return name === undefined ? [entry, undefined] : [name, Number(port)]
}

function isInBlock(host: string, address: string, bits: number): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (bits > (family === 'ipv6' ? 128 : 32)) return false
  const block = new BlockList()
  block.addSubnet(address, bits, family)
  return isIn(block, host)
}

function isIn(block: BlockList, host: string): boolean {
  const family = isIP(host)
  return family !== 0 && block.check(host, family === 6 ? 'ipv6' : 'ipv4')
}

const LONGEST_HEAD = 16 * 1024

/**
 * Asks the proxy for a connection to `host:port`. Calls back once, with the socket when it is connected. Returns the
 * socket, for the caller to destroy when it takes too long. The error's code is that of a socket, or PROXY_REFUSED_ and
 * the proxy's status.
 */
export function openTunnel(
  proxy: Proxy,
  { host, port }: Target,
  callback: (error: Error | undefined, socket: Socket) => void,
): Socket {
  const socket = connect(proxy.port, proxy.host)
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const headers = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
  if (proxy.authorization !== undefined) headers.push(`Proxy-Authorization: ${proxy.authorization}`)
  let head = ''

  function onData(chunk: Buffer): void {
    head += bytesIn(chunk)
    const end = head.indexOf('\r\n\r\n')
    if (end === -1 && head.length < LONGEST_HEAD) return
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]
    if (end === -1 || status === undefined) return finish(failure('PROXY_NOT_HTTP'))
    if (status !== '200') return finish(failure(`PROXY_REFUSED_${status}`))
    const rest = bufferOf(head.slice(end + 4))
    if (rest.length > 0) socket.unshift(rest)
    finish(undefined)
  }
  const onClose = () => finish(failure('ECONNRESET'))
  function finish(error: Error | undefined): void {
    socket.off('data', onData)
    socket.off('close', onClose)
    socket.off('end', onClose)
    socket.off('error', finish)
    socket.on('error', () => {})
    if (error !== undefined) socket.destroy()
    callback(error, socket)
  }
  socket.on('data', onData)
  socket.once('close', onClose)
  socket.once('end', onClose)
  socket.once('error', finish)
  socket.write(headers.join('\r\n') + '\r\n\r\n')
  return socket
}

function failure(code: string): Error {
  return Object.assign(new Error('no tunnel'), { code })
}
