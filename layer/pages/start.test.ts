// The layer as published, from its zip in dist/, for this machine's processor.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LAYERS } from '../layers.ts'
import { compileC } from '../testing/c.ts'
import { entriesOf } from '../zip.ts'
import { startOnce, touchedInStarts } from './start.ts'
import { workOf } from './stub.ts'
import { ownPages } from './table.ts'

const host = process.arch === 'arm64' ? 'arm64' : 'x86_64'
let file: Buffer

before(async () => {
  const { zip } = LAYERS.find(({ kind }) => kind === host)!
  const [entry] = await entriesOf(readFileSync(fileURLToPath(new URL(`../../dist/${zip}`, import.meta.url))))
  file = await entry!.read()
})

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'start-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('what a start touches of Bun was requested, nearly all of it, and little else: if not, npm run layer:pages', async () => {
  const [own] = ownPages(file)
  const listed = new Set(
    workOf(file)!.ranges.flatMap(([from, pages]) =>
      Array.from({ length: pages }, (_, index) => from + index),
    ),
  )
  const ofBun = (pages: Set<number>) => new Set([...pages].filter((page) => page < own))
  const touched = ofBun(await touchedInStarts(file))
  const missed = [...touched].filter((page) => !listed.has(page)).length
  const needless = [...ofBun(listed)].filter((page) => !touched.has(page)).length
  assert.ok(missed <= touched.size / 10, `${missed} of ${touched.size} pages are not listed for`)
  assert.ok(needless <= touched.size / 3, `${needless} pages are listed for and not touched`)
})

test('where the system refuses madvise, it starts and answers', async (t) => {
  const folder = temporary(t)
  const refuse = compileC(folder, 'refuse', REFUSE)
  const path = join(folder, 'extension')
  writeFileSync(path, file, { mode: 0o755 })
  assert.equal(spawnSync(refuse, [refuse]).status, 42)
  await startOnce([refuse, path], 0)
})

/** Executes its arguments where madvise fails with EPERM; started by itself, it says by 42 that it does. */
const REFUSE = `#include <errno.h>
  #include <linux/filter.h>
  #include <linux/seccomp.h>
  #include <stddef.h>
  #include <sys/mman.h>
  #include <sys/prctl.h>
  #include <sys/syscall.h>
  #include <unistd.h>
  int main(int count, char **arguments) {
    if (madvise(0, 0, MADV_WILLNEED) != 0) return errno == EPERM ? 42 : 43;
    struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 44;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 45;
    execv(arguments[1], arguments + 1);
    return 46;
  }`
