/** The metrics of a runtime for the readers of `@opentelemetry/sdk-metrics`: snapshots in the SDK's format of collection. */
import type { Rage } from '../../src/runtime'
import type { HistogramSnapshot, MetricSnapshot } from '../../src/telemetry'
import type { Attributes, HrTime } from './api'

// The values of enums of the SDK, which is not loaded here: `DataPointType`, `AggregationTemporality`, `ValueType`.
const histogramType = 0
const gaugeType = 2
const sumType = 3
const cumulative = 1
const doubleType = 1

interface DataPoint<Value> {
  readonly startTime: HrTime
  readonly endTime: HrTime
  readonly attributes: Attributes
  readonly value: Value
}

interface Histogram {
  readonly buckets: { boundaries: number[]; counts: number[] }
  readonly sum: number
  readonly count: number
}

interface Described {
  readonly descriptor: {
    readonly name: string
    readonly description: string
    readonly unit: string
    readonly valueType: typeof doubleType
  }
  readonly aggregationTemporality: typeof cumulative
}

/** One metric, as `MetricData` of the SDK. */
export type ProducedMetric = Described &
  (
    | { readonly dataPointType: typeof sumType; dataPoints: DataPoint<number>[]; readonly isMonotonic: true }
    | { readonly dataPointType: typeof gaugeType; dataPoints: DataPoint<number>[] }
    | { readonly dataPointType: typeof histogramType; dataPoints: DataPoint<Histogram>[] }
  )

/** A `CollectionResult` of the SDK. */
export interface ProducedMetrics {
  readonly resourceMetrics: {
    readonly resource: ProducedResource
    scopeMetrics: { scope: { readonly name: string; readonly version: string }; metrics: ProducedMetric[] }[]
  }
  errors: unknown[]
}

/** Says nothing: readers put the resource of their SDK in its place. */
interface ProducedResource {
  readonly attributes: Attributes
  merge<Other>(other: Other): NonNullable<Other>
  getRawAttributes(): []
}

/** A `MetricProducer` of the SDK. */
export interface RageMetricProducer {
  collect(): Promise<ProducedMetrics>
}

/**
 * Hands the metrics of a runtime to a reader:
 *
 *     new PeriodicExportingMetricReader({ exporter, metricProducers: [rageMetricProducer(rage)] })
 *
 * Names, labels and units are those of the Prometheus endpoint. Sums and histograms are cumulative since the process began.
 * Has the runtime measure itself, so it is made before boot; read whenever the reader collects.
 *
 * @throws MetricsOffError after boot of a runtime without metrics
 */
export function rageMetricProducer(rage: Pick<Rage, 'metrics'>): RageMetricProducer {
  rage.metrics.enable('rage-js/opentelemetry')
  const startTime = hrTime(performance.timeOrigin)
  return {
    async collect() {
      const errors: unknown[] = []
      let metrics: ProducedMetric[] = []
      try {
        const snapshots = await rage.metrics.read()
        const times = { startTime, endTime: hrTime(Date.now()) }
        metrics = snapshots.map((snapshot) => produced(snapshot, times))
      } catch (error) {
        errors.push(error)
      }
      const scopeMetrics = metrics.length === 0 ? [] : [{ scope: { name: 'rage-js', version: '' }, metrics }]
      return { resourceMetrics: { resource: noResource, scopeMetrics }, errors }
    },
  }
}

interface Times {
  readonly startTime: HrTime
  readonly endTime: HrTime
}

function produced(snapshot: MetricSnapshot, times: Times): ProducedMetric {
  const described: Described = {
    descriptor: {
      name: snapshot.name,
      description: snapshot.help,
      unit: unitOf(snapshot.name),
      valueType: doubleType,
    },
    aggregationTemporality: cumulative,
  }
  if (snapshot.kind === 'histogram') {
    const dataPoints = snapshot.samples.map((sample) => ({
      ...times,
      attributes: sample.labels,
      value: histogramOf(snapshot, sample),
    }))
    return { ...described, dataPointType: histogramType, dataPoints }
  }
  const dataPoints = snapshot.samples.map(({ labels, value }) => ({ ...times, attributes: labels, value }))
  return snapshot.kind === 'counter'
    ? { ...described, dataPointType: sumType, dataPoints, isMonotonic: true }
    : { ...described, dataPointType: gaugeType, dataPoints }
}

function histogramOf(
  { bounds }: HistogramSnapshot,
  { counts, count, sum }: HistogramSnapshot['samples'][number],
): Histogram {
  return { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count }
}

/** In UCUM, from the suffix that names of Prometheus end with. */
function unitOf(name: string): string {
  const base = name.endsWith('_total') ? name.slice(0, -'_total'.length) : name
  if (base.endsWith('_seconds')) return 's'
  if (base.endsWith('_bytes')) return 'By'
  return base.endsWith('_ratio') ? '1' : ''
}

function hrTime(epochMs: number): HrTime {
  const ms = Math.floor(epochMs)
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1e6]
}

const noResource: ProducedResource = {
  attributes: {},
  // Of an interface with the same members, or there is nothing to merge.
  merge: (other) => (other ?? noResource) as NonNullable<typeof other>,
  getRawAttributes: () => [],
}
