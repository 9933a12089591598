/**
 * How late and how busy the event loop is. Both are about the time since they were last read, but at least `windowMs`: several
 * exporters that read at once see the same. Node's histogram measures the time from one look to the next, so the time between
 * looks is taken off.
 */
import {
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  performance,
} from 'node:perf_hooks'
import type { Metrics } from './metrics'

/** Readings closer together than this are the same reading, in ms. */
const windowMs = 1_000

interface Reading {
  readonly at: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly utilization: number
}

export class EventLoopMetrics {
  readonly #resolutionMs: number
  readonly #delays: IntervalHistogram
  #since: EventLoopUtilization
  #reading: Reading | null = null

  constructor(metrics: Metrics, resolutionMs: number) {
    this.#resolutionMs = resolutionMs
    this.#delays = monitorEventLoopDelay({ resolution: resolutionMs })
    this.#since = performance.eventLoopUtilization()
    metrics.gauge('rage_event_loop_delay_seconds', {
      help: 'How late timers ran since the last reading: median, 99th percentile and longest.',
      labels: ['stat'],
      collect: (set) => {
        const { p50, p99, max } = this.#read()
        set({ stat: 'p50' }, p50)
        set({ stat: 'p99' }, p99)
        set({ stat: 'max' }, max)
      },
    })
    metrics.gauge('rage_event_loop_utilization_ratio', {
      help: 'Part of the time since the last reading that the event loop was busy, 0 to 1.',
      collect: () => this.#read().utilization,
    })
  }

  start(): void {
    this.#delays.enable()
  }

  stop(): void {
    this.#delays.disable()
  }

  #read(): Reading {
    const now = performance.now()
    if (this.#reading !== null && now - this.#reading.at < windowMs) return this.#reading
    const until = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(until, this.#since)
    this.#since = until
    const delays = this.#delays
    const late = (nanoseconds: number): number =>
      // Without a look since then Node answers numbers that mean nothing.
      delays.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - this.#resolutionMs / 1e3)
    this.#reading = {
      at: now,
      p50: late(delays.percentile(50)),
      p99: late(delays.percentile(99)),
      max: late(delays.max),
      utilization: Number.isFinite(utilization) ? utilization : 0,
    }
    delays.reset()
    return this.#reading
  }
}
