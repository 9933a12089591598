/**
 * Takes the entries of another log into the own one. Every step leaves a state the next boot reads correctly: the
 * other folder goes only after all its entries are on disk here and marked so.
 */
import type { Entry } from './contract'
import { readEntries } from './entries'
import { markType } from './format'
import { type FreeLog, removeLog } from './free-logs'
import type { Log } from './log'
import type { LogSettings } from './settings'

/** Entries written before their commits are waited for. */
const entriesAtOnce = 4096

/**
 * @returns the entries under their sequences in this log; the other log is gone.
 * @throws AdoptionUndone (may be tried again), or what made the log fail: then the lock of the other log must be held
 * as long as the own one, since only both together say what counts.
 */
export async function adoptLog(log: Log, other: FreeLog, logger: LogSettings['logger']): Promise<Entry[]> {
  const entries = await readEntries(other.replayed)
  const resumeTidying = log.pauseTidying()
  try {
    const adopted = entries.length === 0 ? [] : await copy(log, other.folder.id, entries)
    await removeLog(other)
    log.addDamages(other.replayed.damages)
    logger.info(
      { log: log.id, adopted: other.folder.id, entries: entries.length },
      'Adopted the log of a process that is gone.',
    )
    return adopted
  } finally {
    resumeTidying()
  }
}

/** An adoption failed, and was taken back: the other log is as it was, and may be tried again. */
export class AdoptionUndone extends Error {}

async function copy(log: Log, otherId: string, entries: readonly Entry[]): Promise<Entry[]> {
  const id = Buffer.from(otherId, 'hex')
  const adopted: Entry[] = []
  const pending = new Set<Promise<void>>()
  await log.mark(markType.adopting, id)
  try {
    for (const [i, entry] of entries.entries()) {
      const copied = log.adopt(entry)
      adopted.push(copied.adopted)
      pending.add(copied.durable) // few: everything in one batch has the same promise
      if (i % entriesAtOnce === entriesAtOnce - 1) await Promise.all(pending)
    }
    // The mark says that the entries are there, so it must not reach the disk before them.
    await Promise.all(pending)
  } catch (cause) {
    await Promise.allSettled(pending)
    for (const { sequence } of adopted) log.disown(sequence)
    await log.mark(markType.notAdopted, id)
    throw new AdoptionUndone('the log has no room for the entries', { cause })
  }
  await log.mark(markType.adopted, id)
  return adopted
}
