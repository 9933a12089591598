/**
 * Reads a log from its first segment to its last and answers what is not settled. Cuts a torn tail off,
 * keeps damage aside, refuses a newer format before it touches anything. See format.ts for the rules.
 */
import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Bytes, bodyAt, decodeSegmentHeader, flagsAt, roleAt, saltOf, sequenceAt, typeAt } from './codec'
import { NewerFormatError } from './errors'
import { type LogFolder, truncateSynced } from './folders'
import {
  formatVersion,
  locationOf,
  markType,
  recordFlag,
  role,
  segmentFileName,
  segmentHeaderBytes,
  segmentNumberOf,
} from './format'
import { Ledger } from './ledger'
import { type Damage, quarantine } from './quarantine'
import { RecordCursor } from './record-cursor'
import type { FinishedSegment } from './segments'
import type { LogSettings } from './settings'

export interface ReplayedLog {
  readonly folder: LogFolder
  readonly ledger: Ledger
  readonly segments: readonly FinishedSegment[]
  /** Above every sequence this log has used. */
  readonly nextSequence: number
  /** Logs that were adopted whole: their folders can go. */
  readonly adopted: ReadonlySet<string>
  /** A log whose adoption was not finished and does not count, or `null`. */
  readonly notAdopted: string | null
  /** The process ended in order. */
  readonly isClosed: boolean
  /** Damaged places that were skipped. */
  readonly damages: number
}

/** What a log that is taken loses by being read: its torn tail, and damage that is kept aside. */
export interface Repairs {
  readonly cut: (file: string, bytes: number) => Promise<void>
  readonly keep: (damage: Damage, settings: LogSettings) => Promise<void>
}

const onDisk: Repairs = { cut: truncateSynced, keep: quarantine }

export interface ReplaySettings extends LogSettings {
  /** Left out = on disk. */
  readonly repairs?: Repairs
}

/**
 * @param isThere whether the folder of another log exists: it decides on an adoption that was interrupted.
 * @throws NewerFormatError, with nothing touched; errors of the file system.
 */
export async function replayLog(
  folder: LogFolder,
  settings: ReplaySettings,
  isThere: (logId: string) => boolean,
): Promise<ReplayedLog> {
  const numbers = await segmentNumbers(folder)
  for (const number of numbers) await refuseNewerFormat(join(folder.path, segmentFileName(number)))

  const replay = new Replay(folder, settings)
  const segments: FinishedSegment[] = []
  for await (const { number, content } of segmentsOf(folder, numbers)) {
    segments.push({ number, bytes: await replay.read(number, content, number === numbers.at(-1)) })
  }
  return replay.finish(segments, isThere)
}

/** Their contents, each read while the one before is looked at. */
async function* segmentsOf(
  { path }: LogFolder,
  numbers: readonly number[],
): AsyncGenerator<{ readonly number: number; readonly content: Buffer }> {
  let reading: Promise<Buffer> | null = null
  for (const [index, number] of numbers.entries()) {
    const content: Buffer = await (reading ?? readFile(join(path, segmentFileName(number))))
    const next = numbers[index + 1]
    reading = next === undefined ? null : readFile(join(path, segmentFileName(next)))
    reading?.catch(() => {}) // heard of when it is awaited
    yield { number, content }
  }
}

async function segmentNumbers({ path }: LogFolder): Promise<number[]> {
  const numbers = (await readdir(path)).map(segmentNumberOf).filter((number) => number !== null)
  return numbers.sort((a, b) => a - b)
}

async function refuseNewerFormat(file: string): Promise<void> {
  const handle = await open(file, 'r')
  try {
    const start = Buffer.alloc(segmentHeaderBytes)
    const { bytesRead } = await handle.read(start, 0, start.length, 0)
    const header = decodeSegmentHeader(start.subarray(0, bytesRead))
    if (header !== null && header.version > formatVersion) {
      throw new NewerFormatError({ file, version: header.version, known: formatVersion })
    }
  } finally {
    await handle.close()
  }
}

class Replay {
  readonly #folder: LogFolder
  readonly #settings: ReplaySettings
  readonly #repairs: Repairs
  readonly #ledger = new Ledger()
  readonly #adopted = new Set<string>()
  #nextSequence = 1
  #isClosed = false
  #damages = 0
  /** Records of a group whose end was not read yet: role, sequence, location, bytes of each. */
  #group: number[] = []
  /** Where in its segment that group begins. */
  #groupStart = 0
  /** Adopted entries that do not count yet. */
  #adopting: { log: string | null; readonly sequences: number[] } | null = null

  constructor(folder: LogFolder, settings: ReplaySettings) {
    this.#folder = folder
    this.#settings = settings
    this.#repairs = settings.repairs ?? onDisk
  }

  /** Answers the size of the file, which is smaller than before when a tail was cut. */
  async read(segment: number, content: Buffer, isLast: boolean): Promise<number> {
    const file = join(this.#folder.path, segmentFileName(segment))
    const source = new Bytes(content)
    const header = decodeSegmentHeader(source.buffer)
    if (header !== null) this.#nextSequence = Math.max(this.#nextSequence, header.nextSequence)

    const cursor = new RecordCursor(source, header?.salt ?? saltOf(this.#folder.id, segment))
    let step = cursor.next()
    if (header === null && step !== 'end')
      await this.#damaged(segment, 0, source.buffer.subarray(0, segmentHeaderBytes))
    for (; step !== 'end'; step = cursor.next()) {
      if (step === 'record') this.#record(source, segment, cursor)
      else await this.#damaged(segment, cursor.offset, source.buffer.subarray(cursor.offset, cursor.end))
    }

    const isUnfinished = this.#group.length > 0
    // What is behind a group was written after all of it: its last record was there, and is damaged.
    if (isUnfinished && !isLast) this.#endGroup()
    else if (isUnfinished) this.#note(segment, 'Ignored a group of records that was not finished.')
    this.#group = []
    const good = isUnfinished ? this.#groupStart : cursor.offset
    return this.#tail(file, segment, cursor, { content: source.buffer, good, isLast })
  }

  finish(segments: readonly FinishedSegment[], isThere: (logId: string) => boolean): ReplayedLog {
    const open = this.#adopting?.log ?? null
    const notAdopted = open !== null && isThere(open) ? open : null
    if (notAdopted !== null) this.#dropAdopting()
    return {
      folder: this.#folder,
      ledger: this.#ledger,
      segments,
      nextSequence: this.#nextSequence,
      adopted: this.#adopted,
      notAdopted,
      isClosed: this.#isClosed,
      damages: this.#damages,
    }
  }

  #record(source: Bytes, segment: number, { offset, end }: RecordCursor): void {
    const kind = roleAt(source, offset)
    const sequence = sequenceAt(source, offset)
    const flags = flagsAt(source, offset)
    if (sequence >= this.#nextSequence) this.#nextSequence = sequence + 1
    this.#isClosed = false
    if (kind === role.mark) {
      this.#endGroup()
      return this.#mark(typeAt(source, offset), bodyAt(source, offset).toString('hex'))
    }
    if ((flags & recordFlag.adopted) !== 0 && kind === role.add) {
      this.#adopting ??= { log: null, sequences: [] }
      this.#adopting.sequences.push(sequence)
    }
    const location = locationOf(segment, offset)
    if ((flags & recordFlag.more) !== 0) {
      if (this.#group.length === 0) this.#groupStart = offset
      this.#group.push(kind, sequence, location, end - offset)
      return
    }
    this.#endGroup()
    this.#ledger.apply(kind, sequence, location, end - offset)
  }

  #endGroup(): void {
    const group = this.#group
    if (group.length === 0) return
    for (let i = 0; i < group.length; i += 4)
      this.#ledger.apply(group[i]!, group[i + 1]!, group[i + 2]!, group[i + 3]!)
    this.#group = []
  }

  #mark(type: number, log: string): void {
    if (type === markType.closed) this.#isClosed = true
    else if (type === markType.adopting) {
      this.#dropAdopting()
      this.#adopting = { log, sequences: [] }
    } else if (type === markType.adopted) {
      this.#adopted.add(log)
      this.#adopting = null
    } else if (type === markType.notAdopted) this.#dropAdopting()
  }

  #dropAdopting(): void {
    for (const sequence of this.#adopting?.sequences ?? []) this.#ledger.remove(sequence)
    this.#adopting = null
  }

  async #tail(
    file: string,
    segment: number,
    cursor: RecordCursor,
    { content, good, isLast }: { readonly content: Buffer; readonly good: number; readonly isLast: boolean },
  ): Promise<number> {
    const torn = content.subarray(cursor.offset, cursor.end)
    if (!isLast) {
      // A later segment is begun only after the tail of this one was cut: this is damage, not a torn write.
      if (torn.length > 0) await this.#damaged(segment, cursor.offset, torn)
      return content.length
    }
    if (content.length <= good) return content.length
    if (torn.length > 0) this.#note(segment, 'Cut the unfinished write at the end of the log.')
    await this.#repairs.cut(file, good)
    return good
  }

  async #damaged(segment: number, offset: number, bytes: Buffer): Promise<void> {
    this.#damages++
    await this.#repairs.keep({ log: this.#folder, segment, offset, bytes }, this.#settings)
  }

  #note(segment: number, message: string): void {
    this.#settings.logger.warn({ log: this.#folder.id, segment }, message)
  }
}
