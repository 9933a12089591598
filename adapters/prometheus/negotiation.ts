/**
 * Which format a scraper wants. Prometheus asks for OpenMetrics first, in several versions and with parameters that are no
 * part of the format (`escaping`), and takes the old text with less weight.
 */
import type { Format } from './exposition'

/** Anything that asks for neither gets the old text, which every tool reads. */
export function formatFor(accept: string | undefined): Format {
  let openmetrics = 0
  let text = 0
  for (const part of (accept ?? '').toLowerCase().split(',')) {
    const [type, ...parameters] = part.split(';').map((word) => word.trim())
    const weight = weightOf(parameters)
    if (type === 'application/openmetrics-text') openmetrics = Math.max(openmetrics, weight)
    else if (type === 'text/plain' || type === 'text/*') text = Math.max(text, weight)
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'text'
}

function weightOf(parameters: readonly string[]): number {
  const q = parameters.find((one) => one.startsWith('q='))
  if (q === undefined) return 1
  const weight = Number(q.slice(2))
  return weight >= 0 && weight <= 1 ? weight : 0
}
