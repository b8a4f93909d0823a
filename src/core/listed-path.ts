/**
 * A path as a list names it, with a slash at its end, as GetParametersByPath takes it: `/app` for `/app/`, and `/`, the
 * root, for itself alone. Undefined for what is no path, such as `//`, which must not be taken for the root.
 */
export function listedPath(text: string): string | undefined {
  if (!/^\/(?:[^/\s]+\/)*$/.test(text)) return undefined
  return text === '/' ? text : text.slice(0, -1)
}
