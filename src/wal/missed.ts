/**
 * What a log that failed could not write, or cannot know to be written, and what a full disk had no room for, kept until
 * the disk is back: the last word on entries that are there, so that jobs that ended meanwhile do not run again. What was
 * to be added was refused: if its record reached the disk all the same, it is settled. A group that changes entries and
 * adds others is kept whole: half of it would lose what follows from what it ended.
 */
import { Batch } from './batch'
import {
  Bytes,
  bodyAt,
  bodyLengthAt,
  countAt,
  flagsAt,
  originAt,
  roleAt,
  sequenceAt,
  timeAt,
  typeAt,
} from './codec'
import type { NewRecord } from './contract'
import { recordBytes, recordFlag, role } from './format'
import type { Ledger } from './ledger'
import { put } from './new-records'

const nothing = new Uint8Array(0)
/** Type of a settlement that the log makes by itself; the owner's mean nothing here. */
const refused = 1
/** Half a million ends of jobs. Those beyond are not kept: after a restart such jobs run again. */
const mostBytes = 32 * 1024 * 1024

export class Missed {
  readonly #ledger: Ledger
  #records = new Batch()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** The records of a batch whose write failed, or that there is no room for. */
  takeOver(batch: Batch): void {
    const source = new Bytes(batch.content)
    for (let offset = 0; offset < batch.length; ) {
      const end = endOfGroup(source, offset)
      const isAlone = offset + recordBytes(bodyLengthAt(source, offset)) === end
      const adds = roleAt(source, offset) === role.add
      const isKept = this.length < mostBytes
      for (; offset < end; offset += recordBytes(bodyLengthAt(source, offset))) {
        if (adds) this.#refuse(sequenceAt(source, offset))
        else if (isKept) {
          this.#copy(source, offset)
          if (isAlone) this.#over(roleAt(source, offset), sequenceAt(source, offset))
        }
      }
    }
  }

  /** A note or a settlement that came after the failure. */
  keep(kind: number, sequence: number, record: NewRecord): void {
    if (this.length >= mostBytes) return
    put(this.#records, { role: kind, flags: 0, sequence }, record)
    this.#over(kind, sequence)
  }

  /**
   * What is settled need not be kept on disk, so that a disk without any room gets some. Not within a group: what follows
   * from the settlement would be lost with this process.
   */
  #over(kind: number, sequence: number): void {
    if (kind === role.settle) this.#ledger.remove(sequence)
  }

  /** Bytes of records. */
  get length(): number {
    return this.#records.length
  }

  /** All of it, in order, in a batch that is to be synced; nothing is missed any more. */
  drain(): Batch {
    const batch = this.#records
    this.#records = new Batch()
    batch.wantsSync = true
    return batch
  }

  #refuse(sequence: number): void {
    this.#ledger.remove(sequence)
    put(
      this.#records,
      { role: role.settle, flags: 0, sequence },
      { type: refused, count: 0, time: 0, body: nothing },
    )
  }

  #copy(source: Bytes, offset: number): void {
    // What tidying copies lies where it was.
    if (roleAt(source, offset) === role.mark || (flagsAt(source, offset) & recordFlag.copied) !== 0) return
    this.#records.put({
      role: roleAt(source, offset),
      type: typeAt(source, offset),
      flags: flagsAt(source, offset),
      count: countAt(source, offset),
      sequence: sequenceAt(source, offset),
      time: timeAt(source, offset),
      origin: originAt(source, offset),
      body: bodyAt(source, offset),
    })
  }
}

/** In a group, changes come before what is added; a record that stands alone is a group of one. */
function endOfGroup(source: Bytes, start: number): number {
  for (let offset = start; ; ) {
    const isLast = (flagsAt(source, offset) & recordFlag.more) === 0
    offset += recordBytes(bodyLengthAt(source, offset))
    if (isLast) return offset
  }
}
