/**
 * Runs jobs and records what became of them: done, tried again later, dead, or released at shutdown.
 * The log is written first or at once; memory follows.
 */
import { type CurrentAttributes, runInContext } from '../context'
import { type Clock, type DrainReport, isCausedBy, type Resolved, type Scope } from '../kernel'
import type { Logger } from '../logger'
import type { ErrorReports, SpanPoint } from '../telemetry'
import type { Entry } from '../wal'
import { Attempt, type AttemptWorld } from './attempt'
import { DeadJobs } from './dead-jobs'
import { DelayedJobs } from './delayed-jobs'
import { Dispatcher, type Lane } from './dispatcher'
import { DrainingError } from './errors'
import type { Job } from './job'
import { openJobContext } from './job-context'
import { type Death, describeError } from './job-record'
import type { Journal } from './journal'
import type { DeferredOptions } from './options'
import { type DeathReason, retryPolicy } from './retry-policy'

export interface WorkerWorld {
  readonly scope: Scope
  readonly clock: Clock
  readonly logger: Logger
  readonly errors: ErrorReports
  readonly settings: Resolved<DeferredOptions>
  readonly point: SpanPoint
  /** The job an entry of the log stands for, or `null`. Throws when the entry cannot be read. */
  readonly restore: (entry: Entry) => Job | null
  readonly currentClasses: () => readonly (abstract new () => CurrentAttributes<object>)[]
}

export class Worker {
  readonly dead: DeadJobs
  readonly #world: WorkerWorld
  readonly #journal: Journal
  readonly #delayed: DelayedJobs
  readonly #dispatcher: Dispatcher
  readonly #attemptWorld: AttemptWorld
  /** Attempts that wait for something. */
  readonly #attempts = new Set<Attempt>()
  #isClosing = false
  #ended = 0
  #idle: (() => void) | null = null

  constructor(world: WorkerWorld, journal: Journal) {
    this.#world = world
    this.#journal = journal
    this.dead = new DeadJobs(world.settings.deadLimit, (sequence) => journal.done(sequence))
    this.#delayed = new DelayedJobs({
      clock: world.clock,
      due: (job) => this.#dispatcher.push(job),
      read: (sequences) => this.#read(sequences),
      failed: (error) => world.errors.report(error, { log: journal.log.id }),
    })
    this.#dispatcher = new Dispatcher({
      clock: world.clock,
      concurrency: world.settings.concurrency,
      claim: (job) => journal.started(job),
      claimFailed: (error) => this.#claimFailed(error),
      begin: (job, lane) => this.#begin(job, lane),
      release: (job) => journal.released(job),
    })
    this.#attemptWorld = {
      scope: world.scope,
      clock: world.clock,
      logger: world.logger,
      point: world.point,
      currentClasses: world.currentClasses,
      succeeded: (attempt) => this.#succeeded(attempt),
      failed: (attempt, error) => this.#failed(attempt, error),
      left: (attempt) => this.#left(attempt),
    }
  }

  get queued(): number {
    return this.#dispatcher.waiting
  }

  get delayed(): number {
    return this.#delayed.size
  }

  get running(): number {
    return this.#dispatcher.running
  }

  /** Accepts a job that is in the log. */
  place(job: Job): void {
    if (job.runAt > this.#world.clock.now()) this.#delayed.add(job)
    else this.#dispatcher.push(job)
  }

  /** Accepts a job that was running when the process died. */
  placeSuspect(job: Job): void {
    this.#dispatcher.pushSuspect(job)
  }

  /** What cannot be turned back into a job stays in the log, and is reported: the next boot parks it. */
  async #read(sequences: readonly number[]): Promise<readonly Job[]> {
    const { errors, restore } = this.#world
    const { log } = this.#journal
    const jobs: Job[] = []
    for (const entry of await log.read(sequences)) {
      try {
        const job = restore(entry)
        if (job !== null) jobs.push(job)
      } catch (error) {
        errors.report(error, { log: log.id, sequence: entry.sequence })
      }
    }
    return jobs
  }

  serve(): void {
    this.#delayed.start()
    this.#dispatcher.open()
  }

  /** Starts nothing any more, waits for what runs until `deadline`, then aborts it and leaves it in the log. */
  async drain(deadline: AbortSignal): Promise<DrainReport> {
    const { clock, settings } = this.#world
    const endedBefore = this.#ended
    await this.close()
    if (this.running > 0 && !deadline.aborted && settings.drainMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = clock.after(settings.drainMs, resolve)
        deadline.addEventListener('abort', () => resolve(), { once: true })
        this.#idle = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    return { finished: this.#ended - endedBefore, abandoned: this.abandon() }
  }

  /** Starts nothing any more; resolves when no record of a start is under way. */
  close(): Promise<void> {
    this.#isClosing = true
    this.#delayed.stop()
    return this.#dispatcher.close()
  }

  /** Aborts what still runs and releases it; answers its ids. */
  abandon(): string[] {
    const ids: string[] = []
    for (const attempt of [...this.#attempts]) {
      const { job } = attempt
      if (!attempt.isOpen) continue
      ids.push(job.id)
      attempt.abandon(new DrainingError({ task: job.plan.name }))
      this.#journal.released(job)
    }
    return ids
  }

  /** The job will not be attempted again by itself. Called inside its context, or at recovery outside of any. */
  bury(job: Job, reason: DeathReason, error: unknown): void {
    const { clock, errors, logger } = this.#world
    const diedAt = clock.now()
    const death: Death = { reason, error: describeError(error) }
    const facts = { job: job.id, task: job.plan.name, attempt: job.attempts, reason }
    this.#journal.dead(job, diedAt, death)
    const { id, args, attempts, sequence } = job
    this.dead.add({ sequence, id, task: job.plan.name, args, attempts, diedAt, death })
    logger.error(facts, 'job is dead')
    errors.report(error, facts)
  }

  /** As `bury`, inside a context made for it. */
  buryOutside(job: Job, reason: DeathReason, error: unknown): void {
    const context = openJobContext(job.carrier, this.#world.scope)
    runInContext(context, () => this.bury(job, reason, error))
    context.closed = true
  }

  #begin(job: Job, lane: Lane): void {
    const attempt = new Attempt(job, lane, this.#attemptWorld)
    attempt.start()
    if (!attempt.over) this.#attempts.add(attempt)
  }

  #succeeded(attempt: Attempt): void {
    const { job } = attempt
    this.#ended += 1
    this.#journal.done(job.sequence)
    this.#world.logger.info(
      { job: job.id, task: job.plan.name, attempt: attempt.number, durationMs: attempt.durationMs },
      'job finished',
    )
  }

  #failed(attempt: Attempt, error: unknown): void {
    const { clock, errors, logger } = this.#world
    const { job } = attempt
    // It failed because it could not enqueue during the shutdown: that is not the job's fault.
    if (this.#isClosing && isCausedBy(error, DrainingError)) {
      this.#journal.released(job)
      return
    }
    this.#ended += 1
    job.attempts = attempt.number
    job.crashes = 0
    const facts = { job: job.id, task: job.plan.name, attempt: attempt.number }
    const decision = retryPolicy(job.plan, error, attempt.number, (fault) => errors.report(fault, facts))
    if ('dead' in decision) {
      this.bury(job, decision.dead, error)
      return
    }
    job.runAt = clock.now() + Math.ceil(decision.inSeconds * 1_000)
    this.#journal.retry(job, error)
    logger.warn(
      {
        ...facts,
        retries: job.plan.retries,
        retryInSeconds: decision.inSeconds,
        durationMs: attempt.durationMs,
        err: error,
      },
      'job failed',
    )
    this.place(job)
  }

  #left(attempt: Attempt): void {
    this.#attempts.delete(attempt)
    this.#dispatcher.freed(attempt.lane)
    if (this.#idle !== null && this.running === 0) this.#idle()
  }

  /** A full disk refuses notes but still settles: going on is what frees room. After a failed write nothing goes on. */
  #claimFailed(error: unknown): boolean {
    const { state } = this.#journal.log.health
    this.#world.errors.report(error, { log: this.#journal.log.id, state })
    return state === 'full'
  }
}
