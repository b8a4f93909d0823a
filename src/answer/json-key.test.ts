import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { membersOf, pickJson, pointer } from './json-key.ts'

const textOf = (json: string, key: string) => {
  const picked = pickJson(json, key)
  return picked.kind === 'found' ? picked.text : picked.kind
}

test('a string comes without its quotes and escapes', () => {
  assert.equal(textOf('{"password":"a\\"b\\\\c\\n\\u00e9"}', 'password'), 'a"b\\c\né')
  assert.equal(textOf('{"empty":""}', 'empty'), '')
})

test('any other value comes as its source text', () => {
  const json =
    ' { "port" : 5432 , "ratio":1.0,"big":9007199254740993,"exp":1E+2, "on":true,"none":null,"neg":-0 }\n'
  assert.equal(textOf(json, 'port'), '5432')
  assert.equal(textOf(json, 'ratio'), '1.0')
  assert.equal(textOf(json, 'big'), '9007199254740993')
  assert.equal(textOf(json, 'exp'), '1E+2')
  assert.equal(textOf(json, 'on'), 'true')
  assert.equal(textOf(json, 'none'), 'null')
  assert.equal(textOf(json, 'neg'), '-0')
})

test('an object and an array come as they stand in the text, spaces included', () => {
  const json = '{"db": { "host": "h}]", "ports": [1, 2.50] } ,"x":1}'
  assert.equal(textOf(json, 'db'), '{ "host": "h}]", "ports": [1, 2.50] }')
  assert.equal(textOf(json, '/db/ports'), '[1, 2.50]')
})

test('a key that begins with a slash is a JSON pointer', () => {
  const json = '{"a":{"b/c":{"~":["x",{"d":"deep"}]}},"":{"":"nothing"},"/lead":"slash","01":"zero"}'
  assert.equal(textOf(json, '/a/b~1c/~0/1/d'), 'deep')
  assert.equal(textOf(json, '/a/b~1c/~0/0'), 'x')
  assert.equal(textOf(json, '//'), 'nothing')
  assert.equal(textOf(json, '/~1lead'), 'slash')
  assert.equal(textOf(json, '/01'), 'zero')
})

test('the escape ~01 stands for ~1, and not for a slash', () => {
  assert.equal(textOf('{"~1":"tilde one"}', '/~01'), 'tilde one')
})

test('an index with a leading zero, a dash and one past the end are missing', () => {
  for (const key of ['/00', '/-', '/2', '/x', '/-1', '/1e0', '/0/x']) {
    assert.equal(textOf('["a","b"]', key), 'missing', key)
  }
})

test('a key with dots or hyphens is taken as it is', () => {
  assert.equal(textOf('{"db.host-name":"h","db":{"host-name":"no"}}', 'db.host-name'), 'h')
})

test('of members with one name the last counts, also where the name is written with escapes', () => {
  assert.equal(textOf('{"a":1,"\\u0061":2}', 'a'), '2')
})

test('a member that is not there, and a text whose top is no object, are missing', () => {
  for (const json of ['{}', '{"b":1}', '[1]', '"text"', '5432', 'null', ' true ']) {
    assert.equal(textOf(json, 'a'), 'missing', json)
  }
  assert.equal(textOf('{"toString":1}', 'constructor'), 'missing')
})

test('text that is no JSON is recognised', () => {
  for (const json of ['', 'hunter2', '{"a":1', "{'a':1}", '{"a":01}', '{"a":1}x', '\ufeff']) {
    assert.equal(textOf(json, 'a'), 'not-json', json)
  }
})

test('every member of any object is found, in any layout, and says the same as JSON.parse', () => {
  const layout = fc.constantFrom(undefined, 1, '\t', ' \n')
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), layout, (object, indent) => {
      const json = JSON.stringify(object, undefined, indent)
      const again = JSON.parse(json) as Record<string, unknown>
      for (const [name, value] of Object.entries(again)) {
        const way = pointer([name])
        for (const key of name.startsWith('/') ? [way] : [name, way]) {
          const picked = pickJson(json, key)
          assert.ok(picked.kind === 'found')
          if (typeof value === 'string') assert.equal(picked.text, value)
          else assert.deepEqual(JSON.parse(picked.text), value)
        }
      }
    }),
  )
})

test('no text and no key makes it throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), fc.string(), (json, key) => {
      assert.ok(['found', 'missing', 'not-json'].includes(pickJson(json, key).kind))
    }),
  )
})

test('the members of an object are those that are found one by one', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(undefined, 2),
      (object, indent) => {
        const json = JSON.stringify(object, undefined, indent)
        const members = membersOf(json, false)!
        assert.deepEqual(
          new Set(members.map(({ path }) => path[0])),
          new Set(Object.keys(JSON.parse(json) as object)),
        )
        for (const { path, text } of members) assert.equal(text, textOf(json, pointer(path)))
      },
    ),
  )
  assert.deepEqual(membersOf('{"a":1.0,"a":"\\u0062"}', false), [{ path: ['a'], text: 'b' }])
  for (const json of ['', '[1]', '"x"', 'null', '{"a"']) assert.equal(membersOf(json, true), undefined, json)
})

test('a byte order mark before the JSON is left out, and is no part of a member', () => {
  assert.equal(textOf('\ufeff{"a":"b"}', 'a'), 'b')
  assert.equal(textOf('\ufeff {"a":[1,"\ufeffx"]}', '/a/1'), '\ufeffx')
  assert.deepEqual(membersOf('\ufeff{"a":"b"}', true), [{ path: ['a'], text: 'b' }])
  assert.equal(textOf('\ufeff\ufeff{"a":"b"}', 'a'), 'not-json')
})

test('objects within objects are walked into, up to a depth, in one pass', () => {
  const flat = (json: string) => membersOf(json, true)?.map(({ path, text }) => [path.join('>'), text])
  assert.deepEqual(flat('{"a":{"b":{"c":1.0}, "d":[{"e":1}]},"f":{},"":{"":""},"g/h":{"~":null}}'), [
    ['a>b>c', '1.0'],
    ['a>d', '[{"e":1}]'],
    ['>', ''],
    ['g/h>~', 'null'],
  ])
  assert.deepEqual(flat('{"a":{"x":1},"ab":2,"a":{"y":3}}'), [
    ['ab', '2'],
    ['a>y', '3'],
  ])
  const deep = '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)
  const [leaf] = membersOf(deep, true)!
  assert.equal(leaf?.path.length, 16)
  assert.equal(leaf?.text.length, deep.length - 16 * 6)
})

test('every value within any object is found, and says the same as its JSON pointer', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
      const json = JSON.stringify(value)
      for (const { path, text } of membersOf(json, true)!) assert.equal(text, textOf(json, pointer(path)))
    }),
  )
})

test('a pointer costs no more for its depth', { timeout: 30_000 }, () => {
  const depth = 20_000
  const arrays = '['.repeat(depth) + '7' + ']'.repeat(depth)
  const objects = '{"a":'.repeat(depth) + '7' + '}'.repeat(depth)
  // Passing over what is within, at each level again, would take minutes.
  for (let i = 0; i < 20; i++) {
    assert.deepEqual(pickJson(arrays, '/0'.repeat(depth)), { kind: 'found', text: '7' })
    assert.deepEqual(pickJson(objects, '/a'.repeat(depth)), { kind: 'found', text: '7' })
  }
})

test(
  'members cost no more for the length of the names around them, nor for names that come again',
  { timeout: 30_000 },
  () => {
    const inner = Array.from({ length: 5_000 }, (_, i) => `"${i}":1`).join(',')
    const long = '"' + 'k'.repeat(100_000) + '":'
    const nested = `{${long}{${long}{${inner}}}}`
    const again = `{${Array.from({ length: 200_000 }, (_, i) => `"${i % 100_000}":${i}`).join(',')}}`
    // With the whole way in the name of each, or with a look at each for each that comes again, it would take minutes.
    for (let i = 0; i < 2; i++) {
      assert.equal(membersOf(nested, true)?.length, 5_000)
      assert.equal(membersOf(again, true)?.at(0)?.text, '100000')
    }
  },
)
