// npm run bench:report [FOLDER]: draws results/README.md, its plots and the README's summary from the raw files.
import { writeReport } from './report/write.ts'
import { ROOT } from './contenders/runtimes.ts'

const results = process.argv[2] ?? `${ROOT}/results`
writeReport(results, `${ROOT}/README.md`)
console.log(`${results}/README.md`)
