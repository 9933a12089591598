/** Where a task's jobs wait and what limits them, from its statics; read once when it is registered. */
import { InvalidOptionError } from '../../kernel'
import type { TaskClass } from '../task'
import { isPriority, isQueueName, isUniqueFor, placementChecks } from './placement-checks'
import { isRateLimitOrNull, type RateLimit, rateLimitExpected } from './rate-limit'

/** The key of a job from its arguments; `null` = this one is not unique. */
export type UniqueBy = (args: never) => string | null

export interface TaskPlacement {
  readonly queue: string
  readonly priority: number
  /** `null` = no limit of its own. */
  readonly concurrency: number | null
  readonly rateLimit: RateLimit | null
  /** `true` = by arguments. */
  readonly unique: boolean | UniqueBy
  readonly uniqueForSeconds: number
}

/** @throws InvalidOptionError */
export function placementOf(task: string, type: TaskClass): TaskPlacement {
  const { queue, priority, concurrency, rateLimit, unique, uniqueFor } = type
  const check = (option: string, given: unknown, isRight: boolean, expected: string): void => {
    if (!isRight) throw new InvalidOptionError({ option: `${task}.${option}`, expected, given })
  }
  check('queue', queue, isQueueName(queue), placementChecks.queue)
  check('priority', priority, isPriority(priority), placementChecks.priority)
  const isLimit = concurrency === null || (Number.isInteger(concurrency) && concurrency >= 1)
  check('concurrency', concurrency, isLimit, 'a whole number from 1, or null')
  check('rateLimit', rateLimit, isRateLimitOrNull(rateLimit), rateLimitExpected)
  const isUnique = typeof unique === 'boolean' || typeof unique === 'function'
  check('unique', unique, isUnique, 'true, false, or a function of the arguments')
  check('uniqueFor', uniqueFor, isUniqueFor(uniqueFor), placementChecks.uniqueFor)
  return { queue, priority, concurrency, rateLimit, unique, uniqueForSeconds: uniqueFor }
}
