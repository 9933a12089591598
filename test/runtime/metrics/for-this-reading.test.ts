import assert from 'node:assert'
import { describe, it } from 'vitest'
import { forThisReading } from '../../../src/runtime/metrics/for-this-reading'
import { Metrics } from '../../../src/telemetry'

describe('figures of one reading', () => {
  it('are looked up once for all metrics, and anew for the next reading', () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    let looks = 0
    const read = forThisReading(metrics, () => ++looks)
    for (const name of ['a', 'b', 'c']) metrics.gauge(name, { help: 'Looks', collect: read })
    const values = () => metrics.collect().map(({ samples }) => (samples[0] as { value: number }).value)

    const readings = [values(), values()]

    assert.deepEqual(readings, [
      [1, 1, 1],
      [2, 2, 2],
    ])
  })
})
