/**
 * What happens to jobs, written to the log: which record, and how safe it must be before we go on.
 *
 *   added                as the option `durability` says; the caller of enqueue waits for it
 *   started              in the kernel before the attempt begins, or a job that kills the process would leave no trace
 *   retry, released      in the kernel, nobody waits: if lost, the attempt counts as a crash or is made again
 *   dead                 on disk, nobody waits
 *   kept                 in the kernel, nobody waits: if lost, the job runs once more
 *   done                 with the next commit: if lost, the job runs once more
 */
import { type Durability, type EntryChange, type EntryLog, type NewRecord, StorageFullError } from '../wal'
import type { Batch } from './batches'
import { Breather } from './breather'
import type { Job } from './job'
import type { JobIds } from './job-ids'
import { JobIndex } from './job-index'
import {
  addedRecord,
  batchRecord,
  type Death,
  deadRecord,
  doneRecord,
  keptRecord,
  releasedRecord,
  retryRecord,
  startedRecord,
} from './job-record'
import type { DeferredOptions } from './options'

const ofAdded: Record<NonNullable<DeferredOptions['durability']>, Durability> = {
  sync: 'sync',
  interval: 'write',
  memory: 'none',
}

/** A job that is added together with the end of another; `job` is `null` when its task is not registered here. */
export interface AddedJob {
  readonly id: string
  readonly record: NewRecord
  readonly job: Job | null
}

export class Journal {
  readonly log: EntryLog
  /** Where the jobs of this log are. */
  readonly index = new JobIndex()
  readonly #ids: JobIds
  readonly #added: Durability
  readonly #started: Durability
  readonly #failed: (error: unknown) => void
  /** For the durability that waits for nothing. */
  readonly #breather = new Breather()
  /** The commit watched last: many records share one, and one handler per commit is enough. */
  #watched: Promise<void> | null = null

  /** @param failed told of writes that failed and that nobody waits for. */
  constructor(
    log: EntryLog,
    ids: JobIds,
    durability: NonNullable<DeferredOptions['durability']>,
    failed: (error: unknown) => void,
  ) {
    this.log = log
    this.#ids = ids
    this.#added = ofAdded[durability]
    this.#started = durability === 'memory' ? 'none' : 'write'
    this.#failed = failed
  }

  /** Resolves when the job may be acknowledged. */
  added(job: Job): Promise<void> {
    const { sequence, durable } = this.log.add(addedRecord(job), this.#added)
    job.sequence = sequence
    this.index.addOwn(this.#ids, job.id, sequence)
    return this.#paced(durable)
  }

  /** As `added`, all or none. */
  addedAll(jobs: readonly Job[]): Promise<void> {
    const { sequences, durable } = this.log.addAll(jobs.map(addedRecord), this.#added)
    this.#placed(jobs, sequences)
    return this.#paced(durable)
  }

  /** As `addedAll`; `sequence` is that of the batch. */
  batchAdded(
    batch: Batch,
    jobs: readonly Job[],
  ): { readonly sequence: number; readonly durable: Promise<void> } {
    const records = [batchRecord(batch), ...jobs.map(addedRecord)]
    const { sequences, durable } = this.log.addAll(records, this.#added)
    const [sequence, ...others] = sequences
    this.#placed(jobs, others)
    return { sequence: sequence!, durable: this.#paced(durable) }
  }

  /**
   * All of it or nothing after a crash: what becomes of jobs that are there, and the jobs that follow. Answers the sequences of
   * those. Where none follows, a full disk is no failure: the log keeps the changes until it has room.
   */
  async group(
    changes: readonly EntryChange[],
    added: readonly AddedJob[],
    durability: Durability,
  ): Promise<readonly number[]> {
    const records = added.map(({ record }) => record)
    const { sequences, durable } = this.log.addAll(records, durability, changes)
    added.forEach(({ id, job }, index) => {
      if (job !== null) job.sequence = sequences[index]!
      this.index.add(id, sequences[index]!)
    })
    await (added.length === 0 ? unlessFull(durable) : durable)
    return sequences
  }

  #placed(jobs: readonly Job[], sequences: readonly number[]): void {
    jobs.forEach((job, index) => {
      job.sequence = sequences[index]!
      this.index.add(job.id, job.sequence)
    })
  }

  /** Resolves when the attempt may begin; the caller handles a failure. */
  started(job: Job): Promise<void> {
    return this.log.note(job.sequence, startedRecord(job), this.#started)
  }

  retry(job: Job, error: unknown): void {
    this.#watch(this.log.note(job.sequence, retryRecord(job, error), 'write'))
  }

  released(job: Job): void {
    this.#watch(this.log.note(job.sequence, releasedRecord(job), 'write'))
  }

  dead(job: Job, diedAt: number, death: Death): void {
    this.#watch(this.log.note(job.sequence, deadRecord(job.attempts, diedAt, death), 'sync'))
  }

  kept(sequence: number, until: number): void {
    this.#watch(this.log.note(sequence, keptRecord(until), 'write'))
  }

  /**
   * On disk when it resolves, or kept until a full disk has room.
   *
   * @param keyUntil what is left of its window keeps the entry; `null` = nothing does.
   */
  discarded(sequence: number, keyUntil: number | null): Promise<void> {
    return unlessFull(
      keyUntil === null
        ? this.log.settle(sequence, doneRecord, 'sync')
        : this.log.note(sequence, keptRecord(keyUntil), 'sync'),
    )
  }

  done(sequence: number): void {
    this.#watch(this.log.settle(sequence, doneRecord, 'none'))
  }

  #paced(durable: Promise<void>): Promise<void> {
    return this.#added === 'none' ? this.#breather.pause().then(() => durable) : durable
  }

  #watch(written: Promise<void>): void {
    if (written === this.#watched) return
    this.#watched = written
    written.catch(this.#failed)
  }
}

/** What a full disk has no room for is not lost, unless the process dies before it has: see `Missed` in wal. */
async function unlessFull(durable: Promise<void>): Promise<void> {
  try {
    await durable
  } catch (error) {
    if (!(error instanceof StorageFullError)) throw error
  }
}
