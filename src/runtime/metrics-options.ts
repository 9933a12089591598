/** Options of what the runtime measures of itself. */
import { anyValue, defineOptions, flag, type Resolved, resolveOptions, wholeNumber } from '../kernel'
import { standardBuckets } from '../telemetry'

export interface MetricsOptions {
  /** `false` = measure only if an exporter (`rage-js/prometheus`, `rage-js/opentelemetry`) is made before boot, which turns it on by itself. @defaultValue `true` */
  enabled?: boolean
  /** Label sets that each metric keeps apart, from 1; further ones are counted together as `other`, with one warning. @defaultValue `1_000` */
  maxLabelSets?: number
  /** Duration of every request by method, route, arm and status. @defaultValue `true` */
  requests?: boolean
  /** Event loop, garbage collector, memory and accept queues of this process. @defaultValue `true` */
  process?: boolean
  /** Upper bounds of the histograms of durations, in seconds, ascending, 1 to 100 of them. @defaultValue `[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]` */
  durationBuckets?: readonly number[]
  /** How often the delay of the event loop is looked at, in ms, 1 to 1000. @defaultValue `10` */
  eventLoopResolutionMs?: number
}

export const metricsOptions = defineOptions<MetricsOptions>({
  enabled: flag(true),
  maxLabelSets: wholeNumber({ default: 1_000, min: 1 }),
  requests: flag(true),
  process: flag(true),
  durationBuckets: anyValue<readonly number[]>(
    standardBuckets,
    'a list of 1 to 100 numbers that ascend',
    areBuckets,
  ),
  eventLoopResolutionMs: wholeNumber({ default: 10, min: 1, max: 1_000 }),
})

export type MetricsSettings = Resolved<MetricsOptions>

/** @throws UnknownOptionError, InvalidOptionError */
export function metricsSettings(given: boolean | MetricsOptions): MetricsSettings {
  const options = typeof given === 'boolean' ? { enabled: given } : given
  return resolveOptions(metricsOptions, options, 'createRage.metrics')
}

function areBuckets(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= 100 &&
    value.every((bound, index) => Number.isFinite(bound) && (index === 0 || bound > value[index - 1]))
  )
}
