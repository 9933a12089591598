/** Samples of metrics, as short as tests can be read. */
import type { MetricSnapshot } from '../../../../src/telemetry'

type Source = { readonly metrics: { collect(): readonly MetricSnapshot[] } }

/** `[label values, value or count]` per sample; `[]` = it has none. @throws when there is no such metric. */
export function valuesOf({ metrics }: Source, name: string): readonly (readonly [string, number])[] {
  const found = metrics.collect().find((one) => one.name === name)
  if (found === undefined) throw new Error(`there is no metric ${name}`)
  if (found.kind === 'histogram')
    return found.samples.map(({ labels, count }) => [Object.values(labels).join(' '), count])
  return found.samples.map(({ labels, value }) => [Object.values(labels).join(' '), value])
}
