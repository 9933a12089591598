/**
 * Where jobs come in: sees whether there is room for them, has them written, and hands them to the worker once they
 * may be acknowledged. What comes before boot waits for it. With an engine, the engine takes them.
 */
import { currentContext } from '../context'
import type { Clock, Phase, Scope } from '../kernel'
import type { Logger } from '../logger'
import type { SpanAttributes, SpanPoint } from '../telemetry'
import type { Batch } from './batches'
import type { BootSignal } from './boot-signal'
import type { EngineKind } from './engine'
import { refuseOnEngine } from './engine-limits'
import type { EngineWork } from './engine-work'
import { nameEnqueuingSpan } from './enqueuing-span'
import { DrainingError, QueueFullError } from './errors'
import type { Job } from './job'
import { handleOf } from './job-handle'
import type { Journal } from './journal'
import { BackPressure, type Marks } from './queues/back-pressure'
import { leaveItOut, refusePlace } from './queues/on-engine'
import type { EnqueuedBatch, EnqueuedJob } from './task'
import type { TaskPlan } from './task-plan'
import type { Worker } from './worker'

export interface IntakeWorld {
  readonly clock: Clock
  readonly scope: Scope
  readonly logger: Logger
  readonly maxQueued: number
  /** `null` = enqueues never wait. */
  readonly marks: Marks | null
  readonly point: SpanPoint<'deferred.task.enqueue'>
  readonly phase: () => Phase
  readonly booted: BootSignal
  /** Boots, if that has not begun. */
  readonly boot: () => void
  /** `null` = jobs live in the log. */
  readonly engine: { readonly kind: EngineKind; readonly work: EngineWork } | null
}

/** The log, and who runs what is in it; there once booted. */
export interface Stock {
  readonly journal: Journal
  readonly worker: Worker
}

export class Intake {
  readonly #world: IntakeWorld
  readonly #pressure: BackPressure | null
  #stock: Stock | null = null
  /** Jobs on their way to the log. */
  #arriving = 0

  constructor(world: IntakeWorld) {
    this.#world = world
    const { clock, marks } = world
    this.#pressure = marks === null ? null : new BackPressure(clock, marks, () => this.#readySoon())
  }

  /** Called at the end of boot. */
  open(stock: Stock): void {
    this.#stock = stock
  }

  /** Told whenever fewer jobs wait; `null` = nobody wants to know. */
  get eased(): (() => void) | null {
    const pressure = this.#pressure
    return pressure === null ? null : () => pressure.eased()
  }

  /** Whoever waits for room is refused. */
  close(): void {
    this.#pressure?.close()
  }

  /** Resolves once booted. */
  whenBooted(): Promise<void> {
    // In the next turn, so that what the same file registers after this still counts.
    if (this.#world.phase() === 'new') setImmediate(this.#world.boot)
    return this.#world.booted.wait()
  }

  /**
   * Resolves with `result` once the jobs may be acknowledged; `together` = all of them or none. One promise for
   * each caller and no other, for the sake of bench/jobs.mjs.
   *
   * @param transaction the caller's, for an engine.
   * @param isAdmitted `admit` has let them in: they are not refused for want of room any more.
   */
  store<Result>(
    plan: TaskPlan,
    jobs: readonly Job[],
    together: boolean,
    result: () => Result,
    transaction: object | null,
    isAdmitted: boolean,
  ): Promise<Result> {
    const count = jobs.length
    if (count === 0) return Promise.resolve(result())
    const stock = this.#stock
    let durable: Promise<void>
    try {
      this.#refuseWhileEnding(plan)
      if (stock === null) {
        const { engine, booted } = this.#world
        if (engine !== null && booted.hasSucceeded)
          return this.#storeOnEngine(engine, jobs, transaction).then(result)
        return this.whenBooted().then(() => this.store(plan, jobs, together, result, transaction, isAdmitted))
      }
      const room = isAdmitted ? null : this.#letIn(plan, jobs, stock.worker)
      if (room !== null) {
        return room.then(() => {
          this.#hasEntered(plan, count, stock.worker)
          return this.store(plan, jobs, together, result, transaction, true)
        })
      }
      // Before it is stored: the clock of the machine may be set meanwhile.
      for (const job of jobs) job.dueAt = stock.worker.dueAt(job)
      durable = this.append(stock.journal, jobs, together)
    } catch (error) {
      return Promise.reject(error)
    }
    this.#arriving += count
    return durable.then(
      () => {
        this.#arriving -= count
        for (const job of jobs) {
          stock.worker.place(job, job.dueAt)
          this.#logEnqueued(job)
        }
        return result()
      },
      (error: unknown) => {
        this.#arriving -= count
        throw error
      },
    )
  }

  /** As `store`, but for the jobs whose key another has: those are not stored, and the other is answered. */
  async storeUnique(
    plan: TaskPlan,
    jobs: readonly Job[],
    together: boolean,
    transaction: object | null,
    isAdmitted: boolean,
  ): Promise<readonly EnqueuedJob[]> {
    const { engine } = this.#world
    refuseOnEngine(engine?.kind ?? null, `keep jobs of ${plan.name} unique`, leaveItOut)
    this.#refuseWhileEnding(plan)
    if (this.#stock === null) await this.whenBooted()
    return this.#stock!.worker.unique.admit(jobs, handleOf, (fresh) =>
      this.store(plan, fresh, together, () => undefined, transaction, isAdmitted),
    )
  }

  /** What `storeUnique` would answer now. */
  handlesNow(jobs: readonly Job[]): readonly EnqueuedJob[] {
    const unique = this.#stock?.worker.unique
    return jobs.map((job) => unique?.duplicateOf(job) ?? handleOf(job))
  }

  /**
   * Where a gate is going to hold the jobs: once it lets them pass, nobody can be refused any more, and nobody should
   * wait. `null` = come in; else resolves when there is room. What is not booted has room.
   *
   * @throws DrainingError, QueueFullError; rejects with PushTimeoutError as well.
   */
  admit(plan: TaskPlan, jobs: readonly Job[]): Promise<void> | null {
    this.#refuseWhileEnding(plan)
    const worker = this.#stock?.worker
    if (worker === undefined) return null
    const fresh = jobs.filter((job) => worker.unique.duplicateOf(job) === null)
    const room = fresh.length === 0 ? null : this.#letIn(plan, fresh, worker)
    return room === null ? null : room.then(() => this.#hasEntered(plan, fresh.length, worker))
  }

  async storeBatch(
    batch: Batch,
    jobs: readonly Job[],
    handle: EnqueuedBatch,
    isAdmitted: boolean,
  ): Promise<EnqueuedBatch> {
    const { plan } = jobs[0]!
    this.#refuseWhileEnding(plan)
    if (this.#stock === null) await this.whenBooted()
    const { worker, journal } = this.#stock!
    const count = jobs.length
    const room = isAdmitted ? null : this.#letIn(plan, jobs, worker)
    if (room !== null) {
      await room
      this.#hasEntered(plan, count, worker)
    }
    const { point } = this.#world
    let sequence = 0
    const append = (): Promise<void> => {
      const added = journal.batchAdded(batch, jobs)
      sequence = added.sequence
      return added.durable
    }
    for (const job of jobs) job.dueAt = worker.dueAt(job)
    this.#arriving += count
    try {
      await (point.idle ? append() : this.#inSpan(jobs, append))
      worker.oversight.batches.add(batch, sequence)
    } finally {
      this.#arriving -= count
    }
    for (const job of jobs) {
      worker.place(job, job.dueAt)
      this.#logEnqueued(job)
    }
    return handle
  }

  async #storeOnEngine(
    { kind, work }: NonNullable<IntakeWorld['engine']>,
    jobs: readonly Job[],
    transaction: object | null,
  ): Promise<void> {
    for (const job of jobs) refusePlace(kind.name, job)
    const { point } = this.#world
    if (point.idle) await work.add(jobs, transaction)
    else await this.#inSpan(jobs, () => work.add(jobs, transaction))
    for (const job of jobs) this.#logEnqueued(job)
  }

  /** Writes jobs to the log; they are not placed yet. `together` = all of them or none. */
  append(journal: Journal, jobs: readonly Job[], together: boolean): Promise<void> {
    const { point } = this.#world
    if (point.idle) return together ? journal.addedAll(jobs) : journal.added(jobs[0]!)
    return this.#inSpan(jobs, () => (together ? journal.addedAll(jobs) : journal.added(jobs[0]!)))
  }

  #inSpan(jobs: readonly Job[], add: () => Promise<void>): Promise<void> {
    const { point, scope } = this.#world
    return point.run(factsOf(jobs), () => {
      nameEnqueuingSpan(jobs, scope)
      return add()
    })
  }

  /** `null` = there is room; else `#hasEntered` follows. A job that waited would wait for the slot that it occupies. */
  #letIn(plan: TaskPlan, jobs: readonly Job[], worker: Worker): Promise<void> | null {
    const count = jobs.length
    this.#refuseAboveLimit(plan, worker, count)
    const pressure = this.#pressure
    if (pressure === null) return null
    if (jobs[0]!.runAt > this.#world.clock.now() || currentContext()?.kind === 'job') return null
    return pressure.admit(plan.name, count)
  }

  /** Much may have happened while they waited for room. */
  #hasEntered(plan: TaskPlan, count: number, worker: Worker): void {
    this.#pressure!.entered(count)
    this.#refuseWhileEnding(plan)
    this.#refuseAboveLimit(plan, worker, count)
  }

  #readySoon(): number {
    return (this.#stock?.worker.queued ?? 0) + this.#arriving
  }

  #refuseAboveLimit(plan: TaskPlan, worker: Worker, count: number): void {
    const limit = this.#world.maxQueued
    if (worker.queued + worker.delayed + this.#arriving + count <= limit) return
    throw new QueueFullError({ task: plan.name, limit })
  }

  #refuseWhileEnding(plan: TaskPlan): void {
    const phase = this.#world.phase()
    if (phase === 'draining' || phase === 'stopped')
      throw new DrainingError({ task: plan.name, hasStopped: phase === 'stopped' })
  }

  /** A job enqueued outside of any unit of work begins a request id of its own. */
  #logEnqueued(job: Job): void {
    const { id, plan, runAt, carrier } = job
    const facts =
      currentContext() === null
        ? { requestId: carrier.id, job: id, task: plan.name, runAt }
        : { job: id, task: plan.name, runAt }
    this.#world.logger.debug(facts, 'job enqueued')
  }
}

function factsOf(jobs: readonly Job[]): SpanAttributes['deferred.task.enqueue'] {
  const { id, plan, queue } = jobs[0]!
  return { task: plan.name, queue, jobs: jobs.length, job: id }
}
