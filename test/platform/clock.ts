// A wall clock that can be set, for the built artefact in its own process. Timers go on as before: they run on the
// monotonic clock, which no setting of the wall clock touches.
//
// Node gets a script by NODE_OPTIONS, a native executable a library by LD_PRELOAD, for which a C compiler is needed.
// The launcher of the nodejs layer lets neither through, as it must, so its bundle is tested without the launcher.

import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { EXTENSION_NAME } from '../../src/version.ts'

export interface Clock {
  /** For the extension's environment. */
  readonly env: Readonly<Record<string, string>>
  /** From now on the process's clock shows so much more than ours; less, if negative. Milliseconds. */
  set(offsetMs: number): void
}

/** A script or library that reads the offset, in whole milliseconds, from that file at every reading of the clock. */
const SCRIPT = `
  const { readFileSync } = require('node:fs')
  const Real = Date
  const offset = () => {
    try {
      return Number(readFileSync(FILE, 'latin1'))
    } catch {
      return 0
    }
  }
  const now = () => Real.now() + offset()
  globalThis.Date = class Date extends Real {
    constructor(...parts) {
      if (parts.length === 0) super(now())
      else super(...parts)
    }
    static now() {
      return now()
    }
  }
`
const LIBRARY = `
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <fcntl.h>
  #include <stdlib.h>
  #include <sys/time.h>
  #include <time.h>
  #include <unistd.h>

  static long long offset_ms(void) {
    char text[32] = {0};
    int file = open(FILE_NAME, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
    close(file);
    return atoll(text);
  }

  int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, at);
    if (result == 0 && clock == CLOCK_REALTIME) at->tv_sec += offset_ms() / 1000;
    return result;
  }

  int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return result;
  }

  time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
  }
`

/** Whether `settableClock` has a way into the artefact under test. */
export const isClockSettable: boolean = kindOfArtefact() !== 'script'

export function settableClock(t: TestContext): Clock {
  const folder = mkdtempSync(join(tmpdir(), 'clock-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'offset')
  // In one step: a file that is empty for a moment would be a clock that is set back for a moment.
  const set = (offsetMs: number): void => {
    writeFileSync(file + '.next', String(offsetMs))
    renameSync(file + '.next', file)
  }
  set(0)
  if (kindOfArtefact() === 'bundle') {
    const script = join(folder, 'clock.cjs')
    writeFileSync(script, SCRIPT.replace('FILE', JSON.stringify(file)))
    return { env: { NODE_OPTIONS: `--require=${JSON.stringify(script)}` }, set }
  }
  const library = join(folder, 'clock.so')
  const source = join(folder, 'clock.c')
  writeFileSync(source, LIBRARY.replace('FILE_NAME', JSON.stringify(file)))
  const compiler = process.env['CC'] ?? 'cc'
  execFileSync(compiler, ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'])
  return { env: { LD_PRELOAD: library }, set }
}

function kindOfArtefact(): 'bundle' | 'executable' | 'script' {
  const text = process.env['EXTENSION_UNDER_TEST']
  if (text === undefined || text === '') return 'bundle'
  const { command, extensionsDir } = JSON.parse(text) as { command?: string[]; extensionsDir?: string }
  if (command !== undefined && command.length > 1) return 'bundle'
  const file = command?.[0] ?? join(extensionsDir!, EXTENSION_NAME)
  return isElf(file) ? 'executable' : 'script'
}

function isElf(file: string): boolean {
  const head = Buffer.alloc(4)
  const descriptor = openSync(file, 'r')
  readSync(descriptor, head, 0, 4, 0)
  closeSync(descriptor)
  return head.toString('latin1') === '\u007fELF'
}
