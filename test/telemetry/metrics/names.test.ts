import assert from 'node:assert'
import { describe, it } from 'vitest'
import { DuplicateNameError } from '../../../src/kernel'
import { InvalidMetricError, Metrics } from '../../../src/telemetry'

const metrics = new Metrics({ maxLabelSets: 10 })
const help = 'Help'

describe('metrics: names', () => {
  it('are those that Prometheus takes', () => {
    for (const name of [
      '',
      '9lives_total',
      'with-dash_total',
      'with space_total',
      'ünicode_total',
      'a\n_total',
    ])
      assert.throws(() => metrics.counter(name, { help }), InvalidMetricError, name)
    assert.throws(() => metrics.counter(undefined as never, { help }), InvalidMetricError)
    assert.throws(() => metrics.gauge('x'.repeat(201), { help }), InvalidMetricError)

    metrics.counter('a9:b_total', { help })
  })

  it('mean the same in every format: counters end in _total, and nothing else does', () => {
    assert.throws(() => metrics.counter('hits', { help }), InvalidMetricError)
    assert.throws(() => metrics.gauge('hits_total', { help }), InvalidMetricError)
    for (const suffix of ['_bucket', '_sum', '_count', '_created', '_info'])
      assert.throws(() => metrics.gauge(`load${suffix}`, { help }), InvalidMetricError)
  })

  it('come with a help text', () => {
    assert.throws(() => metrics.counter('helpless_total', {} as never), InvalidMetricError)
    assert.throws(() => metrics.counter('helpless_total', { help: '' }), InvalidMetricError)
  })

  it('of labels are those that Prometheus takes, each once', () => {
    for (const labels of [['a-b'], ['9'], ['__name__'], ['le'], ['quantile'], ['a', 'a'], ['']])
      assert.throws(
        () => metrics.histogram('labels_seconds', { help, labels }),
        InvalidMetricError,
        labels.join(),
      )
  })

  it('are not taken by series of others', () => {
    metrics.gauge('queue', { help })

    assert.throws(() => metrics.counter('queue_total', { help }), DuplicateNameError)
  })
})
