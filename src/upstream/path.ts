import type { ParameterFields, PathLookup } from '../lookup.ts'
import { say } from '../public.ts'
import { listIn } from './checks.ts'
import type { CallOptions } from './client.ts'
import { readPages, type PageReader } from './pages.ts'
import { GET_PARAMETERS_BY_PATH, isParameter, type ParameterStore } from './parameter-store.ts'

/** Besides name and value. */
const MEMBERS_BYTES = 250

export type PathOptions<T> = PageReader<readonly ParameterFields[], T> & Pick<CallOptions, 'isBackground'>

/** All parameters below a path. `timeoutMs` bounds the list, and it rejects, as in `readPages`. */
export function getPath<T>(
  service: Pick<ParameterStore, 'getParametersByPath'>,
  { path, isRecursive, withDecryption, role }: PathLookup,
  { timeoutMs, isBackground, ...reader }: PathOptions<T> & { readonly timeoutMs: number },
): Promise<void> {
  return readPages(
    {
      operation: GET_PARAMETERS_BY_PATH,
      items: say`parameters`,
      timeoutMs,
      async ask(token, withinMs) {
        const { Parameters, NextToken: nextToken } = await service.getParametersByPath(
          { region: undefined, role },
          {
            Path: path,
            Recursive: isRecursive,
            WithDecryption: withDecryption,
            ...(token !== undefined && { NextToken: token }),
          },
          { withinMs, isBackground },
        )
        const found = listIn(GET_PARAMETERS_BY_PATH, Parameters, isParameter)
        const bytes = found.reduce((sum, one) => sum + bytesOf(one), 0)
        return { page: found, count: found.length, bytes, nextToken }
      },
    },
    reader,
  )
}

function bytesOf({ Name = '', Value = '' }: ParameterFields): number {
  return Name.length + Buffer.byteLength(Value) + MEMBERS_BYTES
}
