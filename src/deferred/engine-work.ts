/**
 * The jobs of an engine in this process: makes their attempts, and tells the engine what became of each. The
 * counterpart of worker.ts, which does it for the log.
 */
import { encodeCarrier } from '../context'
import { type DrainReport, isCausedBy, type Resolved } from '../kernel'
import type { AttemptEnd, ErrorReports } from '../telemetry'
import type { Args } from './args'
import { Attempt, type AttemptWorld } from './attempt'
import type { DeadJob } from './dead-jobs'
import type { DeadStoredJob, EngineCounts, EngineKind, Outcome, StoredJob } from './engine'
import { EngineServer } from './engine-server'
import { DrainingError, RateLimitedError, UnknownTaskError, UnreadableJobError } from './errors'
import { Job } from './job'
import { describeError } from './job-record'
import type { DeferredOptions } from './options'
import { retryPolicy } from './retry-policy'
import type { TaskPlan } from './task-plan'
import { keptAlike, reasonToKeep } from './unrunnable'

/** A job that this process cannot run is offered again, perhaps to another one, after this. */
const offeredAgainMs = 60_000

export interface EngineWorkWorld extends Omit<AttemptWorld, 'succeeded' | 'failed' | 'left'> {
  readonly errors: ErrorReports
  readonly settings: Resolved<DeferredOptions>
  readonly planNamed: (task: string) => TaskPlan | undefined
}

/** The end of an attempt that is under way. */
interface Ending {
  readonly attempt: Attempt
  readonly tell: (outcome: Outcome) => void
}

export class EngineWork {
  readonly #world: EngineWorkWorld
  readonly #server: EngineServer
  readonly #attemptWorld: AttemptWorld
  readonly #endings = new Map<Job, Ending>()
  readonly #complained = new Set<string>()
  #isClosing = false
  #ended = 0
  #running = 0
  #idle: (() => void) | null = null

  constructor(kind: EngineKind, world: EngineWorkWorld) {
    this.#server = new EngineServer(kind, world.clock)
    this.#world = world
    this.#attemptWorld = {
      ...world,
      succeeded: (attempt) => this.#succeeded(attempt),
      failed: (attempt, error) => this.#failed(attempt, error),
      left: () => this.#left(),
    }
  }

  /** @throws EngineUnavailableError, MissingPackageError */
  open(): Promise<void> {
    const { clock, logger, errors, settings } = this.#world
    return this.#server.open({
      clock,
      logger,
      errors,
      concurrency: settings.concurrency,
      deadLimit: settings.deadLimit,
      run: (job, failures) => this.#run(job, failures),
    })
  }

  /** Resolves when the server has the jobs. */
  add(jobs: readonly Job[], transaction: object | null): Promise<void> {
    return this.#server.add(jobs.map(storedJob), transaction)
  }

  serve(): void {
    this.#server.serve()
  }

  counts(): Promise<EngineCounts> {
    return this.#server.counts()
  }

  polledCounts(): Promise<EngineCounts | null> {
    return this.#server.polledCounts()
  }

  async dead(): Promise<readonly DeadJob[]> {
    const dead = await this.#server.dead(this.#world.settings.deadLimit)
    return dead.map((one) => shown(one, this.#world.args))
  }

  retryDead(id: string): Promise<boolean> {
    return this.#server.retryDead(id)
  }

  discardDead(id: string): Promise<boolean> {
    return this.#server.discardDead(id)
  }

  /** `null` while the server answers. */
  get trouble(): string | null {
    return this.#server.trouble
  }

  /** Takes no more jobs, waits for what runs until `deadline`, then aborts it and gives it back. */
  async drain(deadline: AbortSignal): Promise<DrainReport> {
    const { clock, settings } = this.#world
    const endedBefore = this.#ended
    this.#isClosing = true
    await this.#server.pause().catch((error: unknown) => this.#world.errors.report(error))
    if (this.#running > 0 && !deadline.aborted && settings.drainMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = clock.after(settings.drainMs, resolve)
        deadline.addEventListener('abort', () => resolve(), { once: true })
        this.#idle = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    return { finished: this.#ended - endedBefore, abandoned: this.#abandon() }
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#abandon()
    await this.#server.close().catch((error: unknown) => this.#world.errors.report(error))
  }

  /** Aborts what still runs and gives it back; answers its ids. */
  #abandon(): string[] {
    const ids: string[] = []
    for (const [job, { attempt, tell }] of this.#endings) {
      this.#endings.delete(job)
      ids.push(job.id)
      attempt.abandon(new DrainingError({ task: job.plan.name }))
      tell({ end: 'released', runAt: this.#world.clock.now() })
    }
    return ids
  }

  #run(stored: StoredJob, failures: number): Promise<Outcome> {
    const { clock } = this.#world
    if (this.#isClosing) return Promise.resolve({ end: 'released', runAt: clock.now() })
    const job = this.#jobFrom(stored, failures)
    if (job === null) return Promise.resolve({ end: 'released', runAt: clock.now() + offeredAgainMs })
    return new Promise((tell) => {
      const attempt = new Attempt(job, 'slot', this.#attemptWorld)
      this.#running += 1
      this.#endings.set(job, { attempt, tell })
      attempt.start()
    })
  }

  /** `null`, reported once for each task, when this process does not know the task or cannot read the job. */
  #jobFrom(stored: StoredJob, failures: number): Job | null {
    const { name } = this.#server
    try {
      if (stored.v !== 1) throw new Error(`its format version is ${String(stored.v)}, known is 1`)
      const plan = this.#world.planNamed(stored.task)
      if (plan === undefined) {
        this.#complain(stored.task, new UnknownTaskError({ task: stored.task, log: name }))
        return null
      }
      const job = new Job(stored.id, plan, stored.args, JSON.parse(stored.context), stored.runAt)
      job.attempts = failures
      job.priority = stored.priority
      return job
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause)
      const error = new UnreadableJobError({ engine: name, job: String(stored.id), problem }, { cause })
      this.#complain(`${stored.task} ${stored.v}`, error)
      return null
    }
  }

  #complain(about: string, error: Error): void {
    if (this.#complained.has(about)) return
    this.#complained.add(about)
    this.#world.errors.report(error)
  }

  #succeeded(attempt: Attempt): void {
    const { job } = attempt
    this.#ended += 1
    this.#world.logger.info(
      { job: job.id, task: job.plan.name, attempt: attempt.number, durationMs: attempt.durationMs },
      'job finished',
    )
    this.#tell(job, { end: 'done' })
  }

  #failed(attempt: Attempt, error: unknown): AttemptEnd {
    const { clock, errors, logger } = this.#world
    const { job } = attempt
    const reason = reasonToKeep(error)
    if (reason !== null) {
      this.#complain(keptAlike(job.plan.name, error), reason)
      this.#tell(job, { end: 'released', runAt: clock.now() + offeredAgainMs })
      return 'released'
    }
    if (error instanceof RateLimitedError) {
      this.#tell(job, { end: 'released', runAt: clock.now() + Math.ceil(error.facts.seconds * 1_000) })
      return 'released'
    }
    // It failed because it could not enqueue during the shutdown: that is not the job's fault.
    if (this.#isClosing && isCausedBy(error, DrainingError)) {
      this.#tell(job, { end: 'released', runAt: clock.now() })
      return 'released'
    }
    this.#ended += 1
    const facts = { job: job.id, task: job.plan.name, attempt: attempt.number }
    const decision = retryPolicy(job.plan, error, attempt.number, (fault) => errors.report(fault, facts))
    if ('dead' in decision) {
      logger.error({ ...facts, reason: decision.dead }, 'job is dead')
      errors.report(error, { ...facts, reason: decision.dead })
      this.#tell(job, { end: 'dead', death: { reason: decision.dead, error: describeError(error) }, error })
      return 'dead'
    }
    attempt.logRetry(decision.inSeconds, error)
    this.#tell(job, { end: 'retry', runAt: clock.now() + Math.ceil(decision.inSeconds * 1_000), error })
    return 'retry'
  }

  #tell(job: Job, outcome: Outcome): void {
    const ending = this.#endings.get(job)
    this.#endings.delete(job)
    ending?.tell(outcome)
  }

  #left(): void {
    this.#running -= 1
    if (this.#idle !== null && this.#running === 0) this.#idle()
  }
}

function storedJob(job: Job): StoredJob {
  const { id, plan, args, carrier, runAt, attempts, priority } = job
  const context = encodeCarrier(carrier)
  return { v: 1, id, task: plan.name, args, context, runAt, failures: attempts, priority }
}

function shown({ job: { id, task, args }, attempts, diedAt, death }: DeadStoredJob, codec: Args): DeadJob {
  const { reason, error } = death ?? { reason: 'crashed', error: tookProcessesDown }
  return { id, task, args: codec.shown(task, args), attempts, reason, error, diedAt }
}

const tookProcessesDown = {
  name: 'CrashedJobError',
  message: 'The processes that ran it went silent.',
  stack: null,
} as const
