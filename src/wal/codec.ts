/**
 * Records and segment headers to bytes and back, as drawn in format.ts. Works on buffers; opens no file.
 */
import { crc32 } from 'node:zlib'
import type { EntryRecord } from './contract'
import {
  formatVersion,
  logIdBytes,
  magic,
  maxBodyBytes,
  recordBytes,
  recordFlag,
  recordHeaderBytes,
  role,
  segmentHeaderBytes,
} from './format'

/** A buffer with the view that reads and writes its numbers. */
export class Bytes {
  readonly buffer: Buffer
  readonly view: DataView

  constructor(buffer: Buffer) {
    this.buffer = buffer
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  }
}

/** What a record holds beside its length and checksum. */
export interface RecordFields {
  readonly role: number
  readonly type: number
  readonly flags: number
  readonly count: number
  readonly sequence: number
  readonly time: number
  readonly origin: number
  readonly body: Uint8Array | string
}

/** Bytes that are enough for the body; of text, which is not encoded yet, perhaps more than it takes. */
export function bodyRoom(body: Uint8Array | string): number {
  if (typeof body !== 'string') return body.length
  // A UTF-16 unit takes at most three bytes. Counting is worth it where the guess would waste memory.
  return body.length <= countedFrom ? body.length * 3 : Buffer.byteLength(body)
}

const countedFrom = 16 * 1024

/**
 * Writes a record without its checksum, which needs the salt of the segment it ends up in: see `sealRecords`.
 *
 * @returns the offset after it. The caller has made room for `recordBytes(bodyRoom(body))`.
 */
export function encodeRecord(target: Bytes, offset: number, fields: RecordFields): number {
  const { view } = target
  const length = writeBody(target.buffer, offset + recordHeaderBytes, fields.body)
  const end = offset + recordBytes(length)
  // The buffer was used before.
  for (let rest = offset + recordHeaderBytes + length; rest < end; rest++) view.setUint8(rest, 0)
  view.setUint32(offset, 0, true)
  view.setUint32(offset + 4, length, true)
  view.setUint8(offset + 8, fields.role)
  view.setUint8(offset + 9, fields.type)
  view.setUint8(offset + 10, fields.flags)
  view.setUint8(offset + 11, 0)
  view.setUint32(offset + 12, fields.count, true)
  view.setFloat64(offset + 16, fields.sequence, true)
  view.setFloat64(offset + 24, fields.time, true)
  view.setFloat64(offset + 32, fields.origin, true)
  return end
}

function writeBody(target: Buffer, offset: number, body: Uint8Array | string): number {
  if (typeof body === 'string') return target.write(body, offset)
  target.set(body, offset)
  return body.length
}

/**
 * Fills in the checksums of records that lie back to back. Also runs, from its text, on the thread that commits:
 * it may use nothing from outside.
 *
 * @param headerBytes `recordHeaderBytes`
 */
export function sealRecords(
  records: Uint8Array,
  salt: number,
  headerBytes: number,
  checksum: (data: Uint8Array, salt: number) => number,
): void {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength)
  for (let offset = 0; offset < records.length; ) {
    const length = view.getUint32(offset + 4, true)
    const end = offset + headerBytes + length
    view.setUint32(offset, checksum(records.subarray(offset + 4, end), salt), true)
    offset += headerBytes + ((length + 7) & ~7)
  }
}

/** Whether a whole record with the right checksum lies at `offset`. */
export function isRecordAt(source: Bytes, offset: number, salt: number): boolean {
  const { view } = source
  if (offset + recordHeaderBytes > view.byteLength) return false
  const kind = view.getUint8(offset + 8)
  if (kind < role.add || kind > role.mark || view.getUint8(offset + 11) !== 0) return false
  if (view.getUint8(offset + 10) > (recordFlag.more | recordFlag.copied | recordFlag.adopted)) return false
  const length = view.getUint32(offset + 4, true)
  if (length > maxBodyBytes || offset + recordHeaderBytes + length > view.byteLength) return false
  return view.getUint32(offset, true) === recordChecksum(source, offset, salt)
}

function recordChecksum(source: Bytes, offset: number, salt: number): number {
  const length = source.view.getUint32(offset + 4, true)
  return crc32(source.buffer.subarray(offset + 4, offset + recordHeaderBytes + length), salt)
}

/** Of a record whose checksum is still to be filled in. */
export const setFlagsAt = (target: Bytes, offset: number, flags: number): void =>
  target.view.setUint8(offset + 10, flags)

// The fields of a record that was checked.
export const bodyLengthAt = (source: Bytes, offset: number): number => source.view.getUint32(offset + 4, true)
export const roleAt = (source: Bytes, offset: number): number => source.view.getUint8(offset + 8)
export const typeAt = (source: Bytes, offset: number): number => source.view.getUint8(offset + 9)
export const flagsAt = (source: Bytes, offset: number): number => source.view.getUint8(offset + 10)
export const countAt = (source: Bytes, offset: number): number => source.view.getUint32(offset + 12, true)
export const sequenceAt = (source: Bytes, offset: number): number => source.view.getFloat64(offset + 16, true)
export const timeAt = (source: Bytes, offset: number): number => source.view.getFloat64(offset + 24, true)
export const originAt = (source: Bytes, offset: number): number => source.view.getFloat64(offset + 32, true)

/** The body, as a view of the source. */
export function bodyAt(source: Bytes, offset: number): Buffer {
  const start = offset + recordHeaderBytes
  return source.buffer.subarray(start, start + bodyLengthAt(source, offset))
}

/** The owner's part of a record; the body is a copy, so that it does not keep a whole segment in memory. */
export function readEntryRecord(source: Bytes, offset: number): EntryRecord {
  return {
    type: typeAt(source, offset),
    count: countAt(source, offset),
    time: timeAt(source, offset),
    body: Buffer.from(bodyAt(source, offset)),
  }
}

export interface SegmentHeader {
  readonly version: number
  readonly segment: number
  /** 32 hexadecimal digits. */
  readonly logId: string
  readonly salt: number
  /** Every record after it has a sequence below, or belongs to an entry added after. */
  readonly nextSequence: number
  readonly createdAt: number
}

/** The salt of a segment; see format.ts for why it follows from the path. */
export function saltOf(logId: string, segment: number): number {
  const bytes = Buffer.alloc(logIdBytes + 8)
  bytes.write(logId, 'hex')
  bytes.writeBigUInt64LE(BigInt(segment), logIdBytes)
  return crc32(bytes)
}

/** A header with the salt that `saltOf` gives. */
export function encodeSegmentHeader(fields: Omit<SegmentHeader, 'salt' | 'version'>): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes)
  magic.copy(bytes)
  bytes.writeUInt16LE(formatVersion, 8)
  bytes.writeBigUInt64LE(BigInt(fields.segment), 16)
  bytes.write(fields.logId, 24, 'hex')
  bytes.writeUInt32LE(saltOf(fields.logId, fields.segment), 40)
  bytes.writeDoubleLE(fields.nextSequence, 48)
  bytes.writeDoubleLE(fields.createdAt, 56)
  bytes.writeUInt32LE(crc32(bytes), 12)
  return bytes
}

/** `null` when it is cut short, damaged, or no header at all. Its version may be one we cannot read. */
export function decodeSegmentHeader(source: Buffer): SegmentHeader | null {
  if (source.length < segmentHeaderBytes || !source.subarray(0, magic.length).equals(magic)) return null
  const bytes = Buffer.from(source.subarray(0, segmentHeaderBytes))
  bytes.writeUInt32LE(0, 12)
  if (crc32(bytes) !== source.readUInt32LE(12)) return null
  return {
    version: bytes.readUInt16LE(8),
    segment: Number(bytes.readBigUInt64LE(16)),
    logId: bytes.toString('hex', 24, 24 + logIdBytes),
    salt: bytes.readUInt32LE(40),
    nextSequence: bytes.readDoubleLE(48),
    createdAt: bytes.readDoubleLE(56),
  }
}
