/**
 * Metrics as the text that Prometheus reads. Seam for `prom-client`, which writes the formats; values go to it as they are,
 * without a copy in metrics of its own.
 */
import type { Metric, Registry } from 'prom-client'
import { loadPeer, warnOnce } from '../../src/kernel'
import type { HistogramSnapshot, Labels, MetricSnapshot } from '../../src/telemetry'
import type { PrometheusOptions, PrometheusRegistry } from './options'

/** `text` is Prometheus's own, of version 0.0.4. */
export type Format = 'text' | 'openmetrics'

export interface Written {
  readonly contentType: string
  readonly body: string
}

/** A metric as prom-client's registries read it. */
interface Readable {
  name: string
  readonly type: string
  get(): object
}

/** One line. Labels of a cell are one object for good, so that prom-client writes them once: `sharedLabels`. */
interface Value {
  readonly metricName?: string
  readonly labels: Labels
  readonly sharedLabels: Labels
  readonly value: number
}

/** A metric as `getMetricsAsJSON` answers it. */
interface Exported {
  readonly name: string
  readonly type: string
}

const noLabels: Labels = Object.freeze({})

export class Exposition {
  readonly #client: typeof import('prom-client')
  readonly #registry: PrometheusRegistry | null

  /** @throws MissingPackageError */
  constructor(registry: NonNullable<PrometheusOptions['registry']> | null) {
    this.#client = loadPeer(
      'rage-js/prometheus',
      'prom-client',
      () => require('prom-client') as typeof import('prom-client'),
    )
    this.#registry = registry === 'default' ? (this.#client.register as PrometheusRegistry) : registry
  }

  /** @throws what a metric of the application throws while it is read. */
  async write(snapshots: readonly MetricSnapshot[], format: Format): Promise<Written> {
    const registry = this.#newRegistry(format)
    for (const snapshot of snapshots) add(registry, ownMetric(snapshot))
    const exported = this.#registry === null ? [] : await this.#registry.getMetricsAsJSON()
    for (const metric of exported as readonly Exported[]) {
      if (registry.getSingleMetric(metric.name) === undefined) add(registry, foreignMetric(metric))
      else
        warnOnce(
          'RAGE_W033',
          `The metric "${metric.name}" is in rage.metrics and in prom-client's registry: the one of prom-client is left out. Rename it.`,
          metric.name,
        )
    }
    return { contentType: registry.contentType, body: await registry.metrics() }
  }

  #newRegistry(format: Format): Registry {
    const { Registry } = this.#client
    const { OPENMETRICS_CONTENT_TYPE, PROMETHEUS_CONTENT_TYPE } = Registry
    // Its type takes one of the two from the place it is written in.
    const contentType = format === 'openmetrics' ? OPENMETRICS_CONTENT_TYPE : PROMETHEUS_CONTENT_TYPE
    return new (Registry as new (contentType: string) => Registry)(contentType)
  }
}

/** The registry calls no other method of a metric. */
function add(registry: Registry, metric: Readable): void {
  registry.registerMetric(metric as unknown as Metric)
}

/** For OpenMetrics the registry cuts `_total` off the name of a counter, and expects `get` to answer what is left. */
function ownMetric(snapshot: MetricSnapshot): Readable {
  const { name, help, kind: type } = snapshot
  const values = snapshot.kind === 'histogram' ? histogramValues(snapshot) : valuesOf(snapshot.samples)
  return {
    name,
    type,
    get() {
      return { name: this.name, help, type, values, aggregator: 'sum' }
    },
  }
}

function foreignMetric(metric: Exported): Readable {
  return {
    name: metric.name,
    type: metric.type,
    get() {
      return { ...metric, name: this.name }
    },
  }
}

function valuesOf(samples: readonly { readonly labels: Labels; readonly value: number }[]): Value[] {
  return samples.map(({ labels, value }) => ({ labels: noLabels, sharedLabels: labels, value }))
}

/** Buckets are cumulative, the last one holds all values. */
function histogramValues({ name, bounds, samples }: HistogramSnapshot): Value[] {
  const [bucket, sumName, countName] = [`${name}_bucket`, `${name}_sum`, `${name}_count`]
  const bucketLabels = [...bounds.map(String), '+Inf'].map((le) => ({ le }))
  const values: Value[] = []
  for (const { labels: sharedLabels, counts, count, sum } of samples) {
    let total = 0
    bucketLabels.forEach((labels, index) => {
      total += counts[index]!
      values.push({ metricName: bucket, labels, sharedLabels, value: total })
    })
    values.push({ metricName: sumName, labels: noLabels, sharedLabels, value: sum })
    values.push({ metricName: countName, labels: noLabels, sharedLabels, value: count })
  }
  return values
}
