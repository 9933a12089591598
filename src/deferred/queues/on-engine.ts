/** What of queues an engine is not asked to do: said at once, where the class is registered or the job enqueued. */
import { type Resolved, resolveOptions } from '../../kernel'
import { EngineUnsupportedError } from '../errors'
import type { Job } from '../job'
import { type DeferredOptions, deferredOptions } from '../options'
import type { TaskPlan } from '../task-plan'
import { defaultQueue } from './placement-checks'

const ofTheLog = ['durability', 'maxQueued', 'highWater', 'lowWater', 'pushTimeoutMs', 'resultLimit'] as const
const defaults = resolveOptions(deferredOptions, undefined, 'deferred')

/** What to do about it, for all of them. */
export const leaveItOut = 'Leave it out, or keep these jobs in the log.'

/** @throws EngineUnsupportedError */
export function refuseLimits(engine: string, { name, ...plan }: TaskPlan): void {
  const { concurrency, rateLimit, unique, uniqueForSeconds, keepResultMs, queue } = plan
  if (queue !== defaultQueue) refuse(engine, `put jobs of ${name} into the queue "${queue}"`)
  if (keepResultMs > 0) refuse(engine, `keep results of ${name}`)
  if (concurrency !== null) refuse(engine, `limit ${name} by static concurrency`)
  if (rateLimit !== null) refuse(engine, `limit ${name} by static rateLimit`)
  if (unique !== false || uniqueForSeconds > 0) refuse(engine, `keep jobs of ${name} unique`)
}

/** @throws EngineUnsupportedError */
export function refuseSettings(engine: string, settings: Resolved<DeferredOptions>): void {
  if (Object.keys(settings.queues).length > 0) refuse(engine, 'limit queues by deferred.queues')
  for (const option of ofTheLog)
    if (settings[option] !== defaults[option]) refuse(engine, `heed deferred.${option}`)
}

/** @throws EngineUnsupportedError */
export function refusePlace(engine: string, { plan, queue, unique }: Job): void {
  if (queue !== defaultQueue) refuse(engine, `put a job of ${plan.name} into the queue "${queue}"`)
  if (unique !== null) refuse(engine, `keep jobs of ${plan.name} unique`)
}

function refuse(engine: string, feature: string): never {
  throw new EngineUnsupportedError({ engine, feature, instead: leaveItOut })
}
