/**
 * Copies what is still needed of the oldest segment forward, a slice at a time, so that the segment can be
 * deleted. Runs between commits: nothing is written while a slice is built, so what the ledger says is what
 * the log holds, and a copy can neither bring back a settled entry nor an older note.
 */
import type { Batch } from './batch'
import {
  type Bytes,
  bodyAt,
  countAt,
  flagsAt,
  originAt,
  roleAt,
  saltOf,
  sequenceAt,
  timeAt,
  typeAt,
} from './codec'
import { locationOf, offsetOf, recordFlag, role, segmentOf } from './format'
import type { Ledger } from './ledger'
import { RecordCursor } from './record-cursor'
import type { Segments } from './segments'

/** Bytes of the old segment looked at per slice, about a millisecond, and bytes copied: commits wait for it. */
const sliceBytes = 512 * 1024
const sliceCopiedBytes = 64 * 1024

export class Compaction {
  readonly segment: number
  /** Places that could not be read. */
  readonly damages: { readonly offset: number; readonly bytes: Buffer }[] = []
  readonly #source: Bytes
  readonly #cursor: RecordCursor
  readonly #ledger: Ledger
  readonly #segments: Segments

  private constructor(
    segment: number,
    source: Bytes,
    logId: string,
    parts: { ledger: Ledger; segments: Segments },
  ) {
    this.segment = segment
    this.#source = source
    this.#cursor = new RecordCursor(source, saltOf(logId, segment))
    this.#ledger = parts.ledger
    this.#segments = parts.segments
  }

  static async of(
    segment: number,
    logId: string,
    parts: { ledger: Ledger; segments: Segments },
  ): Promise<Compaction> {
    return new Compaction(segment, await parts.segments.read(segment), logId, parts)
  }

  /** Up to here the records are good, once the end was reached. */
  get end(): number {
    return this.#cursor.offset
  }

  /** Puts copies into the batch; answers whether the segment's end was reached. */
  async slice(batch: Batch): Promise<boolean> {
    const from = this.#cursor.end
    while (this.#cursor.end - from < sliceBytes && batch.length < sliceCopiedBytes) {
      const step = this.#cursor.next()
      if (step === 'end') {
        if (this.#cursor.end > this.#cursor.offset) this.#keep()
        return true
      }
      if (step === 'damage') this.#keep()
      if (step === 'record' && this.#isNeeded(this.#cursor.offset))
        await this.#copy(this.#cursor.offset, batch)
    }
    return false
  }

  #keep(): void {
    const { offset, end } = this.#cursor
    this.damages.push({ offset, bytes: this.#source.buffer.subarray(offset, end) })
  }

  /** A note goes along with what it is upon, unless that lies in an older segment: then it is copied by itself. */
  #isNeeded(offset: number): boolean {
    const kind = roleAt(this.#source, offset)
    const sequence = sequenceAt(this.#source, offset)
    const location = locationOf(this.segment, offset)
    if (kind === role.add) return this.#ledger.addedAt(sequence) === location
    if (kind !== role.note || this.#ledger.notedAt(sequence) !== location) return false
    return segmentOf(this.#ledger.addedAt(sequence)) < this.segment
  }

  /** The note goes along: read again, it must come after what it is upon. */
  async #copy(offset: number, batch: Batch): Promise<void> {
    const sequence = sequenceAt(this.#source, offset)
    put(batch, this.#source, offset)
    if (roleAt(this.#source, offset) === role.note) return
    const notedAt = this.#ledger.notedAt(sequence)
    if (notedAt === 0) return
    if (segmentOf(notedAt) === this.segment) {
      put(batch, this.#source, offsetOf(notedAt))
      return
    }
    const note = await this.#segments.readRecord(notedAt, this.#ledger.notedBytes(sequence))
    if (note !== null) put(batch, note, 0)
  }
}

function put(batch: Batch, source: Bytes, offset: number): void {
  batch.put({
    role: roleAt(source, offset),
    type: typeAt(source, offset),
    // What was adopted counts by now, and a group was written whole: the copy stands alone.
    flags: (flagsAt(source, offset) & ~(recordFlag.more | recordFlag.adopted)) | recordFlag.copied,
    count: countAt(source, offset),
    sequence: sequenceAt(source, offset),
    time: timeAt(source, offset),
    origin: originAt(source, offset),
    body: bodyAt(source, offset),
  })
}
