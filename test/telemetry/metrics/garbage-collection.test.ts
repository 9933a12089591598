import assert from 'node:assert'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, it } from 'vitest'
import { GarbageCollectionMetrics, type HistogramSnapshot, Metrics } from '../../../src/telemetry'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as (options?: { type: 'minor' | 'major' }) => void

function countOf(metrics: Metrics, kind: string): number {
  const [pauses] = metrics.collect() as readonly HistogramSnapshot[]
  return pauses!.samples.find(({ labels }) => labels.kind === kind)!.count
}

describe('metrics: the garbage collector', () => {
  it('has its pauses counted by kind, while it is watched', async () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    const watch = new GarbageCollectionMetrics(metrics)
    const before = countOf(metrics, 'major')

    watch.start()
    collectGarbage()
    collectGarbage()
    for (let tries = 0; countOf(metrics, 'major') < 2 && tries < 100; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10))
    const [pauses] = metrics.collect() as readonly HistogramSnapshot[]
    const major = pauses!.samples.find(({ labels }) => labels.kind === 'major')!
    watch.stop()

    assert.equal(before, 0)
    assert.ok(major.count >= 2)
    assert.ok(major.sum > 0 && major.sum < 5, `${major.sum} s`)
  })

  it('has all kinds from the start', () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    new GarbageCollectionMetrics(metrics)

    assert.deepEqual(
      metrics
        .collect()[0]!
        .samples.map(({ labels }) => labels.kind)
        .sort(),
      ['incremental', 'major', 'minor', 'weak_callbacks'],
    )
  })
})
