import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildIdOf } from '../elf.ts'
import { compiled, executable } from '../executable.ts'
import { type Range, workOf } from './stub.ts'
import { ownPages, rangesOf, withPages } from './table.ts'

const small = "process.stdout.write('1')"
const large = `process.stdout.write(${JSON.stringify('x'.repeat(300_000))})`

const covers = (ranges: readonly Range[], page: number) =>
  ranges.some(([from, pages]) => page >= from && page < from + pages)

for (const architecture of ['x86_64', 'arm64'] as const) {
  test(`${architecture}: any bundle asks for the same pages of Bun, and for all that is its own`, () => {
    const tables = [small, large].map((bundle) => {
      const file = executable(bundle, architecture)
      const { call, argument, ranges } = workOf(file)!
      assert.deepEqual([call, argument], ['madvise', 3])
      const [from, to] = ownPages(file)
      assert.deepEqual(ranges.at(-1), [from, to - from])
      return { ofBun: ranges.slice(0, -1), own: to - from }
    })
    assert.deepEqual(tables[0]!.ofBun, tables[1]!.ofBun)
    assert.ok(tables[1]!.own > tables[0]!.own + 70)
    // As many as fit in one start, and not the whole of Bun.
    const pages = tables[0]!.ofBun.reduce((sum, [, count]) => sum + count, 0)
    assert.ok(pages > 1_000 && pages < 5_000, String(pages))
  })
}

test('the same bundle makes the same bytes', () => {
  assert.equal(executable(small, 'x86_64').compare(executable(small, 'x86_64')), 0)
})

test('another build of Bun is refused, and the error says what to do', () => {
  const file = compiled(small, 'x86_64')
  const other = Buffer.from(file)
  const at = other.indexOf(Buffer.from(buildIdOf(file), 'hex'))
  other[at]! ^= 1
  assert.throws(() => withPages(other, 'x86_64'), /x86_64 belong to another Bun: npm run layer:pages/)
  assert.throws(() => withPages(compiled(small, 'arm64'), 'x86_64'), /another Bun/)
})

test('pages that are close become one range, in any order', () => {
  assert.deepEqual(rangesOf([]), [])
  assert.deepEqual(rangesOf([9, 3, 1, 5, 20, 21]), [
    [1, 5],
    [9, 1],
    [20, 2],
  ])
  const pages = [1, 2, 3, 50, 52, 90]
  const ranges = rangesOf(pages)
  assert.ok(pages.every((page) => covers(ranges, page)))
})
