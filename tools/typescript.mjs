// Loaded before a script that is TypeScript (`node --import`). JavaScript that every Node from 20 on can run: where
// this Node has no TypeScript, a sentence says so instead of ERR_UNKNOWN_FILE_EXTENSION.
if (!process.features.typescript) {
  process.stderr.write(
    `Node ${process.versions.node} cannot run TypeScript: use Node 22.18 or later. ` +
      'On Linux with glibc, `npm ci` installs one for the scripts of this project.\n',
  )
  process.exit(1)
}
