/**
 * What former processes left in the log, turned back into jobs. Nothing here can fail the boot: what cannot be
 * read, or names a task that is not registered, stays in the log, is counted and reported.
 */
import type { ErrorReports } from '../telemetry'
import type { Entry, EntryLog, EntryRecord } from '../wal'
import { CrashedJobError, UndecodableJobError, UnknownTaskError } from './errors'
import { Job } from './job'
import { crashesOf, type DecodedJob, decodeAdded, decodeDeath, recordTypes } from './job-record'
import type { Journal } from './journal'
import { PlainJobs } from './plain-jobs'
import type { Firings } from './schedule/firings'
import type { TaskPlan } from './task-plan'
import type { Worker } from './worker'

/** A job that was running this often when the process died, without one orderly end in between, is dead. */
const maxCrashes = 3
/** Entries are taken for so long per turn of the event loop, in ms, so that a long log does not stop a server from answering. */
const turnMs = 3
/** Entries between two looks at the clock. */
const entriesPerLook = 64

export interface RecoveryWorld {
  readonly journal: Journal
  readonly worker: Worker
  readonly errors: ErrorReports
  readonly planNamed: (task: string) => TaskPlan | undefined
  /** Tells which jobs of schedules are to run. */
  readonly firings: Firings
}

/** Hands every recovered job to the worker. */
export async function recover(
  world: RecoveryWorld,
  recovered: AsyncIterable<readonly Entry[]> | Iterable<readonly Entry[]> = world.journal.log.recovered,
): Promise<void> {
  const recovery = new Recovery(world)
  let turnEndsAt = 0
  for await (const part of recovered) {
    for (let index = 0; index < part.length; index++) {
      if (index % entriesPerLook === 0 && performance.now() >= turnEndsAt) {
        await new Promise((resolve) => setImmediate(resolve))
        turnEndsAt = performance.now() + turnMs
      }
      recovery.read(part[index]!)
    }
  }
  recovery.finish()
  await world.worker.oversight.recovered()
}

class Recovery {
  readonly #world: RecoveryWorld
  readonly #log: EntryLog
  readonly #unknown = new Set<string>()
  readonly #suspects: Job[] = []
  readonly #plain = new PlainJobs()

  constructor(world: RecoveryWorld) {
    this.#world = world
    this.#log = world.journal.log
  }

  read(entry: Entry): void {
    try {
      if (entry.added.type === recordTypes.batch) {
        this.#world.worker.oversight.batches.restore(entry)
        return
      }
      if (!this.#isPlacedFar(entry)) this.#place(entry, decodeAdded(entry.added))
    } catch (cause) {
      this.#world.worker.parked.addUnreadable()
      const problem = cause instanceof Error ? cause.message : String(cause)
      const facts = { log: this.#log.id, sequence: entry.sequence, problem }
      this.#world.errors.report(new UndecodableJobError(facts, { cause }), facts)
    }
  }

  /** Suspects that crashed most often go first: the guilty one should be found before others are charged again. */
  finish(): void {
    this.#suspects.sort((a, b) => b.crashes - a.crashes)
    for (const job of this.#suspects) this.#world.worker.placeSuspect(job)
  }

  /** Most of what a long log holds: a job that stays on disk, and of which only the name is read. */
  #isPlacedFar({ added, note, sequence }: Entry): boolean {
    const { journal, worker } = this.#world
    if (note !== null || !worker.isFar(added.time) || !this.#plain.read(added)) return false
    journal.index.addNumber(this.#plain.prefix, this.#plain.number, sequence)
    worker.placeFar(sequence, added.time)
    return true
  }

  #place(entry: Entry, decoded: DecodedJob): void {
    const { note, sequence } = entry
    const { journal, worker } = this.#world
    const { batches, kept } = worker.oversight
    journal.index.add(decoded.id, sequence)
    if (note?.type === recordTypes.dead) {
      const { id, task, queue, args, enqueuedAt } = decoded
      const death = decodeDeath(note)
      const dead = { sequence, id, task, queue, enqueuedAt, args, attempts: note.count }
      this.#keepKey(entry, decoded, false)
      worker.dead.add({ ...dead, diedAt: note.time, death })
      return
    }
    if (note?.type === recordTypes.kept) {
      this.#keepKey(entry, decoded, true)
      return
    }
    if (note?.type === recordTypes.result || note?.type === recordTypes.cancelled) {
      kept.add(
        sequence,
        note.type === recordTypes.result ? Math.max(note.time, keyUntil(decoded)) : note.time,
      )
      if (note.type === recordTypes.result) this.#keepKey(entry, decoded, false)
      return
    }
    if (decoded.links?.batch !== undefined) batches.found(decoded.links.batch)
    const plan = this.#world.planNamed(decoded.task)
    if (plan === undefined) {
      this.#park(decoded.task, sequence)
      return
    }
    this.#plain.expect(decoded.id, plan)
    const job = jobOf(entry, decoded, plan)
    if (note === null && this.#isOrphan(decoded)) {
      journal.done(sequence)
      return
    }
    worker.unique.restore(job)
    if (note?.type === recordTypes.started) {
      job.attempts = note.count - 1
      job.crashes = crashesOf(note) + 1
      this.#charge(job)
      return
    }
    if (note !== null) applyNote(job, note)
    if (job.crashes > 0) this.#suspects.push(job)
    else worker.place(job)
  }

  /** Of a job that is over; `settles` = that is all its entry is kept for. Keys of unknown tasks can wait. */
  #keepKey(entry: Entry, decoded: DecodedJob, settles: boolean): void {
    const plan = this.#world.planNamed(decoded.task)
    if (plan === undefined || decoded.unique === null) return
    const { journal, worker } = this.#world
    const job = jobOf(entry, decoded, plan)
    worker.unique.restore(job)
    if (worker.unique.over(job, settles) === null && settles) journal.done(entry.sequence)
  }

  /** Made by a process that died before the schedule was written down as fired: whoever fires it makes another. */
  #isOrphan({ id, links }: DecodedJob): boolean {
    return links?.slot !== undefined && this.#world.firings.isOrphan(links.slot, id)
  }

  /** The process died while the job ran. Written down at once, so that the next crash counts from here. */
  #charge(job: Job): void {
    const { journal, worker } = this.#world
    if (job.crashes < maxCrashes) {
      journal.released(job)
      this.#suspects.push(job)
      return
    }
    worker.buryOutside(
      job,
      'crashed',
      new CrashedJobError({ task: job.plan.name, job: job.id, crashes: job.crashes }),
    )
  }

  #park(task: string, sequence: number): void {
    this.#world.worker.parked.add(sequence)
    if (this.#unknown.has(task)) return
    this.#unknown.add(task)
    const facts = { task, log: this.#log.id }
    this.#world.errors.report(new UnknownTaskError(facts), facts)
  }
}

/**
 * A delayed job that was read from the log of this process; `null` when no task has its name.
 *
 * @throws Error saying what is wrong with the entry.
 */
export function restoreJob(entry: Entry, planNamed: RecoveryWorld['planNamed']): Job | null {
  const job = rebornJob(entry, planNamed)
  if (job !== null && entry.note !== null) applyNote(job, entry.note)
  return job
}

/** As `restoreJob`, but as it was before its first attempt. */
export function rebornJob(entry: Entry, planNamed: RecoveryWorld['planNamed']): Job | null {
  const decoded = decodeAdded(entry.added)
  const plan = planNamed(decoded.task)
  return plan === undefined ? null : jobOf(entry, decoded, plan)
}

function keyUntil({ unique }: DecodedJob): number {
  return unique?.until ?? 0
}

function jobOf(entry: Entry, decoded: DecodedJob, plan: TaskPlan): Job {
  const job = new Job(decoded.id, plan, decoded.args, decoded.carrier, entry.added.time)
  job.sequence = entry.sequence
  job.queue = decoded.queue
  job.priority = decoded.priority
  job.unique = decoded.unique
  job.enqueuedAt = decoded.enqueuedAt
  job.links = decoded.links
  return job
}

function applyNote(job: Job, note: EntryRecord): void {
  job.attempts = note.count
  if (note.type === recordTypes.retry) job.runAt = note.time
  else if (note.type === recordTypes.released) job.crashes = crashesOf(note)
  else throw new Error(`its last note is of type ${note.type}`)
}
