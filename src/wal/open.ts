/**
 * Boot of a log: takes every log of the folder that nobody owns, continues the fullest of them in a new
 * segment, and adopts the others. Those whose processes end later are adopted then: siblings.ts.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { InvalidOptionError } from '../kernel'
import { AdoptionUndone, adoptLog } from './adoption'
import { type Committer, PoolCommitter } from './commit'
import { ThreadCommitter } from './commit-thread'
import type { Entry, EntryLog } from './contract'
import { LockUnavailableError, NetworkFileSystemError, StorageUnusableError } from './errors'
import { fileSystemType, refuseNetworkFileSystem } from './file-system'
import { logFolder, makeFolder, syncFolder } from './folders'
import { logIdBytes, markType } from './format'
import { endTurn, type FreeLog, FreeLogs } from './free-logs'
import { Ledger } from './ledger'
import { allLockWays, findLockWays, type LockWay, LogLock } from './lock'
import { Log } from './log'
import type { ReplayedLog } from './replay'
import { Segments } from './segments'
import { defaultFigures, defaultSegmentBytes, type LogInternals, type LogSettings } from './settings'
import { Siblings } from './siblings'

/**
 * Opens the log of this process in `settings.folder`.
 *
 * @throws StorageUnusableError (folder or disk), NetworkFileSystemError, LockUnavailableError (no way to lock),
 * InvalidOptionError.
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
      fileSystemType,
      ...defaultFigures,
      ...internals,
    },
  )
  try {
    return await boot.run()
  } catch (error) {
    await boot.undo()
    if (error instanceof LockUnavailableError || error instanceof NetworkFileSystemError) throw error
    throw new StorageUnusableError({ folder: settings.folder, reason: reasonOf(error) }, { cause: error })
  }
}

/** Longest that a boot waits for another process that is taking logs over; then it begins one of its own. */
const turnTries = 10
const turnPauseMs = 20

class Boot {
  readonly #settings: LogSettings
  readonly #internals: LogInternals
  readonly #ways: readonly LockWay[]
  readonly #freeLogs: FreeLogs
  /** Given back when boot fails. */
  #locks: LogLock[] = []
  #log: Log | null = null

  constructor(settings: LogSettings, internals: LogInternals) {
    this.#settings = settings
    this.#internals = internals
    this.#ways = internals.lockWays ?? findLockWays()
    this.#freeLogs = new FreeLogs(settings, this.#ways)
  }

  async run(): Promise<Log> {
    await this.#prepareFolder()
    const turn = await this.#awaitTurn()
    try {
      const free = turn === null ? [] : await this.#takeFree()
      const own = free.shift() ?? null
      const log = await this.#begin(own)
      const recovered = own === null ? new Float64Array(0) : own.replayed.ledger.sequences()
      const adopted: Entry[] = []
      if (own !== null && own.replayed.notAdopted !== null)
        await log.mark(markType.notAdopted, Buffer.from(own.replayed.notAdopted, 'hex'))
      for (const other of free) adopted.push(...(await this.#adopt(log, other)))
      log.ready({ own: recovered, adopted }, this.#siblingsOf(log))
      this.#report(recovered.length + adopted.length, own?.replayed ?? null)
      return log
    } finally {
      if (turn !== null) endTurn(turn)
    }
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
    await refuseNetworkFileSystem(this.#settings, this.#internals.fileSystemType)
    if (this.#ways.length === 0) throw new LockUnavailableError({ folder, tried: allLockWays.join(', ') })
  }

  /** Without it, the logs that nobody owns are left to whoever has it, and to the siblings later on. */
  async #awaitTurn(): Promise<readonly LogLock[] | null> {
    for (let tries = 1; ; tries++) {
      const turn = this.#freeLogs.takeTurn()
      if (turn !== null || tries === turnTries) return turn
      await new Promise((resolve) => setTimeout(resolve, turnPauseMs))
    }
  }

  /** The fullest first. */
  async #takeFree(): Promise<FreeLog[]> {
    const names = await readdir(this.#settings.folder)
    await this.#freeLogs.finishRemoving(names)
    const free = await this.#freeLogs.take(names)
    this.#locks = free.map(({ lock }) => lock)
    return free.sort((a, b) => b.replayed.ledger.size - a.replayed.ledger.size)
  }

  async #begin(own: FreeLog | null): Promise<Log> {
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
      damages: own?.replayed.damages ?? 0,
    })
    await this.#log.begin()
    return this.#log
  }

  /** Without room for its entries the other log is left as it is: siblings.ts tries again. */
  async #adopt(log: Log, other: FreeLog): Promise<readonly Entry[]> {
    const { logger } = this.#settings
    try {
      if (log.health.state === 'full') throw new AdoptionUndone(undefined, { cause: log.health.reason })
      return await adoptLog(log, other, logger)
    } catch (error) {
      if (!(error instanceof AdoptionUndone)) throw error
      other.lock.release()
      const facts = { err: error.cause, log: log.id, other: other.folder.id }
      logger.error(facts, 'The log of a process that is gone cannot be adopted before the disk has room.')
      return []
    }
  }

  async #create(): Promise<Pick<FreeLog, 'folder' | 'lock'>> {
    const parent = this.#settings.folder
    for (let attempt = 0; attempt < 3; attempt++) {
      const folder = logFolder(parent, this.#ways[0]!.kind, randomBytes(logIdBytes).toString('hex'))
      await mkdir(folder.path)
      // A process that takes logs over now may be quicker to lock the new folder; then it is his.
      const lock = LogLock.take(folder.path, this.#ways[0]!)
      if (lock === null) continue
      this.#locks.push(lock)
      await syncFolder(parent)
      return { folder, lock }
    }
    throw new LockUnavailableError({ folder: parent, tried: this.#ways.map(({ name }) => name).join(', ') })
  }

  #siblingsOf(log: Log): Siblings {
    const { siblingMs } = this.#internals
    return new Siblings({ log, freeLogs: this.#freeLogs, settings: this.#settings, siblingMs })
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
