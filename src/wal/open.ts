/**
 * Boot of a log: takes every log of the folder that nobody owns, continues the fullest of them in a new
 * segment, and adopts the others. Every step leaves a state the next boot reads correctly: an adopted log's
 * folder goes only after all its entries are on disk here and marked so.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { InvalidOptionError } from '../kernel'
import { type Committer, PoolCommitter } from './commit'
import { ThreadCommitter } from './commit-thread'
import type { Entry, EntryLog } from './contract'
import { readEntries } from './entries'
import { LockUnavailableError, NewerFormatError, StorageUnusableError } from './errors'
import {
  isRemoved,
  type LogFolder,
  logFolder,
  makeFolder,
  parseLogFolder,
  removeLogFolder,
  syncFolder,
} from './folders'
import { logIdBytes, markType } from './format'
import { Ledger } from './ledger'
import { allLockWays, findLockWays, type LockWay, LogLock } from './lock'
import { Log } from './log'
import { type ReplayedLog, replayLog } from './replay'
import { Segments } from './segments'
import { defaultFigures, defaultSegmentBytes, type LogInternals, type LogSettings } from './settings'

/**
 * Opens the log of this process in `settings.folder`.
 *
 * @throws StorageUnusableError (folder or disk), LockUnavailableError (no way to lock), InvalidOptionError.
 */
export function openLog(settings: LogSettings): Promise<EntryLog> {
  return openLogWith(settings, {})
}

/** @internal As `openLog`, with other internals. */
export async function openLogWith(settings: LogSettings, internals: Partial<LogInternals>): Promise<Log> {
  refuseSegmentBytes(settings.segmentBytes)
  const boot = new Boot(
    { ...settings, folder: resolve(settings.folder) },
    {
      committer: internals.committer ?? (await startCommitter(settings.logger)),
      filler: new PoolCommitter(),
      lockWays: null,
      ...defaultFigures,
      ...internals,
    },
  )
  try {
    return await boot.run()
  } catch (error) {
    await boot.undo()
    if (error instanceof LockUnavailableError) throw error
    throw new StorageUnusableError({ folder: settings.folder, reason: reasonOf(error) }, { cause: error })
  }
}

interface FreeLog {
  readonly folder: LogFolder
  readonly lock: LogLock
}

class Boot {
  readonly #settings: LogSettings
  readonly #internals: LogInternals
  readonly #ways: readonly LockWay[]
  readonly #locks: LogLock[] = []
  #names: readonly string[] = []
  #log: Log | null = null

  constructor(settings: LogSettings, internals: LogInternals) {
    this.#settings = settings
    this.#internals = internals
    this.#ways = internals.lockWays ?? findLockWays()
  }

  async run(): Promise<Log> {
    const { folder } = this.#settings
    await this.#prepareFolder()
    if (this.#ways.length === 0) throw new LockUnavailableError({ folder, tried: allLockWays.join(', ') })

    this.#names = await readdir(folder)
    const free = await this.#readFree()
    const left = await this.#removeAdopted(free)
    left.sort((a, b) => b.replayed.ledger.size - a.replayed.ledger.size)
    const own = left.shift() ?? null
    const log = await this.#begin(own)
    const recovered = own === null ? [] : await readEntries(own.replayed)
    if (own !== null && own.replayed.notAdopted !== null)
      await log.mark(markType.notAdopted, idBytes(own.replayed.notAdopted))
    for (const other of left) recovered.push(...(await this.#adopt(log, other)))
    log.ready(recovered)
    this.#report(recovered.length, own?.replayed ?? null)
    return log
  }

  /** Lets go of everything after a failed run; all files are as the next boot needs them. */
  async undo(): Promise<void> {
    if (this.#log === null) await this.#internals.committer.close()
    else await this.#log.close()
    for (const lock of this.#locks) lock.release()
  }

  async #prepareFolder(): Promise<void> {
    const { folder } = this.#settings
    await makeFolder(folder)
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    for (const name of await readdir(folder)) {
      if (isRemoved(name)) await this.#finishRemoving(join(folder, name))
    }
  }

  async #finishRemoving(path: string): Promise<void> {
    try {
      await rm(path, { recursive: true, force: true })
    } catch (error) {
      this.#settings.logger.warn({ err: error, path }, 'What is left of an adopted log cannot be deleted.')
    }
  }

  /** All logs nobody owns, read. A log that cannot be read is left as it is, and its lock given back. */
  async #readFree(): Promise<(FreeLog & { replayed: ReplayedLog })[]> {
    const free: (FreeLog & { replayed: ReplayedLog })[] = []
    for (const { folder, lock } of this.#lockFree()) {
      try {
        free.push({
          folder,
          lock,
          replayed: await replayLog(folder, this.#settings, (id) => this.#isThere(id)),
        })
      } catch (error) {
        const message =
          error instanceof NewerFormatError
            ? 'A log of a newer version was left alone.'
            : 'A log cannot be read; it was left alone.'
        this.#settings.logger.error({ err: error, log: folder.id }, message)
        lock.release()
      }
    }
    return free
  }

  #lockFree(): FreeLog[] {
    const free: FreeLog[] = []
    for (const name of this.#names) {
      const folder = parseLogFolder(this.#settings.folder, name)
      if (folder === null) continue
      const way = this.#ways.find(({ kind }) => kind === folder.kind)
      if (way === undefined) {
        const message = `A log is locked by "${folder.kind}", which cannot be tested here; it was left alone.`
        this.#settings.logger.warn({ log: folder.id }, message)
        continue
      }
      const lock = this.#tryLock(folder, way)
      if (lock !== null) free.push({ folder, lock })
    }
    return free
  }

  #tryLock(folder: LogFolder, way: LockWay): LogLock | null {
    try {
      const lock = LogLock.take(folder.path, way)
      if (lock !== null) this.#locks.push(lock)
      return lock
    } catch (error) {
      this.#settings.logger.error(
        { err: error, log: folder.id },
        'A log cannot be locked; it was left alone.',
      )
      return null
    }
  }

  #isThere(logId: string): boolean {
    return this.#names.some((name) => parseLogFolder(this.#settings.folder, name)?.id === logId)
  }

  /** Logs that another one has adopted whole: a crash came between the mark and the removal. */
  async #removeAdopted<L extends FreeLog & { replayed: ReplayedLog }>(free: readonly L[]): Promise<L[]> {
    const adopted = new Set(free.flatMap(({ replayed }) => [...replayed.adopted]))
    const left: L[] = []
    for (const log of free) {
      if (adopted.has(log.folder.id)) await this.#remove(log)
      else left.push(log)
    }
    return left
  }

  async #begin(own: (FreeLog & { replayed: ReplayedLog }) | null): Promise<Log> {
    const { folder, lock } = own ?? (await this.#create())
    const segments = new Segments(
      {
        folder: folder.path,
        logId: folder.id,
        segmentBytes: this.#settings.segmentBytes ?? defaultSegmentBytes,
        firstBytes: this.#internals.firstBytes,
        filler: this.#internals.filler,
      },
      own?.replayed.segments ?? [],
    )
    this.#log = new Log({
      folder,
      lock,
      segments,
      ledger: own?.replayed.ledger ?? new Ledger(),
      nextSequence: own?.replayed.nextSequence ?? 1,
      settings: this.#settings,
      internals: this.#internals,
    })
    await this.#log.begin()
    return this.#log
  }

  async #create(): Promise<FreeLog> {
    const parent = this.#settings.folder
    for (let attempt = 0; attempt < 3; attempt++) {
      const folder = logFolder(parent, this.#ways[0]!.kind, randomBytes(logIdBytes).toString('hex'))
      await mkdir(folder.path)
      // Another process that boots now may be quicker to lock the new folder; then it is his.
      const lock = LogLock.take(folder.path, this.#ways[0]!)
      if (lock === null) continue
      this.#locks.push(lock)
      await syncFolder(parent)
      return { folder, lock }
    }
    throw new LockUnavailableError({ folder: parent, tried: this.#ways.map(({ name }) => name).join(', ') })
  }

  async #adopt(log: Log, other: FreeLog & { replayed: ReplayedLog }): Promise<Entry[]> {
    const entries = await readEntries(other.replayed)
    const adopted: Entry[] = []
    const pending = new Set<Promise<void>>()
    if (entries.length > 0) {
      await log.mark(markType.adopting, idBytes(other.folder.id))
      for (const [i, entry] of entries.entries()) {
        const copy = log.adopt(entry)
        adopted.push(copy.adopted)
        pending.add(copy.durable) // few: everything in one batch has the same promise
        if (i % 4096 === 4095) await Promise.all(pending)
      }
      // The mark says that the entries are there, so it must not reach the disk before them.
      await Promise.all(pending)
      await log.mark(markType.adopted, idBytes(other.folder.id))
    }
    await this.#remove(other)
    this.#settings.logger.info(
      { log: log.id, adopted: other.folder.id, entries: entries.length },
      'Adopted the log of a process that is gone.',
    )
    return adopted
  }

  async #remove({ folder, lock }: FreeLog): Promise<void> {
    await removeLogFolder(folder)
    lock.release()
  }

  #report(entries: number, own: ReplayedLog | null): void {
    if (entries === 0 || own === null) return
    const message = own.isClosed
      ? 'Entries of a former process were recovered.'
      : 'Entries of a process that did not end in order were recovered.'
    this.#settings.logger.info({ log: own.folder.id, entries, damages: own.damages }, message)
  }
}

/** A thread; where none can be had (permissions, limits), the pool. */
async function startCommitter(logger: LogSettings['logger']): Promise<Committer> {
  try {
    return await ThreadCommitter.start()
  } catch (error) {
    logger.warn({ err: error }, 'The log has no thread of its own: its commits share the pool.')
    return new PoolCommitter()
  }
}

function idBytes(logId: string): Buffer {
  return Buffer.from(logId, 'hex')
}

function refuseSegmentBytes(given: number | undefined): void {
  if (given === undefined || (Number.isInteger(given) && given >= 4096 && given <= 2 ** 30)) return
  throw new InvalidOptionError({
    option: 'segmentBytes',
    expected: `a whole number from 4096 to ${2 ** 30}`,
    given,
  })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
