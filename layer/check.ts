// Finds before publishing what would make Lambda fail. One stray file in extensions/, a missing exec bit or
// a newer glibc symbol, and every function with the layer fails to start:
// https://github.com/aws-samples/aws-lambda-extensions/issues/54

import { machineOf, readElf, segmentsOf, segmentType } from './elf.ts'
import {
  CODE_PATH,
  EXTENSION_PATH,
  FILE_MODE,
  type Layer,
  TEXT_MODE,
  NOTICES_PATH,
  STARTER_PATHS,
  WRAPPER_PATH,
} from './layers.ts'
import { PAGE, workOf } from './pages/stub.ts'
import { type Architecture, ARCHITECTURES } from './runtimes.ts'
import { entriesOf } from './zip.ts'

// Amazon Linux 2, the oldest system of a supported runtime: docs.aws.amazon.com/linux/al2/ug
const NEWEST_GLIBC = [2, 26] as const
const LINKERS: Record<Architecture, string> = {
  x86_64: '/lib64/ld-linux-x86-64.so.2',
  arm64: '/lib/ld-linux-aarch64.so.1',
}
const LIBRARIES =
  /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|ld-linux-(x86-64|aarch64)\.so\.[12])$/

/** Of the files that a layer holds, in that order. */
function modesIn({ kind }: Layer): ReadonlyMap<string, number> {
  const starters = kind === 'node' ? ARCHITECTURES.map((one) => [STARTER_PATHS[one], FILE_MODE] as const) : []
  return new Map([
    [EXTENSION_PATH, FILE_MODE],
    ...starters,
    [WRAPPER_PATH, FILE_MODE],
    [NOTICES_PATH, TEXT_MODE],
  ])
}

/** What is wrong with a layer, each as a sentence; empty when it can be published. */
export async function faultsOf(layer: Layer, zip: Buffer): Promise<string[]> {
  const entries = await entriesOf(zip)
  const code = layer.kind === 'node' ? entries.filter(({ path }) => CODE_PATH.test(path)) : []
  const modes = new Map([...modesIn(layer), ...code.map(({ path }) => [path, TEXT_MODE] as const)])
  const held = entries.map(({ path }) => path).join(', ')
  const wanted = [...modes.keys()].join(', ')
  if (held !== wanted) return [`it must hold ${wanted} and nothing else, not ${held}`]
  const fileAt = (path: string) => entries.find((entry) => entry.path === path)!.read()
  const file = await fileAt(EXTENSION_PATH)
  const faults = layer.kind === 'node' ? faultsOfScript(file, '#!/bin/sh') : faultsOfElf(layer.kind, file)
  // Without -p bash would run what BASH_ENV names before it comes to the wrapper.
  faults.push(...faultsOfScript(await fileAt(WRAPPER_PATH), '#!/bin/bash -p'))
  for (const architecture of layer.kind === 'node' ? ARCHITECTURES : [])
    faults.push(...faultsOfStarter(architecture, await fileAt(STARTER_PATHS[architecture])))
  for (const { path, mode } of entries) {
    const right = 0o100000 | modes.get(path)!
    if (mode !== right) faults.push(`the mode of ${path} is ${mode.toString(8)}, not ${right.toString(8)}`)
  }
  if ((await fileAt(NOTICES_PATH)).length === 0) faults.push(`${NOTICES_PATH} is empty`)
  if (zip.length > layer.budget) faults.push(`${zip.length} bytes are over its budget of ${layer.budget}`)
  return faults
}

function faultsOfScript(file: Buffer, start: string): string[] {
  return file.toString('latin1', 0, start.length + 1) === `${start}\n`
    ? []
    : [`it does not start with ${start} and a line feed`]
}

/** It runs on every system for its processor, as it asks for nothing but the kernel. */
function faultsOfStarter(architecture: Architecture, file: Buffer): string[] {
  const path = STARTER_PATHS[architecture]
  let machine
  try {
    machine = machineOf(file)
  } catch (error) {
    return [`${path} cannot be read as an executable: ${String(error)}`]
  }
  const faults = machine === architecture ? [] : [`${path} is for ${machine}`]
  const types = new Set(segmentsOf(file).map(({ type }) => type))
  if (types.has(segmentType.interpreter) || types.has(segmentType.dynamic))
    faults.push(`${path} is not statically linked`)
  return faults
}

function faultsOfElf(architecture: Architecture, file: Buffer): string[] {
  let elf
  try {
    elf = readElf(file)
  } catch (error) {
    return [`it cannot be read as an executable: ${String(error)}`]
  }
  const faults: string[] = []
  if (elf.machine !== architecture) faults.push(`it is for ${elf.machine}`)
  if (elf.interpreter !== LINKERS[architecture]) faults.push(`it is started by ${elf.interpreter}`)
  for (const library of elf.libraries) if (!LIBRARIES.test(library)) faults.push(`it needs ${library}`)
  for (const version of elf.versions) if (!isOnAmazonLinux2(version)) faults.push(`it needs ${version}`)
  return [...faults, ...faultsOfStart(file)]
}

/** Of what an executable does before its own first instruction: pages/stub.ts. */
function faultsOfStart(file: Buffer): string[] {
  const work = workOf(file)
  if (work === undefined) return ['it does not ask for the pages of its start']
  const loaded = segmentsOf(file).filter(({ type }) => type === segmentType.load)
  const holds = (page: number) =>
    loaded.some(({ address, size }) => page >= pageOf(address) && page < pageOf(address + size + PAGE - 1))
  const faults: string[] = []
  if (work.call !== 'madvise') faults.push(`it starts with ${work.call}`)
  for (const [index, { address }] of loaded.entries())
    if (address < endOf(loaded[index - 1])) faults.push(`what it loads at ${address} is not behind the rest`)
  if (!holds(pageOf(work.entry))) faults.push(`it goes on to ${work.entry}, where nothing is`)
  for (const [page, pages] of work.ranges) {
    const all = Array.from({ length: pages }, (_, index) => page + index)
    if (!all.every(holds)) faults.push(`it asks for ${pages} pages from ${page} on, which it does not load`)
  }
  return faults
}

function pageOf(address: number): number {
  return Math.floor(address / PAGE)
}

function endOf(segment: { address: number; memorySize: number } | undefined): number {
  return segment === undefined ? 0 : segment.address + segment.memorySize
}

function isOnAmazonLinux2(version: string): boolean {
  const [, major, minor] = /^GLIBC_(\d+)\.(\d+)(?:\.\d+)?$/.exec(version) ?? []
  return Number(major) === NEWEST_GLIBC[0] && Number(minor) <= NEWEST_GLIBC[1]
}
