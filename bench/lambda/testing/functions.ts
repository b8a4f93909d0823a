import { createHash } from 'node:crypto'
import { AwsError, json, type Reply } from './reply.ts'
import type { Roles } from './roles.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts'

interface Call {
  readonly name: string
  readonly version: string
  readonly marker: string | null
  readonly body: Buffer
}

/** As CreateFunction takes it. */
interface Settings {
  readonly FunctionName: string
  readonly Runtime: string
  readonly Architectures: readonly string[]
  readonly MemorySize: number
  readonly Role: string
  readonly Code: { readonly ZipFile: string }
  readonly Environment: { readonly Variables: Readonly<Record<string, string>> }
  readonly Layers?: readonly string[]
}

interface LambdaFunction {
  settings: Settings
  /** What GetFunction says in its next answers; at the end the change is in force. */
  states: ('absent' | 'Pending' | 'InProgress')[]
  /** Also while it starts. */
  sandbox: Promise<Sandbox> | undefined
}

const LAYER = 'arn:aws:lambda:us-east-1:123456789012:layer:'
/** Of CloudWatch's log, this much comes with an answer. */
const TAIL_BYTES = 4096

/** Lambda's layers and functions. */
export class Functions {
  readonly #sandboxes: Pick<SandboxOptions, 'awsUrl' | 'credentials' | 'region'>
  readonly #roles: Roles
  /** By name; the zips by version, from 1. A version that was deleted is undefined. */
  readonly #layers = new Map<string, (Buffer | undefined)[]>()
  readonly #functions = new Map<string, LambdaFunction>()

  constructor(sandboxes: Pick<SandboxOptions, 'awsUrl' | 'credentials' | 'region'>, roles: Roles) {
    this.#sandboxes = sandboxes
    this.#roles = roles
  }

  held(): string[] {
    const layers = [...this.#layers].flatMap(([name, versions]) =>
      versions.flatMap((zip, i) => (zip === undefined ? [] : [`layer ${name}:${i + 1}`])),
    )
    return [...layers, ...[...this.#functions.keys()].map((name) => `function ${name}`)]
  }

  async close(): Promise<void> {
    for (const one of this.#functions.values()) await stop(one)
  }

  async answer(operation: string, call: Call): Promise<Reply> {
    const { name, version, marker, body } = call
    switch (operation) {
      case 'PublishLayerVersion':
        return this.#publish(
          name,
          Buffer.from((parsed(body)['Content'] as Settings['Code']).ZipFile, 'base64'),
        )
      case 'ListLayers': {
        const { page, next } = paged([...this.#layers.keys()], marker)
        return json(200, { Layers: page.map((LayerName) => ({ LayerName })), NextMarker: next })
      }
      case 'ListLayerVersions': {
        const held = (this.#layers.get(name) ?? []).flatMap((zip, i) => (zip === undefined ? [] : [i + 1]))
        const { page, next } = paged(held, marker)
        return json(200, { LayerVersions: page.map((Version) => ({ Version })), NextMarker: next })
      }
      case 'DeleteLayerVersion': {
        const versions = this.#layers.get(name) ?? []
        versions[Number(version) - 1] = undefined
        if (versions.every((zip) => zip === undefined)) this.#layers.delete(name)
        return json(204, undefined)
      }
      case 'ListFunctions': {
        const { page, next } = paged([...this.#functions.keys()], marker)
        return json(200, { Functions: page.map((FunctionName) => ({ FunctionName })), NextMarker: next })
      }
      case 'CreateFunction':
        return this.#create(parsed(body) as unknown as Settings)
      case 'GetFunction':
        return json(200, { Configuration: configurationOf(this.#find(name)) })
      case 'UpdateFunctionConfiguration':
        return this.#update(this.#find(name), parsed(body))
      case 'DeleteFunction': {
        const one = this.#find(name)
        this.#functions.delete(name)
        await stop(one)
        return json(204, undefined)
      }
      default:
        return this.#invoke(this.#find(name), body.toString() || '{}')
    }
  }

  #publish(name: string, zip: Buffer): Reply {
    const versions = [...(this.#layers.get(name) ?? []), zip]
    this.#layers.set(name, versions)
    return json(201, {
      LayerVersionArn: `${LAYER}${name}:${versions.length}`,
      Version: versions.length,
      Content: { CodeSha256: createHash('sha256').update(zip).digest('base64') },
    })
  }

  #create(settings: Settings): Reply {
    const { FunctionName: name, Role: role } = settings
    this.#roles.use(role)
    if (this.#functions.has(name)) throw new AwsError(409, 'ResourceConflictException')
    this.#zipsOf(settings)
    const made: LambdaFunction = { settings, states: ['absent', 'Pending'], sandbox: undefined }
    this.#functions.set(name, made)
    return json(201, { FunctionName: name, State: 'Pending' })
  }

  async #update(one: LambdaFunction, change: Partial<Settings>): Promise<Reply> {
    if (one.states.length > 0) throw new AwsError(409, 'ResourceConflictException')
    one.settings = { ...one.settings, ...change }
    one.states = ['InProgress']
    await stop(one)
    return json(200, { LastUpdateStatus: 'InProgress' })
  }

  /** Answers 200 for a function that fails, as Lambda does. */
  async #invoke(one: LambdaFunction, event: string): Promise<Reply> {
    try {
      const isCold = one.sandbox === undefined
      one.sandbox ??= startSandbox(this.#optionsOf(one.settings))
      const sandbox = await one.sandbox
      const { isError, payload, tookMs, requestId } = await sandbox.invoke(event)
      const log = reportOf(one.settings, sandbox, { requestId, tookMs, isCold })
      return {
        status: 200,
        headers: {
          'X-Amz-Log-Result': Buffer.from(log.slice(-TAIL_BYTES)).toString('base64'),
          ...(isError && { 'X-Amz-Function-Error': 'Unhandled' }),
        },
        body: payload,
      }
    } catch (error) {
      await stop(one)
      const reported = { errorType: 'Sandbox.Failure', errorMessage: (error as Error).message }
      return json(200, reported, { 'X-Amz-Function-Error': 'Unhandled' })
    }
  }

  #optionsOf(settings: Settings): SandboxOptions {
    const { FunctionName, Runtime, Architectures, MemorySize, Code, Environment } = settings
    return {
      ...this.#sandboxes,
      name: FunctionName,
      runtime: Runtime,
      architecture: Architectures[0] ?? '',
      memoryMb: MemorySize,
      variables: Environment.Variables,
      code: Buffer.from(Code.ZipFile, 'base64'),
      layers: this.#zipsOf(settings),
    }
  }

  /** Throws as Lambda does for a layer that is not there. */
  #zipsOf({ Layers = [] }: Settings): Buffer[] {
    return Layers.map((arn) => {
      const [name = '', version = ''] = arn.replace(LAYER, '').split(':')
      const zip = this.#layers.get(name)?.[Number(version) - 1]
      if (zip !== undefined) return zip
      throw new AwsError(400, 'InvalidParameterValueException', `Layer version ${arn} does not exist.`)
    })
  }

  #find(name: string): LambdaFunction {
    const found = this.#functions.get(name)
    if (found === undefined || found.states[0] === 'absent') {
      found?.states.shift()
      throw new AwsError(404, 'ResourceNotFoundException')
    }
    return found
  }
}

function configurationOf({ settings, states }: LambdaFunction): object {
  const state = states.shift()
  return {
    FunctionName: settings.FunctionName,
    State: state === 'Pending' ? 'Pending' : 'Active',
    LastUpdateStatus: state === 'InProgress' ? 'InProgress' : 'Successful',
  }
}

function reportOf(
  { MemorySize }: Settings,
  sandbox: Sandbox,
  { requestId, tookMs, isCold }: { requestId: string; tookMs: number; isCold: boolean },
): string {
  const { initMs } = sandbox
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${tookMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(tookMs + (isCold ? initMs : 0))} ms`,
    `Memory Size: ${MemorySize} MB`,
    `Max Memory Used: ${Math.ceil(sandbox.peakMb())} MB`,
    ...(isCold ? [`Init Duration: ${initMs.toFixed(2)} ms`] : []),
  ]
  return `START RequestId: ${requestId} Version: $LATEST\nEND RequestId: ${requestId}\n${fields.join('\t')}\t\n`
}

/** Pages of one, so that nobody can do without reading the next one. */
function paged<T>(all: readonly T[], marker: string | null): { page: T[]; next: string | undefined } {
  const from = Number(marker ?? 0)
  return { page: all.slice(from, from + 1), next: from + 1 < all.length ? String(from + 1) : undefined }
}

function parsed(body: Buffer): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>
}

async function stop(one: LambdaFunction): Promise<void> {
  const { sandbox } = one
  one.sandbox = undefined
  // One that could not start has nothing left.
  const started = await sandbox?.catch(() => undefined)
  await started?.stop()
}
