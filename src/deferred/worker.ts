/**
 * Runs jobs and records what became of them: done, tried again later, dead, or released at shutdown.
 * The log is written first or at once; memory follows.
 */
import { type CurrentAttributes, runInContext } from '../context'
import { type Clock, type DrainReport, isCausedBy, type Resolved, type Scope } from '../kernel'
import type { Logger } from '../logger'
import type { AttemptEnd, ErrorReports, SpanPoint } from '../telemetry'
import type { Entry } from '../wal'
import type { Args } from './args'
import { Attempt, type AttemptWorld } from './attempt'
import type { Cancellation } from './cancellation'
import { DeadJobs } from './dead-jobs'
import { DelayedJobs } from './delayed-jobs'
import { Dispatcher, type Lane } from './dispatcher'
import { DrainingError, RateLimitedError } from './errors'
import type { Job } from './job'
import { openJobContext } from './job-context'
import { type Death, describeError } from './job-record'
import type { AddedJob, Journal } from './journal'
import type { Succession } from './links'
import type { DeferredOptions } from './options'
import { Oversight } from './oversight'
import { ParkedJobs } from './parked-jobs'
import type { BacklogWorld, QueueStats } from './queues/backlog'
import { defaultQueue } from './queues/placement-checks'
import { UniqueKeys } from './queues/unique-keys'
import { type DeathReason, retryPolicy } from './retry-policy'
import type { TaskPlan } from './task-plan'
import type { ThreadPool } from './threads/thread-pool'
import { keptAlike, reasonToKeep } from './unrunnable'

/** An end that could not be written is written again after this: the disk may have room by then. */
const againMs = 10_000

export interface WorkerWorld extends Omit<BacklogWorld, 'opened'> {
  readonly scope: Scope
  readonly clock: Clock
  readonly logger: Logger
  readonly errors: ErrorReports
  readonly settings: Resolved<DeferredOptions>
  readonly point: SpanPoint<'deferred.task.process'>
  readonly args: Args
  readonly threads: ThreadPool
  /** The job an entry of the log stands for, or `null`. Throws when the entry cannot be read. */
  readonly restore: (entry: Entry) => Job | null
  /** As `restore`, as if it had never been attempted. */
  readonly reborn: (entry: Entry) => Job | null
  readonly planNamed: (task: string) => TaskPlan | undefined
  readonly successor: (succession: Succession) => AddedJob
  readonly middlewares: AttemptWorld['middlewares']
  readonly progress: AttemptWorld['progress']
  readonly currentClasses: () => readonly (abstract new () => CurrentAttributes<object>)[]
  /** Told when fewer jobs wait, or `null` = nobody asks. */
  readonly eased: (() => void) | null
}

export class Worker {
  readonly dead: DeadJobs
  readonly unique: UniqueKeys
  readonly oversight: Oversight
  readonly #cancellation: Cancellation
  readonly #world: WorkerWorld
  readonly #journal: Journal
  readonly #delayed: DelayedJobs
  readonly #dispatcher: Dispatcher
  readonly #attemptWorld: AttemptWorld
  /** Attempts that wait for something. */
  readonly #attempts = new Set<Attempt>()
  /** The attempt that is about to be one of them, or to be over. */
  #beginning: Attempt | null = null
  readonly parked = new ParkedJobs()
  /** What has been reported of them. */
  readonly #toldParked = new Set<string>()
  #isClosing = false
  #ended = 0
  #idle: (() => void) | null = null

  constructor(world: WorkerWorld, journal: Journal) {
    this.#world = world
    this.#journal = journal
    this.dead = new DeadJobs(world.settings.deadLimit, world.args, (sequence) => this.#forget(sequence))
    this.unique = new UniqueKeys({ clock: world.clock, settle: (sequence) => journal.done(sequence) })
    this.oversight = new Oversight({
      ...world,
      journal,
      dead: this.dead,
      unique: this.unique,
      parked: this.parked,
      attempts: () => this.#openAttempts(),
      waiting: (limit) => this.#dispatcher.next(limit),
      delayed: (limit) => this.#delayed.next(limit),
      delayedCount: () => this.#delayed.size,
      dropDelayed: (isGone) => this.#delayed.drop(isGone),
      notDelayed: (job) => this.#dispatcher.delayed(job.queue, -1),
      place: (job) => this.place(job),
    })
    this.#cancellation = this.oversight.cancellation
    this.#delayed = new DelayedJobs({
      clock: world.clock,
      due: (job) => {
        const taken = this.#cancellation.takes(job)
        if (taken === 'no') this.#dispatcher.push(job)
        if (taken !== 'settled') this.#dispatcher.delayed(job.queue, -1)
      },
      read: (sequences) => this.#read(sequences),
      failed: (error) => world.errors.report(error, { log: journal.log.id }),
    })
    this.#dispatcher = new Dispatcher({
      clock: world.clock,
      concurrency: world.settings.concurrency,
      queues: world.queues,
      pauses: world.pauses,
      claim: (job) => (this.#cancellation.withholds(job) ? Promise.resolve() : journal.started(job)),
      claimFailed: (error) => this.#claimFailed(error),
      begin: (job, lane) => this.#begin(job, lane),
      release: (job) => {
        if (!this.#cancellation.withholds(job)) journal.released(job)
      },
    })
    this.#attemptWorld = {
      scope: world.scope,
      clock: world.clock,
      logger: world.logger,
      point: world.point,
      args: world.args,
      threads: world.threads,
      currentClasses: world.currentClasses,
      progress: world.progress,
      middlewares: world.middlewares,
      succeeded: (attempt, value) => this.#succeeded(attempt, value),
      failed: (attempt, error) => this.#failed(attempt, error),
      left: (attempt) => this.#left(attempt),
    }
  }

  get queued(): number {
    return this.#dispatcher.waiting - this.#cancellation.waiting
  }

  get delayed(): number {
    return this.#delayed.size - this.#cancellation.delayed
  }

  get running(): number {
    return this.#dispatcher.running
  }

  /**
   * When the job may run, on a clock that nobody sets; 0 = now. Asked for as soon as its time was given: the clock of the
   * machine may be set while the job is stored.
   */
  dueAt(job: Job): number {
    const now = this.#world.clock.now()
    return job.runAt > now ? this.#delayed.dueAt(job, now) : 0
  }

  /** Accepts a job that is in the log. */
  place(job: Job, dueAt = this.dueAt(job)): void {
    if (dueAt > 0) {
      this.#dispatcher.delayed(job.queue, 1)
      this.#delayed.add(job, dueAt)
    } else this.#dispatcher.push(job)
  }

  /** Whether a job that was not attempted yet need not be in memory: `placeFar` takes it. */
  isFar(runAt: number): boolean {
    return this.#delayed.isFar(runAt)
  }

  /** Accepts such a job of the usual queue by its place in the log. */
  placeFar(sequence: number, runAt: number): void {
    this.#dispatcher.delayed(defaultQueue, 1)
    this.#delayed.addFar(sequence, runAt)
  }

  queues(): Readonly<Record<string, QueueStats>> {
    return this.#dispatcher.stats()
  }

  pausesChanged(): void {
    this.#dispatcher.pausesChanged()
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
    this.#cancellation.missed(sequences, jobs)
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
    this.unique.close()
    this.oversight.close()
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
    this.oversight.endings.dead(job, diedAt, death, error)
    this.unique.over(job, false)
    const { id, args, attempts, enqueuedAt, queue, sequence } = job
    const entry = { sequence, id, task: job.plan.name, queue, enqueuedAt, args, attempts }
    this.dead.add({ ...entry, diedAt, death })
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
    if (this.#cancellation.takes(job) !== 'no') {
      this.#dispatcher.freed(job, lane)
      return
    }
    const attempt = new Attempt(job, lane, this.#attemptWorld)
    this.#beginning = attempt
    attempt.start()
    this.#beginning = null
    if (!attempt.over) this.#attempts.add(attempt)
    if (this.#world.eased !== null) this.#world.eased()
  }

  #succeeded(attempt: Attempt, value: unknown): void {
    const { job } = attempt
    this.#ended += 1
    if (job.links === null && job.plan.keepResultMs === 0) this.#settle(job)
    else this.#conclude(job, attempt.number, value, false)
    this.#world.logger.info(
      { job: job.id, task: job.plan.name, attempt: attempt.number, durationMs: attempt.durationMs },
      'job finished',
    )
  }

  /** A dead job beyond the limit; its key may have to be kept for a while. */
  #forget(sequence: number): void {
    const until = this.unique.windowAt(sequence)
    if (until !== null) this.#journal.kept(sequence, until)
    this.unique.settleWithKey(sequence)
  }

  /** A unique job may have to keep its key for a while. */
  #settle(job: Job): void {
    const until = job.unique === null ? null : this.unique.over(job, true)
    if (until === null) this.#journal.done(job.sequence)
    else this.#journal.kept(job.sequence, until)
  }

  /** Its work is done, and nothing does it again while this process lives: its end is written as soon as it can be. */
  #conclude(job: Job, attempt: number, value: unknown, isRepeated: boolean): void {
    const { clock, errors } = this.#world
    this.oversight.endings.done(job, attempt, value).catch((error: unknown) => {
      if (!isRepeated) errors.report(error, { job: job.id, task: job.plan.name })
      if (!this.#isClosing) clock.after(againMs, () => this.#conclude(job, attempt, value, true))
    })
  }

  #failed(attempt: Attempt, error: unknown): AttemptEnd {
    const { clock, errors } = this.#world
    const { job } = attempt
    if (error instanceof RateLimitedError) {
      this.#postpone(attempt, error)
      return 'released'
    }
    const reason = reasonToKeep(error)
    if (reason !== null) {
      this.#park(job, reason, keptAlike(job.plan.name, error))
      return 'released'
    }
    // It failed because it could not enqueue during the shutdown: that is not the job's fault.
    if (this.#isClosing && isCausedBy(error, DrainingError)) {
      this.#journal.released(job)
      return 'released'
    }
    this.#ended += 1
    job.attempts = attempt.number
    job.crashes = 0
    const facts = { job: job.id, task: job.plan.name, attempt: attempt.number }
    const decision = retryPolicy(job.plan, error, attempt.number, (fault) => errors.report(fault, facts))
    if ('dead' in decision) {
      this.bury(job, decision.dead, error)
      return 'dead'
    }
    job.runAt = clock.now() + Math.ceil(decision.inSeconds * 1_000)
    this.#journal.retry(job, error)
    attempt.logRetry(decision.inSeconds, error)
    this.place(job)
    return 'retry'
  }

  /** The job asked for it: nothing is charged, and it is the next of its task. */
  #postpone({ job, number }: Attempt, { facts: { seconds } }: RateLimitedError): void {
    job.crashes = 0
    this.#journal.released(job)
    this.#world.logger.info(
      { job: job.id, task: job.plan.name, attempt: number, seconds },
      'job waits: its task is rate limited',
    )
    this.#dispatcher.postpone(job, seconds * 1_000)
  }

  #park(job: Job, reason: Error, alike: string): void {
    this.parked.add(job.sequence)
    this.#journal.released(job)
    if (this.#toldParked.has(alike)) return
    this.#toldParked.add(alike)
    this.#world.errors.report(reason, { job: job.id, task: job.plan.name })
  }

  #left(attempt: Attempt): void {
    this.#attempts.delete(attempt)
    this.#dispatcher.freed(attempt.job, attempt.lane)
    if (this.#idle !== null && this.running === 0) this.#idle()
  }

  *#openAttempts(): Iterable<Attempt> {
    if (this.#beginning !== null) yield this.#beginning
    yield* this.#attempts
  }

  /** A full disk refuses notes but still settles: going on is what frees room. After a failed write nothing goes on. */
  #claimFailed(error: unknown): boolean {
    const { state } = this.#journal.log.health
    this.#world.errors.report(error, { log: this.#journal.log.id, state })
    return state === 'full'
  }
}
