import assert from 'node:assert'
import { describe, it } from 'vitest'
import { formatFor } from '../../../adapters/prometheus/negotiation'

describe('prometheus: the format', () => {
  it.each([
    // Prometheus 2 and 3, as they ask.
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.2',
      'openmetrics',
    ],
    ['Application/OpenMetrics-Text; version=1.0.0', 'openmetrics'],
    ['text/plain;version=0.0.4, application/openmetrics-text;q=0.5', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=none', 'text'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
    ['*/*', 'text'],
    ['', 'text'],
    [undefined, 'text'],
  ] as const)('asked for as %j is %s', (accept, format) => {
    assert.equal(formatFor(accept), format)
  })
})
