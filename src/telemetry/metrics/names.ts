/**
 * What metrics and labels may be called. A name must mean the same in all formats: OpenMetrics writes every counter with
 * `_total`, and a histogram takes three more names for its series.
 */
import { DuplicateNameError } from '../../kernel'
import { InvalidMetricError } from '../errors'
import type { MetricSnapshot } from './snapshot'

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/
const longestName = 200
const suffixes = ['_bucket', '_sum', '_count', '_created', '_info']

type Kind = MetricSnapshot['kind']

/** @throws InvalidMetricError */
export function checkMetric(kind: Kind, metric: string, help: string, labels: readonly string[]): void {
  const refuse = (problem: string): never => {
    throw new InvalidMetricError({ metric: String(metric), problem })
  }
  if (typeof metric !== 'string' || metric.length > longestName || !metricName.test(metric))
    refuse('has a name that Prometheus does not take')
  if (typeof help !== 'string' || help === '') refuse('needs a help text')
  if (kind === 'counter' && !metric.endsWith('_total'))
    refuse('is a counter, and its name must end in _total')
  if (kind !== 'counter' && metric.endsWith('_total')) refuse('ends in _total, which is for counters')
  const suffix = suffixes.find((one) => metric.endsWith(one))
  if (suffix !== undefined) refuse(`ends in ${suffix}, which is for the series of histograms and OpenMetrics`)
  labels.forEach((label, index) => {
    if (typeof label !== 'string' || !labelName.test(label) || label.startsWith('__'))
      refuse(`has the label "${String(label)}", a name that Prometheus does not take`)
    if (label === 'le' || label === 'quantile') refuse(`has the label "${label}", which is for buckets`)
    if (labels.indexOf(label) !== index) refuse(`has the label "${label}" twice`)
  })
}

/** The names in use, those of series included. */
export class MetricNames {
  readonly #taken = new Set<string>()

  /** @throws DuplicateNameError */
  take(kind: Kind, name: string): void {
    const names = seriesOf(kind, name)
    const taken = names.find((one) => this.#taken.has(one))
    if (taken !== undefined) throw new DuplicateNameError({ kind: 'metric', name: taken })
    for (const one of names) this.#taken.add(one)
  }
}

function seriesOf(kind: Kind, name: string): readonly string[] {
  if (kind === 'counter') return [name, name.slice(0, -'_total'.length)]
  if (kind === 'gauge') return [name]
  return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]
}
