import assert from 'node:assert'
import { describe, it } from 'vitest'
import { Metrics } from '../../../src/telemetry'
import { FakeClock } from '../../../src/testing'
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

  it('leaves out values for other labels than its own, with one warning', async () => {
    const metrics = new Metrics({ maxLabelSets: 2 })
    metrics.gauge('read_odd', {
      help: 'Odd',
      labels: ['a'],
      collect: (set) => {
        for (const wrong of [{ wrong: '1' }, { a: '1', b: '2' }, {}, null]) set(wrong as never, 2)
        set({ a: '7' }, 1)
      },
    })
    let samples: unknown

    const warnings = await warningsDuring(() => {
      samples = metrics.collect()[0]!.samples
    })

    assert.deepEqual(samples, [{ labels: { a: '7' }, value: 1 }])
    assert.deepEqual(
      warnings.map(({ code, message }) => [code, message.includes("{ wrong: '1' }")]),
      [['RAGE_W034', true]],
    )
  })
})

describe('metrics: a metric whose collect answers a promise', () => {
  it('is waited for by read, with labels and without', async () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    metrics.gauge('late_plain', { help: 'Plain', collect: async () => 3 })
    metrics.gauge('late_labelled', {
      help: 'Labelled',
      labels: ['pool'],
      collect: async (set) => {
        await null
        set({ pool: 'a' }, 5)
      },
    })

    const read = await metrics.read()

    assert.deepEqual(
      read.map(({ name, samples }) => [name, samples]),
      [
        ['late_plain', [{ labels: {}, value: 3 }]],
        ['late_labelled', [{ labels: { pool: 'a' }, value: 5 }]],
      ],
    )
  })

  it('is left out while it rejects, with one warning; the others are there', async () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    metrics.gauge('late_broken', {
      help: 'Broken',
      labels: ['pool'],
      collect: async (set) => {
        set({ pool: 'a' }, 5)
        await null
        throw new Error('the database is down')
      },
    })
    metrics.gauge('late_beside', { help: 'Beside', collect: () => 1 })
    const names: string[][] = []

    const warnings = await warningsDuring(async () => {
      for (let time = 0; time < 2; time++) names.push((await metrics.read()).map(({ name }) => name))
    })

    assert.deepEqual(names, [['late_beside'], ['late_beside']])
    assert.deepEqual(
      warnings.map(({ code, message }) => [code, message.includes('the database is down')]),
      [['RAGE_W032', true]],
    )
  })

  it('is left out after two seconds, and asked again only once it has answered', async () => {
    const clock = new FakeClock()
    const metrics = new Metrics({ maxLabelSets: 10, clock })
    let asked = 0
    let answer = (_value: number): void => undefined
    metrics.gauge('late_slow', {
      help: 'Slow',
      collect: () => {
        asked += 1
        return new Promise<number>((resolve) => (answer = resolve))
      },
    })
    let first: unknown

    const warnings = await warningsDuring(async () => {
      const reading = metrics.read()
      await clock.advance(2_000)
      first = await reading
    })
    const second = metrics.read()
    answer(7)

    assert.deepEqual(first, [])
    assert.deepEqual((await second)[0]!.samples, [{ labels: {}, value: 7 }])
    assert.equal(asked, 1)
    assert.deepEqual(
      warnings.map(({ code, message }) => [code, message.includes('2 seconds')]),
      [['RAGE_W032', true]],
    )
  })

  it('is left out by collect, which waits for nothing, with a warning', async () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    metrics.gauge('late_at_once', { help: 'Late', collect: () => Promise.reject(new Error('down')) })
    let collected: unknown

    const warnings = await warningsDuring(() => {
      collected = metrics.collect()
    })

    assert.deepEqual(collected, [])
    assert.deepEqual(
      warnings.map(({ code, message }) => [code, /read\(\)|down/.exec(message)?.[0]]),
      [
        ['RAGE_W032', 'read()'],
        ['RAGE_W032', 'down'],
      ],
    )
  })
})
