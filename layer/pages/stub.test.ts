import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readElf, sectionOf, segmentsOf, segmentType } from '../elf.ts'
import { bunFor, hostBun } from '../runtimes.ts'
import { compileC } from '../testing/c.ts'
import { PAGE, type Range, type Work, withWork, workOf } from './stub.ts'

const WORK: Work = {
  call: 'madvise',
  argument: 3,
  ranges: [
    [0x200, 3],
    [0x2000, 1],
  ],
}

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stub-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

function write(folder: string, name: string, file: Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, file, { mode: 0o755 })
  return path
}

/** Not position-independent, as Bun is not. */
function program(folder: string, name: string, source: string, ...flags: string[]): Buffer {
  return readFileSync(compileC(folder, name, source, '-no-pie', ...flags))
}

test('of both processors it changes the entry and the note, adds behind the end, and leaves every other byte', () => {
  for (const architecture of ['x86_64', 'arm64'] as const) {
    const before = readFileSync(bunFor(architecture))
    const after = withWork(before, WORK)
    const { header } = segmentsOf(before).find(({ type }) => type === segmentType.note)!
    const unchanged = (file: Buffer) => [
      file.subarray(0, 24),
      file.subarray(32, header),
      file.subarray(header + 56, before.length),
    ]
    for (const [index, part] of unchanged(before).entries())
      assert.equal(part.compare(unchanged(after)[index]!), 0)
    assert.deepEqual(workOf(after), { ...WORK, entry: Number(before.readBigUInt64LE(24)) })
    assert.equal(workOf(before), undefined)
    assert.deepEqual(readElf(after), readElf(before))

    const loaded = segmentsOf(after).filter(({ type }) => type === segmentType.load)
    const own = loaded.at(-1)!
    assert.equal(own.header, header)
    assert.equal(after.readUInt32LE(own.header + 4), 5, 'it can be read and executed, not written')
    assert.equal(own.offset + own.size, after.length)
    assert.equal(own.address, Number(after.readBigUInt64LE(24)))
    assert.equal(own.memorySize, own.size)
    assert.equal(own.offset % own.align, own.address % own.align)
    for (const { address, memorySize, align } of loaded.slice(0, -1)) {
      assert.ok(Math.ceil((address + memorySize) / align) * align <= own.address)
      assert.ok(align <= own.align)
    }
  }
})

test('other work takes the place of the first', () => {
  const before = readFileSync(hostBun())
  const other: Work = { call: 'mprotect', argument: 7, ranges: [[0x300, 1]] }
  const entry = Number(before.readBigUInt64LE(24))
  assert.deepEqual(workOf(withWork(withWork(before, WORK), other)), { ...other, entry })
})

test('the same file and work make the same bytes', () => {
  const file = readFileSync(hostBun())
  assert.equal(withWork(file, WORK).compare(withWork(file, WORK)), 0)
})

test('what is loaded anywhere, has no note to give, or is no executable is refused', () => {
  const movable = readFileSync(hostBun())
  movable.writeUInt16LE(3, 16)
  assert.throws(() => withWork(movable, WORK), /not loaded at a fixed address/)
  const noteless = readFileSync(hostBun())
  for (const { header, type } of segmentsOf(noteless))
    if (type === segmentType.note) noteless.writeUInt32LE(0, header)
  assert.throws(() => withWork(noteless, WORK), /no note/)
  assert.throws(() => withWork(Buffer.from('#!/bin/sh\n'), WORK), /not a 64-bit/)
})

test('a program with it runs as without: Bun says its version', (t) => {
  const path = write(temporary(t), 'bun', withWork(readFileSync(hostBun()), WORK))
  const version = (command: string) => execFileSync(command, ['--version'], { encoding: 'utf8' })
  assert.equal(version(path), version(hostBun()))
})

test('arguments, environment, an aligned stack and the function that ends the libraries reach the program', (t) => {
  const folder = temporary(t)
  const library = `#include <unistd.h>
    __attribute__((destructor)) static void end(void) { if (write(1, " ended", 6) != 6) _exit(9); }
    int seven(void) { return 7; }`
  compileC(folder, 'libend.so', library, '-shared', '-fPIC')
  const source = `#include <stdint.h>
    #include <stdio.h>
    #include <stdlib.h>
    int seven(void);
    int main(int count, char **arguments) {
      _Alignas(16) volatile char here[16];
      setvbuf(stdout, 0, _IONBF, 0);
      printf("%d %s %s %.1f %d", count, arguments[1], getenv("SAID"), seven() / 2.0, (int)((uintptr_t)here % 16));
      return seven();
    }`
  const file = program(folder, 'main', source, `-L${folder}`, '-lend', `-Wl,-rpath,${folder}`)
  const ranges: Range[] = Array.from({ length: 2_000 }, (_, index) => [0x400 + index, 1 + (index % 3)])
  const path = write(folder, 'worked', withWork(file, { ...WORK, ranges }))
  const { status, signal, stdout } = spawnSync(path, ['one'], { env: { SAID: 'said' }, encoding: 'utf8' })
  assert.deepEqual([status, signal, stdout], [7, null, '2 one said 3.5 0 ended'])
})

test('the system gets each range, and an error from it stops nothing', (t) => {
  const folder = temporary(t)
  // A page of its own is made unreadable, which the program finds out, after a range where nothing is.
  const source = `#include <unistd.h>
    __attribute__((section(".ours"), aligned(4096))) const char ours[4096] = {1};
    int main(void) {
      int pipes[2];
      return pipe(pipes) == 0 && write(pipes[1], ours, 1) == 1 ? 0 : 1;
    }`
  const file = program(folder, 'main', source)
  const page = sectionOf(file, '.ours').address / PAGE
  const noAccess: Work = {
    call: 'mprotect',
    argument: 0,
    ranges: [
      [1, 1],
      [page, 1],
    ],
  }
  const statusOf = (work: Work) => spawnSync(write(folder, 'worked', withWork(file, work))).status
  assert.equal(statusOf(WORK), 0)
  assert.equal(statusOf(noAccess), 1)
})
