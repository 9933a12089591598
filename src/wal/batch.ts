/**
 * Records that go to disk together, in one buffer that grows and is used again, and the promises of those
 * who wait for them: one per way of waiting, shared by everybody in the batch.
 */
import {
  Bytes,
  bodyLengthAt,
  bodyRoom,
  encodeRecord,
  flagsAt,
  type RecordFields,
  roleAt,
  sequenceAt,
  setFlagsAt,
} from './codec'
import type { Durability } from './contract'
import { locationOf, recordBytes, recordFlag, role } from './format'
import type { Ledger } from './ledger'

const firstBytes = 64 * 1024
/** A buffer that had to grow beyond this is not kept. */
const keptBytes = 4 * 1024 * 1024

const resolved = Promise.resolve()

export class Batch {
  /** Bytes of records in it. */
  length = 0
  /** Somebody waits for it; a batch that is not due waits for company. */
  isDue = false
  wantsSync = false
  /** When its first record came, in ms of the monotonic clock. */
  begunAt = 0
  /** Those who added entries: the first to be refused when the disk is full. */
  readonly adders = new Waiters()
  /** Those who noted, settled or flushed. */
  readonly others = new Waiters()
  #bytes = sharedBytes(firstBytes)

  get isEmpty(): boolean {
    return this.length === 0 && !this.wantsSync
  }

  get content(): Buffer {
    return this.#bytes.buffer.subarray(0, this.length)
  }

  get wantsWritten(): boolean {
    return this.adders.wantWritten || this.others.wantWritten
  }

  put(fields: RecordFields): void {
    if (this.length === 0) this.begunAt = performance.now()
    const end = this.length + recordBytes(bodyRoom(fields.body))
    if (end > this.#bytes.buffer.length) this.#grow(end)
    this.length = encodeRecord(this.#bytes, this.length, fields)
  }

  /** A record as it lies there, with other flags: nothing is made of it in between. */
  putCopy(source: Bytes, offset: number, flags: number): void {
    if (this.length === 0) this.begunAt = performance.now()
    const bytes = recordBytes(bodyLengthAt(source, offset))
    const end = this.length + bytes
    if (end > this.#bytes.buffer.length) this.#grow(end)
    source.buffer.copy(this.#bytes.buffer, this.length, offset, offset + bytes)
    setFlagsAt(this.#bytes, this.length, flags)
    this.length = end
  }

  /** The promise of everything put so far by one who adds, or by the others. */
  promiseOf(waiters: Waiters, durability: Durability): Promise<void> {
    if (durability === 'none') return resolved
    this.isDue = true
    if (durability === 'write') return waiters.promiseOf('written')
    this.wantsSync = true
    return waiters.promiseOf('synced')
  }

  /** Enters the records in the ledger as lying at this place. */
  enter(segment: number, position: number, ledger: Ledger): void {
    for (let offset = 0; offset < this.length; ) {
      const bytes = recordBytes(bodyLengthAt(this.#bytes, offset))
      ledger.apply(
        roleAt(this.#bytes, offset),
        sequenceAt(this.#bytes, offset),
        locationOf(segment, position + offset),
        bytes,
      )
      offset += bytes
    }
  }

  /** Takes the records that add out again, with the groups they are in, and rejects those who wait for them. */
  dropAdds(error: () => Error): void {
    let kept = 0
    for (let offset = 0; offset < this.length; ) {
      const { end, adds } = this.#groupAt(offset)
      if (!adds) {
        this.#bytes.buffer.copyWithin(kept, offset, end)
        kept += end - offset
      }
      offset = end
    }
    this.length = kept
    this.adders.reject(error)
  }

  /** A record that stands alone is a group of one. */
  #groupAt(start: number): { readonly end: number; readonly adds: boolean } {
    let adds = false
    for (let end = start; ; ) {
      const isLast = (flagsAt(this.#bytes, end) & recordFlag.more) === 0
      adds ||= roleAt(this.#bytes, end) === role.add
      end += recordBytes(bodyLengthAt(this.#bytes, end))
      if (isLast) return { end, adds }
    }
  }

  written(): void {
    this.adders.resolve('written')
    this.others.resolve('written')
  }

  synced(): void {
    this.written()
    this.adders.resolve('synced')
    this.others.resolve('synced')
  }

  reject(error: () => Error): void {
    this.adders.reject(error)
    this.others.reject(error)
  }

  /** Makes it ready for the next records; nobody waits any more. */
  reset(): void {
    this.length = 0
    this.isDue = false
    this.wantsSync = false
    if (this.#bytes.buffer.length > keptBytes) this.#bytes = sharedBytes(firstBytes)
  }

  #grow(needed: number): void {
    const larger = sharedBytes(Math.max(needed, this.#bytes.buffer.length * 2))
    this.#bytes.buffer.copy(larger.buffer, 0, 0, this.length)
    this.#bytes = larger
  }
}

/** In memory that the thread which commits can see. */
function sharedBytes(length: number): Bytes {
  return new Bytes(Buffer.from(new SharedArrayBuffer(length)))
}

type Stage = 'written' | 'synced'

interface Deferred {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** At most two promises, made when first asked for. */
export class Waiters {
  #written: Deferred | null = null
  #synced: Deferred | null = null

  get wantWritten(): boolean {
    return this.#written !== null
  }

  promiseOf(stage: Stage): Promise<void> {
    if (stage === 'written') return (this.#written ??= defer()).promise
    return (this.#synced ??= defer()).promise
  }

  resolve(stage: Stage): void {
    if (stage === 'written') {
      this.#written?.resolve()
      this.#written = null
    } else {
      this.#synced?.resolve()
      this.#synced = null
    }
  }

  reject(error: () => Error): void {
    this.#written?.reject(error())
    this.#synced?.reject(error())
    this.#written = null
    this.#synced = null
  }
}

function defer(): Deferred {
  let resolve!: () => void
  let reject!: (error: Error) => void
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  // Not everybody looks at the promise of a note; the log's health tells of the failure too.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
