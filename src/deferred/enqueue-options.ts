/** When and where a job may run: the options of `enqueue`, checked, turned into a time and a place. */
import { anyValue, defineOptions, InvalidOptionError, resolveOptions } from '../kernel'
import type { Job } from './job'
import { isPriority, isQueueName, isUniqueFor, isUniqueKey, placementChecks } from './queues/placement-checks'
import { checkedKey, keyOfArgs, type UniqueKey } from './queues/unique-key'
import type { PlannedJob } from './task'
import type { TaskPlan } from './task-plan'

export interface EnqueueOptions {
  /** Seconds before the first attempt, fractions allowed, 0 to one year. @defaultValue `0` */
  delay?: number
  /** Earliest time of the first attempt: a Date or epoch milliseconds a Date can hold. Not together with `delay`. */
  runAt?: Date | number
  /** The queue it waits in; a name of 1 to 100 characters. @defaultValue that of the task */
  queue?: string
  /** The smallest first, as in Rails; a whole number from -1,000 to 1,000. @defaultValue that of the task */
  priority?: number
  /**
   * A key of 1 to 500 characters, or `true` for one made of the arguments, or `false` for none. While a job of the task
   * with this key waits or runs, or for `uniqueFor`, enqueuing another answers the one that is there, with
   * `duplicate: true`. Holds per process; survives restarts. @defaultValue that of the task
   */
  unique?: string | boolean
  /**
   * Seconds from now for which the key stays in force even when the job is over, 0 to one year; refused where there is
   * no key. @defaultValue that of the task
   */
  uniqueFor?: number
  /**
   * Jobs that follow, one after the other: the first is enqueued once this job is done, in one record group with its end.
   * They are kept with this job, also through retries and restarts; when it dies or is cancelled, they are not enqueued.
   */
  followedBy?: readonly PlannedJob[]
  /**
   * A transaction of the caller's own, on an engine that can take part in it (`rage-js/pg-boss`): the job exists exactly
   * when it commits. A client of `pg`, or anything with `query(sql, values)`.
   */
  transaction?: object | null
}

const longestDelaySeconds = 365 * 24 * 60 * 60
/** The last time that a Date can hold. */
const lastTime = 8.64e15

const enqueueOptions = defineOptions<EnqueueOptions>({
  delay: anyValue<number>(0, `seconds from 0 to ${longestDelaySeconds}`, isDelay),
  runAt: anyValue<Date | number>(0, 'a valid Date or epoch milliseconds', (value) => {
    const time = value instanceof Date ? value.getTime() : value
    return typeof time === 'number' && time >= 0 && time <= lastTime
  }),
  queue: anyValue<string>('', placementChecks.queue, isQueueName),
  priority: anyValue<number>(0, placementChecks.priority, isPriority),
  unique: anyValue<string | boolean>(
    false,
    placementChecks.unique,
    (value) => typeof value === 'boolean' || isUniqueKey(value),
  ),
  uniqueFor: anyValue<number>(0, placementChecks.uniqueFor, isUniqueFor),
  followedBy: anyValue<readonly PlannedJob[]>([], 'an array of Task.with(args)', Array.isArray),
  transaction: anyValue<object | null>(null, 'an object, or null', (value) => typeof value === 'object'),
})

/**
 * The job's `runAt` in epoch milliseconds.
 *
 * @throws UnknownOptionError, InvalidOptionError
 */
export function runAtFrom(options: EnqueueOptions | undefined, now: number, path: string): number {
  if (options === undefined) return now
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError({ option: path, expected: 'an object', given: options })
  if (isDelayAlone(options)) return now + Math.ceil(options.delay * 1_000)
  const { delay, runAt } = resolveOptions(enqueueOptions, options, path)
  if (options.runAt === undefined) return now + Math.ceil(delay * 1_000)
  if (options.delay !== undefined) {
    throw new InvalidOptionError({
      option: `${path}.runAt`,
      expected: 'left out when delay is given',
      given: runAt,
    })
  }
  return Math.ceil(Number(runAt))
}

/** Gives the job the place that its options name, after `runAtFrom` has checked them. */
export function placeJob(job: Job, { queue, priority }: EnqueueOptions): void {
  if (queue !== undefined) job.queue = queue
  if (priority !== undefined) job.priority = priority
}

/**
 * The key that the options name, or the class.
 *
 * @param text the arguments as they are written, for a key made of them.
 * @throws InvalidOptionError, and what `static unique` throws
 */
export function uniqueKeyOf(
  plan: TaskPlan,
  args: unknown,
  options: EnqueueOptions | undefined,
  now: number,
  text: () => string,
): UniqueKey | null {
  const unique = options?.unique ?? plan.unique
  if (unique === false && options?.uniqueFor)
    throw new InvalidOptionError({
      option: `${plan.name}.uniqueFor`,
      expected: 'together with a key: "unique" of the options or of the class',
      given: options.uniqueFor,
    })
  // Whoever declares a function of the arguments declares it for the arguments of that task.
  const key = typeof unique === 'function' ? unique(args as never) : unique
  if (key === false || key === null) return null
  const seconds = options?.uniqueFor ?? plan.uniqueForSeconds
  return {
    key: key === true ? keyOfArgs(text()) : checkedKey(`${plan.name}.unique`, key),
    // Without a window no time at all: a clock that is set back would make one of it.
    until: seconds === 0 ? 0 : now + Math.ceil(seconds * 1_000),
  }
}

/** The usual case, without the cost of looking at every option: bench/jobs.mjs. */
function isDelayAlone(options: EnqueueOptions): options is { delay: number } {
  const { delay } = options
  if (!isDelay(delay) || Object.getPrototypeOf(options) !== Object.prototype) return false
  for (const key in options) if (key !== 'delay') return false
  return true
}

function isDelay(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= longestDelaySeconds
}
