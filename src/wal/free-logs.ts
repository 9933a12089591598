/**
 * The logs of a folder that nobody owns. Whoever takes them holds the turn: one process at a time, so that all logs
 * of processes that are gone are looked at together. Taken apart, one could be adopted twice: by the process that
 * takes it, and within the log that was adopting it when its process died.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { NewerFormatError } from './errors'
import { isRemoved, type LogFolder, parseLogFolder, removeLogFolder } from './folders'
import { type LockWay, LogLock } from './lock'
import { type ReplayedLog, replayLog } from './replay'
import type { LogSettings } from './settings'

/** A log that was taken and read. */
export interface FreeLog {
  readonly folder: LogFolder
  readonly lock: LogLock
  readonly replayed: ReplayedLog
}

export class FreeLogs {
  readonly #settings: LogSettings
  readonly #ways: readonly LockWay[]
  /** Ids of logs that cannot be locked or read here: said once, and not tried again. */
  readonly #leftAlone = new Set<string>()

  constructor(settings: LogSettings, ways: readonly LockWay[]) {
    this.#settings = settings
    this.#ways = ways
  }

  /** Locks that make it this process's turn, one per kind; `null` while it is another's. */
  takeTurn(): readonly LogLock[] | null {
    const locks: LogLock[] = []
    for (const way of this.#ways) {
      const lock = LogLock.takeFile(join(this.#settings.folder, `turn-${way.kind}`), way)
      if (lock === null) {
        endTurn(locks)
        return null
      }
      locks.push(lock)
    }
    return locks
  }

  /** Logs among the names in the folder that may be of interest: not those left alone. */
  among(names: readonly string[]): LogFolder[] {
    const folders = names.map((name) => parseLogFolder(this.#settings.folder, name))
    return folders.filter((folder): folder is LogFolder => folder !== null && !this.#leftAlone.has(folder.id))
  }

  /**
   * All logs nobody owns, locked and read; those that another one has adopted whole are removed. In this process's
   * turn only.
   */
  async take(names: readonly string[]): Promise<FreeLog[]> {
    const isThere = (logId: string): boolean =>
      names.some((name) => parseLogFolder(this.#settings.folder, name)?.id === logId)
    const locked = this.among(names).flatMap((folder) => {
      const lock = this.#lock(folder)
      return lock === null ? [] : [{ folder, lock }]
    })
    const free: FreeLog[] = []
    for (const { folder, lock } of locked) {
      const replayed = await this.#read(folder, isThere)
      if (replayed === null) lock.release()
      else free.push({ folder, lock, replayed })
    }
    return this.#removeAdopted(free)
  }

  /** Deletes what is left of adopted logs. */
  async finishRemoving(names: readonly string[]): Promise<void> {
    const { folder, logger } = this.#settings
    for (const name of names.filter(isRemoved)) {
      const path = join(folder, name)
      await rm(path, { recursive: true, force: true }).catch((error: unknown) =>
        logger.warn({ err: error, path }, 'What is left of an adopted log cannot be deleted.'),
      )
    }
  }

  #lock(folder: LogFolder): LogLock | null {
    const { logger } = this.#settings
    const way = this.#ways.find(({ kind }) => kind === folder.kind)
    if (way === undefined) {
      this.#leftAlone.add(folder.id)
      const message = `A log is locked by "${folder.kind}", which cannot be tested here; it was left alone.`
      logger.warn({ log: folder.id }, message)
      return null
    }
    try {
      return LogLock.take(folder.path, way)
    } catch (error) {
      this.#leftAlone.add(folder.id)
      logger.error({ err: error, log: folder.id }, 'A log cannot be locked; it was left alone.')
      return null
    }
  }

  async #read(folder: LogFolder, isThere: (logId: string) => boolean): Promise<ReplayedLog | null> {
    try {
      return await replayLog(folder, this.#settings, isThere)
    } catch (error) {
      this.#leftAlone.add(folder.id)
      const message =
        error instanceof NewerFormatError
          ? 'A log of a newer version was left alone.'
          : 'A log cannot be read; it was left alone.'
      this.#settings.logger.error({ err: error, log: folder.id }, message)
      return null
    }
  }

  /** A crash came between the mark of an adoption and the removal. */
  async #removeAdopted(free: readonly FreeLog[]): Promise<FreeLog[]> {
    const adopted = new Set(free.flatMap(({ replayed }) => [...replayed.adopted]))
    const left: FreeLog[] = []
    for (const log of free) {
      if (adopted.has(log.folder.id)) await removeLog(log)
      else left.push(log)
    }
    return left
  }
}

export function endTurn(locks: readonly LogLock[]): void {
  for (const lock of locks) lock.release()
}

export async function removeLog({ folder, lock }: Pick<FreeLog, 'folder' | 'lock'>): Promise<void> {
  await removeLogFolder(folder)
  lock.release()
}
