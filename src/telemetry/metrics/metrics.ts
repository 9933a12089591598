/**
 * The metrics of one runtime: makes counters, gauges and histograms, and reads all of them at once for an exporter. Recording
 * works whether or not anybody exports; what the runtime measures by itself begins with `enable`.
 */

import { type Clock, systemClock } from '../../kernel'
import { InvalidMetricError, MetricsOffError } from '../errors'
import { CounterCell, GaugeCell, HistogramCell } from './cells'
import { Labelled, type LabelledCounter, type LabelledGauge, type LabelledHistogram } from './instruments'
import { LabelSets, type LabelValues } from './label-sets'
import { checkMetric, MetricNames } from './names'
import { ReadAtCollect, type ReadLabelled, type ReadOne } from './read-at-collect'
import type { Labels, MetricSnapshot } from './snapshot'

export interface MetricOptions {
  /** What it counts, for whoever sees it in a dashboard. */
  readonly help: string
}

export interface LabelledOptions<Names extends string> extends MetricOptions {
  /** Names of its labels; values must be few. */
  readonly labels: readonly Names[]
}

/** A metric that is kept elsewhere, and read when an exporter asks. */
export interface CollectOptions extends MetricOptions {
  /** Its value now, or a promise of it. What it fails with leaves the metric out, with one warning. */
  readonly collect: ReadOne
}

export interface LabelledCollectOptions<Names extends string> extends LabelledOptions<Names> {
  /** Calls `set(labels, value)` for each label set there is now; those of before are forgotten. May answer a promise. */
  readonly collect: ReadLabelled<LabelValues<Names>>
}

export interface BucketOptions {
  /** Upper bounds, ascending. @defaultValue `[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]`, for seconds */
  readonly buckets?: readonly number[]
}

interface Given extends Partial<LabelledOptions<string>>, BucketOptions {
  readonly help: string
  readonly collect?: ReadOne | ReadLabelled<Labels>
}

/** For durations in seconds. */
export const standardBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const mostBuckets = 100

interface Reader {
  /** `null` = it could not be read. */
  readonly collect: () => MetricSnapshot | null
}

export class Metrics {
  readonly #maxLabelSets: number
  readonly #clock: Clock
  readonly #names = new MetricNames()
  readonly #readers: (Reader | ReadAtCollect)[] = []
  readonly #questions: (() => Promise<void>)[] = []
  #reading = 0
  #isOn = false
  #isBooted = false

  /** Use `rage.metrics`. @internal */
  constructor({
    maxLabelSets,
    clock = systemClock,
  }: { readonly maxLabelSets: number; readonly clock?: Clock }) {
    this.#maxLabelSets = maxLabelSets
    this.#clock = clock
  }

  /**
   * A number that only grows: `rage.metrics.counter('orders_total', { help: 'Orders placed', labels: ['plan'] })`. Any time, each
   * name once.
   *
   * @throws InvalidMetricError, DuplicateNameError
   */
  counter<const Names extends string>(name: string, options: LabelledCollectOptions<Names>): void
  counter(name: string, options: CollectOptions): void
  counter<const Names extends string>(name: string, options: LabelledOptions<Names>): LabelledCounter<Names>
  counter(name: string, options: MetricOptions): CounterCell
  counter(name: string, options: Given): CounterCell | LabelledCounter<string> | void {
    return this.#make('counter', name, options, (labels) => new CounterCell(name, labels))
  }

  /** A number that goes up and down. @throws InvalidMetricError, DuplicateNameError */
  gauge<const Names extends string>(name: string, options: LabelledCollectOptions<Names>): void
  gauge(name: string, options: CollectOptions): void
  gauge<const Names extends string>(name: string, options: LabelledOptions<Names>): LabelledGauge<Names>
  gauge(name: string, options: MetricOptions): GaugeCell
  gauge(name: string, options: Given): GaugeCell | LabelledGauge<string> | void {
    return this.#make('gauge', name, options, (labels) => new GaugeCell(name, labels))
  }

  /** How values are spread, such as durations in seconds. @throws InvalidMetricError, DuplicateNameError */
  histogram<const Names extends string>(
    name: string,
    options: LabelledOptions<Names> & BucketOptions,
  ): LabelledHistogram<Names>
  histogram(name: string, options: MetricOptions & BucketOptions): HistogramCell
  histogram(name: string, options: Given): HistogramCell | LabelledHistogram<string> {
    const { help, labels: names, buckets = standardBuckets } = givenTo(name, options)
    const bounds = checkedBounds(name, buckets)
    const make = (labels: Labels): HistogramCell => new HistogramCell(name, labels, bounds)
    this.#take('histogram', name, options)
    const [made, cells] = this.#cells(name, names, make)
    this.#readers.push({
      collect: () => ({ kind: 'histogram', name, help, bounds, samples: cells.map(histogramSample) }),
    })
    return made
  }

  /** Adds a metric that is read whole, such as a histogram kept by others. @internal */
  source(kind: MetricSnapshot['kind'], name: string, read: () => MetricSnapshot): void {
    this.#names.take(kind, name)
    this.#readers.push({ collect: read })
  }

  /** `ask` is called before each `read`: it gets what only others know, never rejects, and takes two seconds at most. @internal */
  beforeRead(ask: () => Promise<void>): void {
    this.#questions.push(ask)
  }

  /**
   * As `collect`, and with what has to be asked for: jobs on the server of an engine, a `collect` that answers a promise.
   * Exporters call it. Takes two seconds at most for each of both, while they are silent; never rejects.
   */
  async read(): Promise<readonly MetricSnapshot[]> {
    if (this.#questions.length > 0) await Promise.all(this.#questions.map((ask) => ask()))
    this.#reading += 1
    const snapshots = this.#readers.map((reader) => ('read' in reader ? reader.read() : reader.collect()))
    return (await Promise.all(snapshots)).filter(isRead)
  }

  /** What all metrics of this process read as now, without those that have to be waited for. Never throws. */
  collect(): readonly MetricSnapshot[] {
    this.#reading += 1
    return this.#readers.map((reader) => reader.collect()).filter(isRead)
  }

  /** Number of the reading that is under way, or was the last. @internal */
  get reading(): number {
    return this.#reading
  }

  /** The runtime measures itself: by the option `metrics`, or because something exports. */
  get isOn(): boolean {
    return this.#isOn
  }

  /**
   * Has the runtime measure itself from boot on; exporters call it when they are made. Nothing happens when it does so already.
   *
   * @param exporter who asks, for the message.
   * @throws MetricsOffError after boot
   */
  enable(exporter = 'An exporter of metrics'): void {
    if (this.#isOn) return
    if (this.#isBooted) throw new MetricsOffError({ exporter })
    this.#isOn = true
  }

  /** From now on it is settled whether the runtime measures itself. @internal */
  settle(): boolean {
    this.#isBooted = true
    return this.#isOn
  }

  #make<Cell extends CounterCell | GaugeCell>(
    kind: 'counter' | 'gauge',
    name: string,
    options: Given,
    make: (labels: Labels) => Cell,
  ): Cell | Labelled<string, Cell> | void {
    const { help, labels, collect } = givenTo(name, options)
    this.#take(kind, name, options)
    if (collect !== undefined) {
      const parts = { kind, name, help, labels, limit: this.#maxLabelSets, collect, clock: this.#clock }
      this.#readers.push(new ReadAtCollect(parts))
      return
    }
    const [made, cells] = this.#cells(name, labels, make)
    const sample = ({ labels, value }: Cell) => ({ labels, value })
    this.#readers.push({ collect: () => ({ kind, name, help, samples: cells.map(sample) }) })
    return made
  }

  #take(kind: MetricSnapshot['kind'], name: string, { help, labels = [] }: Given): void {
    checkMetric(kind, name, help, labels)
    this.#names.take(kind, name)
  }

  #cells<Cell extends CounterCell | GaugeCell | HistogramCell>(
    name: string,
    names: readonly string[] | undefined,
    make: (labels: Labels) => Cell,
  ): [Cell | Labelled<string, Cell>, readonly Cell[]] {
    if (names === undefined || names.length === 0) {
      const cell = make(Object.freeze({}))
      return [cell, [cell]]
    }
    const sets = new LabelSets(name, [...names], this.#maxLabelSets, make)
    return [new Labelled(sets), sets.cells]
  }
}

function isRead(snapshot: MetricSnapshot | null): snapshot is MetricSnapshot {
  return snapshot !== null
}

function histogramSample({ labels, counts, count, sum }: HistogramCell) {
  return { labels, counts: [...counts], count, sum }
}

/** @throws InvalidMetricError */
function checkedBounds(metric: string, bounds: readonly number[]): readonly number[] {
  const areGood =
    Array.isArray(bounds) &&
    bounds.length > 0 &&
    bounds.length <= mostBuckets &&
    bounds.every((bound, index) => Number.isFinite(bound) && (index === 0 || bound > bounds[index - 1]!))
  if (!areGood)
    throw new InvalidMetricError({
      metric,
      problem: `needs 1 to ${mostBuckets} buckets, finite numbers that ascend`,
    })
  return Object.freeze([...bounds])
}

/** @throws InvalidMetricError */
function givenTo(metric: string, options: Given): Given {
  if (typeof options === 'object' && options !== null) return options
  throw new InvalidMetricError({
    metric: String(metric),
    problem: 'has no options: it needs { help } at least',
  })
}
