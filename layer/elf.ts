// What an ELF executable needs of the system: the machine, the shared libraries and the versions of their symbols. It
// is read as the dynamic linker reads it, from the program headers, because the sections can be stripped.
// https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html

export interface ElfNeeds {
  readonly machine: 'x86_64' | 'arm64'
  readonly interpreter: string
  readonly libraries: readonly string[]
  /** Such as `GLIBC_2.17`, each once. */
  readonly versions: readonly string[]
}

export const segmentType = { load: 1, dynamic: 2, interpreter: 3, note: 4 } as const
/** The kind of a note that names one build of a program; binutils and LLVM write a hash of what they linked. */
const BUILD_ID = 3
const TAG = { needed: 1, strings: 5, versionNeeds: 0x6ffffffe, versionNeedCount: 0x6fffffff }
const machines: Record<number, ElfNeeds['machine']> = { 62: 'x86_64', 183: 'arm64' }

/** One line of the program headers: what of the file is loaded where. */
export interface Segment {
  /** Where the line itself is in the file. */
  header: number
  type: number
  offset: number
  address: number
  /** In the file. */
  size: number
  memorySize: number
  align: number
}

/** Throws for anything but a dynamically linked 64-bit little-endian ELF for one of Lambda's two processors. */
export function readElf(file: Buffer): ElfNeeds {
  const machine = machineOf(file)
  const segments = segmentsOf(file)
  const dynamic = segments.find(({ type }) => type === segmentType.dynamic)
  const interpreter = segments.find(({ type }) => type === segmentType.interpreter)
  if (dynamic === undefined || interpreter === undefined) throw new Error('not dynamically linked')

  const entries = dynamicEntries(file, dynamic)
  const valueOf = (wanted: number) => entries.find(([key]) => key === wanted)?.[1]
  const strings = offsetOf(segments, valueOf(TAG.strings) ?? 0)
  const text = (at: number) => textAt(file, strings + at)
  const needs = valueOf(TAG.versionNeeds)
  return {
    machine,
    interpreter: textAt(file, interpreter.offset),
    libraries: entries.filter(([key]) => key === TAG.needed).map(([, at]) => text(at)),
    versions:
      needs === undefined
        ? []
        : versionsIn(file, offsetOf(segments, needs), valueOf(TAG.versionNeedCount) ?? 0).map(text),
  }
}

/** Throws for anything but a 64-bit little-endian ELF for one of Lambda's two processors. */
export function machineOf(file: Buffer): ElfNeeds['machine'] {
  if (file.toString('latin1', 0, 6) !== '\u007fELF\u0002\u0001')
    throw new Error('not a 64-bit little-endian ELF')
  const machine = machines[file.readUInt16LE(18)]
  if (machine === undefined) throw new Error(`for machine ${file.readUInt16LE(18)}`)
  return machine
}

/** In the order of the file. */
export function segmentsOf(file: Buffer): Segment[] {
  const start = Number(file.readBigUInt64LE(32))
  const size = file.readUInt16LE(54)
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size
    return {
      header: at,
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
      memorySize: Number(file.readBigUInt64LE(at + 40)),
      align: Number(file.readBigUInt64LE(at + 48)),
    }
  })
}

/** The hash by which the linker named what it made, in hexadecimal digits. Throws where there is none. */
export function buildIdOf(file: Buffer): string {
  for (const { offset, size } of segmentsOf(file).filter(({ type }) => type === segmentType.note)) {
    for (let at = offset; at < offset + size;) {
      const name = at + 12
      const description = name + padded(file.readUInt32LE(at))
      const end = description + file.readUInt32LE(at + 4)
      if (file.readUInt32LE(at + 8) === BUILD_ID && textAt(file, name) === 'GNU')
        return file.toString('hex', description, end)
      at = description + padded(file.readUInt32LE(at + 4))
    }
  }
  throw new Error('it has no build ID')
}

/** Where a section is loaded. Throws where there is none of that name, as after `strip`. */
export function sectionOf(file: Buffer, name: string): { address: number; size: number } {
  const start = Number(file.readBigUInt64LE(40))
  const size = file.readUInt16LE(58)
  const names = Number(file.readBigUInt64LE(start + file.readUInt16LE(62) * size + 24))
  for (let index = 0; index < file.readUInt16LE(60); index++) {
    const at = start + index * size
    if (textAt(file, names + file.readUInt32LE(at)) !== name) continue
    return { address: Number(file.readBigUInt64LE(at + 16)), size: Number(file.readBigUInt64LE(at + 32)) }
  }
  throw new Error(`it has no section ${name}`)
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4
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

function offsetOf(segments: readonly Segment[], address: number): number {
  const holder = segments.find(
    ({ type, address: from, size }) => type === segmentType.load && address >= from && address < from + size,
  )
  if (holder === undefined) throw new Error(`nothing is loaded at ${address}`)
  return address - holder.address + holder.offset
}

function textAt(file: Buffer, at: number): string {
  return file.toString('latin1', at, file.indexOf(0, at))
}
