import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isLoopbackAuthority } from '../loopback.ts'
import { readHeaders, type SeenHeaders } from './headers.ts'

const TOKEN = 'X-Aws-Parameters-Secrets-Token'

function read(...rawHeaders: string[]): SeenHeaders {
  // Stale on purpose: the object is reused from request to request.
  const seen: SeenHeaders = { token: 'left over', host: 'left.over', forwarded: true, noCache: true }
  readHeaders(rawHeaders, seen)
  return seen
}

test('nothing there is nothing seen, whatever the request before had', () => {
  assert.deepEqual(read(), { token: '', host: undefined, forwarded: false, noCache: false })
  assert.deepEqual(read('Accept', '*/*'), { token: '', host: undefined, forwarded: false, noCache: false })
})

test('the three headers are found in any order, among others', () => {
  const expected = { token: 't', host: 'localhost', forwarded: true, noCache: false }
  assert.deepEqual(read('Host', 'localhost', TOKEN, 't', 'X-Forwarded-For', '1.2.3.4'), expected)
  assert.deepEqual(read('A', 'b', 'X-Forwarded-For', '', TOKEN, 't', 'C', 'd', 'Host', 'localhost'), expected)
})

test('names count in any letter case', () => {
  for (const spell of [(s: string) => s, (s: string) => s.toLowerCase(), (s: string) => s.toUpperCase()]) {
    assert.deepEqual(read(spell('host'), 'h', spell(TOKEN), 't', spell('x-forwarded-for'), ''), {
      token: 't',
      host: 'h',
      forwarded: true,
      noCache: false,
    })
  }
  assert.equal(read('X-AWS-Parameters-Secrets-Token', 't').token, 't', 'the spelling of a Rust client')
})

test('a value is taken as it is: letter case, blanks and characters kept', () => {
  assert.equal(read(TOKEN, ' aB=/+ ').token, ' aB=/+ ')
})

test('a token that came twice is none, even when one of the two is right or both are', () => {
  assert.equal(read(TOKEN, 'good', TOKEN, 'bad').token, '')
  assert.equal(read(TOKEN, 'bad', TOKEN.toLowerCase(), 'good').token, '')
  assert.equal(read(TOKEN, 'good', TOKEN, 'good').token, '')
  assert.equal(read(TOKEN, '', TOKEN, 'good').token, '')
  assert.equal(read(TOKEN, 'a', TOKEN, 'b', TOKEN, 'good').token, '', 'three do not make one again')
})

test('X-Vault-Token is the token where the header of our own is missing, and twice it is none', () => {
  const other = 'X-Vault-Token'
  assert.equal(read(other, 't').token, 't')
  assert.equal(read(other.toLowerCase(), 't').token, 't')
  assert.equal(read(other, 'a', other, 'a').token, '')
  for (const own of ['good', '']) {
    assert.equal(read(TOKEN, own, other, 'theirs').token, own, 'our own counts, whichever comes first')
    assert.equal(read(other, 'theirs', TOKEN, own).token, own)
  }
  assert.equal(read(other, 'theirs', TOKEN, 'a', TOKEN, 'a').token, '')
  assert.equal(read(TOKEN, 'a', other, 'theirs', TOKEN, 'a').token, '')
  assert.equal(read('Authorization', 't', 'Cache-Control', 't').token, '', 'others of that length')
})

test('two Host headers name no machine of ours, whichever comes first', () => {
  for (const hosts of [
    ['localhost', 'evil.com'],
    ['evil.com', 'localhost'],
    ['', 'localhost'],
    ['localhost', ''],
  ] as const) {
    const { host } = read('Host', hosts[0], 'HOST', hosts[1])
    assert.equal(isLoopbackAuthority(host ?? 'none'), false)
  }
})

test('an empty Host is there, and is not the same as none', () => {
  assert.equal(read('Host', '').host, '')
})

test('a forwarded header counts whatever it holds', () => {
  assert.equal(read('X-Forwarded-For', '').forwarded, true)
  assert.equal(read('X-Forwarded-Host', 'x').forwarded, false)
})

test('other names of the same length are not mistaken', () => {
  assert.deepEqual(read('From', 'x', 'x-forwarded-foo', 'y', 'X-Aws-Parameters-Secrets-Tokem', 'z'), {
    token: '',
    host: undefined,
    forwarded: false,
    noCache: false,
  })
})

test('a value that looks like a name is a value, and a name without a value is nothing', () => {
  assert.equal(read('Accept', TOKEN, 'good', 'x').token, '')
  assert.equal(read('Accept', '*/*', TOKEN).token, '')
  assert.equal(read(TOKEN).token, '')
})

test('any list of names and values sees what a slow reading of it would', () => {
  const name = fc.constantFrom(
    'Host',
    'hOst',
    'X-Forwarded-For',
    TOKEN,
    TOKEN.toLowerCase(),
    'Cache-Control',
    'pragma',
    'Accept',
    'From',
    '',
  )
  const value = fc.oneof(fc.string(), fc.constant('no-cache'))
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (headers) => {
      const all = (wanted: string) => headers.filter(([n]) => n.toLowerCase() === wanted).map(([, v]) => v)
      const tokens = all(TOKEN.toLowerCase())
      assert.deepEqual(read(...headers.flat()), {
        token: tokens.length === 1 ? tokens[0] : '',
        host: all('host').length === 0 ? undefined : all('host').join(', '),
        forwarded: all('x-forwarded-for').length > 0,
        noCache:
          all('pragma').length === 0 && all('cache-control').some((one) => /^\s*no-cache\s*$/.test(one)),
      })
    }),
  )
})

const OURS = [
  'localhost',
  'localhost:2773',
  'LOCALHOST',
  'LocalHost:80',
  'localhost.',
  'localhost.:2773',
  'localhost:',
  'my-function.localhost:2773',
  'sandbox.localdomain',
  'sandbox.localdomain:2773',
  '127.0.0.1',
  '127.0.0.1:2773',
  '127.1.2.3',
  '127.255.255.254:1',
  '[::1]',
  '[::1]:2773',
]

const FOREIGN = [
  '',
  ' ',
  ':2773',
  'example.com',
  'localhost.evil.com',
  'sandbox.localdomain.evil.com',
  'evil.sandbox.localdomain',
  'sandboxXlocaldomain',
  'localhost.evil.com:2773',
  'evil-localhost',
  'notlocalhost',
  '127.0.0.1.evil.com',
  '127.0.0.1.nip.io',
  '127.0.0.1@evil.com',
  'localhost@evil.com',
  'localhost:2773@evil.com',
  'evil@localhost',
  'localhost:pass@evil',
  'localhost:123456',
  'localhost:2773:2773',
  'localhost:-1',
  'localhost/',
  'localhost?x',
  'localhost#',
  'localhost\\evil',
  'localhost evil.com',
  'localhost,evil.com',
  'localhost\n',
  '\nlocalhost',
  'localhost\u0000',
  '0.0.0.0',
  '0',
  '127.1',
  '2130706433',
  '0x7f000001',
  '128.0.0.1',
  '1127.0.0.1',
  '127.0.0.1111',
  '10.0.0.1',
  '169.254.169.254',
  '::1',
  '::1:2773',
  '[::]',
  '[::2]',
  '[::1',
  '[::1]evil.com',
  '[::ffff:127.0.0.1]',
  '.localhost.evil.com',
]

test('every name of this machine’s loopback is good, on any port', () => {
  for (const authority of OURS) assert.equal(isLoopbackAuthority(authority), true, JSON.stringify(authority))
})

test('every other name is foreign, however much it looks like ours', () => {
  for (const authority of FOREIGN)
    assert.equal(isLoopbackAuthority(authority), false, JSON.stringify(authority))
})

test('no name that only begins or ends like ours is good', () => {
  fc.assert(
    fc.property(fc.constantFrom(...OURS), fc.stringMatching(/^[a-z0-9@/\\]+\.com$/), (ours, evil) => {
      assert.equal(isLoopbackAuthority(ours + '.' + evil), false)
      assert.equal(isLoopbackAuthority(ours + '@' + evil), false)
      assert.equal(isLoopbackAuthority(evil + '@' + ours), false)
      assert.equal(isLoopbackAuthority(evil + '/' + ours), false)
    }),
  )
})

test('a long authority is refused at once', () => {
  assert.equal(isLoopbackAuthority('a.'.repeat(30_000) + 'evil'), false)
  assert.equal(isLoopbackAuthority('localhost.'.repeat(6_000) + 'evil'), false)
})

test('Cache-Control: no-cache asks for a new value, alone or in a list, unless Pragma is there too', () => {
  const name = 'Cache-Control'
  for (const good of ['no-cache', 'No-Cache', 'max-age=0, no-cache', 'no-cache,no-store', ' no-cache '])
    assert.equal(read(name.toLowerCase(), good).noCache, true, good)
  for (const bad of [
    '',
    'no-store',
    'max-age=0',
    'x-no-cache',
    'no-cache-x',
    'no-cache="a"',
    'private no-cache',
  ])
    assert.equal(read(name, bad).noCache, false, bad)
  assert.equal(read(name, 'no-store', name, 'no-cache').noCache, true)
  assert.equal(read(name, 'no-cache', 'Pragma', 'no-cache').noCache, false, 'as Fetch and Java send both')
  assert.equal(read('Pragma', 'no-cache', name, 'no-cache').noCache, false)
  assert.equal(read('Pragma', 'no-cache').noCache, false)
})
