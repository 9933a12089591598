/**
 * Looks at every record of the logs in a folder and changes nothing. Also while their processes live: then the last
 * segment of a log may end in a write that is under way.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Bytes, decodeSegmentHeader, saltOf } from './codec'
import { type LogFolder, parseLogFolder, quarantineName } from './folders'
import { formatVersion, segmentFileName, segmentNumberOf } from './format'
import { findLockWays, type LockWay, LogLock } from './lock'
import { RecordCursor } from './record-cursor'

/** What one log is like. */
export interface LogReport {
  readonly log: string
  /** A living process owns it; `null` = that cannot be told here. */
  readonly isOwned: boolean | null
  readonly segments: number
  readonly bytes: number
  readonly records: number
  /** Places whose bytes fail their check and are followed by good records, or by another segment. */
  readonly damages: number
  readonly damagedBytes: number
  /** At the end of the last segment: a write that was cut off, or is under way. The next boot cuts it off. */
  readonly unfinishedBytes: number
  /** Segments of a newer format, which were not read. */
  readonly newer: number
}

/** What the logs in a folder are like. */
export interface FolderReport {
  readonly logs: readonly LogReport[]
  /** Files with damaged bytes that former boots have kept aside. */
  readonly quarantined: number
}

/** Rejects with the error of the file system when the folder cannot be read. */
export async function verifyLogs(folder: string): Promise<FolderReport> {
  const names = await readdir(folder)
  const ways = findLockWays()
  const logs: LogReport[] = []
  for (const name of names.sort()) {
    const log = parseLogFolder(folder, name)
    if (log !== null) logs.push(await verifyLog(log, ways))
  }
  const kept = names.includes(quarantineName) ? await readdir(join(folder, quarantineName)) : []
  return { logs, quarantined: kept.length }
}

async function verifyLog(folder: LogFolder, ways: readonly LockWay[]): Promise<LogReport> {
  const numbers = (await readdir(folder.path)).map(segmentNumberOf).filter((number) => number !== null)
  numbers.sort((a, b) => a - b)
  const sum = { segments: 0, bytes: 0, records: 0, damages: 0, damagedBytes: 0, unfinishedBytes: 0, newer: 0 }
  for (const number of numbers) {
    const content = await readUnlessGone(join(folder.path, segmentFileName(number)))
    if (content === null) continue
    sum.segments += 1
    sum.bytes += content.length
    verifySegment(sum, content, saltOf(folder.id, number), number === numbers.at(-1))
  }
  return { log: folder.id, isOwned: isOwned(folder, ways), ...sum }
}

type Sum = { -readonly [K in keyof Omit<LogReport, 'log' | 'isOwned'>]: LogReport[K] }

function verifySegment(sum: Sum, content: Buffer, salt: number, isLast: boolean): void {
  const source = new Bytes(content)
  const header = decodeSegmentHeader(content)
  if (header !== null && header.version > formatVersion) {
    sum.newer += 1
    return
  }
  const cursor = new RecordCursor(source, header?.salt ?? salt)
  const damage = (bytes: number): void => {
    sum.damages += 1
    sum.damagedBytes += bytes
  }
  let step = cursor.next()
  if (header === null && step !== 'end') damage(cursor.offset)
  for (; step !== 'end'; step = cursor.next()) {
    if (step === 'record') sum.records += 1
    else damage(cursor.end - cursor.offset)
  }
  const rest = cursor.end - cursor.offset
  if (rest === 0) return
  if (isLast) sum.unfinishedBytes += rest
  else damage(rest)
}

/** A log that is in use loses segments that are not needed any more. */
async function readUnlessGone(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Whether a living process owns the log; `null` = that cannot be told here. */
export function isOwned({ kind, path }: LogFolder, ways: readonly LockWay[]): boolean | null {
  const way = ways.find((one) => one.kind === kind)
  return way === undefined ? null : LogLock.isHeld(path, way)
}
