import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longLines } from './long-lines.ts'

const LONG = 'word '.repeat(25)

test('a long line of prose and of a comment is found, by its number', () => {
  assert.deepEqual(longLines('a.md', `# A\n\n${LONG}\n- ${LONG}`), [3, 4])
  assert.deepEqual(longLines('a.ts', `// ${LONG}\n/**\n * ${LONG}\n */\n  /** ${LONG} */`), [1, 3, 5])
})

test('a table, an image, code or what is generated in a document and what cannot be broken may be longer', () => {
  const link = `https://example.com/${'x'.repeat(120)}`
  assert.deepEqual(
    longLines('a.md', `| ${LONG} |\n\n\`\`\`sh\n${LONG}\n\`\`\`\n${link}\n![${LONG}](a.svg)`),
    [],
  )
  assert.deepEqual(longLines('a.md', `<!-- a:begin -->\n${LONG}\n<!-- a:end -->\n${LONG}`), [4])
  assert.deepEqual(longLines('a.ts', `const a = '${LONG}'\n// ${link}`), [])
})
