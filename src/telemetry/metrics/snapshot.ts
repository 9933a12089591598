/** What the metrics of a process read as at one moment: what exporters (Prometheus, OpenTelemetry) turn into their formats. */

export type Labels = Readonly<Record<string, string>>

export interface CounterSnapshot {
  readonly kind: 'counter'
  readonly name: string
  readonly help: string
  /** Only ever grows. */
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[]
}

export interface GaugeSnapshot {
  readonly kind: 'gauge'
  readonly name: string
  readonly help: string
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[]
}

export interface HistogramSnapshot {
  readonly kind: 'histogram'
  readonly name: string
  readonly help: string
  /** Upper bounds, ascending, without infinity. */
  readonly bounds: readonly number[]
  readonly samples: readonly {
    readonly labels: Labels
    /** How many values fell into each bucket (not cumulative), one more than there are bounds. */
    readonly counts: readonly number[]
    readonly count: number
    readonly sum: number
  }[]
}

/** Names are those of Prometheus: base units and suffix, `rage_http_request_duration_seconds`. */
export type MetricSnapshot = CounterSnapshot | GaugeSnapshot | HistogramSnapshot
