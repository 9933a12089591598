/**
 * The owner's part of a record in a segment that is in memory. Nothing is made of its body before somebody asks: a boot looks
 * at a million of them (bench/deferred-recovery.mjs).
 */
import { type Bytes, bodyAt, bodyLengthAt, countAt, timeAt, typeAt } from './codec'
import type { EntryRecord } from './contract'
import { recordHeaderBytes } from './format'

export class RecordView implements EntryRecord {
  readonly type: number
  readonly count: number
  readonly time: number
  /** Where its body begins in `bytes`. */
  readonly start: number
  readonly #source: Bytes

  constructor(source: Bytes, offset: number) {
    this.type = typeAt(source, offset)
    this.count = countAt(source, offset)
    this.time = timeAt(source, offset)
    this.start = offset + recordHeaderBytes
    this.#source = source
  }

  /** The segment. */
  get bytes(): Buffer {
    return this.#source.buffer
  }

  /** Where its body ends in `bytes`. */
  get end(): number {
    return this.start + bodyLengthAt(this.#source, this.start - recordHeaderBytes)
  }

  /** A view of the segment. */
  get body(): Buffer {
    return bodyAt(this.#source, this.start - recordHeaderBytes)
  }

  get text(): string {
    return this.#source.buffer.toString('utf8', this.start, this.end)
  }
}

/** The body, which is UTF-8. */
export function bodyText(record: EntryRecord): string {
  if (record instanceof RecordView) return record.text
  const { body } = record
  const buffer = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return buffer.toString()
}
