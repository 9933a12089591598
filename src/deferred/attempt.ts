/**
 * One run of a job: opens its context, calls `perform`, watches the time, tells its owner once how it ended
 * and once that it has left. The two differ for an attempt that was given up (timeout, end of a drain) while
 * `perform` goes on: what it still does counts for nothing, but it occupies its slot until it ends.
 */
import { type Context, type CurrentAttributes, callInContext, loadCarrier, runInContext } from '../context'
import { type Clock, isThenable, type Scope, showable, type Timer } from '../kernel'
import type { Logger } from '../logger'
import type { AttemptEnd, OpenSpan, SpanPoint } from '../telemetry'
import type { Args } from './args'
import type { Lane } from './dispatcher'
import { LoadTimeoutError, TaskTimeoutError } from './errors'
import type { Job } from './job'
import { openJobContext } from './job-context'
import type { Chain, PerformingJob } from './middleware'
import type { ProgressWorld } from './progress'
import { JobHandle } from './running-job'
import type { ThreadPool } from './threads/thread-pool'

/** Longest that attributes may take to be loaded where the task has no timeout, in seconds. */
const longestLoadSeconds = 30

export interface AttemptWorld {
  readonly scope: Scope
  readonly clock: Clock
  readonly logger: Logger
  readonly point: SpanPoint<'deferred.task.process'>
  readonly args: Args
  /** For tasks with `static thread`. */
  readonly threads: ThreadPool
  readonly progress: ProgressWorld
  /** `null` = users put nothing around `perform`. */
  readonly middlewares: { readonly perform: Chain<PerformingJob> | null }
  /** Classes whose attributes travel. */
  readonly currentClasses: () => readonly (abstract new () => CurrentAttributes<object>)[]
  /** The attempt ended well, with what `perform` returned. Called inside its context. */
  readonly succeeded: (attempt: Attempt, value: unknown) => void
  /** The attempt ended with `error`. Called inside its context. Answers what becomes of the job. */
  readonly failed: (attempt: Attempt, error: unknown) => AttemptEnd
  /** `perform` is over; last call. Outside of any context. */
  readonly left: (attempt: Attempt) => void
}

export class Attempt {
  readonly job: Job
  /** From 1. */
  readonly number: number
  readonly lane: Lane
  readonly #world: AttemptWorld
  readonly #handle: JobHandle
  readonly #startedAt: number
  #context: Context
  #timer: Timer | null = null
  /** `null` = nobody listens, or `perform` has not begun. */
  #span: OpenSpan<'deferred.task.process'> | null = null
  /** The owner knows how it ended; nothing that follows counts. */
  #told = false
  /** `perform` is over. */
  over = false

  constructor(job: Job, lane: Lane, world: AttemptWorld) {
    this.job = job
    this.number = job.attempts + 1
    this.lane = lane
    this.#world = world
    this.#handle = new JobHandle(job, this.number, world.progress)
    this.#startedAt = world.clock.monotonic()
    this.#context = openJobContext(job.carrier, world.scope)
  }

  /** Its end is not known yet. */
  get isOpen(): boolean {
    return !this.#told
  }

  /** What `perform` reported last, or `null`. */
  get progress(): unknown {
    return this.#handle.reported
  }

  get durationMs(): number {
    return Math.round((this.#world.clock.monotonic() - this.#startedAt) * 1_000) / 1_000
  }

  /** The line of an attempt that failed and will be followed by another. */
  logRetry(retryInSeconds: number, error: unknown): void {
    const { id, plan } = this.job
    this.#world.logger.warn(
      {
        job: id,
        task: plan.name,
        attempt: this.number,
        retries: plan.retries,
        retryInSeconds,
        durationMs: this.durationMs,
        err: error,
      },
      'job failed',
    )
  }

  /** Never throws. A synchronous `perform` is over, and everything told, when this returns. */
  start(): void {
    const { job } = this
    const { timeoutSeconds } = job.plan
    if (timeoutSeconds !== null) {
      this.#timer = this.#world.clock.after(timeoutSeconds * 1_000, () => this.#expire(timeoutSeconds))
    }
    if (job.carrier.attributes === undefined) this.#enter()
    else this.#loadAndEnter()
  }

  /** A load that never ends would keep its slot for ever: nothing of the job runs yet, so it is left. */
  #loadAndEnter(): void {
    const { carrier, plan } = this.job
    const { clock, scope, currentClasses } = this.#world
    const seconds = Math.min(longestLoadSeconds, plan.timeoutSeconds ?? longestLoadSeconds)
    const patience = clock.after(seconds * 1_000, () => this.#giveUpLoading(seconds))
    loadCarrier(carrier, { kind: 'job', scope, currentClasses: currentClasses() }).then(
      (context) => {
        patience.cancel()
        if (this.over) return
        this.#context = context
        if (this.#told) this.#leave()
        else this.#enter()
      },
      (error) => {
        patience.cancel()
        if (this.over) return
        // It fails as an attempt, although there was nothing to perform.
        if (!this.#told && !this.#world.point.idle)
          runInContext(this.#context, () => this.#inSpan(() => undefined))
        this.#end(error, true)
      },
    )
  }

  #giveUpLoading(seconds: number): void {
    const { id, plan } = this.job
    this.#end(new LoadTimeoutError({ task: plan.name, job: id, seconds }), true)
  }

  /** Aborts the signal and forgets the attempt: whatever `perform` still does counts for nothing. */
  abandon(reason: unknown): void {
    this.#told = true
    this.#timer?.cancel()
    this.#handle.abort(reason)
    this.#span?.end(reason, { end: 'released' })
  }

  // Hot path: bench/jobs.mjs. A synchronous perform costs no promise and enters its context once.
  #enter(): void {
    const pending = callInContext(this.#context, performIn, this)
    if (pending === null) {
      this.#leave()
      return
    }
    pending.then(
      (value) => this.#end(value, false),
      (error) => this.#end(error, true),
    )
  }

  /** Inside the context. Answers `null` when `perform` is over. @internal */
  perform(): Promise<unknown> | null {
    const { job, number } = this
    const { logger, point } = this.#world
    logger.debug({ job: job.id, task: job.plan.name, attempt: number }, 'job started')
    let result: unknown
    try {
      result = point.idle ? this.#call() : this.#inSpan(() => this.#call())
      if (result instanceof Promise) return result
      // Query builders are thenables that begin when asked, so ask inside the context.
      if (isThenable(result)) return Promise.resolve(result)
    } catch (error) {
      this.#tell(error, true)
      return null
    }
    this.#tell(result, false)
    return null
  }

  #inSpan(work: () => unknown): unknown {
    const { id, plan, queue, runAt } = this.job
    const waitedMs = Math.max(0, this.#world.clock.now() - runAt)
    const facts = { task: plan.name, queue, job: id, attempt: this.number, waitedMs }
    return this.#world.point.open(facts, (span) => {
      this.#span = span
      return work()
    })
  }

  #call(): unknown {
    const { id, plan, args } = this.job
    const { perform: around } = this.#world.middlewares
    const decoded = this.#world.args.decode(plan.name, id, args)
    if (around === null) return this.#run(decoded)
    const performing = { task: plan.name, args: decoded, job: this.#handle }
    const passage = around(performing, () => this.#run(performing.args))
    return passage.then(({ value }) => value)
  }

  #run(args: unknown): unknown {
    const { plan } = this.job
    if (plan.thread !== null) return this.#world.threads.run(this.job, args, this.#handle)
    return new plan.type().perform(args, this.#handle)
  }

  /** @param result what `perform` returned, or failed with. */
  #tell(result: unknown, hasFailed: boolean): void {
    if (this.#told) return
    this.#told = true
    const { limited } = this.#handle
    if (limited === null && !hasFailed) {
      this.#world.succeeded(this, result)
      this.#span?.end(null, { end: 'done' })
      return
    }
    const end = this.#world.failed(this, limited ?? showable(result))
    // A job that asked to wait has not failed.
    this.#span?.end(limited === null ? result : null, { end })
  }

  #end(result: unknown, hasFailed: boolean): void {
    runInContext(this.#context, () => this.#tell(result, hasFailed))
    this.#leave()
  }

  #leave(): void {
    this.over = true
    this.#context.closed = true
    this.#timer?.cancel()
    this.#handle.end()
    this.#world.left(this)
  }

  #expire(seconds: number): void {
    const { job } = this
    const error = new TaskTimeoutError({ task: job.plan.name, job: job.id, seconds })
    runInContext(this.#context, () => this.#tell(error, true))
    this.#handle.abort(error)
  }
}

function performIn(attempt: Attempt): Promise<unknown> | null {
  return attempt.perform()
}
