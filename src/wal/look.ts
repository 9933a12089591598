/**
 * Looks at the logs of a folder that nobody owns, and changes nothing: no lock is held, no torn tail is cut, no damage kept aside,
 * no file made. For commands that only show what is there, also as another user or on a disk without room.
 */
import { readdir, stat } from 'node:fs/promises'
import type { Entry } from './contract'
import { entryParts } from './entries'
import { type LogFolder, parseLogFolder } from './folders'
import { findLockWays } from './lock'
import { type ReplayedLog, replayLog } from './replay'
import type { LogSettings } from './settings'
import { isOwned } from './verify'

export interface SeenLog {
  readonly log: string
  /** A living process owns it; `null` = that cannot be told here. */
  readonly isOwned: boolean | null
  /** The user its folder belongs to; 0 on Windows. */
  readonly uid: number
}

export interface LogsSeen {
  readonly logs: readonly SeenLog[]
  /**
   * Entries of logs that nobody owns which are not settled, as a process that boots would recover them. Read when they are
   * asked for, and only to be believed if nobody owns those logs by then either.
   */
  readonly recovered: AsyncIterable<readonly Entry[]>
}

/** Rejects with the error of the file system when the folder cannot be read. */
export async function lookAtLogs({ folder, logger }: LogSettings): Promise<LogsSeen> {
  const names = await readdir(folder)
  const folders = names.map((name) => parseLogFolder(folder, name)).filter((log) => log !== null)
  const ways = findLockWays()
  const logs: SeenLog[] = []
  for (const log of folders) {
    const { uid } = await stat(log.path)
    logs.push({ log: log.id, isOwned: isOwned(log, ways), uid })
  }
  const free = new Set(logs.filter((log) => log.isOwned === false).map(({ log }) => log))
  return { logs, recovered: entriesOf(folders, free, { folder, logger }) }
}

async function* entriesOf(
  folders: readonly LogFolder[],
  free: ReadonlySet<string>,
  settings: LogSettings,
): AsyncGenerator<readonly Entry[]> {
  const isThere = (logId: string): boolean => folders.some(({ id }) => id === logId)
  const logs: ReplayedLog[] = []
  for (const log of folders.filter(({ id }) => free.has(id))) {
    const read = await replayed(log, settings, isThere)
    if (read !== null) logs.push(read)
  }
  const adopted = new Set(logs.flatMap((log) => [...log.adopted]))
  // As open.ts does: the fullest goes on, the others follow.
  logs.sort((a, b) => b.ledger.size - a.ledger.size)
  for (const log of logs) if (!adopted.has(log.folder.id)) yield* entryParts(log, log.ledger.sequences())
}

async function replayed(
  log: LogFolder,
  { folder, logger }: LogSettings,
  isThere: (logId: string) => boolean,
): Promise<ReplayedLog | null> {
  const damaged = async (): Promise<void> =>
    logger.warn({ log: log.id }, `The log ${log.id} has damaged bytes; they were skipped.`)
  const repairs = { cut: async () => undefined, keep: damaged }
  // What a boot would do about groups and tails is none of our business.
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
  try {
    return await replayLog(log, { folder, logger: quiet, repairs }, isThere)
  } catch (error) {
    logger.error({ err: error, log: log.id }, `The log ${log.id} cannot be read: ${(error as Error).message}`)
    return null
  }
}
