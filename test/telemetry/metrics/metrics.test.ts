import assert from 'node:assert'
import { describe, it } from 'vitest'
import { DuplicateNameError } from '../../../src/kernel'
import { InvalidLabelsError, InvalidMetricError, Metrics, MetricsOffError } from '../../../src/telemetry'

function makeMetrics(maxLabelSets = 1_000): Metrics {
  return new Metrics({ maxLabelSets })
}

describe('metrics: a counter', () => {
  it('adds up what it is given', () => {
    const metrics = makeMetrics()
    const orders = metrics.counter('orders_total', { help: 'Orders placed' })

    orders.inc()
    orders.inc(2.5)

    assert.deepEqual(metrics.collect(), [
      { kind: 'counter', name: 'orders_total', help: 'Orders placed', samples: [{ labels: {}, value: 3.5 }] },
    ])
  })

  it('has one cell per label set, the same one each time', () => {
    const metrics = makeMetrics()
    const orders = metrics.counter('orders_total', { help: 'Orders', labels: ['plan', 'country'] })

    const cell = orders.labels({ plan: 'pro', country: 'de' })
    cell.inc()
    orders.labels({ country: 'fr', plan: 'free' }).inc(2)

    assert.strictEqual(orders.labels({ country: 'de', plan: 'pro' }), cell)
    assert.deepEqual(metrics.collect()[0]!.samples, [
      { labels: { plan: 'pro', country: 'de' }, value: 1 },
      { labels: { plan: 'free', country: 'fr' }, value: 2 },
    ])
  })

  it('refuses label sets that are not those of the metric', () => {
    const orders = makeMetrics().counter('orders_total', { help: 'Orders', labels: ['plan'] })

    for (const wrong of [{}, { plan: 'pro', more: 'x' }, { plam: 'pro' }, null, 'pro'])
      assert.throws(() => orders.labels(wrong as never), InvalidLabelsError)
  })
})

describe('metrics: a reading for exporters', () => {
  it('asks for what only others know, each time, before it collects', async () => {
    const metrics = makeMetrics()
    let known = 0
    metrics.gauge('waiting', { help: 'Jobs that wait', collect: () => known })
    metrics.beforeRead(async () => {
      await Promise.resolve()
      known += 5
    })

    const first = await metrics.read()
    const second = await metrics.read()

    assert.deepEqual(
      [first, second, metrics.collect()].map(([gauge]) => gauge!.samples[0]),
      [5, 10, 10].map((value) => ({ labels: {}, value })),
    )
  })
})

describe('metrics: a gauge', () => {
  it('goes up and down', () => {
    const metrics = makeMetrics()
    const sockets = metrics.gauge('sockets', { help: 'Open sockets' })

    sockets.set(10)
    sockets.inc()
    sockets.dec(4)

    assert.deepEqual(metrics.collect(), [
      { kind: 'gauge', name: 'sockets', help: 'Open sockets', samples: [{ labels: {}, value: 7 }] },
    ])
  })

  it('is read when somebody asks, where it is kept elsewhere', () => {
    const metrics = makeMetrics()
    let size = 3
    metrics.gauge('pool_size', { help: 'Connections', collect: () => size })
    metrics.gauge('pool_waiting', {
      help: 'Waiting',
      labels: ['pool'],
      collect: (set) => {
        set({ pool: 'main' }, size * 2)
        set({ pool: 'reports' }, 0)
      },
    })

    const before = metrics.collect()
    size = 5
    const after = metrics.collect()

    assert.deepEqual(
      before.map(({ samples }) => samples),
      [
        [{ labels: {}, value: 3 }],
        [
          { labels: { pool: 'main' }, value: 6 },
          { labels: { pool: 'reports' }, value: 0 },
        ],
      ],
    )
    assert.deepEqual(after[0]!.samples, [{ labels: {}, value: 5 }])
  })
})

describe('metrics: a histogram', () => {
  it('puts each value into the first bucket whose bound it does not exceed', () => {
    const metrics = makeMetrics()
    const sizes = metrics.histogram('upload_bytes', { help: 'Uploads', buckets: [10, 100] })

    for (const size of [10, 10.5, 100, 101, -1]) sizes.observe(size)

    assert.deepEqual(metrics.collect(), [
      {
        kind: 'histogram',
        name: 'upload_bytes',
        help: 'Uploads',
        bounds: [10, 100],
        samples: [{ labels: {}, counts: [2, 2, 1], count: 5, sum: 220.5 }],
      },
    ])
  })

  it('refuses buckets that do not ascend', () => {
    const metrics = makeMetrics()
    const wrong = [
      [],
      [2, 1],
      [1, 1],
      [1, Number.POSITIVE_INFINITY],
      ['1'],
      Array.from({ length: 101 }, (_, i) => i),
    ]

    for (const buckets of wrong)
      assert.throws(
        () => metrics.histogram('a_seconds', { help: 'A', buckets: buckets as number[] }),
        InvalidMetricError,
      )
  })
})

describe('metrics: names', () => {
  it('are taken once, by all kinds together', () => {
    const metrics = makeMetrics()
    metrics.counter('orders_total', { help: 'Orders' })
    metrics.histogram('load_seconds', { help: 'Load' })

    assert.throws(() => metrics.counter('orders_total', { help: 'Again' }), DuplicateNameError)
    assert.throws(() => metrics.gauge('load_seconds', { help: 'Again' }), DuplicateNameError)
    // OpenMetrics calls the counter `orders`.
    assert.throws(() => metrics.gauge('orders', { help: 'Again' }), DuplicateNameError)
  })

  it('come with options', () => {
    const metrics = makeMetrics()
    for (const make of ['counter', 'gauge', 'histogram'] as const) {
      assert.throws(() => (metrics[make] as (name: string) => unknown)('a_total'), {
        code: 'RAGE_TELEMETRY_INVALID_METRIC',
        message: /The metric "a_total" has no options: it needs \{ help \} at least/,
      })
    }
  })

  it('of a metric that was refused stay free', () => {
    const metrics = makeMetrics()
    assert.throws(() => metrics.histogram('a_seconds', { help: 'A', buckets: [] }), InvalidMetricError)

    metrics.histogram('a_seconds', { help: 'A' })

    assert.equal(metrics.collect().length, 1)
  })
})

describe('metrics: turned on by an exporter', () => {
  it('are on from before boot, and stay as boot found them', () => {
    const late = makeMetrics()
    const early = makeMetrics()

    early.enable('the exporter')
    assert.equal(early.settle(), true)
    assert.equal(late.settle(), false)

    early.enable('another one')
    assert.throws(
      () => late.enable('the exporter'),
      (error: unknown) => error instanceof MetricsOffError && error.facts.exporter === 'the exporter',
    )
  })
})
