// Runs on Bun, for its libdeflate: stdin to stdout, deflated. 3 % smaller than zlib's best, with which the
// executables would be larger than Lambda takes in one upload; and the same bytes whatever Node runs the build.
const deflated = Bun.deflateSync(await Bun.stdin.bytes(), { library: 'libdeflate', level: 12 })
await Bun.write(Bun.stdout, deflated)
