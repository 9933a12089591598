/**
 * The log of this process: accepts records and answers with their promises. When they go to disk is decided in
 * commit-loop.ts, where in writer.ts.
 */
import type { Waiters } from './batch'
import { CommitLoop } from './commit-loop'
import type { Durability, Entry, EntryChange, EntryLog, LogHealth, LogStats, NewRecord } from './contract'
import { entryParts } from './entries'
import { LogClosedError } from './errors'
import type { LogFolder } from './folders'
import { markType, recordFlag, role } from './format'
import type { Ledger } from './ledger'
import type { LogLock } from './lock'
import { Missed } from './missed'
import { put, putGroup, refuseInvalid, refuseInvalidGroup } from './new-records'
import { readAgain } from './reading'
import { Revival } from './revival'
import type { Segments } from './segments'
import type { LogInternals, LogSettings } from './settings'
import type { Siblings } from './siblings'
import { createSyncTimes, syncStats } from './sync-times'
import { Tidying } from './tidying'
import { Writer } from './writer'

export interface LogParts {
  readonly folder: LogFolder
  readonly lock: LogLock
  readonly segments: Segments
  readonly ledger: Ledger
  readonly nextSequence: number
  readonly settings: LogSettings
  readonly internals: LogInternals
  /** Damaged places that were skipped at boot. */
  readonly damages: number
}

const noBody = new Uint8Array(0)
const noSyncs = createSyncTimes()
/** What former processes left: sequences of entries of this log, and entries of adopted ones. */
export interface Recovered {
  readonly own: Float64Array
  readonly adopted: readonly Entry[]
}

const nothing: Recovered = { own: new Float64Array(0), adopted: [] }

export class Log implements EntryLog {
  readonly id: string
  readonly #parts: LogParts
  readonly #writer: Writer
  readonly #loop: CommitLoop
  readonly #missed: Missed
  readonly #tidying: Tidying
  readonly #revival: Revival
  #siblings: Siblings | null = null
  #nextSequence: number
  #recovered = nothing
  #damages: number
  #closed: Promise<void> | null = null

  constructor(parts: LogParts) {
    const { folder, segments, ledger, settings, internals } = parts
    this.id = folder.id
    this.#parts = parts
    this.#nextSequence = parts.nextSequence
    this.#damages = parts.damages
    const nextSequence = (): number => this.#nextSequence
    this.#missed = new Missed(ledger)
    const missed = this.#missed
    this.#writer = new Writer({
      path: folder.path,
      segments,
      ledger,
      missed,
      committer: internals.committer,
      reserveBytes: internals.reserveBytes,
      logger: settings.logger,
      nextSequence,
    })
    const writer = this.#writer
    this.#tidying = new Tidying({ ...parts, writer })
    const tidying = this.#tidying
    this.#loop = new CommitLoop({ writer, tidying, segments, missed, internals, nextSequence })
    this.#revival = new Revival({ writer, tidying, segments, missed, logger: settings.logger })
  }

  get health(): LogHealth {
    return this.#revival.failure ?? this.#writer.health
  }

  get damages(): number {
    return this.#damages + this.#tidying.damages
  }

  get stats(): LogStats {
    const { segments } = this.#parts
    const { committer, commits } = this.#writer
    return {
      bytes: segments.bytes,
      segments: segments.count,
      commits,
      damages: this.damages,
      isHealthy: this.health.state === 'ok',
      syncs: syncStats(committer.syncTimes ?? noSyncs),
    }
  }

  get recovered(): AsyncIterable<readonly Entry[]> {
    return this.#handOver()
  }

  async *#handOver(): AsyncGenerator<readonly Entry[]> {
    const { own, adopted } = this.#recovered
    this.#recovered = nothing
    const resumeTidying = this.#loop.pauseTidying()
    try {
      // What is being copied at this moment would be read where it is not written yet.
      await this.#loop.atRest()
      const { segments } = this.#parts
      const from = segments.isBegun ? segments.number : segments.number + 1
      yield* entryParts(this.#parts, own, { from, read: (sequences) => this.read(sequences) })
      yield adopted
    } finally {
      resumeTidying()
    }
  }

  add(
    record: NewRecord,
    durability: Durability,
  ): { readonly sequence: number; readonly durable: Promise<void> } {
    const sequence = this.#nextSequence++
    return { sequence, durable: this.#append(role.add, sequence, record, durability) }
  }

  addAll(
    records: readonly NewRecord[],
    durability: Durability,
    changes: readonly EntryChange[] = [],
  ): { readonly sequences: readonly number[]; readonly durable: Promise<void> } {
    refuseInvalidGroup(records, changes)
    const sequences = records.map(() => this.#nextSequence++)
    const refusal = this.#refusal(records.length > 0 ? role.add : role.settle)
    if (refusal !== null) return { sequences, durable: refused(refusal) }
    const batch = this.#loop.open()
    putGroup(batch, records, sequences, changes)
    const waiters = records.length > 0 ? batch.adders : batch.others
    return { sequences, durable: this.#loop.promiseOf(batch, waiters, durability) }
  }

  note(sequence: number, record: NewRecord, durability: Durability): Promise<void> {
    return this.#append(role.note, sequence, record, durability)
  }

  settle(sequence: number, record: NewRecord, durability: Durability): Promise<void> {
    return this.#append(role.settle, sequence, record, durability)
  }

  read(sequences: readonly number[]): Promise<readonly Entry[]> {
    const { folder, ledger, settings } = this.#parts
    return readAgain(sequences, { folder, ledger, flush: () => this.flush(), logger: settings.logger })
  }

  flush(): Promise<void> {
    const refusal = this.#refusal(role.settle)
    return refusal === null ? this.#loop.flush() : refused(refusal)
  }

  recover(): Promise<void> {
    if (this.#closed !== null) return refused(new LogClosedError({ log: this.#parts.folder.path }))
    return this.#revival.run(() => this.#loop.atRest()).then(() => this.#loop.wake())
  }

  watch(receive: (entries: readonly Entry[]) => void): () => void {
    this.#siblings?.watch(receive)
    return () => void this.#siblings?.end()
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  // What boot and adoption need beside the contract.

  /** A record of the log itself; on disk when the promise resolves. */
  mark(type: number, body: Uint8Array = noBody): Promise<void> {
    if (this.health.state === 'failed') return refused(this.#writer.writeError())
    const batch = this.#loop.open()
    put(batch, { role: role.mark, flags: 0, sequence: 0 }, { type, count: 0, time: 0, body })
    return this.#loop.promiseOf(batch, batch.others, 'sync')
  }

  /** Adds an entry of another log under a sequence of this one; it counts once the adoption is marked as over. */
  adopt(entry: Entry): { readonly adopted: Entry; readonly durable: Promise<void> } {
    const sequence = this.#nextSequence++
    const adopted = { ...entry, sequence }
    const refusal = this.health.state === 'ok' ? null : this.#refusal(role.add)
    if (refusal !== null) return { adopted, durable: refused(refusal) }
    const fields = { flags: recordFlag.adopted, sequence, origin: entry.sequence }
    const batch = this.#loop.open()
    put(batch, { ...fields, role: role.add }, entry.added)
    if (entry.note !== null) put(batch, { ...fields, role: role.note }, entry.note)
    return { adopted, durable: this.#loop.promiseOf(batch, batch.adders, 'sync') }
  }

  /** Takes back an entry of an adoption that is given up; the mark that says so is the caller's. */
  disown(sequence: number): void {
    this.#parts.ledger.remove(sequence)
  }

  /** While entries are adopted nothing is tidied: a copy of one would count although the adoption may not. */
  pauseTidying(): () => void {
    return this.#loop.pauseTidying()
  }

  /** Damage was found in a log that is adopted. */
  addDamages(count: number): void {
    this.#damages += count
  }

  /** Makes the first segment, or is full. @throws the error of the file system. */
  begin(): Promise<void> {
    return this.#writer.begin()
  }

  /** The end of boot: this is what the owner will find in `recovered`. */
  ready(recovered: Recovered, siblings: Siblings): void {
    this.#recovered = recovered
    this.#siblings = siblings
    this.#loop.wake() // former processes may have left segments to tidy away
  }

  #append(kind: number, sequence: number, record: NewRecord, durability: Durability): Promise<void> {
    refuseInvalid(record)
    const refusal = this.#refusal(kind)
    if (refusal !== null) {
      if (kind !== role.add) this.#miss(kind, sequence, record)
      return refused(refusal)
    }
    const batch = this.#loop.open()
    put(batch, { role: kind, flags: 0, sequence }, record)
    return this.#loop.promiseOf(batch, waitersOf(kind, batch), durability)
  }

  #refusal(kind: number): Error | null {
    if (this.#closed !== null) return new LogClosedError({ log: this.#parts.folder.path })
    const { state } = this.health
    if (state === 'failed') return this.#writer.writeError()
    return state === 'full' && kind === role.add ? this.#writer.fullError() : null
  }

  #miss(kind: number, sequence: number, record: NewRecord): void {
    if (this.#closed === null) this.#missed.keep(kind, sequence, record)
  }

  async #close(): Promise<void> {
    await this.#siblings?.end()
    this.#loop.end()
    const ended = this.health.state === 'failed' ? null : this.mark(markType.closed)
    // Whoever still waits is told by his own promise; a log that failed is closed all the same.
    await ended?.catch(() => {})
    await this.#revival.ended
    await this.#loop.close()
    // What had to be on disk was synced: an error of close() says nothing about it.
    await this.#parts.segments.close().catch(() => {})
    await this.#writer.committer.close()
    this.#parts.lock.release()
    this.#siblings?.release()
  }
}

function waitersOf(kind: number, batch: { readonly adders: Waiters; readonly others: Waiters }): Waiters {
  return kind === role.add ? batch.adders : batch.others
}

/** Not everybody looks at the promise of a note; the log's health tells of it too. */
function refused(error: Error): Promise<void> {
  const promise = Promise.reject(error)
  promise.catch(() => {})
  return promise
}
