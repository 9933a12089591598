/**
 * What is done about jobs beside running them: their ends and what follows, who asks for them, who takes them back. Composes
 * those parts for one log; the worker comes by where a job begins or ends.
 */
import type { Clock } from '../kernel'
import type { ErrorReports } from '../telemetry'
import type { Entry } from '../wal'
import type { Args } from './args'
import type { Attempt } from './attempt'
import { Batches } from './batches'
import { Cancellation } from './cancellation'
import type { DeadJobs } from './dead-jobs'
import { Endings } from './endings'
import { NoResultError } from './errors'
import type { Job } from './job'
import { JobDesk } from './job-desk'
import { decodeAdded, isOver, recordTypes } from './job-record'
import type { AddedJob, Journal } from './journal'
import { KeptResults } from './kept-results'
import type { Succession } from './links'
import { Lookup } from './lookup'
import type { ParkedJobs } from './parked-jobs'
import type { UniqueKeys } from './queues/unique-keys'
import type { TaskPlan } from './task-plan'
import { Waiting } from './waiting'

export interface OversightWorld {
  readonly clock: Clock
  readonly errors: ErrorReports
  readonly args: Args
  readonly settings: { readonly resultLimit: number }
  readonly journal: Journal
  readonly dead: DeadJobs
  readonly unique: UniqueKeys
  readonly parked: ParkedJobs
  readonly planNamed: (task: string) => TaskPlan | undefined
  readonly restore: (entry: Entry) => Job | null
  /** The job of an entry as if it had never been attempted; `null` when its task is not registered. */
  readonly reborn: (entry: Entry) => Job | null
  readonly successor: (succession: Succession) => AddedJob
  /** Those under way. */
  readonly attempts: () => Iterable<Attempt>
  /** Jobs that could run, the next ones first. */
  readonly waiting: (limit: number) => readonly Job[]
  /** Sequences of delayed jobs, the earliest first. */
  readonly delayed: (limit: number) => readonly number[]
  readonly delayedCount: () => number
  readonly dropDelayed: (isGone: (sequence: number) => boolean) => void
  /** A job does not wait for its time any more. */
  readonly notDelayed: (job: Job) => void
  /** Accepts a job that is in the log. */
  readonly place: (job: Job) => void
}

/** Of jobs that were taken back and are still in memory, a list looks past as many. */
const mostWithheld = 10_000

export class Oversight {
  readonly batches = new Batches()
  readonly kept: KeptResults
  readonly endings: Endings
  readonly cancellation: Cancellation
  readonly desk: JobDesk
  readonly #waiting = new Waiting()

  constructor(world: OversightWorld) {
    const { clock, journal, settings } = world
    const { log } = journal
    const waiting = this.#waiting
    this.kept = new KeptResults(clock, settings.resultLimit, (sequence) => journal.done(sequence))
    this.endings = new Endings({ ...world, batches: this.batches, kept: this.kept, waiting })
    const lookup = new Lookup({
      ...world,
      kept: this.kept,
      waiting: (limit) => this.#notWithheld(world.waiting, limit, ({ sequence }) => sequence),
      delayed: (limit) => this.#notWithheld(world.delayed, limit, (sequence) => sequence),
      isWithheld: (sequence) => this.cancellation.has(sequence),
    })
    const entryAt = async (sequence: number): Promise<Entry | null> => (await log.read([sequence]))[0] ?? null
    const reborn = async (sequence: number): Promise<Job | null> => {
      const entry = await entryAt(sequence)
      return entry === null ? null : world.reborn(entry)
    }
    const cancelParked = async (sequence: number): Promise<boolean> => {
      const entry = await entryAt(sequence)
      // Somebody else was faster.
      if (entry === null || !world.parked.delete(sequence)) return false
      const { id, task, links } = decodeAdded(entry.added)
      const plan = world.planNamed(task) ?? { name: task, keepResultMs: 0 }
      try {
        await this.endings.cancelled({ id, plan, sequence, links }, entry.note?.count ?? 0)
      } catch (error) {
        world.parked.add(sequence)
        throw error
      }
      const job = world.reborn(entry)
      if (job !== null) world.unique.dropped(job)
      return true
    }
    this.cancellation = new Cancellation({
      log,
      endings: this.endings,
      attemptOf: (id) => lookup.attemptOf(id),
      locate: async (id) => (await lookup.entryOf(id))?.sequence ?? null,
      open: async (sequence) => {
        const entry = await entryAt(sequence)
        if (entry === null || isOver(entry.note)) return null
        return entry.note?.type === recordTypes.started ? world.reborn(entry) : world.restore(entry)
      },
      cancelParked: (sequence) => (world.parked.has(sequence) ? cancelParked(sequence) : null),
      isDelayed: (job) => job.runAt > clock.now(),
      freed: (job, wasDelayed) => {
        world.unique.dropped(job)
        if (wasDelayed) world.notDelayed(job)
      },
      place: world.place,
      delayed: world.delayedCount,
      drop: world.dropDelayed,
    })
    const { cancellation, endings } = this
    const place = (job: Job): void => {
      world.unique.restore(job)
      world.place(job)
    }
    this.desk = new JobDesk({ ...world, log, lookup, cancellation, endings, waiting, reborn, place })
  }

  #notWithheld<T>(
    next: (limit: number) => readonly T[],
    limit: number,
    sequenceOf: (item: T) => number,
  ): readonly T[] {
    const withheld = this.cancellation.delayed + this.cancellation.waiting
    if (withheld === 0) return next(limit)
    const items = next(limit + Math.min(withheld, mostWithheld))
    return items.filter((item) => !this.cancellation.has(sequenceOf(item))).slice(0, limit)
  }

  /** The end of recovery: batches whose last member ended as the process died are over now. */
  async recovered(): Promise<void> {
    for (const left of this.batches.counted()) await this.endings.batchOver(left)
  }

  /** Arms no timer any more, and lets nobody wait. */
  close(): void {
    this.kept.stop()
    this.#waiting.rejectAll(
      (job) => new NoResultError({ job, problem: 'this process ends before the job does' }),
    )
  }
}
