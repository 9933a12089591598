/**
 * Puts batches on disk, one at a time, and knows in what state that leaves the log.
 *
 *   ok ──(growing fails for lack of room)──▶ full ──(room again)──▶ ok
 *   ok, full ──(a write or sync fails)──▶ failed ──(somebody asks for it: revival.ts)──▶ ok, in a new segment
 *
 * A sync that failed is never tried again: the kernel may have dropped the bytes and report success the next time,
 * which would acknowledge what is not there.
 */
import type { Batch } from './batch'
import type { Committer, Place } from './commit'
import type { LogHealth } from './contract'
import { LogWriteError, StorageFullError } from './errors'
import type { Ledger } from './ledger'
import type { Missed } from './missed'
import type { Segments } from './segments'
import type { LogSettings } from './settings'

export interface WriterParts {
  /** Path of the log, for messages. */
  readonly path: string
  readonly segments: Segments
  readonly ledger: Ledger
  /** Keeps what a full disk has no room for, until it has. */
  readonly missed: Missed
  readonly committer: Committer
  readonly reserveBytes: number
  readonly logger: LogSettings['logger']
  /** Above every sequence in use; goes into the header of a new segment. */
  readonly nextSequence: () => number
}

const noBytes = new Uint8Array(0)
const healthy: LogHealth = { state: 'ok', reason: null }

/** On a full disk, a first segment with room for some hundred settlements is better than none. */
const leastBytes = 32 * 1024

/** Longest that jobs may be acknowledged into a file that was deleted or moved, in ms. */
const placeCheckMs = 20

export class Writer {
  readonly #parts: WriterParts
  readonly #segments: Segments
  #committer: Committer
  #health: LogHealth = healthy
  /** What the health's reason came from. */
  #cause: unknown = null
  #placeCheckedAt = -Infinity
  /** A segment is being made or changed: nothing may be committed beside it. */
  #isGrowing = false
  #unsyncedSince: number | null = null
  /** Number of the last commit, and of the last one that did not sync. */
  #commits = 0
  #unsynced = 0

  constructor(parts: WriterParts) {
    this.#parts = parts
    this.#segments = parts.segments
    this.#committer = parts.committer
  }

  /** What writes now; another one once a log that failed is back. */
  get committer(): Committer {
    return this.#committer
  }

  get health(): LogHealth {
    return this.#health
  }

  /** Something was written that no sync has covered. */
  get hasUnsynced(): boolean {
    return this.#unsyncedSince !== null
  }

  /** As `hasUnsynced`, for at least so long. */
  hasUnsyncedFor(ms: number): boolean {
    return this.#unsyncedSince !== null && performance.now() - this.#unsyncedSince >= ms
  }

  /** Commits so far. */
  get commits(): number {
    return this.#commits
  }

  /** The batch can be committed without waiting for room. */
  isReadyFor(batch: Batch): boolean {
    return !this.#isGrowing && this.#health.state === 'ok' && this.#fits(batch)
  }

  /** Makes the first segment; without room the log is full, and what is settled makes some. @throws errors of the file system */
  async begin(): Promise<void> {
    const full = await this.#grow(this.#parts.reserveBytes)
    if (full === null) return
    this.#fill(full)
    await this.#grow(leastBytes)
  }

  /**
   * Settles all promises of the batch; rejects only when the log has failed. May be called while other commits
   * are under way if the writer is ready for the batch.
   */
  async commit(batch: Batch): Promise<void> {
    try {
      if (this.#health.state === 'failed') throw this.#cause
      if (batch.length > 0 && (this.#health.state === 'full' || !this.#fits(batch))) await this.#place(batch)
      if (batch.length > 0 || (batch.wantsSync && this.hasUnsynced)) await this.#write(batch)
      if (batch.wantsSync) batch.synced()
      else batch.written()
    } catch (error) {
      this.fail(error)
      batch.reject(() => this.writeError())
      throw error
    }
  }

  /** Commits and syncs all of the batch. @throws StorageFullError, with nothing of it left out silently. */
  async commitAll(batch: Batch): Promise<void> {
    await this.commit(batch)
    if (this.#health.state !== 'ok') throw this.fullError()
    await this.sync()
  }

  async sync(): Promise<void> {
    if (!this.hasUnsynced) return
    const { file, position } = this.#segments
    await this.#orFail(
      this.#committer.commit({
        file,
        bytes: noBytes,
        salt: null,
        position,
        sync: true,
        place: null,
        written: null,
      }),
    )
    this.#unsyncedSince = null
  }

  /** Leaves `full` if the disk has room again, and for all that was missed. */
  async retryRoom(): Promise<void> {
    if (this.#health.state !== 'full') return
    const { missed, reserveBytes } = this.#parts
    if ((await this.#grow(missed.length + 2 * reserveBytes)) !== null) return
    this.#health = healthy
    const batch = missed.drain()
    try {
      await this.commit(batch)
    } catch (error) {
      missed.takeOver(batch)
      throw error
    }
    this.#parts.logger.info({ log: this.#parts.path }, 'The log has room again.')
  }

  /** Goes on in a new segment after a failure; see revival.ts. @throws when the disk is not back. */
  async reopen(): Promise<void> {
    this.#committer = await this.#committer.renewed()
    this.#health = healthy
    this.#placeCheckedAt = -Infinity
    const full = await this.#grow(2 * this.#parts.reserveBytes)
    if (full !== null) throw full
  }

  /** The log has failed, for the first cause that is given. */
  fail(cause: unknown): void {
    if (this.#health.state === 'failed') return
    this.#cause = cause
    this.#health = { state: 'failed', reason: this.writeError() }
    this.#unsyncedSince = null
    this.#parts.logger.error({ err: this.#health.reason }, 'The log failed: nothing is accepted any more.')
  }

  writeError(): Error {
    return new LogWriteError(this.#errorFacts(), { cause: this.#cause })
  }

  fullError(): Error {
    return new StorageFullError(this.#errorFacts(), { cause: this.#cause })
  }

  /**
   * Sees to room for the batch; without room, takes out what cannot be written and refuses it. Notes and settlements are
   * kept all the same, since nothing takes back what ran; once one of them is, those after it are too, for their order.
   */
  async #place(batch: Batch): Promise<void> {
    if (this.#health.state === 'ok') {
      const full = await this.#grow(batch.length + this.#parts.reserveBytes)
      if (full === null) return
      this.#fill(full)
    }
    batch.dropAdds(() => this.fullError())
    const { missed } = this.#parts
    if (missed.length === 0 && this.#segments.fits(batch.length)) return
    missed.takeOver(batch)
    batch.length = 0
    batch.reject(() => this.fullError())
  }

  #fits(batch: Batch): boolean {
    return this.#segments.fits(batch.length + this.#parts.reserveBytes)
  }

  #fill(cause: Error): void {
    this.#cause = cause
    this.#health = { state: 'full', reason: this.fullError() }
    this.#parts.logger.error({ err: this.#health.reason }, 'The log cannot grow: no entries are accepted.')
  }

  async #grow(bytes: number): Promise<Error | null> {
    this.#isGrowing = true
    try {
      return await this.#orFail(this.#segments.grow(bytes, this.#parts.nextSequence(), () => this.sync()))
    } finally {
      this.#isGrowing = false
    }
  }

  async #write(batch: Batch): Promise<void> {
    const { number, file, salt, position } = this.#segments
    const { wantsSync: sync } = batch
    batch.enter(number, position, this.#parts.ledger)
    this.#segments.advance(batch.length, this.#parts.nextSequence())
    this.#unsyncedSince ??= performance.now()
    const commit = ++this.#commits
    if (!sync) this.#unsynced = commit
    const place = sync ? this.#placeToCheck() : null
    await this.#committer.commit({
      file,
      bytes: batch.content,
      salt,
      position,
      sync,
      place,
      written: batch.wantsWritten ? () => batch.written() : null,
    })
    // Unless something followed that no sync covers.
    if (sync && this.#unsynced < commit) this.#unsyncedSince = null
  }

  /** Not at every sync: under load the look-up would cost a tenth of an enqueue (bench/jobs.mjs). */
  #placeToCheck(): Place | null {
    const now = performance.now()
    if (now - this.#placeCheckedAt < placeCheckMs) return null
    this.#placeCheckedAt = now
    return this.#segments.place
  }

  async #orFail<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  #errorFacts(): { log: string; reason: string } {
    const cause = this.#cause
    return { log: this.#parts.path, reason: cause instanceof Error ? cause.message : String(cause) }
  }
}
