import assert from 'node:assert'
import { describe, it } from 'vitest'
import { InvalidOptionError, UnknownOptionError } from '../../src/kernel'
import { metricsSettings } from '../../src/runtime/metrics-options'
import { makeRage } from './support/runtimes'

describe('metrics options', () => {
  it('are off by default, and on with true or an object', () => {
    const { rage: standard } = makeRage()
    const { rage: on } = makeRage({ metrics: true })
    const { rage: withOptions } = makeRage({ metrics: { maxLabelSets: 5 } })
    const { rage: off } = makeRage({ metrics: { maxLabelSets: 5, enabled: false } })

    assert.deepEqual(
      [standard, on, withOptions, off].map(({ metrics }) => metrics.isOn),
      [false, true, true, false],
    )
  })

  it('are checked', () => {
    const wrong = [
      { maxLabelSets: 0 },
      { eventLoopResolutionMs: 0 },
      { eventLoopResolutionMs: 1_001 },
      { durationBuckets: [] },
      { durationBuckets: [2, 1] },
      { durationBuckets: [1, Number.NaN] },
      { durationBuckets: 'many' },
      { requests: 'yes' },
    ]

    for (const given of wrong) assert.throws(() => metricsSettings(given as never), InvalidOptionError)
    assert.throws(() => metricsSettings({ bucket: [1] } as never), UnknownOptionError)
    assert.throws(() => makeRage({ metrics: 'on' as never }), InvalidOptionError)
    assert.throws(() => makeRage({ metrics: { enable: true } as never }), UnknownOptionError)
  })

  it('bound the label sets of every metric', () => {
    const { rage } = makeRage({ metrics: { maxLabelSets: 2 } })
    const hits = rage.metrics.counter('options_hits_total', { help: 'Hits', labels: ['page'] })

    for (const page of ['a', 'b', 'c']) hits.labels({ page }).inc()

    assert.deepEqual(
      rage.metrics.collect()[0]!.samples.map(({ labels }) => labels.page),
      ['a', 'b', 'other'],
    )
  })
})
