// An executable of Bun obeys variables that are meant for the bun command: BUN_BE_BUN=1 makes it print bun's help and
// exit, BUN_OPTIONS=--preload runs a file of the function inside of it, BUN_INSPECT can make it wait for a debugger. A
// function on a Bun runtime may well set them for itself, and an extension that exits takes the function with it. There
// is no option that turns them off (https://github.com/oven-sh/bun/pull/26346), and they act before our code runs. So
// each name in the executable is changed to one that no variable can have.

const NAMES = ['BUN_BE_BUN', 'BUN_OPTIONS', 'BUN_INSPECT', 'BUN_INSPECT_CONNECT_TO', 'BUN_INSPECT_PRELOAD']

/** Changes the executable in place. Throws unless each name is there exactly once, as another Bun might have it. */
export function seal(executable: Buffer): void {
  for (const name of NAMES) {
    const wanted = Buffer.from(`\0${name}\0`, 'latin1')
    const at = executable.indexOf(wanted)
    if (at === -1 || executable.includes(wanted, at + 1))
      throw new Error(`${name}: not once in the executable`)
    // A name ends at the first `=`, so none starts with one.
    executable.write('=', at + 1, 'latin1')
  }
}
