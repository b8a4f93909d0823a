import { goShape } from '../src/answer/go-shape.ts'
import type { Fields } from '../src/lookup.ts'

/** The body that a caller gets of what AWS answers. */
export async function bodyOf(answered: Promise<Fields>): Promise<string> {
  return goShape(await answered)
}
