/** The figures that are shown of each group, and what each is compared with. All others are in the raw files only. */
export interface Columns {
  /** What people choose by: of the first that has figures a run prints a short table. Less is better. */
  readonly headlines: readonly string[]
  readonly metrics: readonly string[]
  readonly comparisons: readonly Comparison[]
  /** Scenarios whose rows are parts of one thing, not contenders for it: they have no ranks. */
  readonly unranked?: readonly string[]
}

export interface Comparison {
  readonly label: string
  readonly metric: string
  /**
   * A contender's name, or `floor` for each one's own, or `https floor` for that which asks AWS on the same runtime.
   */
  readonly against: string
  readonly as: 'ratio' | 'difference'
}

const ratio = (label: string, metric: string, against = 'floor'): Comparison => ({
  label,
  metric,
  against,
  as: 'ratio',
})

export const COLUMNS: Readonly<Record<string, Columns>> = {
  init: {
    headlines: ['addedMs', 'initMs'],
    metrics: ['initMs', 'addedMs', 'registeredMs', 'nextMs', 'cpuInitMs', 'rssMb'],
    comparisons: [],
  },
  wrapper: {
    headlines: ['wrapperMs'],
    metrics: ['wrapperFirstMs', 'wrapperMs'],
    comparisons: [],
  },
  start: {
    headlines: ['firstSecretMs', 'laterSecretMs'],
    metrics: [
      'listeningMs',
      'registeredMs',
      'nextMs',
      'firstSecretMs',
      'laterSecretMs',
      'cpuLaterSecretMs',
      'cpuRegisteredMs',
      'cpuFirstSecretMs',
      'readMb',
      'rssMb',
      'peakRssMb',
    ],
    comparisons: [
      ratio('registered ÷ floor', 'registeredMs'),
      ratio('registered ÷ bare Node 24', 'registeredMs', 'bare node:http, Node 24'),
      ratio('first secret ÷ naive', 'firstSecretMs', 'naive, Node 24'),
      ratio('first secret ÷ bare https', 'firstSecretMs', 'https floor'),
      ratio('asked later ÷ naive', 'laterSecretMs', 'naive, Node 24'),
      ratio('asked later ÷ bare https', 'laterSecretMs', 'https floor'),
    ],
  },
  ahead: {
    headlines: ['laterSecretMs', 'nextMs', 'waitedReads'],
    metrics: ['laterSecretMs', 'pausedHitMs', 'timesAHit', 'nextMs', 'waitedReads', 'upstreamCalls'],
    comparisons: [{ label: 'added to next', metric: 'nextMs', against: 'floor', as: 'difference' }],
  },
  small: {
    headlines: ['firstSecretMs'],
    metrics: ['firstSecretMs', 'laterSecretMs', 'cpuLaterSecretMs'],
    comparisons: [],
  },
  hit: {
    headlines: ['p50Us'],
    metrics: ['p50Us', 'p99Us', 'p99.9Us', 'cpuUsPerHit', 'perSecond', 'driverCpuUsPerHit', 'peakRssMb'],
    comparisons: [
      ratio('CPU ÷ floor', 'cpuUsPerHit'),
      ratio('p50 ÷ floor', 'p50Us'),
      ratio('p50 ÷ net', 'p50Us', 'net, Node 24'),
    ],
  },
  miss: {
    headlines: ['p50Us'],
    metrics: ['p50Us', 'p99Us', 'cpuUsPerMiss', 'perSecond', 'answeredMs', 'upstreamCalls'],
    comparisons: [{ label: 'p50 added to the SDK', metric: 'p50Us', against: 'floor', as: 'difference' }],
  },
  micro: {
    headlines: ['nsPerOp'],
    metrics: ['nsPerOp', 'hitShare'],
    comparisons: [
      ratio('÷ lru-cache', 'nsPerOp', 'lru-cache'),
      ratio('÷ lru-cache, ttlResolution 0', 'nsPerOp', 'lru-cache, ttlResolution 0'),
    ],
    unranked: ['the parts of a hit'],
  },
  memory: {
    headlines: ['rssMb'],
    metrics: ['rssAt20Mb', 'rssAt40Mb', 'rssAt60Mb', 'rssAt80Mb', 'rssMb', 'shareMb', 'anonMb', 'peakRssMb'],
    comparisons: [],
  },
  sandbox: {
    headlines: ['pingMs'],
    metrics: ['pingMs', 'answeredMs', 'majorFaults', 'readMb', 'cacheMb', 'rssMb', 'anonMb', 'mostAnonMb'],
    comparisons: [],
  },
  fleet: {
    headlines: ['failedPercent'],
    metrics: [
      'upstreamCalls',
      'throttledCalls',
      'failedPercent',
      'waitedPercent',
      'stalePercent',
      'worstWaitMs',
    ],
    comparisons: [],
  },
  lambda: {
    headlines: ['initMs'],
    metrics: ['initMs', 'firstReadMs', 'p50Us', 'p99Us', 'missMs', 'maxMemoryMb', 'invokedMs', 'billedMs'],
    comparisons: [
      { label: 'added to INIT', metric: 'initMs', against: 'floor', as: 'difference' },
      { label: 'added memory', metric: 'maxMemoryMb', against: 'floor', as: 'difference' },
    ],
  },
  emulated: {
    headlines: ['cpuFirstSecretMs', 'cpuUsPerHit'],
    metrics: ['cpuRegisteredMs', 'cpuFirstSecretMs', 'cpuUsPerHit'],
    comparisons: [
      ratio('CPU to registered, arm64 ÷ x86_64', 'cpuRegisteredMs'),
      ratio('CPU to first secret, arm64 ÷ x86_64', 'cpuFirstSecretMs'),
      ratio('CPU per hit, arm64 ÷ x86_64', 'cpuUsPerHit'),
    ],
  },
}
