/**
 * The jobs of the log in this process: opens and recovers it, adopts the logs of processes that are gone, fires schedules
 * into it, and takes it out of service. What is done with each job is in worker.ts; the counterpart for an engine is
 * engine-work.ts.
 */
import type { DrainReport } from '../kernel'
import type { Entry, EntryLog, LogHealth, LogStats } from '../wal'
import type { Stock } from './intake'
import type { Job } from './job'
import { handleOf } from './job-handle'
import type { JobIds } from './job-ids'
import { Journal } from './journal'
import type { EnqueuingJob } from './middleware'
import type { Pauses } from './queues/pauses'
import { rebornJob, recover, restoreJob } from './recovery'
import type { Slot } from './schedule/firings'
import type { Schedules } from './schedule/schedules'
import type { TaskPlan } from './task-plan'
import { Worker, type WorkerWorld } from './worker'

export interface LogWorkWorld extends Omit<WorkerWorld, 'restore' | 'reborn'> {
  readonly openLog: () => Promise<EntryLog>
  readonly ids: JobIds
  readonly pauses: Pauses
  readonly schedules: Schedules
  /** Runs `make` inside enqueue middleware; answers whether it went on. */
  readonly throughSlot: (
    plan: TaskPlan,
    args: unknown,
    make: (draft: EnqueuingJob) => Promise<void>,
  ) => Promise<boolean>
  /** The job of a time of a schedule. */
  readonly slotJob: (plan: TaskPlan, slot: Slot, draft: EnqueuingJob) => Job
  /** Writes a job down; resolves when it may be acknowledged. */
  readonly append: (journal: Journal, jobs: readonly Job[], together: boolean) => Promise<void>
}

export class LogWork {
  readonly #world: LogWorkWorld
  #journal: Journal | null = null
  #stock: Stock | null = null
  /** Logs of processes that are gone are adopted until it is called. */
  #endWatch: (() => void) | null = null
  /** Jobs of adopted logs, one log after the other. */
  #adopting: Promise<void> = Promise.resolve()
  #hasReportedFailure = false

  constructor(world: LogWorkWorld) {
    this.#world = world
  }

  /** `null` until recovered. */
  get stock(): Stock | null {
    return this.#stock
  }

  /** `null` until opened. */
  get stats(): LogStats | null {
    return this.#journal?.log.stats ?? null
  }

  /** `null` until opened. */
  get health(): LogHealth | null {
    return this.#journal?.log.health ?? null
  }

  /** Opens the log, and hands what former processes left in it to the worker. @throws what `openLog` throws */
  async open(): Promise<Stock> {
    const world = this.#world
    const { durability } = world.settings
    const journal = new Journal(await world.openLog(), world.ids, durability, (error) =>
      this.#reportFailure(error),
    )
    await this.#loadPauses()
    const restore = (entry: Entry): Job | null => restoreJob(entry, world.planNamed)
    const reborn = (entry: Entry): Job | null => rebornJob(entry, world.planNamed)
    const worker = new Worker({ ...world, restore, reborn }, journal)
    this.#journal = journal
    const stock = { journal, worker }
    await this.#recover(stock)
    this.#stock = stock
    return stock
  }

  serve(): void {
    const { schedules, throughSlot } = this.#world
    const { worker, journal } = this.#stock!
    worker.serve()
    this.#endWatch = journal.log.watch((entries) => this.#adopt(entries))
    schedules.start({
      through: ({ plan, args }, make) => throughSlot(plan, args, make),
      add: ({ plan }, slot, draft) => this.#addSlot(plan, slot, draft),
      place: (job) => worker.place(job),
      drop: (job) => {
        worker.unique.dropped(job)
        journal.done(job.sequence)
      },
    })
  }

  /** @throws what is still wrong with the disk */
  async takeAgain(isServing: boolean): Promise<void> {
    await this.#journal?.log.recover()
    this.#hasReportedFailure = false
    if (isServing) this.#stock?.worker.serve()
  }

  async drain(deadline: AbortSignal): Promise<DrainReport> {
    this.#endWatch?.()
    await this.#world.schedules.end()
    return this.#stock!.worker.drain(deadline)
  }

  /** Nothing runs any more; the log is still open. Any number of times, also without a boot. */
  async end(): Promise<void> {
    this.#endWatch?.()
    await this.#world.schedules.end()
    await this.#stock?.worker.close()
    await this.#adopting
    this.#stock?.worker.abandon()
  }

  async close(): Promise<void> {
    await this.#journal?.log.close()
  }

  #adopt(entries: readonly Entry[]): void {
    this.#adopting = this.#adopting
      .then(() => this.#recover(this.#stock!, [entries]))
      .catch((error: unknown) => this.#world.errors.report(error))
  }

  async #recover(stock: Stock, found?: Iterable<readonly Entry[]>): Promise<void> {
    const { errors, planNamed, schedules } = this.#world
    const firings = await schedules.fired()
    await recover({ ...stock, errors, planNamed, firings }, found)
  }

  /** In the log, and not placed yet; `null` when another job has its unique key. */
  async #addSlot(plan: TaskPlan, slot: Slot, draft: EnqueuingJob): Promise<Job | null> {
    const { append, slotJob } = this.#world
    const { worker, journal } = this.#stock!
    const { unique } = worker
    const job = slotJob(plan, slot, draft)
    if (job.unique !== null && unique.claim(job, handleOf(job)) !== null) return null
    try {
      await append(journal, [job], false)
    } catch (error) {
      unique.dropped(job)
      throw error
    }
    unique.stored(job)
    return job
  }

  /** A file that cannot be read is no reason not to boot; whoever paused will hear of it. */
  async #loadPauses(): Promise<void> {
    const { errors, pauses } = this.#world
    try {
      await pauses.load()
    } catch (error) {
      errors.report(error)
    }
  }

  /** A log that failed fails every write after it: one report says it all. */
  #reportFailure(error: unknown): void {
    if (this.#hasReportedFailure) return
    this.#hasReportedFailure = true
    this.#world.errors.report(error, { log: this.#journal?.log.id })
  }
}
