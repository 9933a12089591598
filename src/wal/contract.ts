/**
 * What the rooms above see of a log: entries that are added, noted upon and settled, and those that a former
 * process left unsettled. The log knows nothing of jobs: `type`, `count`, `time` and `body` are theirs.
 */
import type { SyncStats } from './sync-times'

/** One record about an entry. */
export interface EntryRecord {
  /** What the record says; 1 to 127, its meaning given by the owner. 128 and above belong to the log itself. */
  readonly type: number
  /** A counter of the owner, such as the attempt; 0 to 2^32 - 1. */
  readonly count: number
  /** Epoch milliseconds, or 0. */
  readonly time: number
  readonly body: Uint8Array
}

/** A record on its way into the log. Text is written as UTF-8, without a buffer of its own. */
export interface NewRecord extends Omit<EntryRecord, 'body'> {
  readonly body: Uint8Array | string
}

/** An entry that is not settled: the record that added it, and the last note upon it. */
export interface Entry {
  /** The entry's name in this log; a safe integer. Changes when another process's log is adopted. */
  readonly sequence: number
  readonly added: EntryRecord
  readonly note: EntryRecord | null
}

/** What happens to an entry within a group: it is noted upon, or settled. */
export interface EntryChange {
  readonly sequence: number
  readonly record: NewRecord
  readonly settles: boolean
}

/**
 * When the promise of a write resolves: `sync` once the record is on disk, `write` once the kernel has it
 * (survives the process, not the power), `none` at once (written within 50 ms; shares the next commit).
 */
export type Durability = 'sync' | 'write' | 'none'

/** `ok`; `full` = the disk has no room, settling still works; `failed` = a write or sync failed, nothing is accepted. */
export interface LogHealth {
  readonly state: 'ok' | 'full' | 'failed'
  readonly reason: Error | null
}

/** The log in figures. */
export interface LogStats {
  /** Size of all its files. */
  readonly bytes: number
  /** Its files. */
  readonly segments: number
  /** Writes since it was opened. */
  readonly commits: number
  readonly damages: number
  readonly isHealthy: boolean
  readonly syncs: SyncStats
}

export interface EntryLog {
  /** Unique and stable; names the folder. */
  readonly id: string
  readonly health: LogHealth
  /** Damaged places that were skipped, in this log and adopted ones; what was readable of them is kept aside. */
  readonly damages: number
  readonly stats: LogStats
  /**
   * Entries left unsettled by former processes, in the order they were added: those of this log, then those of
   * adopted ones. In parts, read from disk as they are asked for; to be asked for once, before anything is added.
   */
  readonly recovered: AsyncIterable<readonly Entry[]>
  /**
   * Adds an entry. `durable` is shared by everything in the same commit and rejects with a LogWriteError (may or
   * may not be stored), a StorageFullError or a LogClosedError (not stored).
   *
   * @throws InvalidRecordError for a type out of range or a body above 64 MiB.
   */
  add(
    record: NewRecord,
    durability: Durability,
  ): { readonly sequence: number; readonly durable: Promise<void> }
  /**
   * As `add` for several, all or none of them after a crash; at most 256 MiB together.
   *
   * @param changes what happens to entries that are there, before the new ones and in the same group. With changes
   *                `records` may be empty.
   */
  addAll(
    records: readonly NewRecord[],
    durability: Durability,
    changes?: readonly EntryChange[],
  ): { readonly sequences: readonly number[]; readonly durable: Promise<void> }
  /** Replaces the entry's note: only the last one is kept. */
  note(sequence: number, record: NewRecord, durability: Durability): Promise<void>
  /** The entry is over; it will not be recovered. */
  settle(sequence: number, record: NewRecord, durability: Durability): Promise<void>
  /**
   * Reads entries again, as their last records left them; those that are settled or damaged are left out, the
   * others keep their order. A record whose promise has not resolved may or may not count. Rejects with the
   * error of the file system.
   */
  read(sequences: readonly number[]): Promise<readonly Entry[]>
  /** Resolves when everything accepted so far is on disk. */
  flush(): Promise<void>
  /**
   * Takes entries again after a failure, in a new segment, with what was settled and noted meanwhile. Nothing happens
   * unless the log has failed. Rejects with what is still wrong with the disk; then the log stays failed.
   */
  recover(): Promise<void>
  /**
   * From now on, logs in the same folder whose processes are gone are adopted within two seconds, and their entries
   * handed over. The answer ends it. Without such logs no timer is armed.
   */
  watch(receive: (entries: readonly Entry[]) => void): () => void
  /** Flushes, writes the mark of a clean end, gives up the lock. Any number of times; never rejects. */
  close(): Promise<void>
}
