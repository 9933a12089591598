/** When a job may first run: the options of `enqueue`, checked and turned into a time. */
import { anyValue, defineOptions, InvalidOptionError, resolveOptions } from '../kernel'

export interface EnqueueOptions {
  /** Seconds before the first attempt, fractions allowed, 0 to one year. @defaultValue `0` */
  delay?: number
  /** Earliest time of the first attempt: a Date or epoch milliseconds. Not together with `delay`. */
  runAt?: Date | number
}

const longestDelaySeconds = 365 * 24 * 60 * 60

const enqueueOptions = defineOptions<EnqueueOptions>({
  delay: anyValue<number>(0, `seconds from 0 to ${longestDelaySeconds}`, isDelay),
  runAt: anyValue<Date | number>(0, 'a valid Date or epoch milliseconds', (value) => {
    const time = value instanceof Date ? value.getTime() : value
    return typeof time === 'number' && Number.isFinite(time) && time >= 0
  }),
})

/**
 * The job's `runAt` in epoch milliseconds.
 *
 * @throws UnknownOptionError, InvalidOptionError
 */
export function runAtFrom(options: EnqueueOptions | undefined, now: number, path: string): number {
  if (options === undefined) return now
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
