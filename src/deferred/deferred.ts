/** The background jobs of one runtime: registration, enqueue, recovery, lifecycle. */
import { join } from 'node:path'
import type { Codecs, ValueCodec } from '../codec'
import type { CurrentAttributes } from '../context'
import {
  type Clock,
  createService,
  LifecycleError,
  NotRegisteredError,
  Registry,
  type Resolved,
  type Scope,
  type Service,
} from '../kernel'
import type { Logger } from '../logger'
import type { ErrorReports, Telemetry } from '../telemetry'
import type { EntryLog, LogStats } from '../wal'
import { Args, type PayloadSeal } from './args'
import { BootSignal } from './boot-signal'
import type { DeadJob } from './dead-jobs'
import type { EngineCounts } from './engine'
import { refuseOnEngine } from './engine-limits'
import { EngineWork } from './engine-work'
import type { EnqueueOptions } from './enqueue-options'
import { Enqueuing } from './enqueuing'
import { type DeferredHealth, healthOfEngine, healthOfLog } from './health'
import { Intake } from './intake'
import type { JobDesk } from './job-desk'
import { checkedId, JobIds } from './job-ids'
import { jobsLeft } from './jobs-left'
import { LogWork } from './log-work'
import type { JobListOptions, JobView } from './lookup'
import { type JobMiddleware, Middlewares } from './middleware'
import type { DeferredOptions } from './options'
import { Planner } from './planner'
import type { QueueStats } from './queues/backlog'
import { marksFrom } from './queues/marks'
import { refuseLimits, refuseSettings } from './queues/on-engine'
import { Pauses } from './queues/pauses'
import { checkedQueue } from './queues/placement-checks'
import { queueLimits } from './queues/queue-options'
import type { EveryOptions, ScheduleOptions } from './schedule/schedule-options'
import { Schedules } from './schedule/schedules'
import {
  type EnqueuedBatch,
  type EnqueuedJob,
  type PlannedJob,
  type TaskClass,
  type TaskQueue,
  taskBindings,
} from './task'
import { compileTask, type TaskPlan } from './task-plan'
import { ThreadPool } from './threads/thread-pool'
import { type Call, taskOfObject, type Wrapped, wrapObject } from './wrapped-object'

/** What the room is given. */
export interface DeferredWorld {
  readonly scope: Scope
  readonly clock: Clock
  readonly settings: Resolved<DeferredOptions>
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly errors: ErrorReports
  readonly codecs: Codecs
  /** What `settings.encrypt` encrypts with; `null` or left out = there are no secrets. */
  readonly seal?: PayloadSeal | null
  /** Where pauses are written down; left out = they end with the process. */
  readonly folder?: string
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
  /** Places in the logs that were damaged and skipped since boot; what they held is kept aside. */
  readonly damaged: number
  /** Each queue that has jobs, is paused, or is named in the options. */
  readonly queues: Readonly<Record<string, QueueStats>>
}

type ArgumentsBefore<Args, Options> = undefined extends Args
  ? [args?: Args, options?: Options]
  : [args: Args, options?: Options]
/** Arguments may be left out where the task takes none. */
export type ScheduleArguments<Args> = ArgumentsBefore<Args, ScheduleOptions>
/** As `ScheduleArguments`, of `every`. */
export type EveryArguments<Args> = ArgumentsBefore<Args, EveryOptions>

export class Deferred implements TaskQueue {
  readonly service: Service
  readonly #world: DeferredWorld
  readonly #tasks = new Registry<TaskClass>('task')
  readonly #plans = new Map<TaskClass, TaskPlan>()
  readonly #ids: JobIds
  readonly #args: Args
  readonly #threads: ThreadPool
  readonly #middlewares = new Middlewares()
  readonly #planner: Planner
  readonly #objects = new Map<object, TaskClass<Call>>()
  readonly #booted = new BootSignal()
  readonly #pauses: Pauses
  readonly #intake: Intake
  readonly #enqueuing: Enqueuing
  readonly #schedules: Schedules
  /** Where jobs live, unless that is an engine. */
  readonly #log: LogWork
  readonly #engine: EngineWork | null
  #left: string | null = null

  constructor(world: DeferredWorld) {
    this.#world = world
    this.#ids = new JobIds(world.clock.now())
    this.#args = new Args({
      codecs: world.codecs,
      seal: world.seal ?? null,
      encrypt: world.settings.encrypt,
      maxBytes: world.settings.maxArgsBytes,
    })
    const { clock, folder, settings } = world
    this.#threads = new ThreadPool({
      clock,
      threads: settings.threads,
      report: (error) => world.errors.report(error),
    })
    this.#pauses = new Pauses(folder === undefined ? null : join(folder, 'paused.json'))
    const point = world.telemetry.point('deferred.task.process')
    const progress = { clock, point: world.telemetry.point('deferred.task.progress') }
    this.#planner = new Planner({
      clock,
      args: this.#args,
      ids: this.#ids,
      errors: world.errors,
      planOf: (task) => this.#planOf(task),
      planNamed: (name) => this.#planNamed(name),
    })
    this.#schedules = new Schedules(world)
    const { engine } = world.settings
    if (engine !== null) refuseSettings(engine.name, world.settings)
    this.#engine =
      engine === null
        ? null
        : new EngineWork(engine, {
            ...world,
            point,
            args: this.#args,
            threads: this.#threads,
            progress,
            middlewares: this.#middlewares,
            planNamed: (name) => this.#planNamed(name),
          })
    this.#intake = new Intake({
      clock,
      scope: world.scope,
      logger: world.logger,
      maxQueued: settings.maxQueued,
      marks: marksFrom(settings),
      point: world.telemetry.point('deferred.task.enqueue'),
      phase: () => this.service.phase,
      booted: this.#booted,
      boot: () => void world.boot?.().catch(() => undefined),
      engine: engine === null ? null : { kind: engine, work: this.#engine! },
    })
    this.#enqueuing = new Enqueuing({
      clock,
      args: this.#args,
      ids: this.#ids,
      middlewares: this.#middlewares,
      planner: this.#planner,
      intake: this.#intake,
      engine,
      planOf: (task) => this.#planOf(task),
    })
    this.#log = new LogWork({
      ...world,
      point,
      args: this.#args,
      ids: this.#ids,
      threads: this.#threads,
      progress,
      middlewares: this.#middlewares,
      planNamed: (name) => this.#planNamed(name),
      successor: (succession) => this.#planner.successor(succession),
      queues: queueLimits(settings.queues),
      pauses: this.#pauses,
      schedules: this.#schedules,
      eased: this.#intake.eased,
      throughSlot: (plan, args, make) => this.#enqueuing.throughSlot(plan, args, make),
      slotJob: (plan, slot, draft) => this.#enqueuing.slotJob(plan, slot, draft),
      append: (journal, jobs, together) => this.#intake.append(journal, jobs, together),
    })
    const work = this.#engine ?? this.#log
    this.service = createService('deferred', {
      boot: () => this.#boot(),
      serve: () => work.serve(),
      drain: (deadline) => {
        this.#intake.close()
        return work.drain(deadline)
      },
      stop: () => this.#stop(),
    })
  }

  /** @throws DuplicateNameError, RegistrationClosedError (after boot), InvalidOptionError (statics of the wrong kind) */
  register(task: TaskClass): void {
    const compiled = compileTask(task)
    const { engine } = this.#world.settings
    if (engine !== null) refuseLimits(engine.name, compiled)
    const plan = this.#threads.capped(compiled)
    this.#tasks.add(plan.name, task)
    this.#plans.set(task, plan)
    taskBindings.bind(task, this.#world.scope, this)
  }

  /**
   * Enqueues a job of the task at the times of a cron expression, on one of the processes of a host that share a storage
   * folder: `rage.deferred.schedule('0 3 * * *', Backup, { full: true }, { timeZone: 'Europe/Berlin' })`. Each time is
   * fired once, also when processes die around it; a task with `unique` is passed over while its last job is open.
   *
   * @param expression five fields, or six with seconds first.
   * @throws InvalidScheduleError, NotRegisteredError (register the task first), DuplicateNameError (a second schedule of a
   * task needs a `name`), RegistrationClosedError (after boot), EngineUnsupportedError. Arguments that cannot be
   * stored fail the boot.
   */
  schedule<Args>(expression: string, task: TaskClass<Args>, ...given: ScheduleArguments<Args>): void {
    const [args, options] = given
    refuseOnEngine(this.#world.settings.engine, 'fire schedules', 'Use its own scheduler.')
    this.#schedules.cron(expression, this.#planOf(task), args, options)
  }

  /**
   * As `schedule`, at whole multiples of an interval since 1970 UTC: `rage.deferred.every('15m', Poll)` fires at :00,
   * :15, :30 and :45.
   *
   * @param interval a whole number with `s`, `m`, `h` or `d`, at most a year.
   */
  every<Args>(interval: string, task: TaskClass<Args>, ...given: EveryArguments<Args>): void {
    const [args, options] = given
    refuseOnEngine(this.#world.settings.engine, 'fire schedules', 'Use its own scheduler.')
    this.#schedules.every(interval, this.#planOf(task), args, options)
  }

  /**
   * Takes jobs again after a write or sync has failed and the disk is back, without a restart: in a new segment of the
   * log, with the ends of jobs that finished meanwhile. Does nothing while all is well.
   *
   * @throws what is still wrong with the disk; then nothing has changed, and it can be tried again.
   */
  async recover(): Promise<void> {
    await this.#log.takeAgain(this.service.phase === 'serving')
  }

  /**
   * Declares how instances of a class are written in arguments and in events of deferred subscribers, and made again:
   * `rage.deferred.codec('Money', { type: Money, encode: (money) => money.cents, decode: (cents) => new Money(cents) })`.
   *
   * @param name stored with every instance: keep it when the class is renamed.
   * @throws InvalidOptionError, DuplicateNameError, RegistrationClosedError (after boot)
   */
  codec<T extends object, Encoded>(name: string, codec: ValueCodec<T, Encoded>): void {
    this.#world.codecs.declare(name, codec)
  }

  /**
   * Puts `middleware` around every enqueue, every attempt, or both; those added first are the outer ones.
   *
   * @throws InvalidOptionError, RegistrationClosedError (after boot)
   */
  use(middleware: JobMiddleware): void {
    this.#middlewares.use(middleware)
  }

  /**
   * Gives an object, or a class for its static methods, the name under which `wrap` stores jobs of it, and under which a
   * restarted process finds it again. Its jobs are those of a task of that name.
   *
   * @throws InvalidOptionError, DuplicateNameError, RegistrationClosedError (after boot)
   */
  registerObject(name: string, object: object): void {
    const task = taskOfObject(name, object)
    this.register(task as TaskClass)
    this.#objects.set(object, task)
  }

  /**
   * The methods of a registered object, each enqueuing a job that calls it: `await rage.deferred.wrap(mailer).welcome(user.id)`.
   *
   * @param options of each enqueue: `delay`, `queue`, ...
   * @throws UnknownObjectError; a call rejects as `Task.enqueue` does.
   */
  wrap<T extends object>(object: T, options?: EnqueueOptions): Wrapped<T> {
    const enqueue: Parameters<typeof wrapObject>[3] = (task, call, given) => this.enqueue(task, call, given)
    return wrapObject(object, this.#objects.get(object), options, enqueue)
  }

  /** See `Task.enqueue`. Before boot it waits for boot, and rejects with what boot failed with. */
  enqueue<Args>(
    task: TaskClass<Args>,
    args: Args | undefined,
    options?: EnqueueOptions,
  ): Promise<EnqueuedJob> {
    return this.#enqueuing.enqueue(task, args, options)
  }

  /** See `Task.enqueueMany`. */
  enqueueMany<Args>(
    task: TaskClass<Args>,
    argsList: readonly NoInfer<Args>[],
    options?: EnqueueOptions,
  ): Promise<readonly EnqueuedJob[]> {
    return this.#enqueuing.enqueueMany(task, argsList, options)
  }

  /**
   * Enqueues jobs, of any tasks, that are waited for together: all of them or none, in one record group. Once each has
   * ended (done, dead or cancelled) the jobs of `followedBy` are enqueued, one after the other; `job.batch` tells the first of
   * them how many came to which end. A dead member that is tried again before the others have ended counts again.
   *
   * @param members made by `Task.with(args)`, of tasks that are not unique.
   * @throws as `Task.enqueue`, always as a rejection; EngineUnsupportedError with an engine.
   */
  batch(
    members: readonly PlannedJob[],
    options: { readonly followedBy: PlannedJob | readonly PlannedJob[] },
  ): Promise<EnqueuedBatch> {
    return this.#enqueuing.batch(members, options)
  }

  /**
   * What is known about a job; `null` when there is none of that id in this process, or it is over and not kept.
   *
   * @throws InvalidOptionError
   */
  async find(id: string): Promise<JobView | null> {
    return (await this.desk('find a job')).find(checkedId('find', id))
  }

  /**
   * Some jobs of this process: of one state, or of all states with those that run first. Reads no more than it answers.
   *
   * @throws InvalidOptionError
   */
  async list(options?: JobListOptions): Promise<readonly JobView[]> {
    return (await this.desk('list jobs')).list(options)
  }

  /**
   * Takes a job back. One that waits will not run; of one that runs the signal is aborted with a JobCancelledError, it is not
   * attempted again, and its slot is free when `perform` ends. What would follow it is not enqueued. A job that is
   * stored is taken back at once, also inside of a transaction. One that a transaction around the call holds until it commits
   * is dropped, also when `id` is that of the job which has its key, and that one is then taken back as well.
   *
   * @returns `true` once that is on disk; `false` when this process has no such job, or it is over or dead.
   * @throws LogWriteError (disk): it may run, now or after a restart. InvalidOptionError
   */
  async cancel(id: string): Promise<boolean> {
    const desk = await this.desk('cancel a job')
    const isDropped = this.#enqueuing.dropHeld(checkedId('cancel', id))
    return (await desk.cancel(id)) || isDropped
  }

  /**
   * What `perform` returned, for a task with `static keepResults`: at once when the job is done, else when it is.
   *
   * @param options `signal`: to wait no longer; rejects with its reason.
   * @throws NoResultError (no such job, expired, dead, a task that keeps none, the process ends), JobCancelledError,
   * InvalidOptionError
   */
  async result(id: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<unknown> {
    return (await this.desk('wait for a result')).result(checkedId('result', id), signal)
  }

  /**
   * Attempts a dead job again, as one that was never attempted: `true` once that is on disk, `false` when there is none, or
   * another job has its unique key.
   *
   * @throws UnknownTaskError (its class is not registered), LogWriteError, InvalidOptionError
   */
  async retryDead(id: string): Promise<boolean> {
    checkedId('retryDead', id)
    if (this.#engine !== null) return this.#engine.retryDead(id)
    return (await this.desk('retry')).retryDead(id)
  }

  /** Forgets a dead job: `true` once that is on disk, `false` when there is none. @throws LogWriteError, InvalidOptionError */
  async discardDead(id: string): Promise<boolean> {
    checkedId('discardDead', id)
    if (this.#engine !== null) return this.#engine.discardDead(id)
    return (await this.desk('discard')).discardDead(id)
  }

  /** As `retryDead` for all of them, oldest death first; answers how many. Tasks that are not registered keep theirs. */
  async retryAllDead(): Promise<number> {
    return (await this.desk('retry all dead jobs at once')).retryAllDead()
  }

  /** As `discardDead` for all of them; answers how many. */
  async discardAllDead(): Promise<number> {
    return (await this.desk('discard all dead jobs at once')).discardAllDead()
  }

  /** What one can ask of jobs in the log. @throws EngineUnsupportedError @internal */
  async desk(feature: string): Promise<JobDesk> {
    refuseOnEngine(this.#world.settings.engine, feature, 'Ask its own API or board.')
    if (this.#log.stock === null) await this.#intake.whenBooted()
    return this.#log.stock!.worker.oversight.desk
  }

  /**
   * How many jobs are where, in this process.
   *
   * @throws EngineUnsupportedError with an engine: its counts are on the server, see `count`.
   */
  stats(): DeferredStats {
    refuseOnEngine(this.#world.settings.engine, 'answer stats() at once', 'Use await rage.deferred.count().')
    const { stock } = this.#log
    if (stock === null)
      return { queued: 0, delayed: 0, running: 0, dead: 0, parked: 0, damaged: 0, queues: {} }
    const { worker, journal } = stock
    const { queued, delayed, running, dead } = worker
    const { size: parked } = worker.parked
    const { damages: damaged } = journal.log
    return { queued, delayed, running, dead: dead.size, parked, damaged, queues: worker.queues() }
  }

  /** With an engine: why jobs that were found in logs at boot are a problem; else `null`. @internal */
  get jobsLeft(): string | null {
    return this.#left
  }

  /** Jobs live there, and not in the log. @internal */
  get hasEngine(): boolean {
    return this.#engine !== null
  }

  /** Each queue in figures, and whether all of them are paused; `null` with an engine. @internal */
  queues(): { readonly paused: boolean; readonly queues: DeferredStats['queues'] } | null {
    return this.#engine === null ? { paused: this.#pauses.all, queues: this.stats().queues } : null
  }

  /** The log of this process in figures; `null` before boot, and with an engine. */
  logStats(): LogStats | null {
    return this.#log.stats
  }

  /**
   * No job of the queue begins from now on; those that run go on, and new ones are accepted. Resolves when it is written
   * down: it holds for this process and, until `resume`, for every process that boots on the same folder.
   *
   * @param queue left out = all queues, also those that do not exist yet.
   * @throws InvalidOptionError, EngineUnsupportedError, or what the file system says; it is paused here all the same.
   */
  pause(queue?: string): Promise<void> {
    return this.#setPause(queue, true)
  }

  /** Takes back a `pause` with the same argument: a queue that was paused by its name is resumed by its name. */
  resume(queue?: string): Promise<void> {
    return this.#setPause(queue, false)
  }

  async #setPause(queue: string | undefined, isPaused: boolean): Promise<void> {
    refuseOnEngine(this.#world.settings.engine, 'pause', 'Pause it by its own tools.')
    const written = this.#pauses.set(queue === undefined ? null : checkedQueue(queue), isPaused)
    this.#log.stock?.worker.pausesChanged()
    this.#world.logger.info({ queue: queue ?? 'all' }, isPaused ? 'queue paused' : 'queue resumed')
    await written
  }

  /** How many jobs are where: with an engine on all machines together, else in this process. */
  count(): Promise<EngineCounts> {
    if (this.#engine !== null) return this.#engine.counts()
    const { queued, delayed, running, dead } = this.stats()
    return Promise.resolve({ queued, delayed, running, dead })
  }

  /** As `count` with an engine, for metrics: one question at a time, `null` without an answer in two seconds. @internal */
  polledCount(): Promise<EngineCounts | null> {
    return this.#engine?.polledCounts() ?? Promise.resolve(null)
  }

  /**
   * Jobs that will not be attempted again by themselves, oldest death first.
   *
   * @throws EngineUnsupportedError with an engine: they are on the server, see `deadJobs`.
   */
  dead(): readonly DeadJob[] {
    refuseOnEngine(
      this.#world.settings.engine,
      'answer dead() at once',
      'Use await rage.deferred.deadJobs().',
    )
    return this.#log.stock?.worker.dead.list() ?? []
  }

  /** As `dead`, on every engine; at most `deferred.deadLimit` of them. */
  deadJobs(): Promise<readonly DeadJob[]> {
    return this.#engine === null ? Promise.resolve(this.dead()) : this.#engine.dead()
  }

  /** Why jobs are not accepted (disk full, failed write, engine unreachable, too many waiting). */
  health(): DeferredHealth {
    if (this.#engine !== null) return healthOfEngine(this.#engine.trouble)
    const worker = this.#log.stock?.worker
    const waiting = worker === undefined ? 0 : worker.queued + worker.delayed
    return healthOfLog(this.#log.health, waiting, this.#world.settings.maxQueued)
  }

  #planOf(task: TaskClass): TaskPlan {
    const plan = this.#plans.get(task)
    if (plan === undefined)
      throw new NotRegisteredError({ kind: 'task', name: task.name || 'anonymous class' })
    return plan
  }

  async #boot(): Promise<void> {
    this.#tasks.close()
    this.#world.codecs.close()
    this.#middlewares.close()
    try {
      this.#schedules.close(({ plan, args }) => void this.#args.encode(plan, args))
      if ([...this.#plans.values()].some(({ thread }) => thread !== null)) this.#threads.open()
      if (this.#engine === null) this.#intake.open(await this.#log.open())
      else await this.#openEngine(this.#engine)
      this.#booted.succeed()
    } catch (error) {
      this.#booted.fail(error)
      throw error
    }
  }

  async #openEngine(engine: EngineWork): Promise<void> {
    const { folder, logger } = this.#world
    const [left] = await Promise.all([
      folder === undefined ? null : jobsLeft({ folder, logger }),
      engine.open(),
    ])
    this.#left = left
  }

  #planNamed(name: string): TaskPlan | undefined {
    const task = this.#tasks.get(name)
    return task === undefined ? undefined : this.#plans.get(task)
  }

  async #stop(): Promise<void> {
    for (const task of this.#plans.keys()) taskBindings.unbind(task, this.#world.scope)
    // Whoever waits for a boot that never began.
    this.#booted.fail(new LifecycleError({ name: 'deferred', phase: 'stopped', wanted: 'enqueue' }))
    await this.#engine?.close()
    await this.#log.end()
    await this.#threads.close()
    await this.#log.close()
  }
}
