/** Pauses of the garbage collector, by kind, as Node reports them. */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import type { LabelledHistogram } from './instruments'
import type { Metrics } from './metrics'

const kinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak_callbacks',
}
/** Most pauses are below a millisecond; one of a second is an outage. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]

export class GarbageCollectionMetrics {
  readonly #pauses: LabelledHistogram<'kind'>
  readonly #observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) this.#record(entry)
  })

  constructor(metrics: Metrics) {
    this.#pauses = metrics.histogram('rage_gc_pause_seconds', {
      help: 'Pauses of the garbage collector.',
      labels: ['kind'],
      buckets,
    })
    // All kinds are there from the start: a rate needs a first value.
    for (const kind of Object.values(kinds)) this.#pauses.labels({ kind })
  }

  start(): void {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  stop(): void {
    this.#observer.disconnect()
  }

  #record(entry: PerformanceEntry): void {
    // Its type does not have what entries of this kind have.
    const { kind } = (entry as unknown as { detail?: { kind?: number } }).detail ?? {}
    this.#pauses.labels({ kind: kinds[kind ?? 0] ?? 'other' }).observe(entry.duration / 1_000)
  }
}
