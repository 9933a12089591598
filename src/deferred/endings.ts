/**
 * The end of jobs from which something follows: a result that is kept, the next job of a chain, the end of a batch,
 * somebody who waits. What follows is written in one group with the end, so that a crash leaves both or neither: the
 * job runs again, or what follows it is there. Jobs that are simply done never come by here.
 */
import type { Clock } from '../kernel'
import type { ErrorReports } from '../telemetry'
import type { Durability, EntryChange } from '../wal'
import type { Args } from './args'
import type { Batches, Leaving, Left } from './batches'
import { InvalidResultError, JobCancelledError, NoResultError } from './errors'
import type { Job } from './job'
import {
  cancelledRecord,
  type Death,
  deadRecord,
  doneRecord,
  keptRecord,
  resultRecord,
  retryRecord,
} from './job-record'
import type { AddedJob, Journal } from './journal'
import type { KeptResults } from './kept-results'
import type { JobLinks, Succession } from './links'
import type { ParkedJobs } from './parked-jobs'
import type { UniqueKeys } from './queues/unique-keys'
import type { TaskPlan } from './task-plan'
import type { Waiting } from './waiting'

export interface EndingsWorld {
  readonly clock: Clock
  readonly errors: ErrorReports
  readonly args: Args
  readonly journal: Journal
  readonly batches: Batches
  readonly kept: KeptResults
  readonly unique: UniqueKeys
  readonly waiting: Waiting
  readonly parked: ParkedJobs
  /** The job that follows, with what is written of it; `job` is `null` when its task is not registered here. */
  readonly successor: (succession: Succession) => AddedJob
  /** Accepts a job that is in the log. */
  readonly place: (job: Job) => void
}

/** What is known of a job also when its task is not registered. */
export interface CancelledJob extends Pick<Job, 'id' | 'sequence' | 'links'> {
  readonly plan: Pick<TaskPlan, 'name' | 'keepResultMs'>
}

export class Endings {
  readonly #world: EndingsWorld

  constructor(world: EndingsWorld) {
    this.#world = world
  }

  /** Resolves once written, and rejects when it could not be: then the job has not ended. */
  async done(job: Job, attempt: number, value: unknown): Promise<void> {
    const { args, clock, kept, journal, unique, waiting } = this.#world
    const { sequence, links, carrier, plan } = job
    const isKept = plan.keepResultMs > 0
    // Its key is its own until its end is written: until then it has not ended.
    const keyUntil = unique.windowOf(job)
    const successions =
      links?.followedBy === undefined ? [] : [{ planned: links.followedBy, carrier, outcome: null }]
    if (!isKept) {
      const record = keyUntil === null ? doneRecord : keptRecord(keyUntil)
      const change = { sequence, record, settles: keyUntil === null }
      await this.#end(change, links, 'done', successions, 'write')
      // The window may have ended meanwhile.
      if (unique.over(job, true) === null && keyUntil !== null) journal.done(sequence)
      return
    }
    const text = this.#encode(job, value)
    const expiresAt = clock.now() + plan.keepResultMs
    const record = resultRecord(attempt, expiresAt, text)
    await this.#end({ sequence, record, settles: false }, links, 'done', successions, 'write')
    unique.over(job, false)
    kept.add(sequence, Math.max(expiresAt, keyUntil ?? 0))
    waiting.resolve(job.id, () => args.shown(plan.name, text))
  }

  /** Nobody waits for it to be written; one that is lost dies again. */
  dead(job: Job, diedAt: number, death: Death, error: unknown): void {
    const { errors, journal, waiting } = this.#world
    const { sequence, links, attempts, id } = job
    const problem = `it is dead: ${death.error.message}`
    waiting.reject(id, () => new NoResultError({ job: id, problem }, { cause: error }))
    if (links?.batch === undefined) {
      journal.dead(job, diedAt, death)
      return
    }
    const record = deadRecord(attempts, diedAt, death)
    this.#end({ sequence, record, settles: false }, links, 'dead', [], 'sync').catch((failure) =>
      errors.report(failure, { job: id, task: job.plan.name }),
    )
  }

  /** As `done`; on disk when it resolves. */
  async cancelled({ id, plan, sequence, links }: CancelledJob, attempts: number): Promise<void> {
    const { clock, kept, waiting } = this.#world
    const isKept = plan.keepResultMs > 0
    const expiresAt = isKept ? clock.now() + plan.keepResultMs : 0
    const record = cancelledRecord(attempts, expiresAt)
    await this.#end({ sequence, record, settles: !isKept }, links, 'cancelled', [], 'sync')
    if (isKept) kept.add(sequence, expiresAt)
    waiting.reject(id, () => new JobCancelledError({ task: plan.name, job: id }))
  }

  /** A dead job is open again: so is its batch, if that is. On disk when it resolves. */
  async revived(job: Job, lastError: string): Promise<void> {
    const { links, sequence } = job
    const left = links?.batch === undefined ? null : this.#world.batches.rejoin(links.batch)
    const record = retryRecord(job, lastError)
    await this.#write([{ sequence, record, settles: false }], left, [], 'sync')
  }

  /** What recovery found to be over. */
  async batchOver(left: Left): Promise<void> {
    await this.#write([], left, [], 'write')
  }

  #end(
    change: EntryChange,
    links: JobLinks | null,
    how: Leaving,
    successions: readonly Succession[],
    durability: Durability,
  ): Promise<void> {
    const left = links?.batch === undefined ? null : this.#world.batches.leave(links.batch, how)
    return this.#write([change], left, successions, durability)
  }

  async #write(
    changes: readonly EntryChange[],
    left: Left | null,
    successions: readonly Succession[],
    durability: Durability,
  ): Promise<void> {
    const { journal, parked, place, successor } = this.#world
    const all = left?.succession == null ? successions : [...successions, left.succession]
    const successors = all.map(successor)
    let sequences: readonly number[]
    try {
      sequences = await journal.group([...changes, ...(left?.changes ?? [])], successors, durability)
    } catch (error) {
      left?.undo()
      throw error
    }
    successors.forEach(({ job }, index) => {
      if (job === null) parked.add(sequences[index]!)
      else place(job)
    })
  }

  /** The work is done: a result that cannot be kept is no reason to do it again. */
  #encode(job: Job, value: unknown): string {
    const { args, errors } = this.#world
    try {
      return args.encode(job.plan, value)
    } catch (cause) {
      const facts = { task: job.plan.name, job: job.id }
      errors.report(new InvalidResultError(facts, { cause }), facts)
      return ''
    }
  }
}
