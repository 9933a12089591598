import assert from 'node:assert'
import { describe, it } from 'vitest'
import { Metrics } from '../../../src/telemetry'
import { warningsDuring } from './support/warnings'

describe('metrics: label sets above the limit', () => {
  it('share one cell, whose labels say other, with one warning', async () => {
    const metrics = new Metrics({ maxLabelSets: 3 })
    const hits = metrics.counter('label_sets_total', { help: 'Hits', labels: ['user', 'page'] })

    const warnings = await warningsDuring(() => {
      for (let user = 0; user < 50; user++) hits.labels({ user: String(user), page: '/' }).inc()
    })
    hits.labels({ user: '1', page: '/' }).inc()

    assert.deepEqual(metrics.collect()[0]!.samples, [
      { labels: { user: '0', page: '/' }, value: 1 },
      { labels: { user: '1', page: '/' }, value: 2 },
      { labels: { user: '2', page: '/' }, value: 1 },
      { labels: { user: 'other', page: 'other' }, value: 47 },
    ])
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['RAGE_W030'],
    )
  })

  it('share the cell of a set that said other before', () => {
    const metrics = new Metrics({ maxLabelSets: 2 })
    const hits = metrics.counter('others_total', { help: 'Hits', labels: ['user'] })
    hits.labels({ user: 'other' }).inc()
    hits.labels({ user: 'a' }).inc()

    hits.labels({ user: 'b' }).inc()

    assert.deepEqual(metrics.collect()[0]!.samples, [
      { labels: { user: 'other' }, value: 2 },
      { labels: { user: 'a' }, value: 1 },
    ])
  })
})

describe('metrics: values of labels', () => {
  it('are one set where they are written alike: halves of characters', () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    const hits = metrics.counter('halves_total', { help: 'Hits', labels: ['a'] })

    for (const a of ['x\ud800', 'x\udfff', 'x\ufffd', 'y\u{1f600}']) hits.labels({ a }).inc()

    assert.deepEqual(metrics.collect()[0]!.samples, [
      { labels: { a: 'x\ufffd' }, value: 3 },
      { labels: { a: 'y\u{1f600}' }, value: 1 },
    ])
  })

  it('are told apart whatever characters they hold', () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    const hits = metrics.counter('apart_total', { help: 'Hits', labels: ['a', 'b'] })

    for (const [a, b] of [
      ['x,', 'y'],
      ['x', ',y'],
      ['x\u0000', 'y'],
      ['x', '\u0000y'],
      ['', 'xy'],
    ] as const)
      hits.labels({ a, b }).inc()

    assert.equal(metrics.collect()[0]!.samples.length, 5)
  })

  it('are kept up to 256 characters', () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    const hits = metrics.counter('long_total', { help: 'Hits', labels: ['a'] })

    const cell = hits.labels({ a: 'x'.repeat(1_000) })

    assert.equal(cell.labels.a, 'x'.repeat(256))
    assert.strictEqual(hits.labels({ a: 'x'.repeat(2_000) }), cell)
  })
})
