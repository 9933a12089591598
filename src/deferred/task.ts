/**
 * The class users extend to describe background work:
 *
 *     class SendReceipt extends Task<{ orderId: string }> {
 *       async perform({ orderId }, { signal }) { ... }
 *     }
 *     await SendReceipt.enqueue({ orderId: '7' })
 *
 * A *task* is such a class, a *job* is one record of it, an *attempt* is one run of a job.
 */
import { currentContext } from '../context'
import { Bindings } from '../kernel'
import type { EnqueueOptions } from './enqueue-options'
import { DrainingError } from './errors'
import type { RateLimit } from './queues/rate-limit'
import type { UniqueBy } from './queues/task-placement'
import { defaultRetryIn } from './retry-policy'

/** What `perform` learns about the job it runs. */
export interface RunningJob {
  /** The same for every attempt, also after a restart: fit for idempotency keys. */
  readonly id: string
  /** 1 for the first attempt. */
  readonly attempt: number
  /** Aborted by the task's timeout, by `rage.deferred.cancel`, and at the end of a drain. */
  readonly signal: AbortSignal
  /** Attempts that came before: 0 for the first one. */
  readonly retries: number
  /** Whether another attempt follows if this one fails, as far as `retries` and `retryIn` can say without an error. */
  readonly willRetry: boolean
  /**
   * Seconds until that attempt, or `null` when there is none: `retryIn(undefined, attempt)`, asked once. After a failure
   * it is asked again, with the error.
   */
  readonly willRetryIn: number | null
  /** When `enqueue` was called, epoch milliseconds. */
  readonly enqueuedAt: number
  readonly queue: string
  /** How the batch ended that this job follows, or `null`. */
  readonly batch: BatchOutcome | null
  /**
   * Says how far it got: a number, or any small JSON value. `rage.deferred.find(id)` answers the latest while the job runs;
   * spans `deferred.task.progress` tell of it, every 250 ms at most. In memory only: cheap enough for every row.
   * Throws InvalidProgressError for what JSON cannot write, and for more than 64 KiB of it.
   */
  readonly progress: (value: unknown) => void
  /**
   * Somebody asked us to slow down (429, `Retry-After`): ends this attempt by a throw, charges nothing, puts the job back
   * where it was, and lets no job of the task begin for `seconds`, 0 to one day, in this process.
   *
   * @throws RateLimitedError, always; InvalidOptionError
   */
  rateLimit(seconds: number): never
}

/** How a batch ended. */
export interface BatchOutcome {
  readonly id: string
  /** `done` + `dead` + `cancelled` */
  readonly total: number
  readonly done: number
  readonly dead: number
  readonly cancelled: number
}

/** What `rage.deferred.batch` resolves to. */
export interface EnqueuedBatch {
  readonly id: string
  readonly jobs: readonly EnqueuedJob[]
}

/** A job that is described now and enqueued later, in a chain or a batch. Made by `Task.with`. */
export interface PlannedJob {
  readonly task: TaskClass
  readonly args: unknown
  readonly options: PlannedOptions | undefined
}

/** In a chain `delay` counts from the end of the job before. */
export type PlannedOptions = Pick<EnqueueOptions, 'delay' | 'runAt' | 'queue' | 'priority'>

/** What `enqueue` resolves to. */
export interface EnqueuedJob {
  /** Ids of one process sort in the order of their enqueues. */
  readonly id: string
  readonly task: string
  /** When the first attempt may begin, epoch milliseconds. */
  readonly runAt: number
  /** Nothing was enqueued: this is the job that has the same unique key already. */
  readonly duplicate: boolean
}

/** Arguments may be left out where the task takes none. */
export type EnqueueArguments<Args> = undefined extends Args
  ? [args?: Args, options?: EnqueueOptions]
  : [args: Args, options?: EnqueueOptions]

/** A task class whose jobs take `Args`. */
export type TaskClass<Args = unknown> = (new () => Task<Args>) &
  Pick<typeof Task, 'taskName' | 'retries' | 'timeout' | 'thread' | 'keepResults' | 'retryIn'> &
  Pick<typeof Task, 'queue' | 'priority' | 'concurrency' | 'rateLimit' | 'unique' | 'uniqueFor'> & {
    readonly name: string
  }

/** The queue a task class reaches: that of the runtime it is registered with. */
export interface TaskQueue {
  enqueue<Args>(
    task: TaskClass<Args>,
    args: NoInfer<Args> | undefined,
    options?: EnqueueOptions,
  ): Promise<EnqueuedJob>
  enqueueMany<Args>(
    task: TaskClass<Args>,
    argsList: readonly NoInfer<Args>[],
    options?: EnqueueOptions,
  ): Promise<readonly EnqueuedJob[]>
}

/** @internal */
export const taskBindings = new Bindings<TaskQueue>(
  'task',
  (task) => new DrainingError({ task, hasStopped: true }),
)

export abstract class Task<Args = void> {
  /** Only in the types. */
  declare protected readonly argsType: Args

  /** The name stored with every job; set it to rename the class and keep its jobs. Default: the class name. */
  static taskName: string | null = null
  /** Attempts after the first; a whole number, `0` = none. Default 20, some 9 days with the default `retryIn`. */
  static retries = 20
  /** Longest one attempt may take, in seconds, or `null` for no limit. Default `null`. */
  static timeout: number | null = null
  /**
   * Runs `perform` on a thread of its own, for work that would keep the event loop: `import.meta.url` (ES module) or `__filename`
   * (CommonJS) of the file that exports the class, or `null`. Needs the package `piscina`. Default `null`.
   */
  static thread: string | null = null

  /**
   * Seconds for which the end of each job is kept, with what `perform` returned, for `rage.deferred.result` and `find`; up
   * to a year, `0` = not at all. Default 0.
   */
  static keepResults = 0

  /** The queue its jobs wait in; any name of 1 to 100 characters. Default `'default'`. */
  static queue = 'default'
  /** Which of the waiting jobs of a queue is next: the smallest first, as in Rails; -1,000 to 1,000. Default 0. */
  static priority = 0
  /** Jobs of this task running at once in this process, or `null` for no limit of its own. Default `null`. */
  static concurrency: number | null = null
  /** At most `max` of its jobs begin within any `per` seconds, in this process; `null` for no limit. Default `null`. */
  static rateLimit: RateLimit | null = null
  /**
   * One job at a time for the same arguments (`true`) or for the same key, which a function makes of the arguments
   * (`null` = this one is not unique). See `EnqueueOptions.unique`. Default `false`.
   */
  static unique: boolean | UniqueBy = false
  /** Seconds after its enqueue for which a unique job keeps its key even when it is over, up to a year. Default 0. */
  static uniqueFor = 0

  /**
   * Seconds until the next attempt, a year at most, or `false` to give up.
   *
   * @param error   what the attempt failed with.
   * @param attempt number of the attempt that failed, from 1.
   * Default: `attempt^4 + 10 + rand(15) * attempt`, as Rage has it.
   */
  static retryIn(_error: unknown, attempt: number): number | false {
    return defaultRetryIn(attempt)
  }

  /**
   * Does the work; a promise is waited for, a throw is a failed attempt. May run more than once for one job
   * (at least once is the promise), so let it find its effect already there.
   */
  abstract perform(args: Args, job: RunningJob): unknown

  /**
   * Appends a job of this task to the log and resolves once the record is as safe as `deferred.durability` says.
   *
   * @param args    JSON value, at most `deferred.maxArgsBytes` once encoded; the attempt gets a copy.
   * @param options `delay` in seconds, or `runAt`; `queue`, `priority`, `unique`. Default: as soon as possible, as the class says.
   * @throws InvalidArgsError, ArgsTooLargeError, QueueFullError, PushTimeoutError, DrainingError (once drain began),
   * LogWriteError (disk), NotRegisteredError, EnqueueOnThreadError. Always as a rejection. Emits `deferred.task.enqueue`.
   */
  static enqueue<Args>(this: TaskClass<Args>, ...given: EnqueueArguments<Args>): Promise<EnqueuedJob> {
    const [args, options] = given
    try {
      return queueOf(this).enqueue(this, args, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Describes a job for a chain or a batch, and enqueues nothing:
   * `A.enqueue(args, { followedBy: [B.with(args), C.with(args)] })`.
   */
  static with<Args>(
    this: TaskClass<Args>,
    ...given: undefined extends Args
      ? [args?: Args, options?: PlannedOptions]
      : [args: Args, options?: PlannedOptions]
  ): PlannedJob {
    const [args, options] = given
    return { task: this as TaskClass, args, options }
  }

  /**
   * As `enqueue` for each of `argsList`, in one record group: after a crash all of the jobs exist, or none. The event loop
   * waits while they are encoded, some microseconds each: better ten calls with 10,000 than one with 100,000.
   */
  static enqueueMany<Args>(
    this: TaskClass<Args>,
    argsList: readonly NoInfer<Args>[],
    options?: EnqueueOptions,
  ): Promise<readonly EnqueuedJob[]> {
    try {
      return queueOf(this).enqueueMany(this, argsList, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

function queueOf<Args>(task: TaskClass<Args>): TaskQueue {
  return taskBindings.resolve(task, currentContext()?.scope ?? null)
}
