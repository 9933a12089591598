/**
 * The jobs of a log that nobody runs: for looking at a stopped process's log and, once it was taken, retrying and discarding
 * in it, and moving it to an engine. Knows no task classes; arguments stay the text they are.
 */
import { encodeCarrier } from '../context'
import { bodyText, type Entry, type EntryLog } from '../wal'
import type { StoredJob } from './engine'
import { type Death, type DecodedJob, decodeAdded, decodeDeath, doneRecord, recordTypes } from './job-record'
import { type JobView, lastFailure } from './lookup'

/** `interrupted`: it ran when its process died. */
export type RestingState = 'waiting' | 'delayed' | 'interrupted' | 'dead'

export interface RestingJob {
  readonly sequence: number
  readonly id: string
  readonly task: string
  readonly state: RestingState
  readonly queue: string
  readonly priority: number
  /** Epoch milliseconds. */
  readonly enqueuedAt: number
  readonly runAt: number
  /** Attempts that failed. */
  readonly attempts: number
  /** As in its record. */
  readonly args: string
  /** What the last attempt failed with, or `null`; name and stack are kept of dead jobs only. */
  readonly error: JobView['error']
  readonly reason: Death['reason'] | null
  readonly diedAt: number | null
  /** It is part of a chain or batch. */
  readonly isLinked: boolean
  /** Why an engine could not take it over as it is, or `null`. */
  readonly stays: string | null
  readonly stored: StoredJob
}

const nothing = new Uint8Array(0)

export class RestingJobs {
  /** In the order they were enqueued. */
  readonly jobs: readonly RestingJob[]
  /** Entries that are not jobs to be run: kept results and keys, batches. */
  readonly others: number
  /** Entries that this version cannot read. */
  readonly unreadable: number
  /** `null` = they are only looked at. */
  readonly #log: EntryLog | null

  private constructor(log: EntryLog | null, found: Pick<RestingJobs, 'jobs' | 'others' | 'unreadable'>) {
    this.jobs = found.jobs
    this.others = found.others
    this.unreadable = found.unreadable
    this.#log = log
  }

  /** Takes over what the log recovered. */
  static in(log: EntryLog, now: number): Promise<RestingJobs> {
    return RestingJobs.#among(log.recovered, log, now)
  }

  /** Of logs that were not taken: nothing can be done about them. */
  static seen(recovered: EntryLog['recovered'], now: number): Promise<RestingJobs> {
    return RestingJobs.#among(recovered, null, now)
  }

  static async #among(
    recovered: EntryLog['recovered'],
    log: EntryLog | null,
    now: number,
  ): Promise<RestingJobs> {
    const jobs: RestingJob[] = []
    let others = 0
    let unreadable = 0
    for await (const part of recovered) {
      for (const entry of part) {
        try {
          const job = jobFrom(entry, now)
          if (job === null) others += 1
          else jobs.push(job)
        } catch {
          unreadable += 1
        }
      }
    }
    return new RestingJobs(log, { jobs, others, unreadable })
  }

  find(id: string): RestingJob | null {
    return this.jobs.find((job) => job.id === id) ?? null
  }

  /** A dead job gets all of its attempts again. Resolves when that is on disk. */
  retry(job: RestingJob, now: number): Promise<void> {
    const record = { type: recordTypes.retry, count: 0, time: now, body: nothing }
    return this.#taken().note(job.sequence, record, 'sync')
  }

  /** Resolves when that is on disk. */
  async forget(jobs: readonly RestingJob[]): Promise<void> {
    const log = this.#taken()
    await Promise.all(jobs.map((job) => log.settle(job.sequence, doneRecord, 'sync')))
  }

  #taken(): EntryLog {
    if (this.#log === null) throw new Error('the log was only looked at')
    return this.#log
  }
}

function jobFrom(entry: Entry, now: number): RestingJob | null {
  const { added, note, sequence } = entry
  if (added.type === recordTypes.batch) return null
  const decoded = decodeAdded(added)
  if (note?.type === recordTypes.kept || note?.type === recordTypes.result) return null
  if (note?.type === recordTypes.cancelled) return null
  const isDead = note?.type === recordTypes.dead
  const isInterrupted = note?.type === recordTypes.started
  const attempts = note === null ? 0 : isInterrupted ? note.count - 1 : note.count
  const runAt = note?.type === recordTypes.retry ? note.time : added.time
  const { id, task, args, queue, priority, carrier, enqueuedAt } = decoded
  const death = isDead ? decodeDeath(note) : null
  const failure = note?.type === recordTypes.retry ? lastFailure(bodyText(note)) : null
  const due = runAt > now ? 'delayed' : 'waiting'
  return {
    sequence,
    id,
    task,
    state: isDead ? 'dead' : isInterrupted ? 'interrupted' : due,
    queue,
    priority,
    enqueuedAt,
    runAt,
    attempts,
    args,
    error: death?.error ?? failure,
    reason: death?.reason ?? null,
    diedAt: isDead ? note.time : null,
    isLinked: decoded.links !== null,
    stays: isDead ? 'dead' : bond(decoded),
    stored: { v: 1, id, task, args, context: encodeCarrier(carrier), runAt, failures: attempts, priority },
  }
}

/** What of the log itself the job depends on. */
function bond({ unique, links, queue }: DecodedJob): string | null {
  if (links !== null) return 'part of a chain or batch'
  if (unique !== null) return 'with a unique key'
  return queue === 'default' ? null : 'in a queue of its own'
}
