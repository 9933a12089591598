import assert from 'node:assert'
import { execFile } from 'node:child_process'
import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import express from 'express'
import { Counter, Gauge, Histogram, Registry, register } from 'prom-client'
import { afterEach, describe, it } from 'vitest'
import { prometheus } from '../../../adapters/prometheus'
import { Controller } from '../../../src'
import { InvalidOptionError } from '../../../src/kernel'
import { MetricsOffError } from '../../../src/telemetry'
import { atEnd, makeRage } from '../../runtime/support/runtimes'
import { root } from '../../support/repository'
import { warningsDuring } from '../../telemetry/metrics/support/warnings'
import { listen } from './support/busy-app'
import { ask, Scrape } from './support/scrape'

class Hello extends Controller {
  show() {
    return { hello: 'world' }
  }
}

const openmetrics = { Accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' }

async function serve(options?: Parameters<typeof prometheus>[1]) {
  const { rage, lines } = makeRage()
  rage.routes((r) => r.get('/hello', [Hello, 'show']))
  const app = express()
  app.use('/metrics', prometheus(rage, options))
  app.use(rage.mount())
  const { port } = await listen(app)
  await rage.boot()
  return { rage, port, lines }
}

afterEach(() => register.clear())

describe('prometheus: a scrape', () => {
  it('is what a parser of the format reads: names, types, help texts and labels, escaped', async () => {
    const { rage, port } = await serve()
    const odd = 'quote " backslash \\ newline \n end'
    rage.metrics
      .counter('odd_total', { help: 'Help with \\ and\nnewline', labels: ['text'] })
      .labels({ text: odd })
      .inc(7)
    rage.metrics.gauge('depth', { help: 'Depth' }).set(-1.5)

    const scrape = await Scrape.of(port)

    const counter = scrape.family('odd_total')
    assert.equal(counter.type, 'COUNTER')
    assert.equal(counter.help, 'Help with \\ and\nnewline')
    assert.deepEqual(counter.metrics, [{ labels: { text: odd }, value: '7' }])
    const gauge = scrape.family('depth')
    assert.deepEqual([gauge.type, gauge.metrics[0]!.value], ['GAUGE', '-1.5'])
  })

  it('has histograms whose buckets are cumulative and whose last one holds all', async () => {
    const { rage, port } = await serve()
    const sizes = rage.metrics.histogram('size_bytes', {
      help: 'Sizes',
      labels: ['kind'],
      buckets: [1, 10, 100],
    })
    for (const size of [0.5, 1, 5, 50, 500, 5_000]) sizes.labels({ kind: 'a' }).observe(size)

    const { type, metrics } = (await Scrape.of(port)).family('size_bytes')

    assert.equal(type, 'HISTOGRAM')
    assert.deepEqual(metrics, [
      {
        labels: { kind: 'a' },
        buckets: { '1': '2', '10': '3', '100': '4', '+Inf': '6' },
        count: '6',
        sum: '5556.5',
      },
    ])
  })

  it.each([
    ['on connections of their own', false],
    ['on 20 connections', new Agent({ keepAlive: true, maxSockets: 20 })],
  ] as const)('counts 200 requests at the same time exactly, %s', async (_how, agent) => {
    const { port } = await serve()

    await Promise.all(Array.from({ length: 200 }, () => ask(port, '/hello', { agent })))
    if (agent !== false) agent.destroy()
    const scrape = await Scrape.of(port)

    const [sample, ...more] = scrape.samples('rage_http_request_duration_seconds')
    assert.deepEqual(more, [])
    assert.deepEqual(sample!.labels, { method: 'GET', route: '/hello', arm: 'rage', status: '2xx' })
    assert.equal(sample!.count, '200')
    assert.equal(sample!.buckets!['+Inf'], '200')
    assert.ok(Number(sample!.sum) > 0)
  })

  it('serves those of prom-client along, with the default labels of its registry', async () => {
    const { port } = await serve()
    register.setDefaultLabels({ app: 'shop' })
    new Counter({ name: 'app_orders_total', help: 'Orders', labelNames: ['plan'] }).inc({ plan: 'pro' }, 3)
    new Gauge({ name: 'app_size', help: 'Size', collect() { this.set(9) } }) // biome-ignore format: one line
    new Histogram({ name: 'app_load_seconds', help: 'Load', buckets: [1, 2] }).observe(1.5)

    const scrape = await Scrape.of(port)
    register.setDefaultLabels({})

    assert.deepEqual(scrape.family('app_orders_total').metrics, [
      { labels: { plan: 'pro', app: 'shop' }, value: '3' },
    ])
    assert.deepEqual(scrape.family('app_size').metrics, [{ labels: { app: 'shop' }, value: '9' }])
    assert.deepEqual(scrape.family('app_load_seconds').metrics[0]!.buckets, {
      '1': '0',
      '2': '1',
      '+Inf': '1',
    })
    assert.equal(scrape.family('rage_event_loop_utilization_ratio').type, 'GAUGE')
  })

  it('leaves out one of prom-client that has the name of one in rage.metrics, with one warning', async () => {
    const { rage, port } = await serve()
    rage.metrics.counter('twice_total', { help: 'Ours' }).inc(1)
    new Counter({ name: 'twice_total', help: 'Theirs' }).inc(2)
    let scrapes: Scrape[] = []

    const warnings = await warningsDuring(async () => {
      scrapes = [await Scrape.of(port), await Scrape.of(port)]
    })

    assert.deepEqual(
      scrapes.map((scrape) => scrape.family('twice_total').metrics),
      [[{ value: '1' }], [{ value: '1' }]],
    )
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['RAGE_W033'],
    )
  })

  it('serves a registry of its own, or none', async () => {
    const registry = new Registry()
    new Counter({ name: 'own_total', help: 'Own', registers: [registry] }).inc()
    new Counter({ name: 'default_total', help: 'Default' }).inc()

    const own = await Scrape.of((await serve({ registry })).port)
    const none = await Scrape.of((await serve({ registry: null })).port)

    const has = (scrape: Scrape, name: string): boolean => scrape.families.some((one) => one.name === name)
    assert.deepEqual([has(own, 'own_total'), has(own, 'default_total')], [true, false])
    assert.deepEqual([has(none, 'own_total'), has(none, 'default_total')], [false, false])
  })

  it('answers 500 and reports what a metric of prom-client throws', async () => {
    const { port, lines } = await serve()
    new Gauge({ name: 'broken', help: 'Broken', collect() { throw new Error('no pool') } }) // biome-ignore format: one line

    const answer = await ask(port, '/metrics')

    assert.equal(answer.status, 500)
    assert.ok(!answer.text.includes('no pool'))
    assert.equal(lines.filter(({ msg }) => msg === 'no pool').length, 1)
  })
})

describe('prometheus: the answer', () => {
  it('is in the format that the scraper likes better', async () => {
    const { rage, port } = await serve()
    rage.metrics.counter('orders_total', { help: 'Orders' }).inc(2)
    new Counter({ name: 'app_orders_total', help: 'Orders' }).inc(3)

    const text = await ask(port, '/metrics')
    const open = await ask(port, '/metrics', { headers: openmetrics })
    const again = await ask(port, '/metrics')

    assert.equal(text.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(open.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8')
    assert.ok(open.text.endsWith('# EOF\n'))
    // The family is `orders`, its only sample `orders_total`, in OpenMetrics.
    assert.match(open.text, /^# TYPE orders counter\norders_total 2$/m)
    assert.match(open.text, /^# TYPE app_orders counter\napp_orders_total 3$/m)
    assert.match(text.text, /^# TYPE orders_total counter\norders_total 2$/m)
    assert.match(again.text, /^# TYPE app_orders_total counter\napp_orders_total 3$/m)
    assert.equal(text.headers.vary, 'Accept')
    assert.equal(text.headers['cache-control'], 'no-store')
  })

  it('to HEAD has no body, and other methods are refused', async () => {
    const { port } = await serve()

    const head = await ask(port, '/metrics', { method: 'HEAD' })
    const post = await ask(port, '/metrics', { method: 'POST' })

    assert.deepEqual(
      [head.status, head.text, Number(head.headers['content-length']) > 1_000],
      [200, '', true],
    )
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD'])
  })

  it('is for those that have the token, where there is one', async () => {
    const token = 'a-token-of-some-length'
    const { port } = await serve({ token })
    const withHeader = (Authorization: string) => ask(port, '/metrics', { headers: { Authorization } })

    const statuses = [
      (await ask(port, '/metrics')).status,
      (await withHeader('Bearer wrong-token-of-some-len')).status,
      (await withHeader(token)).status,
      (await withHeader(`Basic ${token}`)).status,
      (await withHeader(`Bearer ${token}`)).status,
      (await withHeader(`bearer ${token}`)).status,
    ]

    assert.deepEqual(statuses, [401, 401, 401, 401, 200, 200])
    assert.equal((await ask(port, '/metrics')).headers['www-authenticate'], 'Bearer')
  })

  it('comes from a server of its own too, and from a route of rage', async () => {
    const { rage } = makeRage()
    const handler = prometheus(rage)
    rage.routes((r) => r.get('/internal/metrics', handler))
    const { port } = await rage.listen(0, '127.0.0.1')
    const own = createServer(handler)
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
    atEnd(() => new Promise<void>((resolve) => void own.close(() => resolve())))

    const fromRoute = await Scrape.of(port, '/internal/metrics')
    const fromOwn = await Scrape.of((own.address() as AddressInfo).port)

    assert.equal(fromRoute.family('rage_wal_healthy').metrics[0]!.value, '1')
    assert.equal(fromOwn.family('rage_wal_healthy').metrics[0]!.value, '1')
  })
})

describe('prometheus: made for a runtime', () => {
  it('turns its metrics on, before boot', async () => {
    const { rage } = makeRage()
    prometheus(rage)
    await rage.boot()

    assert.ok(rage.metrics.collect().some(({ name }) => name === 'rage_wal_bytes'))
  })

  it('that has booted without metrics is refused', async () => {
    const { rage } = makeRage()
    await rage.boot()

    assert.throws(() => prometheus(rage), MetricsOffError)
    assert.deepEqual(rage.metrics.collect(), [])
  })

  it('that has booted with metrics does', async () => {
    const { rage } = makeRage({ metrics: true })
    await rage.boot()

    prometheus(rage)
  })

  it('takes a token that cannot be guessed, and registries', () => {
    const { rage } = makeRage()

    assert.throws(() => prometheus(rage, { token: 'short' }), InvalidOptionError)
    assert.throws(() => prometheus(rage, { registry: {} as never }), InvalidOptionError)
  })
})

describe('prometheus: without prom-client', () => {
  it('names what to install', async () => {
    // In a process whose resolution does not find it, as where it is not installed.
    const program = `
      const Module = require('node:module')
      const resolve = Module._resolveFilename
      Module._resolveFilename = function (name, ...rest) {
        if (name === 'prom-client') throw Object.assign(new Error('not found'), { code: 'MODULE_NOT_FOUND' })
        return resolve.call(this, name, ...rest)
      }
      const { createRage } = require('./dist/src/index.js')
      const { prometheus } = require('./dist/adapters/prometheus/index.js')
      try { prometheus(createRage({ signals: false })) } catch (error) { console.log(error.message) }`

    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { cwd: root })

    assert.match(stdout, /^RAGE_KERNEL_MISSING_PACKAGE: .*Run "npm install prom-client"/)
  })
})
