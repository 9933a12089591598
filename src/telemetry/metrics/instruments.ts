/** Metrics with labels: each label set is looked up once, and gives the cell that is recorded to. */
import type { CounterCell, GaugeCell, HistogramCell } from './cells'
import type { LabelSets, LabelValues } from './label-sets'

/** A counter, gauge or histogram with labels. */
export class Labelled<Names extends string, Cell extends CounterCell | GaugeCell | HistogramCell> {
  readonly #sets: LabelSets<Cell>

  /** @internal */
  constructor(sets: LabelSets<Cell>) {
    this.#sets = sets
  }

  /**
   * The cell of these labels, the same one each time: look it up once and keep it where requests are many. Above
   * `metrics.maxLabelSets`, that of `other`.
   *
   * @throws InvalidLabelsError
   */
  labels(values: LabelValues<Names>): Cell {
    return this.#sets.of(values)
  }

  /** As `labels`, without checks: one value per label, in their order. @internal */
  ofValues(values: readonly string[]): Cell {
    return this.#sets.ofValues(values)
  }
}

export type LabelledCounter<Names extends string> = Labelled<Names, CounterCell>
export type LabelledGauge<Names extends string> = Labelled<Names, GaugeCell>
export type LabelledHistogram<Names extends string> = Labelled<Names, HistogramCell>
