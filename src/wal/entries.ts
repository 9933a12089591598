/**
 * Reads the unsettled entries of a replayed log, a segment at a time. Their bodies are views of the segments, which stay
 * in memory as long as one of them: a million small buffers would take longer than all the rest.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Bytes } from './codec'
import type { Entry } from './contract'
import { offsetOf, segmentFileName, segmentOf } from './format'
import { RecordView } from './record-view'
import type { ReplayedLog } from './replay'

/** Entries and their notes lie near each other in few segments, so few need to be in memory. */
const segmentsInMemory = 3

/** Entries of one part. */
const partSize = 2_000

/** Where entries are read from. */
type Source = Pick<ReplayedLog, 'folder' | 'ledger'>

/** What is written while entries are handed over: a segment that was read does not have it. */
export interface Written {
  /** Segments from this number on. */
  readonly from: number
  readonly read: (sequences: readonly number[]) => Promise<readonly Entry[]>
}

const nothing: Written = { from: Number.POSITIVE_INFINITY, read: () => Promise.resolve([]) }

/** All of them, in the order they were added. */
export async function readEntries(source: Source): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const part of entryParts(source, source.ledger.sequences())) entries.push(...part)
  return entries
}

/**
 * The entries of these sequences, in their order and in parts, so that they need not all be in memory. Those that are
 * settled meanwhile are left out; segments must not be tidied while it goes on.
 */
export async function* entryParts(
  { folder, ledger }: Source,
  sequences: Float64Array,
  written: Written = nothing,
): AsyncGenerator<readonly Entry[]> {
  const files = new Map<number, Bytes>()
  /** The segment after the one that was loaded last, on its way. */
  let next: { readonly segment: number; readonly content: Promise<Buffer> } | null = null

  const content = (segment: number): Promise<Buffer> => {
    const reading = readFile(join(folder.path, segmentFileName(segment)))
    reading.catch(() => {}) // whoever awaits it hears of it; perhaps nobody does
    return reading
  }
  const load = async (segment: number): Promise<Bytes> => {
    const source = new Bytes(await (next?.segment === segment ? next.content : content(segment)))
    const isNeeded = segment + 1 < written.from && ledger.neededIn(segment + 1) > 0
    next = isNeeded ? { segment: segment + 1, content: content(segment + 1) } : null
    if (files.size >= segmentsInMemory) files.delete(files.keys().next().value!)
    files.set(segment, source)
    return source
  }
  const read = (source: Bytes, location: number): RecordView => new RecordView(source, offsetOf(location))

  let part: Entry[] = []
  for (const sequence of sequences) {
    if (part.length === partSize) {
      yield part
      part = []
    }
    const addedAt = ledger.addedAt(sequence)
    if (addedAt === 0) continue
    const notedAt = ledger.notedAt(sequence)
    if (notedAt !== 0 && segmentOf(notedAt) >= written.from) {
      part.push(...(await written.read([sequence])))
      continue
    }
    const addedIn = files.get(segmentOf(addedAt)) ?? (await load(segmentOf(addedAt)))
    const added = read(addedIn, addedAt)
    if (notedAt === 0) {
      part.push({ sequence, added, note: null })
      continue
    }
    const notedIn = files.get(segmentOf(notedAt)) ?? (await load(segmentOf(notedAt)))
    part.push({ sequence, added, note: read(notedIn, notedAt) })
  }
  yield part
}
