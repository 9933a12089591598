/**
 * A log that failed takes records again once its disk is back and somebody says so:
 *
 *   1. The segment that failed is sealed. No write or sync is tried on it again: a kernel that dropped the bytes may
 *      report success the next time.
 *   2. A new segment is made, filled, synced and named, which shows that the disk works.
 *   3. What is needed of the sealed segment is copied forward and synced. Reading it may show bytes that never
 *      reached the disk; once copied, they do not depend on it.
 *   4. What was missed is written: settlements and notes that came while the log had failed, or whose write did.
 *
 * A failure on the way leaves the log failed, and everything as it was for the next attempt.
 */
import type { LogHealth } from './contract'
import type { Missed } from './missed'
import type { Segments } from './segments'
import type { LogSettings } from './settings'
import type { Tidying } from './tidying'
import type { Writer } from './writer'

export interface RevivalParts {
  readonly writer: Writer
  readonly tidying: Tidying
  readonly segments: Segments
  readonly missed: Missed
  readonly logger: LogSettings['logger']
}

export class Revival {
  readonly #parts: RevivalParts
  /** Segments that failed and were not copied forward. */
  readonly #sealed = new Set<number>()
  #failure: LogHealth | null = null
  #running: Promise<void> | null = null

  constructor(parts: RevivalParts) {
    this.#parts = parts
  }

  /** What the log is said to be while it is brought back; `null` = nothing is under way. */
  get failure(): LogHealth | null {
    return this.#failure
  }

  /** Resolves when nothing is under way. */
  get ended(): Promise<void> {
    return this.#running?.catch(() => undefined) ?? Promise.resolve()
  }

  /**
   * @param atRest resolves when the log writes nothing any more.
   * @throws LogWriteError, StorageFullError; errors of the file system.
   */
  run(atRest: () => Promise<void>): Promise<void> {
    this.#running ??= this.#run(atRest).finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #run(atRest: () => Promise<void>): Promise<void> {
    const { writer, segments, logger } = this.#parts
    if (writer.health.state !== 'failed') return
    this.#failure = writer.health
    try {
      await atRest()
      this.#sealed.add(segments.seal())
      await writer.reopen()
      await this.#copyForward()
      await this.#writeMissed()
      logger.info({ segments: [...this.#sealed] }, 'The log takes entries again, in a new segment.')
      this.#sealed.clear()
    } catch (error) {
      writer.fail(error)
      throw error
    } finally {
      this.#failure = null
    }
  }

  async #writeMissed(): Promise<void> {
    const { writer, missed } = this.#parts
    const batch = missed.drain()
    try {
      await writer.commitAll(batch)
    } catch (error) {
      missed.takeOver(batch)
      throw error
    }
  }

  async #copyForward(): Promise<void> {
    for (const segment of this.#sealed) await this.#parts.tidying.evacuate(segment)
  }
}
