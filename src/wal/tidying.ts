/**
 * Keeps the folder in proportion to what is live: deletes the oldest segment once nothing in it is needed,
 * and copies forward what is still needed of it when the log has grown too large. One step at a time,
 * between commits, never waiting for the log to be empty.
 */
import { Batch } from './batch'
import { Compaction } from './compaction'
import type { LogFolder } from './folders'
import type { Ledger } from './ledger'
import { quarantine } from './quarantine'
import type { Segments } from './segments'
import type { LogInternals, LogSettings } from './settings'
import type { Writer } from './writer'

export interface TidyingParts {
  readonly folder: LogFolder
  readonly segments: Segments
  readonly ledger: Ledger
  readonly writer: Writer
  readonly settings: LogSettings
  readonly internals: LogInternals
}

export class Tidying {
  readonly #parts: TidyingParts
  readonly #copies = new Batch()
  #compaction: Compaction | null = null
  /** One segment after the other is read into it: new memory for each would be garbage as large. */
  #memory: Buffer | null = null
  /** Old segments cannot be read or deleted: the next boot sees to them. */
  #isGivenUp = false
  /** Damaged places that were skipped. */
  damages = 0

  constructor(parts: TidyingParts) {
    this.#parts = parts
  }

  get hasWork(): boolean {
    const { segments, ledger, writer } = this.#parts
    const { head } = segments
    if (head === null || this.#isGivenUp || writer.health.state === 'failed') return false
    return ledger.neededIn(head.number) === 0 || this.#needsCompaction()
  }

  /** Does a step of the work there is. Rejects only when the log has failed. */
  async step(): Promise<void> {
    const { segments, ledger, writer, settings } = this.#parts
    const head = segments.head!.number
    try {
      if (ledger.neededIn(head) === 0) await this.#removeHead()
      else await this.#compact(head)
      if (!this.#needsCompaction()) this.#memory = null
    } catch (error) {
      if (writer.health.state === 'failed') throw error
      this.#isGivenUp = true
      settings.logger.warn({ err: error }, 'Old segments of the log cannot be tidied away.')
    }
  }

  /**
   * Copies all that is needed of a segment forward and syncs it, in one go: nothing else may be written meanwhile.
   * Of a segment whose file is gone everything is given up.
   *
   * @throws StorageFullError; what made the log fail; errors of the file system.
   */
  async evacuate(segment: number): Promise<void> {
    const { folder, segments, ledger, writer, settings } = this.#parts
    this.#compaction = null
    const compaction = await Compaction.of(segment, folder.id, { segments, ledger }, null).catch(nullIfGone)
    if (compaction === null) {
      const entries = ledger.giveUp(segment)
      settings.logger.error({ log: folder.id, segment, entries }, 'A segment of the log is gone.')
      return
    }
    for (let isOver = false; !isOver; ) {
      isOver = await compaction.slice(this.#copies)
      await writer.commitAll(this.#copies)
      this.#copies.reset()
    }
    await this.#end(compaction)
    await segments.cut(segment, compaction.end)
  }

  #needsCompaction(): boolean {
    const { segments, ledger, writer, internals } = this.#parts
    if (writer.health.state !== 'ok') return false
    if (this.#compaction !== null) return true
    return (
      segments.bytes > internals.compactAboveBytes && segments.bytes > internals.compactFactor * ledger.bytes
    )
  }

  async #removeHead(): Promise<void> {
    const { segments, writer } = this.#parts
    this.#compaction = null
    // What was copied out of it must be on disk before it goes.
    await writer.sync()
    await segments.removeHead()
    await writer.retryRoom()
  }

  async #compact(segment: number): Promise<void> {
    const { folder, segments, ledger, writer } = this.#parts
    this.#compaction ??= await Compaction.of(segment, folder.id, { segments, ledger }, this.#memory)
    const compaction = this.#compaction
    if (this.#memory === null || this.#memory.length < compaction.memory.length)
      this.#memory = compaction.memory
    const copies = this.#copies
    const isOver = await compaction.slice(copies)
    await writer.commit(copies)
    copies.reset()
    if (writer.health.state !== 'ok') this.#compaction = null
    else if (isOver) await this.#end(compaction)
  }

  /** What is still needed of the segment now could not be read: it is lost, and its bytes are kept aside. */
  async #end(compaction: Compaction): Promise<void> {
    const { folder, ledger, settings } = this.#parts
    const { segment } = compaction
    this.#compaction = null
    if (ledger.neededIn(segment) === 0) return
    for (const damage of compaction.damages) await quarantine({ log: folder, segment, ...damage }, settings)
    this.damages += compaction.damages.length
    ledger.giveUp(segment)
  }
}

function nullIfGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
