/** What one can ask of jobs from outside, by their ids: what became of them, to stop, to try again, to be forgotten. */
import type { EntryLog } from '../wal'
import type { Cancellation } from './cancellation'
import type { DeadEntry, DeadJobs } from './dead-jobs'
import type { Endings } from './endings'
import { JobCancelledError, NoResultError, UnknownTaskError } from './errors'
import type { Job } from './job'
import { handleOf } from './job-handle'
import type { Journal } from './journal'
import type { JobListOptions, JobView, Lookup, StoredJobView, StoredView } from './lookup'
import type { UniqueKeys } from './queues/unique-keys'
import type { TaskPlan } from './task-plan'
import type { Waiting } from './waiting'

export interface JobDeskWorld {
  readonly log: EntryLog
  readonly journal: Journal
  readonly dead: DeadJobs
  readonly unique: UniqueKeys
  readonly lookup: Lookup
  readonly cancellation: Cancellation
  readonly endings: Endings
  readonly waiting: Waiting
  readonly planNamed: (task: string) => TaskPlan | undefined
  /** The dead job of this entry as one that was never attempted. */
  readonly reborn: (sequence: number) => Promise<Job | null>
  readonly place: (job: Job) => void
}

export class JobDesk {
  readonly #world: JobDeskWorld
  /** Dead jobs that are just being written about. */
  readonly #busy = new Set<number>()

  constructor(world: JobDeskWorld) {
    this.#world = world
  }

  find(id: string): Promise<JobView | null> {
    return this.#world.lookup.find(id)
  }

  list(options: JobListOptions | undefined): Promise<readonly JobView[]> {
    return this.#world.lookup.list(options)
  }

  /** As `find`, of a job whose arguments are not read. */
  show(id: string): Promise<StoredJobView | null> {
    return this.#world.lookup.show(id)
  }

  /** As `list`, without arguments. @throws InvalidOptionError, or the signal's reason */
  rows(options: JobListOptions, signal: AbortSignal): Promise<readonly StoredView[]> {
    return this.#world.lookup.rows(options, signal)
  }

  cancel(id: string): Promise<boolean> {
    return this.#world.cancellation.cancel(id)
  }

  async result(id: string, signal: AbortSignal | undefined): Promise<unknown> {
    const { lookup, planNamed, waiting } = this.#world
    // Before looking: it may end meanwhile.
    const giveUp = new AbortController()
    const ended = waiting.for(
      id,
      signal === undefined ? giveUp.signal : AbortSignal.any([signal, giveUp.signal]),
    )
    ended.catch(() => undefined)
    try {
      const job = await lookup.find(id)
      if (job === null)
        throw new NoResultError({ job: id, problem: 'there is no such job, or it is over and forgotten' })
      if (job.state === 'done') return job.result
      if (job.state === 'cancelled') throw new JobCancelledError({ task: job.task, job: id })
      if (job.state === 'dead')
        throw new NoResultError({ job: id, problem: `it is dead: ${job.error!.message}` })
      if ((planNamed(job.task)?.keepResultMs ?? 0) === 0)
        throw new NoResultError({ job: id, problem: `${job.task} keeps none` })
      return await ended
    } finally {
      giveUp.abort()
    }
  }

  retryDead(id: string): Promise<boolean> {
    return this.#withDead(id, (entry) => this.#retry(entry))
  }

  discardDead(id: string): Promise<boolean> {
    return this.#withDead(id, (entry) => this.#discard(entry))
  }

  /** Answers how many. Tasks that are not registered keep theirs. */
  retryAllDead(): Promise<number> {
    const { dead, planNamed } = this.#world
    const known = [...dead.entries()].filter(({ task }) => planNamed(task) !== undefined)
    return this.#each(known, (id) => this.retryDead(id))
  }

  discardAllDead(): Promise<number> {
    return this.#each([...this.#world.dead.entries()], (id) => this.discardDead(id))
  }

  /** Some at a time, in their order: they share commits, and leave room for others. */
  async #each(entries: readonly DeadEntry[], act: (id: string) => Promise<boolean>): Promise<number> {
    let count = 0
    for (let start = 0; start < entries.length; start += atOnce) {
      const acted = await Promise.all(entries.slice(start, start + atOnce).map(({ id }) => act(id)))
      count += acted.filter((isDone) => isDone).length
    }
    return count
  }

  async #withDead(id: string, act: (entry: DeadEntry) => Promise<boolean>): Promise<boolean> {
    const entry = this.#world.dead.find(id)
    if (entry === null || this.#busy.has(entry.sequence)) return false
    this.#busy.add(entry.sequence)
    try {
      return await act(entry)
    } finally {
      this.#busy.delete(entry.sequence)
    }
  }

  async #retry({ sequence, task, death }: DeadEntry): Promise<boolean> {
    const { dead, endings, log, place, planNamed, reborn, unique } = this.#world
    if (planNamed(task) === undefined) throw new UnknownTaskError({ task, log: log.id })
    const job = await reborn(sequence)
    // The limit has pushed it out meanwhile.
    if (job === null) return false
    const holder = unique.claim(job, handleOf(job))
    if (holder !== null && holder.id !== job.id) return false
    try {
      await endings.revived(job, death.error.message)
    } catch (error) {
      if (holder === null) unique.dropped(job)
      throw error
    }
    unique.stored(job)
    dead.remove(sequence)
    place(job)
    return true
  }

  async #discard({ sequence }: DeadEntry): Promise<boolean> {
    const { dead, journal, unique } = this.#world
    const keyUntil = unique.windowAt(sequence)
    await journal.discarded(sequence, keyUntil)
    // Not before: one that could not be discarded may be attempted again, and needs its entry.
    if (keyUntil !== null) unique.settleWithKey(sequence)
    dead.remove(sequence)
    return true
  }
}

const atOnce = 256
