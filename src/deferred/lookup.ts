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
import { decodeAdded, decodeDeath, headerOf, recordTypes } from './job-record'
import type { Journal } from './journal'
import type { KeptResults } from './kept-results'
import type { ParkedJobs } from './parked-jobs'
import type { DeathReason } from './retry-policy'

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
  /** Of the task of this name alone. Delayed jobs then come in no order, and are looked for on disk: tens of thousands a second. */
  readonly task?: string
  /** 1 to 1,000. Default 100. */
  readonly limit?: number
}

/** As `JobView`, for those who cannot read arguments: they stay the text of their records. */
export interface StoredView extends Omit<JobView, 'args' | 'result'> {
  readonly args: string
  /** `null` = there is none, or none yet. */
  readonly result: string | null
  /** Of dead jobs. */
  readonly reason: DeathReason | null
  readonly diedAt: number | null
}

/** One of them, looked at closely. */
export interface StoredJobView extends StoredView {
  readonly priority: number
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
  /** Sequences of delayed jobs, the earliest first; of an infinite number, in no order. */
  readonly delayed: (limit: number) => readonly number[]
  /** Whether the job was taken back. */
  readonly isWithheld: (sequence: number) => boolean
}

const states: readonly JobState[] = ['running', 'waiting', 'delayed', 'parked', 'dead', 'done', 'cancelled']
const mostListed = 1_000
/** Entries in memory at a time: their arguments may be large. */
const readAtOnce = 100

/** What is looked for. */
interface Wanted {
  readonly limit: number
  /** `undefined` = any. */
  readonly task: string | undefined
  /** All that there is is gone through for it. */
  readonly isThorough: boolean
  /** Arguments and results are not looked at. */
  readonly isBrief: boolean
  readonly signal: AbortSignal | undefined
}

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
    const view = await this.show(id)
    return view === null ? null : this.#readable(view)
  }

  /** As `find`. */
  async show(id: string): Promise<StoredJobView | null> {
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
  async list(options: JobListOptions = {}): Promise<readonly JobView[]> {
    return (await this.#some(options, false, undefined)).map((view) => this.#readable(view))
  }

  /**
   * As `list`, but what lies on disk is shown without its arguments.
   *
   * @throws InvalidOptionError, or the signal's reason: it was not done in time.
   */
  rows(options: JobListOptions, signal: AbortSignal): Promise<readonly StoredView[]> {
    return this.#some(options, true, signal)
  }

  async #some(
    { state, task, limit = 100 }: JobListOptions,
    isBrief: boolean,
    signal: AbortSignal | undefined,
  ): Promise<readonly StoredView[]> {
    if (!Number.isInteger(limit) || limit < 1 || limit > mostListed)
      throw new InvalidOptionError({ option: 'list.limit', expected: `1 to ${mostListed}`, given: limit })
    if (state !== undefined && !states.includes(state))
      throw new InvalidOptionError({ option: 'list.state', expected: states.join(', '), given: state })
    if (task !== undefined && typeof task !== 'string')
      throw new InvalidOptionError({ option: 'list.task', expected: 'the name of a task', given: task })
    const views: StoredView[] = []
    const isThorough = state !== undefined || task !== undefined
    for (const each of state === undefined ? states : [state]) {
      const wanted = { limit: limit - views.length, task, isThorough, isBrief, signal }
      if (views.length < limit) views.push(...(await this.#inState(each, wanted)))
    }
    return views
  }

  async #inState(state: JobState, wanted: Wanted): Promise<StoredView[]> {
    const { attempts, dead, delayed, kept, parked, waiting } = this.#world
    const { limit, task, isThorough } = wanted
    const isOf = (name: string): boolean => task === undefined || name === task
    const look = task === undefined ? limit : Number.POSITIVE_INFINITY
    if (state === 'running')
      return take(limit, attempts(), (attempt) =>
        attempt.isOpen && isOf(attempt.job.plan.name) ? this.#running(attempt) : null,
      )
    if (state === 'dead')
      return take(limit, dead.entries(), (entry) => (isOf(entry.task) ? this.#dead(entry) : null))
    if (state === 'waiting')
      return take(limit, waiting(look), (job) => (isOf(job.plan.name) ? this.#waiting(job) : null))
    if (state === 'delayed') return this.#onDisk(state, delayed(look), wanted)
    if (state === 'parked') return this.#onDisk(state, parked.first(look), wanted)
    return this.#onDisk(state, kept.some(isThorough ? Number.POSITIVE_INFINITY : mostListed), wanted)
  }

  async #onDisk(state: JobState, sequences: readonly number[], wanted: Wanted): Promise<StoredView[]> {
    const { limit, task, isBrief, signal } = wanted
    const views: StoredView[] = []
    for (let start = 0; start < sequences.length && views.length < limit; start += readAtOnce) {
      signal?.throwIfAborted()
      const entries = await this.#world.journal.log.read(sequences.slice(start, start + readAtOnce))
      const found = take(limit - views.length, entries, (entry) => {
        if (task !== undefined && decodeAdded(headerOf(entry.added)).task !== task) return null
        const view = this.#stored(isBrief ? brief(entry) : entry)
        return view?.state === state ? view : null
      })
      views.push(...found)
    }
    return views
  }

  /** @throws nothing: what cannot be read is shown as `undefined`. */
  #readable(stored: StoredView & Partial<StoredJobView>): JobView {
    const { reason: _reason, diedAt: _diedAt, priority: _priority, ...view } = stored
    const { args } = this.#world
    const result = view.result === null ? undefined : args.shown(view.task, view.result)
    return { ...view, args: args.shown(view.task, view.args), result }
  }

  #running({ job, number, progress }: Attempt): StoredJobView {
    return { ...shownOf(job), state: 'running', attempt: number, runAt: null, progress }
  }

  #waiting(job: Job): StoredView | null {
    return this.#world.isWithheld(job.sequence) ? null : shownOf(job)
  }

  #dead({ id, task, queue, args, attempts, enqueuedAt, diedAt, death }: DeadEntry): StoredView {
    const shown = {
      id,
      task,
      queue,
      args,
      enqueuedAt,
      state: 'dead' as const,
      attempt: attempts,
      runAt: null,
    }
    return { ...shown, ...nothingYet, ...death, diedAt }
  }

  /** `null` when it is over and only kept for its key. */
  #stored({ added, note, sequence }: Entry): StoredJobView | null {
    const { clock, isWithheld, parked } = this.#world
    const { id, task, queue, priority, enqueuedAt, args } = decodeAdded(added)
    const shown = { id, task, queue, priority, args, enqueuedAt, ...nothingYet }
    const attempt = note?.count ?? 0
    const type = note?.type ?? recordTypes.added
    if (note !== null && (type === recordTypes.result || type === recordTypes.cancelled)) {
      if (note.time <= clock.now()) return null
      if (type === recordTypes.cancelled) return { ...shown, state: 'cancelled', attempt, runAt: null }
      return { ...shown, state: 'done', attempt, runAt: null, result: bodyText(note) }
    }
    if (note !== null && type === recordTypes.dead)
      return { ...shown, state: 'dead', attempt, runAt: null, ...decodeDeath(note), diedAt: note.time }
    if (type === recordTypes.kept || isWithheld(sequence)) return null
    const runAt = note !== null && type === recordTypes.retry ? note.time : added.time
    const error = note !== null && type === recordTypes.retry ? lastFailure(bodyText(note)) : null
    const failures = type === recordTypes.started ? attempt - 1 : attempt
    if (parked.has(sequence)) return { ...shown, state: 'parked', attempt: failures, runAt: null, error }
    const state = runAt > clock.now() ? 'delayed' : 'waiting'
    return { ...shown, state, attempt: failures, runAt, error }
  }
}

function shownOf({ id, plan, queue, priority, args, attempts, enqueuedAt, runAt }: Job): StoredJobView {
  const shown = { id, task: plan.name, queue, priority, args, enqueuedAt, runAt, ...nothingYet }
  return { ...shown, state: 'waiting', attempt: attempts }
}

/** Without arguments and results, which may be large. */
function brief({ added, note, sequence }: Entry): Entry {
  if (note?.type !== recordTypes.result) return { sequence, added: headerOf(added), note }
  const { type, count, time } = note
  return { sequence, added: headerOf(added), note: { type, count, time, body: nothing } }
}

const nothing = new Uint8Array(0)
const nothingYet = { progress: null, result: null, error: null, reason: null, diedAt: null }

/** A retry keeps the message alone. */
export function lastFailure(message: string): { name: null; message: string; stack: null } {
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
function take<Item, View>(limit: number, items: Iterable<Item>, view: (item: Item) => View | null): View[] {
  const views: View[] = []
  for (const item of items) {
    if (views.length === limit) break
    const seen = view(item)
    if (seen !== null) views.push(seen)
  }
  return views
}
