// No line of prose or of a comment is longer than 120 characters; the formatter sees to code. Not prose: a table, an
// image, code and what is generated within a document, and a line that has no blank to break at.

const LONGEST = 120

/** The numbers of the lines that are too long. `path` is the file's name: a document, or JavaScript. */
export function longLines(path: string, text: string): number[] {
  const isDocument = path.endsWith('.md')
  let isCode = false
  let isGenerated = false
  return text.split('\n').flatMap((line, i) => {
    if (isDocument && /^\s*```/.test(line)) isCode = !isCode
    isGenerated = isGenerated ? !line.includes(':end -->') : isDocument && line.includes(':begin -->')
    const isProse = isDocument
      ? !isCode && !isGenerated && !/^\s*(\||!\[)/.test(line)
      : /^\s*(\/\/|\*|\/\*)/.test(line)
    const canBreak = line.trim().slice(0, LONGEST).replace(/^\W+/, '').includes(' ')
    return isProse && canBreak && line.length > LONGEST ? [i + 1] : []
  })
}
