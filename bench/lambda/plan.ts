/** What a run on Lambda itself is made of, and what it costs at most. Pure: asks nobody, makes nothing. */

export const ARCHITECTURES = ['arm64', 'x86_64'] as const
export type Architecture = (typeof ARCHITECTURES)[number]

/** With the names that tables show. */
export const CONTENDERS = {
  none: 'no extension',
  sdk: 'SDK in the function',
  nodejs: 'nodejs layer',
  executable: 'executable layer',
  aws: "AWS's own layer",
} as const
export type Contender = keyof typeof CONTENDERS

export interface PlanOptions {
  readonly region: string
  readonly architectures: readonly string[]
  readonly runtimes: readonly string[]
  readonly memoryMb: readonly number[]
  readonly contenders: readonly string[]
  /** Cold starts of each function that are measured. */
  readonly starts: number
  /** ARNs of AWS's own layer: that for arm64 has `-Arm64` in its name. */
  readonly closedArns: readonly string[]
  /** A role to run under; without it, one is made. */
  readonly role?: string
  /** Name of this run: begins the name of everything that is made. */
  readonly run: string
}

export interface PlannedFunction {
  readonly name: string
  readonly architecture: Architecture
  readonly runtime: string
  readonly memoryMb: number
  readonly contender: Contender
  /** One of the plan's, or AWS's own by its ARN or by the public parameter that holds it. */
  readonly layer?: { readonly planned: string } | { readonly arn: string } | { readonly parameter: string }
}

export interface Plan {
  readonly options: PlanOptions
  readonly functions: readonly PlannedFunction[]
  /** Layers that are published, each with its zip in `dist`. */
  readonly layers: readonly {
    readonly name: string
    readonly zip: string
    readonly architectures: readonly Architecture[]
  }[]
  /** Why a contender has no function. */
  readonly leftOut: readonly { readonly contender: string; readonly reason: string }[]
  readonly invocations: number
  readonly dollars: number
}

/** Of a function, in seconds. 200 reads without a cache take as long on 128 MB. */
export const TIMEOUT_S = 60
/** Lambda's limit of the init phase, which is billed since August 2025, in seconds. */
const INIT_LIMIT_S = 10
/** Of the secret after the first, one by one, in each start. */
export const HITS = 200
/** Each start reads so many versions of the parameter, each for the first time. */
export const MISSES = 10

/**
 * Dollars per GB-second and per request in us-east-1, without the free tier; other regions differ a little.
 * https://aws.amazon.com/lambda/pricing/, as of November 2026.
 */
const GB_SECOND: Record<Architecture, number> = { arm64: 0.0000133334, x86_64: 0.0000166667 }
const REQUEST = 0.2 / 1e6
/**
 * AWS's own layer, newest version. From its guide, "Using Parameter Store parameters in AWS Lambda functions", as of
 * July 2026.
 */
const OWN_LAYER = '/aws/service/aws-parameters-and-secrets-lambda-extension'
const PARAMETERS: Record<Architecture, string> = {
  arm64: `${OWN_LAYER}/arm64/latest`,
  x86_64: `${OWN_LAYER}/x86/latest`,
}
/** Where there is no layer of AWS's own for arm64, by the same guide. */
const WITHOUT_ARM64 = ['eusc-de-east-1']

/**
 * Dollars per API call; the secret itself is held for an hour or so. https://aws.amazon.com/secrets-manager/pricing/
 */
const SECRET_CALL = 0.05 / 1e4

/** The plan of these options. Throws a RangeError that names the option when one cannot be used. */
export function planOf(options: PlanOptions): Plan {
  check(options)
  const functions: PlannedFunction[] = []
  const leftOut = new Map<string, Plan['leftOut'][number]>()
  for (const architecture of ARCHITECTURES.filter((each) => options.architectures.includes(each)))
    for (const runtime of options.runtimes)
      for (const contender of contendersOf(options)) {
        const reason = reasonAgainst(contender, architecture, runtime, options)
        if (reason === undefined)
          functions.push(...functionsOf(options, { architecture, runtime, contender }))
        else leftOut.set(reason, { contender: CONTENDERS[contender], reason })
      }
  if (functions.length === 0) throw new RangeError('none of --contenders can run there')
  const starts = options.starts + 1
  return {
    options,
    functions,
    layers: layersOf(functions),
    leftOut: [...leftOut.values()],
    invocations: functions.length * starts,
    dollars: functions.reduce((sum, each) => sum + starts * dollarsPerStart(each), 0),
  }
}

/** The plan as it is shown before anything is made. */
export function planText(plan: Plan): string {
  const { region, run, role, starts } = plan.options
  return [
    `Run ${run} makes in ${region}, and deletes at its end:`,
    ...plan.layers.map(({ name, zip }) => `  layer      ${name} (${zip})`),
    role === undefined ? `  role       ${roleOf(run)}` : `  no role: functions run under ${role}`,
    `  secret     ${secretOf(run)}`,
    `  parameter  ${parameterOf(run)}, with ${MISSES} versions`,
    ...plan.functions.map(({ name }) => `  function   ${name}`),
    ...parametersIn(plan).map((name) => `AWS's own layer is looked up in ${name}.`),
    ...plan.leftOut.map(({ reason }) => `Left out: ${reason}.`),
    ...(role === undefined
      ? []
      : [`If that role may write logs, CloudWatch keeps the log groups /aws/lambda/${run}-*.`]),
    `${plan.functions.length} functions, each started cold ${starts} times and once before: ${plan.invocations} invocations.`,
    `At most $${plan.dollars.toFixed(2)}, by the prices of us-east-1 without the free tier.`,
  ].join('\n')
}

/** The public parameters that name layers of AWS's own. */
export function parametersIn({ functions }: Plan): string[] {
  const names = functions.flatMap(({ layer }) =>
    layer !== undefined && 'parameter' in layer ? layer.parameter : [],
  )
  return [...new Set(names)]
}

/** Begins with this, so that `--cleanup` cannot be given the beginning of something else's name. */
export const RUN_PATTERN = /^psl-bench-[a-z0-9]{8}$/
export const roleOf = (run: string): string => `${run}-role`
/** Of the role's one policy. */
export const POLICY_NAME = 'reads'
export const secretOf = (run: string): string => `${run}-secret`
export const parameterOf = (run: string): string => `/${run}/parameter`

function check(options: PlanOptions): void {
  const { region, runtimes, memoryMb, starts, closedArns, role, run } = options
  if (!/^[a-z]{2,4}(-[a-z]+)+-\d$/.test(region)) throw new RangeError(`--region: "${region}" is no region`)
  if (!RUN_PATTERN.test(run)) throw new RangeError(`"${run}" is no name of a run`)
  known('--arch', options.architectures, ARCHITECTURES)
  known('--contenders', options.contenders, Object.keys(CONTENDERS))
  const other = runtimes.find((each) => !/^(nodejs\d\d\.x|python3\.\d\d)$/.test(each))
  if (other !== undefined)
    throw new RangeError(`--runtimes: no handler for ${other}, only for Node and Python`)
  const size = memoryMb.find((each) => each < 128 || each > 10_240)
  if (size !== undefined) throw new RangeError(`--memory: ${size} is not from 128 to 10240`)
  if (starts < 1 || starts > 1000) throw new RangeError(`--starts: ${starts} is not from 1 to 1000`)
  const layer = closedArns.find((arn) => !/^arn:aws[\w-]*:lambda:[\w-]+:\d{12}:layer:[\w-]+:\d+$/.test(arn))
  if (layer !== undefined) throw new RangeError(`--closed-arn: "${layer}" is no ARN of a layer's version`)
  if (role !== undefined && !/^arn:aws[\w-]*:iam::\d{12}:role\/\S+$/.test(role))
    throw new RangeError(`--role: "${role}" is no ARN of a role`)
}

function known(option: string, given: readonly string[], all: readonly string[]): void {
  const unknown = given.find((each) => !all.includes(each))
  if (unknown !== undefined) throw new RangeError(`${option}: no ${unknown}; there are ${all.join(', ')}`)
}

function contendersOf({ contenders }: PlanOptions): Contender[] {
  return (Object.keys(CONTENDERS) as Contender[]).filter((each) => contenders.includes(each))
}

function functionsOf(
  { run, memoryMb, closedArns }: PlanOptions,
  one: Pick<PlannedFunction, 'architecture' | 'runtime' | 'contender'>,
): PlannedFunction[] {
  const { architecture, runtime, contender } = one
  const layer = layerOf(run, contender, architecture, closedArns)
  return memoryMb.map((size) => ({
    ...one,
    ...(layer !== undefined && { layer }),
    memoryMb: size,
    name: [run, architecture, runtime.replace('.', '-'), size, contender].join('-'),
  }))
}

function layerOf(
  run: string,
  contender: Contender,
  architecture: Architecture,
  closedArns: readonly string[],
): PlannedFunction['layer'] {
  if (contender === 'nodejs') return { planned: `${run}-nodejs` }
  if (contender === 'executable') return { planned: `${run}-${architecture}` }
  if (contender !== 'aws') return undefined
  const arn = closedArns.find((each) => isFor(each, architecture))
  return arn === undefined ? { parameter: PARAMETERS[architecture] } : { arn }
}

function reasonAgainst(
  contender: Contender,
  architecture: Architecture,
  runtime: string,
  { region, closedArns }: PlanOptions,
): string | undefined {
  if (contender === 'nodejs' && !runtime.startsWith('nodejs'))
    return `the nodejs layer on ${runtime}, which has no Node`
  const isAbsent = architecture === 'arm64' && WITHOUT_ARM64.includes(region)
  if (contender === 'aws' && isAbsent && !closedArns.some((arn) => isFor(arn, architecture)))
    return `AWS's own layer on arm64, which ${region} has none of`
  return undefined
}

function isFor(arn: string, architecture: Architecture): boolean {
  return /-Arm64:\d+$/.test(arn) === (architecture === 'arm64')
}

function layersOf(functions: readonly PlannedFunction[]): Plan['layers'] {
  const layers = new Map<string, Plan['layers'][number]>()
  for (const { contender, architecture, layer } of functions) {
    if (layer === undefined || !('planned' in layer)) continue
    const isNode = contender === 'nodejs'
    layers.set(layer.planned, {
      name: layer.planned,
      zip: `parameters-secrets-${isNode ? 'nodejs' : architecture}.zip`,
      architectures: isNode ? ARCHITECTURES : [architecture],
    })
  }
  return [...layers.values()]
}

function dollarsPerStart({ architecture, memoryMb, contender }: PlannedFunction): number {
  const calls = { none: 0, sdk: 1 + HITS, nodejs: 1, executable: 1, aws: 1 }[contender]
  const seconds = INIT_LIMIT_S + TIMEOUT_S
  return (memoryMb / 1024) * seconds * GB_SECOND[architecture] + REQUEST + calls * SECRET_CALL
}
