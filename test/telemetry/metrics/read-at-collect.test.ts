import assert from 'node:assert'
import { describe, it } from 'vitest'
import { Metrics } from '../../../src/telemetry'
import { warningsDuring } from './support/warnings'

describe('metrics: a metric that is read', () => {
  it('is left out while reading it throws, with one warning; the others are there', async () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    metrics.gauge('read_broken', {
      help: 'Broken',
      collect: () => {
        throw new Error('the pool is gone')
      },
    })
    metrics.gauge('read_whole', { help: 'Whole', collect: () => 1 })
    let names: string[][] = []

    const warnings = await warningsDuring(() => {
      names = [1, 2].map(() => metrics.collect().map(({ name }) => name))
    })

    assert.deepEqual(names, [['read_whole'], ['read_whole']])
    assert.deepEqual(
      warnings.map(({ code, message }) => [code, message.includes('the pool is gone')]),
      [['RAGE_W032', true]],
    )
  })

  it('adds up as other what is above the limit, and has no samples for what is no number', () => {
    const metrics = new Metrics({ maxLabelSets: 2 })
    metrics.counter('read_many_total', {
      help: 'Many',
      labels: ['shard'],
      collect: (set) => {
        for (let shard = 0; shard < 5; shard++) set({ shard: String(shard) }, shard)
        set({ shard: 'broken' }, Number.NaN)
      },
    })
    metrics.gauge('read_nothing', { help: 'Nothing', collect: () => Number.NaN })

    const [many, nothing] = metrics.collect()

    assert.deepEqual(many!.samples, [
      { labels: { shard: '0' }, value: 0 },
      { labels: { shard: '1' }, value: 1 },
      { labels: { shard: 'other' }, value: 9 },
    ])
    assert.deepEqual(nothing!.samples, [])
  })

  it('has exactly its own labels, whatever it is given', () => {
    const metrics = new Metrics({ maxLabelSets: 2 })
    metrics.gauge('read_odd', {
      help: 'Odd',
      labels: ['a', 'b'],
      collect: (set) => set({ b: 7, 'c"': 'x' } as never, 1),
    })

    assert.deepEqual(metrics.collect()[0]!.samples, [{ labels: { a: '', b: '7' }, value: 1 }])
  })
})
