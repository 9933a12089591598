/**
 * What one can see of jobs from outside: one by its id, or some by their state. Reads what it shows from memory where the
 * job is there anyway, else from the log, a bounded number of entries at a time.
 */
import { type Clock, InvalidOptionError } from '../kernel'
import { bodyText, type Entry } from '../wal'
import type { Args } from './args'
import type { Attempt } from './attempt'
import type { DeadEntry, DeadJobs } from './dead-jobs'
import type { Job } from './job'
import { decodeAdded, decodeDeath, recordTypes } from './job-record'
import type { Journal } from './journal'
import type { KeptResults } from './kept-results'
import type { ParkedJobs } from './parked-jobs'

/**
 * `parked`: this process cannot run it, since its task is not registered or its arguments cannot be read. `done` and
 * `cancelled` are known for as long as `static keepResults` says.
 */
export type JobState = 'waiting' | 'delayed' | 'running' | 'parked' | 'done' | 'dead' | 'cancelled'

/** What is known about a job. */
export interface JobView {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly state: JobState
  /** `undefined` when this process cannot read them. */
  readonly args: unknown
  /** Number of the attempt that runs or was the last; 0 = there was none. */
  readonly attempt: number
  /** Epoch milliseconds. */
  readonly enqueuedAt: number
  /** When the next attempt may begin, epoch milliseconds; `null` unless it waits. */
  readonly runAt: number | null
  /** What `perform` reported last, while it runs; else `null`. */
  readonly progress: unknown
  /** What `perform` returned, once it is done; else `undefined`. */
  readonly result: unknown
  /** What the last attempt failed with, or `null`; name and stack are kept of dead jobs only. */
  readonly error: {
    readonly name: string | null
    readonly message: string
    readonly stack: string | null
  } | null
}

export interface JobListOptions {
  /** Default: all of them, those that run first. */
  readonly state?: JobState
  /** 1 to 1,000. Default 100. */
  readonly limit?: number
}

export interface LookupWorld {
  readonly clock: Clock
  readonly args: Args
  readonly journal: Journal
  readonly dead: DeadJobs
  readonly kept: KeptResults
  readonly parked: ParkedJobs
  readonly attempts: () => Iterable<Attempt>
  /** Jobs that could run, the next ones first. */
  readonly waiting: (limit: number) => readonly Job[]
  /** Sequences of delayed jobs, the earliest first. */
  readonly delayed: (limit: number) => readonly number[]
  /** Whether the job was taken back. */
  readonly isWithheld: (sequence: number) => boolean
}

const states: readonly JobState[] = ['running', 'waiting', 'delayed', 'parked', 'dead', 'done', 'cancelled']
const mostListed = 1_000

export class Lookup {
  readonly #world: LookupWorld

  constructor(world: LookupWorld) {
    this.#world = world
  }

  attemptOf(id: string): Attempt | null {
    for (const attempt of this.#world.attempts()) if (attempt.isOpen && attempt.job.id === id) return attempt
    return null
  }

  /** The entry of this job; `null` when it is over and forgotten, or was never here. */
  async entryOf(id: string): Promise<Entry | null> {
    const { journal } = this.#world
    for (const entry of await journal.log.read(journal.index.find(id))) if (idIn(entry) === id) return entry
    return null
  }

  async find(id: string): Promise<JobView | null> {
    const attempt = this.attemptOf(id)
    if (attempt !== null) return this.#running(attempt)
    let entry = await this.entryOf(id)
    if (entry?.note?.type === recordTypes.started && this.attemptOf(id) === null) {
      // It is about to begin, or it has just ended and the log does not know yet.
      await this.#world.journal.log.flush()
      entry = await this.entryOf(id)
    }
    const begun = this.attemptOf(id)
    if (begun !== null) return this.#running(begun)
    return entry === null ? null : this.#stored(entry)
  }

  /** @throws InvalidOptionError */
  async list({ state, limit = 100 }: JobListOptions = {}): Promise<readonly JobView[]> {
    if (!Number.isInteger(limit) || limit < 1 || limit > mostListed)
      throw new InvalidOptionError({ option: 'list.limit', expected: `1 to ${mostListed}`, given: limit })
    if (state !== undefined && !states.includes(state))
      throw new InvalidOptionError({ option: 'list.state', expected: states.join(', '), given: state })
    const views: JobView[] = []
    for (const each of state === undefined ? states : [state])
      if (views.length < limit) views.push(...(await this.#inState(each, limit - views.length)))
    return views
  }

  async #inState(state: JobState, limit: number): Promise<readonly JobView[]> {
    const { attempts, dead, delayed, kept, parked, waiting } = this.#world
    if (state === 'running')
      return take(limit, attempts(), (attempt) => (attempt.isOpen ? this.#running(attempt) : null))
    if (state === 'dead') return take(limit, dead.entries(), (entry) => this.#dead(entry))
    if (state === 'waiting') return take(limit, waiting(limit), (job) => this.#waiting(job))
    const sequences = state === 'parked' ? parked.first(limit) : kept.some(mostListed)
    const entries = await this.#world.journal.log.read(state === 'delayed' ? delayed(limit) : sequences)
    return take(limit, entries, (entry) => {
      const view = this.#stored(entry)
      return view?.state === state ? view : null
    })
  }

  #running({ job, number, progress }: Attempt): JobView {
    return { ...this.#waiting(job)!, state: 'running', attempt: number, runAt: null, progress }
  }

  #waiting(job: Job): JobView | null {
    const { id, plan, queue, args, attempts, enqueuedAt, runAt, sequence } = job
    if (this.#world.isWithheld(sequence)) return null
    const shown = { id, task: plan.name, queue, args: this.#world.args.shown(plan.name, args) }
    return { ...shown, state: 'waiting', attempt: attempts, enqueuedAt, runAt, ...nothingYet }
  }

  #dead({ id, task, queue, args, attempts, enqueuedAt, death }: DeadEntry): JobView {
    const shown = { id, task, queue, args: this.#world.args.shown(task, args), enqueuedAt }
    return { ...shown, state: 'dead', attempt: attempts, runAt: null, ...nothingYet, error: death.error }
  }

  /** `null` when it is over and only kept for its key. */
  #stored(entry: Entry): JobView | null {
    const { clock, args, isWithheld, parked } = this.#world
    const { added, note, sequence } = entry
    const decoded = decodeAdded(added)
    const { id, task, queue, enqueuedAt } = decoded
    const shown = { id, task, queue, args: args.shown(task, decoded.args), enqueuedAt, ...nothingYet }
    const attempt = note?.count ?? 0
    const type = note?.type ?? recordTypes.added
    if (note !== null && (type === recordTypes.result || type === recordTypes.cancelled)) {
      if (note.time <= clock.now()) return null
      if (type === recordTypes.cancelled) return { ...shown, state: 'cancelled', attempt, runAt: null }
      return { ...shown, state: 'done', attempt, runAt: null, result: args.shown(task, bodyText(note)) }
    }
    if (note !== null && type === recordTypes.dead)
      return { ...shown, state: 'dead', attempt, runAt: null, error: decodeDeath(note).error }
    if (type === recordTypes.kept || isWithheld(sequence)) return null
    const runAt = note !== null && type === recordTypes.retry ? note.time : added.time
    const error = note !== null && type === recordTypes.retry ? lastFailure(bodyText(note)) : null
    const failures = type === recordTypes.started ? attempt - 1 : attempt
    if (parked.has(sequence)) return { ...shown, state: 'parked', attempt: failures, runAt: null, error }
    const state = runAt > clock.now() ? 'delayed' : 'waiting'
    return { ...shown, state, attempt: failures, runAt, error }
  }
}

const nothingYet = { progress: null, result: undefined, error: null }

function lastFailure(message: string): { name: null; message: string; stack: null } {
  return { name: null, message, stack: null }
}

function idIn({ added }: Entry): string | null {
  if (added.type !== recordTypes.added) return null
  try {
    return decodeAdded(added).id
  } catch {
    // The next boot parks and reports it.
    return null
  }
}

/** At most `limit` of what `view` makes of the items; `null` is left out. */
function take<Item>(limit: number, items: Iterable<Item>, view: (item: Item) => JobView | null): JobView[] {
  const views: JobView[] = []
  for (const item of items) {
    if (views.length === limit) break
    const seen = view(item)
    if (seen !== null) views.push(seen)
  }
  return views
}
