/** The names of figures for readers. A metric that is not here is stored and not shown. */
export interface Metric {
  readonly label: string
  readonly unit: string
  readonly digits: number
  /** Of a plot, where the label alone would not tell a newcomer what is drawn. */
  readonly title?: string
}

const ms = (label: string): Metric => ({ label, unit: 'ms', digits: 1 })
const us = (label: string): Metric => ({ label, unit: 'µs', digits: 1 })
const mb = (label: string): Metric => ({ label, unit: 'MB', digits: 1 })

export const METRICS: Readonly<Record<string, Metric>> = {
  listeningMs: ms('listening'),
  registeredMs: ms('registered'),
  nextMs: ms('next'),
  firstSecretMs: ms('first secret'),
  laterSecretMs: ms('secret asked later'),
  pausedHitMs: ms('a hit after that pause'),
  timesAHit: { label: 'secret ÷ hit', unit: '×', digits: 2 },
  waitedReads: { label: 'reads that waited', unit: '', digits: 0 },
  cpuLaterSecretMs: ms('CPU while asked'),
  cpuRegisteredMs: ms('CPU to registered'),
  cpuFirstSecretMs: ms('CPU to first secret'),
  initMs: { ...ms('INIT'), title: 'INIT, from the first process until all have asked for their next event' },
  addedMs: { ...ms('added to INIT'), title: 'What the extension adds to INIT' },
  cpuInitMs: ms('CPU in INIT'),
  firstReadMs: ms('first read'),
  missMs: ms('a read from AWS'),
  invokedMs: ms('whole invocation'),
  billedMs: { label: 'billed', unit: 'ms', digits: 0 },
  maxMemoryMb: { label: 'max memory used', unit: 'MB', digits: 0 },
  wrapperFirstMs: ms('added, waiting for AWS'),
  wrapperMs: ms('added, values held'),
  pingMs: { ...ms('ping answered'), title: 'Cold start in a small sandbox, until /ping is answered' },
  majorFaults: { label: 'major faults', unit: '', digits: 0 },
  readMb: mb('read from disk'),
  cacheMb: mb('page cache'),
  p50Us: us('p50'),
  p99Us: us('p99'),
  'p99.9Us': us('p99.9'),
  cpuUsPerHit: { ...us('CPU per hit'), title: 'Processor time of a hit' },
  cpuUsPerMiss: { ...us('CPU per miss'), title: 'Processor time of a miss' },
  driverCpuUsPerHit: us('driver CPU per hit'),
  perSecond: { label: 'per second', unit: '/s', digits: 0 },
  answeredMs: ms('all answered'),
  upstreamCalls: { label: 'upstream calls', unit: '', digits: 0 },
  throttledCalls: { label: 'throttled calls', unit: '', digits: 0 },
  failedPercent: {
    label: 'reads that failed',
    unit: '%',
    digits: 2,
    title: 'Reads that failed, and reads that waited for AWS, in fleets that meet a quota or an outage',
  },
  waitedPercent: { label: 'reads that waited', unit: '%', digits: 2 },
  stalePercent: { label: 'stale reads', unit: '%', digits: 2 },
  worstWaitMs: { label: 'worst wait', unit: 'ms', digits: 0 },
  nsPerOp: { label: 'per operation', unit: 'ns', digits: 1 },
  hitShare: { label: 'hit ratio', unit: '', digits: 3 },
  rssAt20Mb: mb('RSS at 20 %'),
  rssAt40Mb: mb('RSS at 40 %'),
  rssAt60Mb: mb('RSS at 60 %'),
  rssAt80Mb: mb('RSS at 80 %'),
  rssMb: { ...mb('RSS'), title: 'Memory of the extension' },
  anonMb: mb('own (anonymous)'),
  mostAnonMb: mb('most of its own'),
  shareMb: mb('proportional (PSS)'),
  peakRssMb: mb('peak RSS'),
}
