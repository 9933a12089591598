/** Options of single queues: `deferred: { queues: { mail: { concurrency: 5 } } }`. */
import { anyValue, defineOptions, InvalidOptionError, type Option, resolveOptions } from '../../kernel'
import type { GateLimits } from './gate'
import { isQueueName, placementChecks } from './placement-checks'
import { isRateLimitOrNull, type RateLimit, rateLimitExpected } from './rate-limit'

export interface QueueOptions {
  /** Jobs of this queue running at once in this process, from 1; `null` = no limit but `deferred.concurrency`. @defaultValue `null` */
  concurrency?: number | null
  /** At most `max` of its jobs begin within any `per` seconds, in this process; `null` = no limit. @defaultValue `null` */
  rateLimit?: RateLimit | null
}

const queueOptions = defineOptions<QueueOptions>({
  concurrency: anyValue<number | null>(
    null,
    'a whole number from 1, or null',
    (value) => value === null || (Number.isInteger(value) && (value as number) >= 1),
  ),
  rateLimit: anyValue<RateLimit | null>(null, rateLimitExpected, isRateLimitOrNull),
})

/** For `defineOptions`: an object; what is in it is checked by `queueLimits`, which knows the names. */
export const queuesOption: Option<Readonly<Record<string, QueueOptions>>> = anyValue(
  {},
  'an object: the options of each queue by its name',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)

/** @throws UnknownOptionError, InvalidOptionError */
export function queueLimits(queues: Readonly<Record<string, QueueOptions>>): ReadonlyMap<string, GateLimits> {
  const limits = new Map<string, GateLimits>()
  for (const [name, given] of Object.entries(queues)) {
    if (!isQueueName(name)) {
      throw new InvalidOptionError({
        option: 'deferred.queues',
        expected: `names of queues, each ${placementChecks.queue}`,
        given: name,
      })
    }
    limits.set(name, resolveOptions(queueOptions, given, `deferred.queues.${name}`))
  }
  return limits
}
