// What an ELF executable asks of the system that it starts on: the machine, the shared libraries and the versions of
// their symbols. As the dynamic linker sees it: by way of the program headers, not the sections, which can be stripped.
// https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html

export interface ElfNeeds {
  machine: 'x86_64' | 'arm64'
  interpreter: string
  libraries: string[]
  /** Such as `GLIBC_2.17`, each once. */
  versions: string[]
}

const LOAD = 1
const DYNAMIC = 2
const INTERPRETER = 3
const tag = { needed: 1, strings: 5, versionNeeds: 0x6ffffffe, versionNeedCount: 0x6fffffff }
const machines: Record<number, ElfNeeds['machine']> = { 62: 'x86_64', 183: 'arm64' }

interface Segment {
  type: number
  offset: number
  address: number
  size: number
}

/** Throws for anything but a dynamically linked 64-bit little-endian ELF for one of Lambda's two processors. */
export function readElf(file: Buffer): ElfNeeds {
  if (file.toString('latin1', 0, 6) !== '\u007fELF\u0002\u0001')
    throw new Error('not a 64-bit little-endian ELF')
  const machine = machines[file.readUInt16LE(18)]
  if (machine === undefined) throw new Error(`for machine ${file.readUInt16LE(18)}`)
  const segments = segmentsOf(file)
  const dynamic = segments.find(({ type }) => type === DYNAMIC)
  const interpreter = segments.find(({ type }) => type === INTERPRETER)
  if (dynamic === undefined || interpreter === undefined) throw new Error('not dynamically linked')

  const entries = dynamicEntries(file, dynamic)
  const valueOf = (wanted: number) => entries.find(([key]) => key === wanted)?.[1]
  const strings = offsetOf(segments, valueOf(tag.strings) ?? 0)
  const text = (at: number) => textAt(file, strings + at)
  const needs = valueOf(tag.versionNeeds)
  return {
    machine,
    interpreter: textAt(file, interpreter.offset),
    libraries: entries.filter(([key]) => key === tag.needed).map(([, at]) => text(at)),
    versions:
      needs === undefined
        ? []
        : versionsIn(file, offsetOf(segments, needs), valueOf(tag.versionNeedCount) ?? 0).map(text),
  }
}

function segmentsOf(file: Buffer): Segment[] {
  const start = Number(file.readBigUInt64LE(32))
  const size = file.readUInt16LE(54)
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    }
  })
}

function dynamicEntries(file: Buffer, { offset, size }: Segment): [number, number][] {
  return Array.from({ length: size / 16 }, (_, index) => {
    const at = offset + index * 16
    return [Number(file.readBigInt64LE(at)), Number(file.readBigUInt64LE(at + 8))]
  })
}

/** A chain of libraries, each with a chain of versions; the offsets of the versions' names. */
function versionsIn(file: Buffer, start: number, libraries: number): number[] {
  const names = new Set<number>()
  let library = start
  for (let left = libraries; left > 0; left--) {
    let version = library + file.readUInt32LE(library + 8)
    for (let count = file.readUInt16LE(library + 2); count > 0; count--) {
      names.add(file.readUInt32LE(version + 8))
      version += file.readUInt32LE(version + 12)
    }
    library += file.readUInt32LE(library + 12)
  }
  return [...names]
}

function offsetOf(segments: Segment[], address: number): number {
  const holder = segments.find(
    ({ type, address: from, size }) => type === LOAD && address >= from && address < from + size,
  )
  if (holder === undefined) throw new Error(`nothing is loaded at ${address}`)
  return address - holder.address + holder.offset
}

function textAt(file: Buffer, at: number): string {
  return file.toString('latin1', at, file.indexOf(0, at))
}
