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
import { defaultRetryIn } from './retry-policy'

/** What `perform` learns about the job it runs. */
export interface RunningJob {
  /** The same for every attempt, also after a restart: fit for idempotency keys. */
  readonly id: string
  /** 1 for the first attempt. */
  readonly attempt: number
  /** Aborted by the task's timeout and at the end of a drain. */
  readonly signal: AbortSignal
}

/** What `enqueue` resolves to. */
export interface EnqueuedJob {
  /** Ids of one process sort in the order of their enqueues. */
  readonly id: string
  readonly task: string
  /** When the first attempt may begin, epoch milliseconds. */
  readonly runAt: number
}

/** Arguments may be left out where the task takes none. */
export type EnqueueArguments<Args> = undefined extends Args
  ? [args?: Args, options?: EnqueueOptions]
  : [args: Args, options?: EnqueueOptions]

/** A task class whose jobs take `Args`. */
export type TaskClass<Args = unknown> = (new () => Task<Args>) &
  Pick<typeof Task, 'taskName' | 'retries' | 'timeout' | 'retryIn'> & { readonly name: string }

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
export const taskBindings = new Bindings<TaskQueue>('task')

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
   * Seconds until the next attempt, or `false` to give up.
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
   * @param options `delay` in seconds, or `runAt`. Default: as soon as possible.
   * @throws InvalidArgsError, ArgsTooLargeError, QueueFullError, DrainingError (once drain began),
   * LogWriteError (disk), NotRegisteredError. Always as a rejection. Emits `deferred.task.enqueue`.
   */
  static enqueue<Args>(this: TaskClass<Args>, ...given: EnqueueArguments<Args>): Promise<EnqueuedJob> {
    const [args, options] = given
    try {
      return queueOf(this).enqueue(this, args, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** As `enqueue` for each of `argsList`, in one record group: after a crash all of the jobs exist, or none. */
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
