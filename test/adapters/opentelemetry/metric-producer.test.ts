import assert from 'node:assert'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import express from 'express'
import supertest from 'supertest'
import { afterEach, describe, it } from 'vitest'
import { rageMetricProducer } from '../../../adapters/opentelemetry'
import { Controller } from '../../../src'
import type { Rage } from '../../../src/runtime'
import { type ReceivedMetric, startCollector } from './support/collector'
import { tracedRage } from './support/traced'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** What a collector receives of a runtime through the SDK's own reader and exporter. */
async function exporting() {
  const { rage, stop } = tracedRage()
  stops.push(stop)
  const collector = await startCollector()
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${collector.url}/v1/metrics` }),
        metricProducers: [rageMetricProducer(rage)],
      }),
    ],
  })
  stops.push(async () => {
    await provider.shutdown()
    await collector.close()
  })
  const received = async (name: string): Promise<ReceivedMetric | undefined> => {
    collector.metrics.length = 0
    await provider.forceFlush()
    return collector.metrics.find((metric) => metric.name === name)
  }
  return { rage, collector, received }
}

describe('opentelemetry: the metrics of a runtime in a collector', () => {
  it('have counters as cumulative, monotonic sums', async () => {
    const { rage, collector, received } = await exporting()
    const orders = rage.metrics.counter('orders_total', { help: 'Orders placed.', labels: ['plan'] })
    orders.labels({ plan: 'pro' }).inc(3)
    await received('orders_total')
    orders.labels({ plan: 'pro' }).inc()

    assert.deepEqual(await received('orders_total'), {
      name: 'orders_total',
      description: 'Orders placed.',
      unit: '',
      sum: { isMonotonic: true, temporality: 2, points: [{ attributes: { plan: 'pro' }, value: 4 }] },
    })
    assert.equal(collector.resource['service.name'], 'shop')
  })

  it('have gauges, with the unit that their name says', async () => {
    const { rage, received } = await exporting()
    rage.metrics.gauge('cache_bytes', { help: 'Size of the cache.' }).set(2.5)

    assert.deepEqual(await received('cache_bytes'), {
      name: 'cache_bytes',
      description: 'Size of the cache.',
      unit: 'By',
      gauge: { points: [{ attributes: {}, value: 2.5 }] },
    })
  })

  it('have histograms with their own buckets', async () => {
    const { rage, received } = await exporting()
    const waits = rage.metrics.histogram('wait_seconds', { help: 'Waited.', buckets: [0.1, 1] })
    for (const value of [0.05, 0.1, 0.5, 7]) waits.observe(value)

    const metric = await received('wait_seconds')

    assert.equal(metric!.unit, 's')
    assert.equal(metric!.histogram!.temporality, 2)
    assert.deepEqual(metric!.histogram!.points, [
      { attributes: {}, count: 4, sum: 7.65, bounds: [0.1, 1], counts: [2, 1, 1] },
    ])
  })

  it('are measured because somebody exports them', async () => {
    const { rage, received } = await exporting()
    class HelloController extends Controller {
      show() {
        return {}
      }
    }
    rage.routes((r) => r.get('/hello/:name', [HelloController, 'show']))

    await supertest(express().use(rage.mount())).get('/hello/ada').expect(200)

    const { points } = (await received('rage_http_request_duration_seconds'))!.histogram!
    assert.deepEqual(
      points.map(({ attributes, count }) => ({ ...attributes, count })),
      [{ method: 'GET', route: '/hello/:name', arm: 'rage', status: '2xx', count: 1 }],
    )
  })

  it('are left out, with the reason, when they cannot be read', async () => {
    const broken = new Error('no metrics today')
    const rage = {
      metrics: {
        enable: () => undefined,
        read: () => Promise.reject(broken),
      },
    } as unknown as Pick<Rage, 'metrics'>

    const { resourceMetrics, errors } = await rageMetricProducer(rage).collect()

    assert.deepEqual([resourceMetrics.scopeMetrics, errors], [[], [broken]])
  })
})
