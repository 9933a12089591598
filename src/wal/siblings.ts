/**
 * The other logs in the folder, while this process lives. Once the process that owned one is gone, the kernel has
 * dropped its lock: the log is adopted and its entries are handed over.
 *
 * That there are others is told by the file system (a log is a folder: it comes and goes by name). While there are,
 * their locks are tried once a second, some microseconds each; alone, nothing is armed.
 */
import { type FSWatcher, watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { AdoptionUndone, adoptLog } from './adoption'
import type { Entry } from './contract'
import { endTurn, type FreeLog, type FreeLogs } from './free-logs'
import type { LogLock } from './lock'
import type { Log } from './log'
import type { LogSettings } from './settings'

export interface SiblingsParts {
  readonly log: Log
  readonly freeLogs: FreeLogs
  readonly settings: LogSettings
  /** Pause between looks, while there are others. */
  readonly siblingMs: number
}

export class Siblings {
  readonly #parts: SiblingsParts
  #receive: ((entries: readonly Entry[]) => void) | null = null
  #watcher: FSWatcher | null = null
  /** The file system tells nothing here: looked at all the time. */
  #isBlind = false
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  #hasEnded = false
  /** Of logs whose adoption neither succeeded nor could be taken back. */
  readonly #kept: LogLock[] = []

  constructor(parts: SiblingsParts) {
    this.#parts = parts
  }

  /** Entries of adopted logs go to `receive`, from now on. */
  watch(receive: (entries: readonly Entry[]) => void): void {
    if (this.#receive !== null || this.#hasEnded) return
    this.#receive = receive
    try {
      this.#watcher = watch(this.#parts.settings.folder, { persistent: false }, () => this.#armIfAny())
      this.#watcher.on('error', () => this.#goBlind())
    } catch {
      this.#goBlind()
    }
    this.#armIfAny()
  }

  /** Resolves when nothing is under way. Any number of times. */
  async end(): Promise<void> {
    this.#hasEnded = true
    this.#watcher?.close()
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#looking
  }

  /** After the lock of the own log was released. */
  release(): void {
    for (const lock of this.#kept.splice(0)) lock.release()
  }

  /** Without watches left (there are limits), the folder is looked at once a second. */
  #goBlind(): void {
    this.#isBlind = true
    this.#arm(this.#parts.siblingMs)
  }

  #armIfAny(): void {
    if (this.#timer !== null || this.#looking !== null) return
    this.#others().then(
      (others) => {
        if (others > 0 || this.#isBlind) this.#arm(this.#parts.siblingMs)
      },
      () => this.#arm(this.#parts.siblingMs),
    )
  }

  #arm(ms: number): void {
    if (this.#timer !== null || this.#looking !== null || this.#hasEnded) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#looking = this.#look().finally(() => {
        this.#looking = null
        this.#armIfAny()
      })
    }, ms)
    this.#timer.unref()
  }

  async #others(): Promise<number> {
    const { log, freeLogs, settings } = this.#parts
    return freeLogs.among(await readdir(settings.folder)).filter(({ id }) => id !== log.id).length
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { log, freeLogs, settings } = this.#parts
    if (log.health.state !== 'ok') return
    try {
      const turn = freeLogs.takeTurn()
      if (turn === null) return
      try {
        for (const other of await freeLogs.take(await readdir(settings.folder))) await this.#adopt(other)
      } finally {
        endTurn(turn)
      }
    } catch (error) {
      settings.logger.error({ err: error, log: log.id }, 'The logs of other processes cannot be looked at.')
    }
  }

  async #adopt(other: FreeLog): Promise<void> {
    const { log, settings } = this.#parts
    if (this.#hasEnded) {
      other.lock.release()
      return
    }
    try {
      this.#receive!(await adoptLog(log, other, settings.logger))
    } catch (error) {
      if (error instanceof AdoptionUndone) other.lock.release()
      else this.#kept.push(other.lock)
      settings.logger.error(
        { err: error, log: log.id, other: other.folder.id },
        'The log of a process that is gone cannot be adopted now.',
      )
    }
  }
}
