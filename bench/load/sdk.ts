// The SDK without an extension around it: what a function pays that asks AWS by itself. Same upstream, same secrets,
// one after the other; the outcome goes to stdout.
import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { secretName, targets } from '../measuring/catalogue.ts'
import { Histogram } from '../storing/histogram.ts'
import type { Outcome } from './drive.ts'

const { misses, warmup } = JSON.parse(process.argv[2] ?? '') as { misses: number; warmup: number }
const ca = readFileSync(process.env.AWS_CA_BUNDLE ?? '')
const requestHandler = new NodeHttpHandler({ httpsAgent: new Agent({ keepAlive: true, ca }) })
const client = new SecretsManagerClient({ requestHandler })
const known = targets('100B', misses + warmup)

async function ask(from: number, to: number, record: (us: number) => void): Promise<void> {
  for (let index = from; index < to; index++) {
    const startedAt = performance.now()
    const output = await client.send(new GetSecretValueCommand({ SecretId: secretName('100B', index) }))
    record((performance.now() - startedAt) * 1000)
    if (output.SecretString !== known[index]?.value) throw new Error('the value is another one')
  }
}

async function run(): Promise<void> {
  const histogram = new Histogram()
  await ask(misses, misses + warmup, () => undefined)
  const startedAt = performance.now()
  const before = process.cpuUsage()
  await ask(0, misses, (us) => histogram.record(us))
  const { user, system } = process.cpuUsage(before)
  const cpuMs = (user + system) / 1000
  const outcome: Outcome = {
    responses: histogram.count,
    elapsedMs: performance.now() - startedAt,
    serverCpuMs: cpuMs,
    driverCpuMs: cpuMs,
    latency: histogram.buckets(),
  }
  process.stdout.write(JSON.stringify(outcome))
}

void run()
