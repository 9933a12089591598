/** High and low water, from the options. */
import { InvalidOptionError, type Resolved } from '../../kernel'
import type { DeferredOptions } from '../options'
import type { Marks } from './back-pressure'

/** `null` = no back-pressure. @throws InvalidOptionError */
export function marksFrom(settings: Resolved<DeferredOptions>): Marks | null {
  const { highWater: high, lowWater, pushTimeoutMs: timeoutMs } = settings
  if (lowWater > 0 && lowWater >= high) {
    throw new InvalidOptionError({
      option: 'deferred.lowWater',
      expected: `less than deferred.highWater (${high})`,
      given: lowWater,
    })
  }
  if (high === 0) return null
  return { high, low: lowWater === 0 ? Math.floor(high * 0.8) : lowWater, timeoutMs }
}
