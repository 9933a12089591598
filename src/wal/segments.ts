/**
 * The segment files of the own log: the one that is written, the next one, and the finished ones.
 *
 * A segment is filled with zeros before it is used: then a commit changes no metadata, which spares a
 * journal commit each time, and a full disk is met while a segment is made and not while one is written.
 * The next one is made in the background (next-segment.ts); each is twice as large as the one before, up to
 * `segmentBytes`, so that a log with little in it stays small.
 *
 * Finished ones are deleted from the head only: a settlement lies in the same segment as what it settles, or
 * in a later one, and must outlive it.
 */
import { close, fstat, open, read } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Bytes, isRecordAt, saltOf } from './codec'
import type { Place } from './commit'
import { syncFolder, truncateSynced } from './folders'
import { offsetOf, segmentFileName, segmentHeaderBytes, segmentOf } from './format'
import { type MadeSegment, NextSegment, type NextSegmentSettings, type SegmentPlan } from './next-segment'

const openFile = promisify(open)
const closeFile = promisify(close)
const readFrom = promisify(read)
const statOpen = promisify(fstat)

/** A segment that is not written any more. */
export interface FinishedSegment {
  readonly number: number
  /** Size of the file. */
  readonly bytes: number
}

export interface SegmentsSettings extends NextSegmentSettings {
  readonly segmentBytes: number
  /** Size of the first segment of this process. */
  readonly firstBytes: number
}

/**
 * Share of the present segment in use from which the next one is made: by a log that rests, and in step with its
 * use by a busy one, which has it ready when `doneAt` is reached.
 */
const restingFrom = 1 / 8
const busyFrom = 1 / 2
const doneAt = 15 / 16

export class Segments {
  readonly #settings: SegmentsSettings
  #finished: FinishedSegment[]
  #finishedBytes = 0
  readonly #next: NextSegment
  #number = 0
  #file = -1
  #path = ''
  /** Which file it is, whatever its name. */
  #inode = 0
  #salt = 0
  #position = 0
  /** Its size: up to here a write needs nothing of the disk. */
  #room = 0
  /** It failed: nothing is written to it any more. */
  #isSealed = false
  /** The disk had no room for a segment of the usual size: small ones are tried until one fits. */
  #isTight = false
  /** The segment that a single record was last read from. */
  #reader: { readonly number: number; readonly file: number } | null = null

  /** @param finished segments that are there already, oldest first. */
  constructor(settings: SegmentsSettings, finished: readonly FinishedSegment[]) {
    this.#settings = settings
    this.#next = new NextSegment(settings)
    this.#finished = [...finished]
    for (const { bytes } of finished) this.#finishedBytes += bytes
    this.#number = finished.at(-1)?.number ?? 0
  }

  get number(): number {
    return this.#number
  }

  /** There is one to write to; not where a boot found no room for it. */
  get isBegun(): boolean {
    return this.#file >= 0
  }

  get file(): number {
    return this.#file
  }

  get salt(): number {
    return this.#salt
  }

  /** Where the file must lie for a boot to find it. */
  get place(): Place {
    return { path: this.#path, inode: this.#inode }
  }

  /** Where the next record goes. */
  get position(): number {
    return this.#position
  }

  /** All files together. */
  get bytes(): number {
    return this.#finishedBytes + this.#room
  }

  /** Files, the one that is written included. */
  get count(): number {
    return this.#finished.length + (this.#file >= 0 ? 1 : 0)
  }

  /** The oldest finished segment. */
  get head(): FinishedSegment | null {
    return this.#finished[0] ?? null
  }

  fits(bytes: number): boolean {
    return !this.#isSealed && this.#position + bytes <= this.#room
  }

  /** Nothing goes into the present segment any more. Answers its number. */
  seal(): number {
    this.#isSealed = true
    return this.#number
  }

  /** Cuts off what follows the last good record of a finished segment, or the next boot would take it for damage. */
  async cut(number: number, offset: number): Promise<void> {
    await truncateSynced(join(this.#settings.folder, segmentFileName(number)), offset)
  }

  advance(bytes: number, nextSequence: number): void {
    this.#position += bytes
    const used = this.#position / this.#room
    if (used <= busyFrom && !this.#next.isBegun) return
    if (!this.#next.isBegun) this.#next.begin(this.#planOfNext(0, nextSequence))
    this.#next.allow((used - busyFrom) / (doneAt - busyFrom))
  }

  /** A log that rests has something to do here. */
  get hasSpareWork(): boolean {
    return this.#next.isBegun ? !this.#next.isFree : this.#position > this.#room * restingFrom
  }

  /** The log rests: the disk is free for what will be needed. */
  rest(nextSequence: number): void {
    if (!this.hasSpareWork) return
    if (!this.#next.isBegun) this.#next.begin(this.#planOfNext(0, nextSequence))
    this.#next.allow(1)
  }

  /**
   * Makes room for `bytes`: goes on to the next segment.
   *
   * @param sync what was written is on disk when it resolves; asked for once there is room, since whoever is refused
   *             need not wait for it.
   * @returns `null`, or the error when the disk has no room; then all is as before.
   * @throws any other error, and what `sync` rejects with; then the log is no longer usable.
   */
  async grow(bytes: number, nextSequence: number, sync: () => Promise<void>): Promise<Error | null> {
    if (this.fits(bytes)) return null
    try {
      const next = await this.#takeNext(bytes, nextSequence)
      await sync().catch(async (cause: unknown) => {
        await closeFile(next.file).catch(() => {})
        // Not for lack of room, whatever it says: what was written may be lost.
        throw new SyncFailure(cause)
      })
      await this.#use(next)
      return null
    } catch (error) {
      if (error instanceof SyncFailure) throw error.cause
      if (!isOutOfRoom(error)) throw error
      if (this.#isTight) return error
      this.#isTight = true
      return this.grow(bytes, nextSequence, sync)
    }
  }

  /** The segment made ahead, or a new one if there is none that is large enough. */
  async #takeNext(bytes: number, nextSequence: number): Promise<MadeSegment> {
    const { made: next, failure } = await this.#next.take()
    // One of that size is not to be had: no time is lost on another.
    if (!this.#isTight && isOutOfRoom(failure)) throw failure
    const needed = segmentHeaderBytes + bytes
    if (next !== null && next.bytes >= needed) return next
    if (next !== null) await closeFile(next.file)
    const made = await this.#next.make(this.#planOfNext(needed, nextSequence))
    this.#isTight = false
    return made
  }

  #planOfNext(needed: number, nextSequence: number): SegmentPlan {
    const { segmentBytes, firstBytes } = this.#settings
    const isFirst = this.#room === 0
    const wanted = isFirst || this.#isTight ? firstBytes : 2 * this.#room
    // The first of a process on a tight disk takes what it needs: then jobs run and make room.
    const usual = isFirst && this.#isTight ? 0 : Math.min(segmentBytes, wanted)
    return { number: this.#number + 1, bytes: Math.max(usual, (needed + 4095) & ~4095), nextSequence }
  }

  async #use(next: MadeSegment): Promise<void> {
    const { folder, logId } = this.#settings
    const path = join(folder, segmentFileName(next.number))
    let inode: number
    try {
      await rename(next.path, path)
      await syncFolder(folder)
      inode = (await statOpen(next.file)).ino
    } catch (error) {
      await closeFile(next.file).catch(() => {})
      throw error
    }
    await this.#finish()
    this.#number = next.number
    this.#file = next.file
    this.#path = path
    this.#inode = inode
    this.#salt = saltOf(logId, next.number)
    this.#position = segmentHeaderBytes
    this.#room = next.bytes
    this.#isSealed = false
  }

  /** The segment that was written joins the finished ones. */
  async #finish(): Promise<void> {
    if (this.#file < 0) return
    this.#finished.push({ number: this.#number, bytes: this.#room })
    this.#finishedBytes += this.#room
    await this.#closeFile()
  }

  /** Deletes the oldest. The folder is synced each time: they must not come back in another order. */
  async removeHead(): Promise<void> {
    const head = this.#finished[0]
    if (head === undefined) return
    await rm(join(this.#settings.folder, segmentFileName(head.number)), { force: true })
    await syncFolder(this.#settings.folder)
    this.#finished.shift()
    this.#finishedBytes -= head.bytes
  }

  /** The whole of a finished segment, in the memory that is given if it has room there, else in new memory. */
  async read(number: number, memory: Buffer | null): Promise<Bytes> {
    const file = await openFile(join(this.#settings.folder, segmentFileName(number)), 'r')
    try {
      const { size } = await statOpen(file)
      const content =
        memory !== null && memory.length >= size ? memory.subarray(0, size) : Buffer.allocUnsafeSlow(size)
      let done = 0
      while (done < size) {
        const { bytesRead } = await readFrom(file, content, done, size - done, done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return new Bytes(content.subarray(0, done))
    } finally {
      await closeFile(file)
    }
  }

  /** One record of any segment; `null` when it fails its check. */
  async readRecord(location: number, bytes: number): Promise<Bytes | null> {
    const number = segmentOf(location)
    if (this.#reader?.number !== number) {
      await this.#closeReader()
      this.#reader = {
        number,
        file: await openFile(join(this.#settings.folder, segmentFileName(number)), 'r'),
      }
    }
    const record = new Bytes(Buffer.alloc(bytes))
    await readFrom(this.#reader.file, record.buffer, 0, bytes, offsetOf(location))
    return isRecordAt(record, 0, saltOf(this.#settings.logId, number)) ? record : null
  }

  async close(): Promise<void> {
    await this.#next.discard()
    await this.#closeReader()
    await this.#closeFile()
  }

  async #closeReader(): Promise<void> {
    const file = this.#reader?.file ?? -1
    this.#reader = null
    if (file >= 0) await closeFile(file)
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = -1
    this.#room = 0
    this.#position = 0
    if (file >= 0) await closeFile(file)
  }
}

/** No space, no quota, or no descriptor left: passes when somebody frees some. */
function isOutOfRoom(error: unknown): error is NodeJS.ErrnoException {
  const { code = '' } = (error ?? {}) as NodeJS.ErrnoException
  return ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'].includes(code)
}

class SyncFailure extends Error {
  constructor(cause: unknown) {
    super('a sync failed', { cause })
  }
}
