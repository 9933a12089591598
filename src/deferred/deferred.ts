/** The background jobs of one runtime: registration, enqueue, recovery, lifecycle. */
import {
  type Carrier,
  type CurrentAttributes,
  currentContext,
  currentGate,
  dumpCarrier,
  ownRequestId,
} from '../context'
import {
  type Clock,
  createService,
  InvalidOptionError,
  LifecycleError,
  NotRegisteredError,
  Registry,
  type Resolved,
  type Scope,
  type Service,
} from '../kernel'
import type { Logger } from '../logger'
import type { ErrorReports, SpanPoint, Telemetry } from '../telemetry'
import type { Entry, EntryLog } from '../wal'
import { encodeArgs } from './args'
import type { DeadJob } from './dead-jobs'
import { type EnqueueOptions, runAtFrom } from './enqueue-options'
import { DrainingError, QueueFullError } from './errors'
import { Job } from './job'
import { JobIds } from './job-ids'
import { Journal } from './journal'
import type { DeferredOptions } from './options'
import { recover, restoreJob } from './recovery'
import { type EnqueuedJob, type TaskClass, type TaskQueue, taskBindings } from './task'
import { compileTask, type TaskPlan } from './task-plan'
import { Worker } from './worker'

/** What the room is given. */
export interface DeferredWorld {
  readonly scope: Scope
  readonly clock: Clock
  readonly settings: Resolved<DeferredOptions>
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly errors: ErrorReports
  /** Opens the log of this process; called once, at boot. */
  readonly openLog: () => Promise<EntryLog>
  /** Boots the runtime if that has not begun: whoever enqueues first need not wait for a server. */
  readonly boot?: () => Promise<void>
  /** The `Current` classes whose attributes travel with jobs. */
  readonly currentClasses: () => readonly (abstract new () => CurrentAttributes<object>)[]
}

/** How many jobs are where, in this process. */
export interface DeferredStats {
  /** Could run now and wait for a slot. */
  readonly queued: number
  /** Wait for their time, retries included. */
  readonly delayed: number
  readonly running: number
  readonly dead: number
  /** In the log, but of a task that is not registered, or not readable. */
  readonly parked: number
}

export class Deferred implements TaskQueue {
  readonly service: Service
  readonly #world: DeferredWorld
  readonly #tasks = new Registry<TaskClass>('task')
  readonly #plans = new Map<TaskClass, TaskPlan>()
  readonly #ids: JobIds
  readonly #enqueuePoint: SpanPoint
  readonly #processPoint: SpanPoint
  readonly #booted = new BootSignal()
  #journal: Journal | null = null
  #worker: Worker | null = null
  #parked = 0
  /** Jobs on their way to the log. */
  #arriving = 0
  #hasReportedFailure = false

  constructor(world: DeferredWorld) {
    this.#world = world
    this.#ids = new JobIds(world.clock.now())
    this.#enqueuePoint = world.telemetry.point('deferred.task.enqueue')
    this.#processPoint = world.telemetry.point('deferred.task.process')
    this.service = createService('deferred', {
      boot: () => this.#boot(),
      serve: () => this.#worker?.serve(),
      drain: (deadline) => this.#worker!.drain(deadline),
      stop: () => this.#stop(),
    })
  }

  /** @throws DuplicateNameError, RegistrationClosedError (after boot), InvalidOptionError (statics of the wrong kind) */
  register(task: TaskClass): void {
    const plan = compileTask(task)
    this.#tasks.add(plan.name, task)
    this.#plans.set(task, plan)
    taskBindings.bind(task, this.#world.scope, this)
  }

  /** See `Task.enqueue`. Before boot it waits for boot, and rejects with what boot failed with. */
  enqueue<Args>(
    task: TaskClass<Args>,
    args: Args | undefined,
    options?: EnqueueOptions,
  ): Promise<EnqueuedJob> {
    try {
      const plan = this.#planOf(task)
      const runAt = runAtFrom(options, this.#world.clock.now(), `${plan.name}.enqueue`)
      const job = this.#jobOf(plan, args, runAt, this.#carrier())
      const store = () => this.#store(plan, [job], false, () => handleOf(job))
      const gate = currentGate()
      if (gate === null) return store()
      return gate.pass<Promise<EnqueuedJob>>({
        kind: 'job',
        target: plan.name,
        payload: args,
        perform: store,
        held: () => Promise.resolve(handleOf(job)),
      })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** See `Task.enqueueMany`. */
  enqueueMany<Args>(
    task: TaskClass<Args>,
    argsList: readonly NoInfer<Args>[],
    options?: EnqueueOptions,
  ): Promise<readonly EnqueuedJob[]> {
    try {
      const plan = this.#planOf(task)
      if (!Array.isArray(argsList)) {
        throw new InvalidOptionError({
          option: `${plan.name}.enqueueMany`,
          expected: 'an array, one element per job',
          given: argsList,
        })
      }
      const runAt = runAtFrom(options, this.#world.clock.now(), `${plan.name}.enqueueMany`)
      const carrier = this.#carrier()
      const jobs = argsList.map((args: Args) => this.#jobOf(plan, args, runAt, carrier))
      const store = () => this.#store(plan, jobs, true, () => jobs.map(handleOf))
      const gate = currentGate()
      if (gate === null) return store()
      return gate.pass<Promise<readonly EnqueuedJob[]>>({
        kind: 'job',
        target: plan.name,
        payload: argsList,
        perform: store,
        held: () => Promise.resolve(jobs.map(handleOf)),
      })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  stats(): DeferredStats {
    const worker = this.#worker
    if (worker === null) return { queued: 0, delayed: 0, running: 0, dead: 0, parked: 0 }
    const { queued, delayed, running, dead } = worker
    return { queued, delayed, running, dead: dead.size, parked: this.#parked }
  }

  /** Jobs that will not be attempted again by themselves, oldest death first. */
  dead(): readonly DeadJob[] {
    return this.#worker?.dead.list() ?? []
  }

  /** `reason` says why jobs are not accepted (disk full, failed write), else `null`. */
  health(): { readonly ok: boolean; readonly reason: string | null } {
    const health = this.#journal?.log.health
    if (health === undefined || health.state === 'ok') return { ok: true, reason: null }
    return { ok: false, reason: health.reason?.message ?? `the log is ${health.state}` }
  }

  #planOf(task: TaskClass): TaskPlan {
    const plan = this.#plans.get(task)
    if (plan === undefined)
      throw new NotRegisteredError({ kind: 'task', name: task.name || 'anonymous class' })
    return plan
  }

  #jobOf(plan: TaskPlan, args: unknown, runAt: number, carrier: Carrier): Job {
    const json = encodeArgs(plan.name, args, this.#world.settings.maxArgsBytes)
    return new Job(this.#ids.next(), plan, json, carrier, runAt)
  }

  #carrier(): Carrier {
    const context = currentContext()
    return context === null ? { id: ownRequestId() } : dumpCarrier(context)
  }

  /**
   * Resolves with `result` once the jobs may be acknowledged; `together` = all of them or none. One promise for
   * each caller and no other, for the sake of bench/jobs.mjs.
   */
  #store<Result>(
    plan: TaskPlan,
    jobs: readonly Job[],
    together: boolean,
    result: () => Result,
  ): Promise<Result> {
    const count = jobs.length
    if (count === 0) return Promise.resolve(result())
    const worker = this.#worker
    let durable: Promise<void>
    try {
      this.#refuseWhileEnding(plan)
      if (worker === null) return this.#whenBooted().then(() => this.#store(plan, jobs, together, result))
      this.#refuseAboveLimit(plan, worker, count)
      durable = this.#append(plan, jobs, together)
    } catch (error) {
      return Promise.reject(error)
    }
    this.#arriving += count
    return durable.then(
      () => {
        this.#arriving -= count
        for (const job of jobs) {
          worker.place(job)
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

  #whenBooted(): Promise<void> {
    // In the next turn, so that what the same file registers after this still counts.
    if (this.service.phase === 'new') setImmediate(() => this.#world.boot?.().catch(() => undefined))
    return this.#booted.wait()
  }

  #append(plan: TaskPlan, jobs: readonly Job[], together: boolean): Promise<void> {
    const journal = this.#journal!
    const point = this.#enqueuePoint
    if (point.idle) return together ? journal.addedAll(jobs) : journal.added(jobs[0]!)
    return point.run({ task: plan.name, jobs: jobs.length }, () =>
      together ? journal.addedAll(jobs) : journal.added(jobs[0]!),
    )
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

  #refuseAboveLimit(plan: TaskPlan, worker: Worker, count: number): void {
    const limit = this.#world.settings.maxQueued
    if (worker.queued + worker.delayed + this.#arriving + count <= limit) return
    throw new QueueFullError({ task: plan.name, limit })
  }

  #refuseWhileEnding(plan: TaskPlan): void {
    const { phase } = this.service
    if (phase === 'draining' || phase === 'stopped') throw new DrainingError({ task: plan.name })
  }

  async #boot(): Promise<void> {
    const { openLog, settings, errors } = this.#world
    this.#tasks.close()
    try {
      const journal = new Journal(await openLog(), settings.durability, (error) => this.#reportFailure(error))
      const planNamed = (name: string): TaskPlan | undefined => {
        const task = this.#tasks.get(name)
        return task === undefined ? undefined : this.#plans.get(task)
      }
      const restore = (entry: Entry): Job | null => restoreJob(entry, planNamed)
      const worker = new Worker({ ...this.#world, point: this.#processPoint, restore }, journal)
      this.#journal = journal
      this.#parked = await recover({ journal, worker, errors, planNamed })
      this.#worker = worker
      this.#booted.succeed()
    } catch (error) {
      this.#booted.fail(error)
      throw error
    }
  }

  async #stop(): Promise<void> {
    for (const task of this.#plans.keys()) taskBindings.unbind(task, this.#world.scope)
    // Whoever waits for a boot that never began.
    this.#booted.fail(new LifecycleError({ name: 'deferred', phase: 'stopped', wanted: 'enqueue' }))
    await this.#worker?.close()
    this.#worker?.abandon()
    await this.#journal?.log.close()
  }

  /** A log that failed fails every write after it: one report says it all. */
  #reportFailure(error: unknown): void {
    if (this.#hasReportedFailure) return
    this.#hasReportedFailure = true
    this.#world.errors.report(error, { log: this.#journal?.log.id })
  }
}

function handleOf(job: Job): EnqueuedJob {
  return { id: job.id, task: job.plan.name, runAt: job.runAt }
}

/** The end of boot, for those who enqueue before it. */
class BootSignal {
  readonly #end: Promise<void>
  succeed!: () => void
  fail!: (error: unknown) => void

  constructor() {
    this.#end = new Promise((resolve, reject) => {
      this.succeed = resolve
      this.fail = reject
    })
    // Boot itself reports its failure; here it may be that nobody waits.
    this.#end.catch(() => undefined)
  }

  wait(): Promise<void> {
    return this.#end
  }
}
