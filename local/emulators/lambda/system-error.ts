/**
 * The code of a system's error, such as ENOENT; undefined for any other. Not by `instanceof Error`: in a realm of its
 * own, as Jest gives to each test file, the errors of Node are none of that realm's.
 */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
