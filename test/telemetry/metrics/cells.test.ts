import assert from 'node:assert'
import { describe, it } from 'vitest'
import { Metrics } from '../../../src/telemetry'
import { warningsDuring } from './support/warnings'

describe('metrics: a value that a cell cannot hold', () => {
  it('is left out, with one warning for each metric', async () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    const counter = metrics.counter('cells_test_total', { help: 'C' })
    const gauge = metrics.gauge('cells_test_gauge', { help: 'G' })
    const histogram = metrics.histogram('cells_test_seconds', { help: 'H', buckets: [1] })
    counter.inc(3)
    gauge.set(4)

    const warnings = await warningsDuring(() => {
      for (const wrong of [Number.NaN, -1, Number.POSITIVE_INFINITY]) counter.inc(wrong)
      for (const wrong of [Number.NaN, Number.NEGATIVE_INFINITY]) gauge.set(wrong)
      for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) histogram.observe(wrong)
    })

    assert.equal(counter.value, 3)
    assert.equal(gauge.value, 4)
    assert.deepEqual([histogram.count, histogram.sum, [...histogram.counts]], [0, 0, [0, 0]])
    assert.deepEqual(
      warnings.map(({ code, message }) => [code, /"(\w+)"/.exec(message)![1]]),
      [
        ['RAGE_W031', 'cells_test_total'],
        ['RAGE_W031', 'cells_test_gauge'],
        ['RAGE_W031', 'cells_test_seconds'],
      ],
    )
  })

  it('is also what is no number, from JavaScript', async () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    const counter = metrics.counter('cells_untyped_total', { help: 'C' })
    const gauge = metrics.gauge('cells_untyped_gauge', { help: 'G' })
    const histogram = metrics.histogram('cells_untyped_seconds', { help: 'H', buckets: [1] })
    const unreadable = {
      toString() {
        throw new Error('unreadable')
      },
    }

    const warnings = await warningsDuring(() => {
      for (const wrong of [unreadable, '5', null, 1n, {}, Symbol('one'), true] as unknown[] as number[]) {
        counter.inc(wrong)
        for (const method of ['set', 'inc', 'dec'] as const) gauge[method](wrong)
        histogram.observe(wrong)
      }
    })

    assert.deepEqual([counter.value, gauge.value, histogram.count], [0, 0, 0])
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['RAGE_W031', 'RAGE_W031', 'RAGE_W031'],
    )
  })
})
