/**
 * Walks the records of one segment and finds its way past damage. Checks every record; allocates nothing
 * per record.
 */
import { type Bytes, bodyLengthAt, isRecordAt } from './codec'
import { recordBytes, segmentHeaderBytes } from './format'

/**
 * `record` = a good record lies at `offset`; `damage` = `offset` to `end` is damaged and a good record
 * follows; `end` = no good record is left, and the bytes that are not zeros lie between `offset` and `end`.
 */
export type CursorStep = 'record' | 'damage' | 'end'

export class RecordCursor {
  offset = 0
  end = segmentHeaderBytes
  readonly #source: Bytes
  readonly #salt: number

  constructor(source: Bytes, salt: number) {
    this.#source = source
    this.#salt = salt
  }

  next(): CursorStep {
    this.offset = this.end
    if (isRecordAt(this.#source, this.offset, this.#salt)) {
      this.end = this.offset + recordBytes(bodyLengthAt(this.#source, this.offset))
      return 'record'
    }
    const good = this.#nextGood(this.offset)
    this.end = good ?? this.#lastByte(this.offset)
    return good === null ? 'end' : 'damage'
  }

  #nextGood(after: number): number | null {
    const { buffer, view } = this.#source
    for (let offset = after; offset < buffer.length; offset += 8) {
      // Role, type, flags and the zero after them are never all zero in a record: skips empty room quickly.
      if (offset + 12 > buffer.length || view.getUint32(offset + 8, true) === 0) continue
      if (isRecordAt(this.#source, offset, this.#salt)) return offset
    }
    return null
  }

  #lastByte(after: number): number {
    const { buffer } = this.#source
    let last = buffer.length
    while (last > after && buffer[last - 1] === 0) last--
    return Math.max(last, Math.min(after, buffer.length))
  }
}
