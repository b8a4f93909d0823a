/** Without blanks around it: those of ASCII alone, so that the wrapper (layer/exec/) reads the same. */
export function trimmed(text: string): string {
  return text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '')
}
