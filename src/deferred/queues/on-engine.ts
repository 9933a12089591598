/** What of queues an engine is not asked to do: said at once, where the class is registered or the job enqueued. */
import type { Resolved } from '../../kernel'
import { EngineUnsupportedError } from '../errors'
import type { Job } from '../job'
import type { DeferredOptions } from '../options'
import type { TaskPlan } from '../task-plan'
import { defaultQueue } from './placement-checks'

/** What to do about it, for all of them. */
export const leaveItOut = 'Leave it out, or keep these jobs in the log.'

/** @throws EngineUnsupportedError */
export function refuseLimits(engine: string, { name, ...plan }: TaskPlan): void {
  const { concurrency, rateLimit, unique, keepResultMs, queue } = plan
  if (queue !== defaultQueue) refuse(engine, `put jobs of ${name} into the queue "${queue}"`)
  if (keepResultMs > 0) refuse(engine, `keep results of ${name}`)
  if (concurrency !== null) refuse(engine, `limit ${name} by static concurrency`)
  if (rateLimit !== null) refuse(engine, `limit ${name} by static rateLimit`)
  if (unique !== false) refuse(engine, `keep jobs of ${name} unique`)
}

/** @throws EngineUnsupportedError */
export function refuseSettings(engine: string, { queues, highWater }: Resolved<DeferredOptions>): void {
  if (Object.keys(queues).length > 0) refuse(engine, 'limit queues by deferred.queues')
  if (highWater > 0) refuse(engine, 'hold up enqueues by deferred.highWater')
}

/** @throws EngineUnsupportedError */
export function refusePlace(engine: string, { plan, queue, unique }: Job): void {
  if (queue !== defaultQueue) refuse(engine, `put a job of ${plan.name} into the queue "${queue}"`)
  if (unique !== null) refuse(engine, `keep jobs of ${plan.name} unique`)
}

function refuse(engine: string, feature: string): never {
  throw new EngineUnsupportedError({ engine, feature, instead: leaveItOut })
}
