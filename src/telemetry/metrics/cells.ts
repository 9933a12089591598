/**
 * Where values are recorded: a cell per label set. Hot path: bench/telemetry.mjs. Recording is a few additions; it allocates
 * nothing and never throws.
 */
import { showable, warnOnce } from '../../kernel'
import type { Labels } from './snapshot'

export class CounterCell {
  readonly labels: Labels
  readonly #metric: string
  #value = 0

  /** @internal */
  constructor(metric: string, labels: Labels) {
    this.#metric = metric
    this.labels = labels
  }

  get value(): number {
    return this.#value
  }

  /** @param by 0 or more; anything else is left out, with one warning. */
  inc(by = 1): void {
    // From JavaScript it may be a text, which would be appended.
    if (typeof by === 'number' && by >= 0 && by < Number.POSITIVE_INFINITY) this.#value += by
    else refuse(this.#metric, by)
  }

  /** Of a counter that is kept elsewhere. @internal */
  read(value: number): void {
    this.#value = value
  }
}

export class GaugeCell {
  readonly labels: Labels
  readonly #metric: string
  #value = 0

  /** @internal */
  constructor(metric: string, labels: Labels) {
    this.#metric = metric
    this.labels = labels
  }

  get value(): number {
    return this.#value
  }

  /** @param value any finite number; anything else is left out, with one warning. */
  set(value: number): void {
    if (Number.isFinite(value)) this.#value = value
    else refuse(this.#metric, value)
  }

  inc(by = 1): void {
    this.set(Number.isFinite(by) ? this.#value + by : by)
  }

  dec(by = 1): void {
    this.set(Number.isFinite(by) ? this.#value - by : by)
  }
}

export class HistogramCell {
  readonly labels: Labels
  /** Per bucket, the last one without an upper bound. */
  readonly counts: Float64Array
  readonly #metric: string
  readonly #bounds: readonly number[]
  #sum = 0
  #count = 0

  /** @internal */
  constructor(metric: string, labels: Labels, bounds: readonly number[]) {
    this.#metric = metric
    this.labels = labels
    this.#bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  get sum(): number {
    return this.#sum
  }

  get count(): number {
    return this.#count
  }

  /** @param value any finite number; anything else is left out, with one warning. */
  observe(value: number): void {
    if (!Number.isFinite(value)) return refuse(this.#metric, value)
    const bounds = this.#bounds
    let index = 0
    // Buckets are few, and most values fall into the first ones.
    while (index < bounds.length && value > bounds[index]!) index += 1
    this.counts[index]! += 1
    this.#sum += value
    this.#count += 1
  }
}

function refuse(metric: string, given: unknown): void {
  const value = showable(given)
  warnOnce(
    'RAGE_W031',
    `The metric "${metric}" was given ${String(value)}, which it cannot hold. It was left out.`,
    metric,
  )
}
