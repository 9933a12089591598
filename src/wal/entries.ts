/** Reads the unsettled entries of a replayed log, bodies included, a segment at a time. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Bytes, readEntryRecord } from './codec'
import type { Entry, EntryRecord } from './contract'
import { offsetOf, segmentFileName, segmentOf } from './format'
import type { ReplayedLog } from './replay'

/** Entries and their notes lie near each other in few segments, so few need to be in memory. */
const segmentsInMemory = 3

/** In the order they were added. */
export async function readEntries({ folder, ledger }: ReplayedLog): Promise<Entry[]> {
  const files = new Map<number, Bytes>()

  const load = async (segment: number): Promise<Bytes> => {
    const source = new Bytes(await readFile(join(folder.path, segmentFileName(segment))))
    if (files.size >= segmentsInMemory) files.delete(files.keys().next().value!)
    files.set(segment, source)
    return source
  }
  const read = (source: Bytes, location: number): EntryRecord => readEntryRecord(source, offsetOf(location))

  const entries: Entry[] = []
  for (const sequence of ledger.sequences()) {
    const addedAt = ledger.addedAt(sequence)
    const notedAt = ledger.notedAt(sequence)
    const addedIn = files.get(segmentOf(addedAt)) ?? (await load(segmentOf(addedAt)))
    const added = read(addedIn, addedAt)
    if (notedAt === 0) {
      entries.push({ sequence, added, note: null })
      continue
    }
    const notedIn = files.get(segmentOf(notedAt)) ?? (await load(segmentOf(notedAt)))
    entries.push({ sequence, added, note: read(notedIn, notedAt) })
  }
  return entries
}
