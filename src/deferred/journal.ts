/**
 * What happens to jobs, written to the log: which record, and how safe it must be before we go on.
 *
 *   added                as the option `durability` says; the caller of enqueue waits for it
 *   started              in the kernel before the attempt begins, or a job that kills the process would leave no trace
 *   retry, released      in the kernel, nobody waits: if lost, the attempt counts as a crash or is made again
 *   dead                 on disk, nobody waits
 *   done                 with the next commit: if lost, the job runs once more
 */
import type { Durability, EntryLog } from '../wal'
import { Breather } from './breather'
import type { Job } from './job'
import {
  addedRecord,
  type Death,
  deadRecord,
  doneRecord,
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

export class Journal {
  readonly log: EntryLog
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
    durability: NonNullable<DeferredOptions['durability']>,
    failed: (error: unknown) => void,
  ) {
    this.log = log
    this.#added = ofAdded[durability]
    this.#started = durability === 'memory' ? 'none' : 'write'
    this.#failed = failed
  }

  /** Resolves when the job may be acknowledged. */
  added(job: Job): Promise<void> {
    const { sequence, durable } = this.log.add(addedRecord(job), this.#added)
    job.sequence = sequence
    return this.#paced(durable)
  }

  /** As `added`, all or none. */
  addedAll(jobs: readonly Job[]): Promise<void> {
    const { sequences, durable } = this.log.addAll(jobs.map(addedRecord), this.#added)
    jobs.forEach((job, index) => {
      job.sequence = sequences[index]!
    })
    return this.#paced(durable)
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
