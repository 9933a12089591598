/**
 * Copies what is still needed of the oldest segment forward, a slice at a time, so that the segment can be
 * deleted. Runs between commits: nothing is written while a slice is built, so what the ledger says is what
 * the log holds, and a copy can neither bring back a settled entry nor an older note.
 */
import type { Batch } from './batch'
import { type Bytes, flagsAt, isRecordAt, roleAt, saltOf, sequenceAt } from './codec'
import { locationOf, offsetOf, recordFlag, role, segmentOf } from './format'
import type { Ledger } from './ledger'
import { RecordCursor } from './record-cursor'
import type { Segments } from './segments'

/** Bytes of the old segment looked at per slice, about a millisecond, and bytes copied: commits wait for it. */
const sliceBytes = 512 * 1024
const sliceCopiedBytes = 64 * 1024
/** Of a slow or busy processor a slice takes no longer, in ms. */
const sliceMs = 2
/** Records between two looks at the clock. */
const recordsPerLook = 64

export class Compaction {
  readonly segment: number
  /** Places that could not be read; the bytes are copies. */
  readonly damages: { readonly offset: number; readonly bytes: Buffer }[] = []
  readonly #source: Bytes
  readonly #salt: number
  readonly #cursor: RecordCursor
  readonly #ledger: Ledger
  readonly #segments: Segments
  #untilLook = recordsPerLook

  private constructor(
    segment: number,
    source: Bytes,
    logId: string,
    parts: { ledger: Ledger; segments: Segments },
  ) {
    this.segment = segment
    this.#source = source
    this.#salt = saltOf(logId, segment)
    this.#cursor = new RecordCursor(source, this.#salt)
    this.#ledger = parts.ledger
    this.#segments = parts.segments
  }

  /** @param memory for the segment's content, used until it is done; `null` = new memory. */
  static async of(
    segment: number,
    logId: string,
    parts: { ledger: Ledger; segments: Segments },
    memory: Buffer | null,
  ): Promise<Compaction> {
    return new Compaction(segment, await parts.segments.read(segment, memory), logId, parts)
  }

  /** What holds the segment's content. */
  get memory(): Buffer {
    return this.#source.buffer
  }

  /** Up to here the records are good, once the end was reached. */
  get end(): number {
    return this.#cursor.offset
  }

  /** Puts copies into the batch; answers whether the segment's end was reached. */
  async slice(batch: Batch): Promise<boolean> {
    const from = this.#cursor.end
    const until = performance.now() + sliceMs
    while (this.#cursor.end - from < sliceBytes && batch.length < sliceCopiedBytes && this.#hasTime(until)) {
      const step = this.#cursor.next()
      if (step === 'end') {
        if (this.#cursor.end > this.#cursor.offset) this.#keep()
        return true
      }
      if (step === 'damage') this.#keep()
      if (step !== 'record' || !this.#isNeeded(this.#cursor.offset)) continue
      const elsewhere = this.#copy(this.#cursor.offset, batch)
      if (elsewhere !== null) await elsewhere
    }
    return false
  }

  #hasTime(until: number): boolean {
    this.#untilLook -= 1
    if (this.#untilLook > 0) return true
    this.#untilLook = recordsPerLook
    return performance.now() < until
  }

  #keep(): void {
    const { offset, end } = this.#cursor
    this.damages.push({ offset, bytes: Buffer.from(this.#source.buffer.subarray(offset, end)) })
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

  /** The note goes along: read again, it must come after what it is upon. Answers what is to be waited for, or `null`. */
  #copy(offset: number, batch: Batch): Promise<void> | null {
    const sequence = sequenceAt(this.#source, offset)
    put(batch, this.#source, offset)
    if (roleAt(this.#source, offset) === role.note) return null
    const notedAt = this.#ledger.notedAt(sequence)
    if (notedAt === 0) return null
    if (segmentOf(notedAt) !== this.segment) return this.#copyFrom(notedAt, sequence, batch)
    const at = offsetOf(notedAt)
    // One whose write failed is not there, and is among what was missed.
    if (isRecordAt(this.#source, at, this.#salt)) put(batch, this.#source, at)
    return null
  }

  async #copyFrom(notedAt: number, sequence: number, batch: Batch): Promise<void> {
    const note = await this.#segments.readRecord(notedAt, this.#ledger.notedBytes(sequence))
    if (note !== null) put(batch, note, 0)
  }
}

/** What was adopted counts by now, and a group was written whole: the copy stands alone. */
function put(batch: Batch, source: Bytes, offset: number): void {
  const flags = flagsAt(source, offset) & ~(recordFlag.more | recordFlag.adopted)
  batch.putCopy(source, offset, flags | recordFlag.copied)
}
