import assert from 'node:assert'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'vitest'
import { bullmq } from '../../../adapters/bullmq'
import { rageMetricProducer } from '../../../adapters/opentelemetry'
import { pgBoss } from '../../../adapters/pg-boss'
import { prometheus } from '../../../adapters/prometheus'
import { Task } from '../../../src'
import type { EngineKind } from '../../../src/deferred'
import { queueName, schema, testEngines } from '../../deferred/support/engines'
import { Wire } from '../../deferred/support/wire'
import { postgresUrl, redisUrl } from '../../support/services'
import { atEnd, makeRage } from '../support/runtimes'

class Held extends Task {
  static release: (() => void)[] = []
  perform() {
    return new Promise<void>((resolve) => Held.release.push(resolve))
  }
}
class Fails extends Task {
  static override retries = 0
  perform() {
    throw new Error('always')
  }
}

const kinds: Readonly<Record<string, { server: string; at: (url: string, queue: string) => EngineKind }>> = {
  bullmq: { server: redisUrl, at: (url, queue) => bullmq({ connection: { url }, queue }) },
  'pg-boss': {
    server: postgresUrl,
    at: (url, queue) => pgBoss({ connection: { connectionString: url, max: 4 }, schema, queue, pollMs: 100 }),
  },
}

async function until(isSo: () => unknown, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`it did not happen: ${isSo}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function boot(engine: (typeof testEngines)[number]) {
  const { server, at } = kinds[engine.name]!
  const wire = new Wire(server)
  await wire.open()
  const queue = queueName()
  Held.release = []
  atEnd(() => engine.remove(queue))
  atEnd(() => wire.cut())
  const { rage } = makeRage({
    metrics: true,
    drainMs: 100,
    deferred: { engine: at(wire.url, queue), concurrency: 1, drainMs: 100 },
  })
  rage.register(Held, Fails)
  atEnd(() => {
    for (const release of Held.release) release()
    return rage.stop()
  })
  await rage.boot()
  /** `null` = there is no value. */
  const jobs = async () => {
    const found = (await rage.metrics.read()).find(({ name }) => name === 'rage_deferred_engine_jobs')
    assert.ok(found !== undefined && found.kind === 'gauge')
    const values = found.samples.map(({ labels, value }) => [labels.state, value])
    return values.length === 0 ? null : Object.fromEntries(values)
  }
  return { rage, wire, jobs }
}

for (const engine of testEngines.filter(({ name }) => name !== 'log')) {
  describe.skipIf(!engine.isThere)(`engine metrics: jobs on ${engine.name}`, () => {
    it('are counted by where they are', async () => {
      const { rage, jobs } = await boot(engine)
      assert.deepEqual(await jobs(), { queued: 0, delayed: 0, running: 0, dead: 0 })

      await Fails.enqueue()
      await until(async () => (await rage.deferred.count()).dead === 1)
      await Held.enqueue()
      await until(() => Held.release.length === 1)
      await Held.enqueueMany([undefined, undefined])
      await Held.enqueueMany([undefined, undefined, undefined], { delay: 3_600 })

      assert.deepEqual(await jobs(), { queued: 2, delayed: 3, running: 1, dead: 1 })
      assert.equal(
        rage.metrics.collect().some(({ name }) => name === 'rage_deferred_jobs'),
        false,
      )
    })

    it('are shown to Prometheus and OpenTelemetry', async () => {
      const { rage } = await boot(engine)
      const server = createServer(prometheus(rage, { registry: null })).listen(0, '127.0.0.1')
      atEnd(() => void server.close())
      await new Promise((resolve) => server.once('listening', resolve))
      await Held.enqueue(undefined, { delay: 3_600 })

      const { port } = server.address() as AddressInfo
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      const { resourceMetrics } = await rageMetricProducer(rage).collect()
      const metrics = resourceMetrics.scopeMetrics[0]!.metrics
      const produced = metrics.find(({ descriptor }) => descriptor.name === 'rage_deferred_engine_jobs')!

      assert.match(page, /^rage_deferred_engine_jobs\{state="delayed"\} 1$/m)
      assert.deepEqual(
        produced.dataPoints.map(({ attributes, value }) => [attributes.state, value]),
        [
          ['queued', 0],
          ['delayed', 1],
          ['running', 0],
          ['dead', 0],
        ],
      )
    })

    it('have no value while the server is silent, and no scrape waits for it', async () => {
      const { wire, jobs } = await boot(engine)
      assert.notEqual(await jobs(), null)

      wire.hold()
      const before = performance.now()
      const silent = await Promise.all([jobs(), jobs(), jobs()])
      const took = performance.now() - before
      wire.release()

      assert.deepEqual(silent, [null, null, null])
      assert.ok(took < 4_000, `${took} ms`)
      await until(async () => (await jobs()) !== null)
    }, 40_000)

    it('have no value while nothing listens, nor after a stop', async () => {
      const { rage, wire, jobs } = await boot(engine)

      await wire.cut()
      const before = performance.now()
      const away = await jobs()
      const took = performance.now() - before
      await wire.open()
      await until(async () => (await jobs()) !== null)
      await rage.stop()

      assert.equal(away, null)
      assert.ok(took < 4_000, `${took} ms`)
      assert.equal(await jobs(), null)
    }, 60_000)
  })
}
