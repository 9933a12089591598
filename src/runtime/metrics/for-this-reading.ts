/** Figures that several metrics take their values from, looked up once for all of them. */
import type { Metrics } from '../../telemetry'

/** @param read called at most once for each `metrics.collect()`. */
export function forThisReading<T>(metrics: Pick<Metrics, 'reading'>, read: () => T): () => T {
  let reading = -1
  let last: T
  return () => {
    if (metrics.reading !== reading) {
      last = read()
      reading = metrics.reading
    }
    return last
  }
}
