import { basename } from 'node:path'
import { distinct, type Run } from '../storing/results.ts'
import { compareBuilds, comparisonTable } from './comparison.ts'
import { sideBySide } from './side-by-side.ts'
import { groupSection } from './tables.ts'
import { explanationsOf } from './legend.ts'

/** One run as a page of Markdown: what has changed, where it was measured against another build, and every group. */
export function runPage(run: Run, plotsOf: (group: string) => readonly string[] = () => []): string {
  const { arch, emulated, against } = run.meta
  const contenders = distinct(run.groups.flatMap((group) => group.contenders))
  const who = explanationsOf(contenders).map((text) => `- ${text}`)
  const changes =
    against === undefined
      ? []
      : [`## Against ${against}`, '', comparisonTable(compareBuilds(run), [against, 'now']), '']
  return [
    `# ${arch}${emulated ? ', emulated' : ''}: ${basename(run.folder)}`,
    '',
    ...(who.length > 0 ? [...who, ''] : []),
    ...changes,
    ...(arch === 'lambda' ? [sideBySide(run)] : []),
    ...run.groups.map((group) => groupSection(run, group, plotsOf(group.group))),
  ].join('\n')
}
