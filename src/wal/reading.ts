/**
 * Entries of the own log, read again from disk while the log is in use. Segments may be tidied away in between:
 * whatever was copied forward is looked for again at its new place.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Bytes, isRecordAt, readEntryRecord, saltOf } from './codec'
import type { Entry, EntryRecord } from './contract'
import type { LogFolder } from './folders'
import { offsetOf, segmentFileName, segmentOf } from './format'
import type { Ledger } from './ledger'
import type { LogSettings } from './settings'

/** The first look may come before a copy is written, the second before the next copy of it. */
const mostLooks = 3

export interface ReadingParts {
  readonly folder: LogFolder
  readonly ledger: Ledger
  /** Resolves when everything accepted so far is on disk. */
  readonly flush: () => Promise<void>
  readonly logger: LogSettings['logger']
}

/**
 * Those that are settled, or damaged, are left out; the others keep their order.
 *
 * @throws the error of the file system, or why the log has failed.
 */
export async function readAgain(sequences: readonly number[], parts: ReadingParts): Promise<Entry[]> {
  const files = new SegmentFiles(parts.folder)
  try {
    const entries: Entry[] = []
    for (const sequence of sequences) {
      const entry = await readEntry(sequence, parts, files)
      if (entry !== null) entries.push(entry)
    }
    return entries
  } finally {
    await files.close()
  }
}

async function readEntry(sequence: number, parts: ReadingParts, files: SegmentFiles): Promise<Entry | null> {
  const { ledger, folder, logger } = parts
  for (let look = 1; look <= mostLooks; look++) {
    const addedAt = ledger.addedAt(sequence)
    if (addedAt === 0) return null
    const notedAt = ledger.notedAt(sequence)
    const added = await files.read(addedAt, ledger.addedBytes(sequence))
    const note = notedAt === 0 ? null : await files.read(notedAt, ledger.notedBytes(sequence))
    if (added !== null && (note !== null || notedAt === 0)) return { sequence, added, note }
    if (look < mostLooks) await parts.flush()
  }
  logger.error({ log: folder.id, sequence }, 'An entry cannot be read; the next boot sees to it.')
  return null
}

/** The files of one reading, open until it ends. */
class SegmentFiles {
  readonly #folder: LogFolder
  readonly #open = new Map<number, FileHandle>()

  constructor(folder: LogFolder) {
    this.#folder = folder
  }

  /** `null` when the record is not there, or damaged. */
  async read(location: number, bytes: number): Promise<EntryRecord | null> {
    const segment = segmentOf(location)
    const file = await this.#file(segment)
    if (file === null) return null
    const record = new Bytes(Buffer.alloc(bytes))
    await file.read(record.buffer, 0, bytes, offsetOf(location))
    return isRecordAt(record, 0, saltOf(this.#folder.id, segment)) ? readEntryRecord(record, 0) : null
  }

  async close(): Promise<void> {
    for (const file of this.#open.values()) await file.close()
  }

  async #file(segment: number): Promise<FileHandle | null> {
    const known = this.#open.get(segment)
    if (known !== undefined) return known
    try {
      const file = await open(join(this.#folder.path, segmentFileName(segment)), 'r')
      this.#open.set(segment, file)
      return file
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }
}
