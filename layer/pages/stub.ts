// A few instructions that an ELF executable runs before its own: they make one system call for each of a list of page
// ranges, and then jump to the program's own start.
//
// The code and the list are in a segment of their own behind the end of the file. The program headers have no room for
// one more line, so the last one, PT_NOTE, which nobody needs, is turned into it. The dynamic linker wants PT_LOADs by
// ascending address, and this one is behind all others. Of the rest only the entry point is changed; nothing is moved.

import { type ElfNeeds, machineOf, type Segment, segmentsOf, segmentType } from '../elf.ts'

/** In pages of 4 KiB: the first one's number, which is its address divided by 4,096, and how many. */
export type Range = readonly [page: number, pages: number]

export const PAGE = 4096

/** `call(address, length, argument)` for each range. Its result is ignored. */
export interface Work {
  call: 'madvise' | 'mprotect'
  argument: number
  ranges: readonly Range[]
}

type Machine = ElfNeeds['machine']

/** asm-generic/unistd.h, and arch/x86/entry/syscalls/syscall_64.tbl, of Linux */
const calls: Record<Machine, Record<Work['call'], number>> = {
  x86_64: { madvise: 28, mprotect: 10 },
  arm64: { madvise: 233, mprotect: 226 },
}

// Entered from the dynamic linker, which leaves the arguments on the stack and the function that is to be called at
// exit in rdx or x0 (System V ABI of each). The stack is not touched; of the registers only those that any function
// may change. What follows the code, at `data`: the address to go on to (8 bytes), the system call's number (4), its
// third argument (4), then page and pages (4 each) of every range, and zeros.
const code: Record<Machine, Buffer> = {
  x86_64: bytes(`
    49 89 d0               start:  mov   r8, rdx
    4c 8d 0d 2e 00 00 00           lea   r9, [rip + data]
    4d 8d 51 10                    lea   r10, [r9 + 16]
    41 8b 3a               next:   mov   edi, [r10]          # page
    41 8b 72 04                    mov   esi, [r10 + 4]      # pages
    85 f6                          test  esi, esi
    74 18                          jz    done
    48 c1 e7 0c                    shl   rdi, 12
    48 c1 e6 0c                    shl   rsi, 12
    41 8b 41 08                    mov   eax, [r9 + 8]
    41 8b 51 0c                    mov   edx, [r9 + 12]
    0f 05                          syscall                   # changes rax, rcx and r11
    49 83 c2 08                    add   r10, 8
    eb dd                          jmp   next
    4c 89 c2               done:   mov   rdx, r8
    41 ff 21                       jmp   [r9]
    90                             nop                       # data is aligned to 8
  `),
  arm64: bytes(`
    c9 01 00 10            start:  adr   x9, data
    ea 03 00 aa                    mov   x10, x0
    2b 41 00 91                    add   x11, x9, #16
    60 05 c1 28            next:   ldp   w0, w1, [x11], #8   // page, pages
    c1 00 00 34                    cbz   w1, done
    00 cc 74 d3                    lsl   x0, x0, #12
    21 cc 74 d3                    lsl   x1, x1, #12
    28 09 41 29                    ldp   w8, w2, [x9, #8]
    01 00 00 d4                    svc   #0                  // changes x0
    fa ff ff 17                    b     next
    e0 03 0a aa            done:   mov   x0, x10
    30 01 40 f9                    ldr   x16, [x9]
    00 02 1f d6                    br    x16
    1f 20 03 d5                    nop                       // data is aligned to 8
  `),
}

/** The bytes at the start of each line, two digits each; what comes after them is for the reader. */
function bytes(listing: string): Buffer {
  const digits = listing.split('\n').map((line) => /^ *((?:[0-9a-f]{2} )+)/.exec(`${line} `)?.[1] ?? '')
  return Buffer.from(digits.join('').replaceAll(' ', ''), 'hex')
}

const ENTRY = 24
const READ_EXECUTE = 5

/**
 * A new executable that does that work first, in place of any that was added before. Throws if the executable may be
 * loaded anywhere (ET_DYN), since addresses are constants, or has no note behind its last segment.
 */
export function withWork(file: Buffer, { call, argument, ranges }: Work): Buffer {
  const machine = machineOf(file)
  if (file.readUInt16LE(16) !== 2) throw new Error('it is not loaded at a fixed address')
  const before = workOf(file)
  const segments = segmentsOf(file)
  const last = segments.findLastIndex(({ type }) => type === segmentType.load)
  const room = before === undefined ? noteBehind(segments, last) : segments[last]!

  const data = Buffer.alloc(16 + ranges.length * 8 + 8)
  data.writeBigUInt64LE(before === undefined ? file.readBigUInt64LE(ENTRY) : BigInt(before.entry))
  data.writeUInt32LE(calls[machine][call], 8)
  data.writeUInt32LE(argument, 12)
  for (const [index, [page, pages]] of ranges.entries()) {
    data.writeUInt32LE(page, 16 + index * 8)
    data.writeUInt32LE(pages, 20 + index * 8)
  }
  const offset = roundUp(file.length, 16)
  const added = Buffer.concat([code[machine], data])
  const whole = Buffer.concat([file, Buffer.alloc(offset - file.length), added])
  // Behind everything else in memory, and as far into its page as in the file.
  const { align } = segments[last]!
  const address = roundUp(endInMemory(segments), align) + (offset % align)
  writeSegment(whole, { ...room, offset, address, size: added.length, align })
  whole.writeBigUInt64LE(BigInt(address), ENTRY)
  return whole
}

function noteBehind(segments: readonly Segment[], last: number): Segment {
  const note = segments.find(({ type }, index) => type === segmentType.note && index > last)
  if (note === undefined) throw new Error('it has no note that could become a segment')
  return note
}

/** What an executable does first, and where it goes on to; undefined for one as it was linked. */
export function workOf(file: Buffer): (Work & { entry: number }) | undefined {
  const machine = machineOf(file)
  const segment = segmentsOf(file).findLast(({ type }) => type === segmentType.load)
  if (segment === undefined || Number(file.readBigUInt64LE(ENTRY)) !== segment.address) return undefined
  const { length } = code[machine]
  const own = file.subarray(segment.offset, segment.offset + segment.size)
  if (!own.subarray(0, length).equals(code[machine])) return undefined
  const data = own.subarray(length)
  const ranges: Range[] = []
  for (let at = 16; data.readUInt32LE(at + 4) !== 0; at += 8)
    ranges.push([data.readUInt32LE(at), data.readUInt32LE(at + 4)])
  const number = data.readUInt32LE(8)
  const call = (['madvise', 'mprotect'] as const).find((name) => calls[machine][name] === number)
  if (call === undefined) throw new Error(`it makes system call ${number} first`)
  return { call, argument: data.readUInt32LE(12), ranges, entry: Number(data.readBigUInt64LE(0)) }
}

function writeSegment(file: Buffer, { header, offset, address, size, align }: Segment): void {
  file.writeUInt32LE(segmentType.load, header)
  file.writeUInt32LE(READ_EXECUTE, header + 4)
  // Offset, virtual and physical address, size in the file and in memory, alignment.
  for (const [index, value] of [offset, address, address, size, size, align].entries())
    file.writeBigUInt64LE(BigInt(value), header + 8 + index * 8)
}

function endInMemory(segments: readonly Segment[]): number {
  const loaded = segments.filter(({ type }) => type === segmentType.load)
  return Math.max(...loaded.map(({ address, memorySize }) => address + memorySize))
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to
}
