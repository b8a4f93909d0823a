import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proxyFor } from './proxy.ts'

const PROXY = 'http://proxy.example:3128'
const isDirect = (host: string, port: number, noProxy: string) =>
  proxyFor({ https: PROXY, http: PROXY, noProxy }, true, { host, port }) === undefined

// The cases of golang.org/x/net/http/httpproxy, proxy_test.go (UseProxyTests), and a few more.
for (const [noProxy, host, port, direct] of [
  ['', 'aws.example.com', 443, false],
  ['*', 'aws.example.com', 443, true],
  ['other.com, *', 'aws.example.com', 443, true],
  ['example.com', 'example.com', 443, true],
  ['example.com', 'aws.example.com', 443, true],
  ['example.com', 'notexample.com', 443, false],
  ['.example.com', 'aws.example.com', 443, true],
  ['.example.com', 'example.com', 443, false],
  ['*.example.com', 'aws.example.com', 443, true],
  ['*.example.com', 'example.com', 443, false],
  ['EXAMPLE.com', 'aws.example.COM', 443, true],
  ['example.com:443', 'aws.example.com', 443, true],
  ['example.com:80', 'aws.example.com', 443, false],
  ['aws.example.com', 'example.com', 443, false],
  [' a.com , example.com ', 'example.com', 443, true],
  ['192.168.1.1', '192.168.1.1', 443, true],
  ['192.168.1.1:80', '192.168.1.1', 443, false],
  ['192.168.1.1', '192.168.1.2', 443, false],
  ['192.168.0.0/16', '192.168.7.8', 443, true],
  ['192.168.0.0/16', '192.169.0.1', 443, false],
  ['192.168.0.0/16', 'aws.example.com', 443, false],
  ['10.0.0.0/99', '10.0.0.1', 443, false],
  ['2001:db8::/32', '2001:db8::7', 443, true],
  ['2001:db8::/32', '2001:db9::7', 443, false],
  ['[2001:db8::7]:443', '[2001:db8::7]', 443, true],
  ['[2001:db8::7]:80', '2001:db8::7', 443, false],
  ['2001:db8::7', '2001:db8::7', 443, true],
  ['', 'localhost', 4566, true],
  ['', 'aws.localhost', 4566, true],
  ['', '127.0.0.1', 4566, true],
  ['', '127.9.9.9', 4566, true],
  ['', '::1', 4566, true],
  ['', '169.254.170.2', 80, true],
  ['', 'fe80::1', 80, true],
  [',,', 'aws.example.com', 443, false],
] as const) {
  test(`NO_PROXY="${noProxy}": ${host}:${port} is asked ${direct ? 'directly' : 'through the proxy'}`, () => {
    assert.equal(isDirect(host, port, noProxy), direct)
  })
}

test('a scheme without a proxy of its own goes directly', () => {
  const settings = { https: undefined, http: PROXY, noProxy: '' }
  assert.equal(proxyFor(settings, true, { host: 'aws.example.com', port: 443 }), undefined)
  assert.equal(proxyFor(settings, false, { host: 'aws.example.com', port: 80 })?.host, 'proxy.example')
  assert.equal(proxyFor(undefined, true, { host: 'aws.example.com', port: 443 }), undefined)
})

test('user and password become a header, escapes undone; the port is 80 where none is named', () => {
  const settings = { https: 'http://us%40er:p%3A%2Fss@proxy.example', http: undefined, noProxy: '' }
  assert.deepEqual(proxyFor(settings, true, { host: 'aws.example.com', port: 443 }), {
    host: 'proxy.example',
    port: 80,
    authorization: `Basic ${Buffer.from('us@er:p:/ss').toString('base64')}`,
  })
})
