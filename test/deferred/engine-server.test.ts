import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, it } from 'vitest'
import { bullmq } from '../../adapters/bullmq'
import { pgBoss } from '../../adapters/pg-boss'
import { Task } from '../../src'
import type { Engine, EngineCounts, EngineKind } from '../../src/deferred'
import { EngineServer } from '../../src/deferred/engine-server'
import { FakeClock } from '../../src/testing'
import { atEnd, makeRage } from '../runtime/support/runtimes'
import { postgresUrl, redisUrl } from '../support/services'
import { queueName, schema, testEngines } from './support/engines'
import { Wire } from './support/wire'

describe('deferred: an engine whose counts are polled', () => {
  it('is asked one question at a time, however long it is silent, and again once that has ended', async () => {
    const clock = new FakeClock()
    const questions: { resolve(counts: EngineCounts): void; reject(error: Error): void }[] = []
    const counts = () =>
      new Promise<EngineCounts>((resolve, reject) => void questions.push({ resolve, reject }))
    const engine = { counts, close: async () => undefined } as unknown as Engine
    const kind = { name: 'Silent', transactions: null, open: async () => engine }
    const server = new EngineServer(kind, clock)
    assert.equal(await server.polledCounts(), null)
    await server.open({} as never)

    const first = server.polledCounts()
    await clock.advance(1_000)
    const second = server.polledCounts()
    await clock.advance(1_000)
    assert.equal(await first, null)
    await clock.advance(1_000)
    assert.equal(await second, null)
    const third = server.polledCounts()
    assert.equal(questions.length, 1)
    questions[0]!.resolve({ queued: 1, delayed: 0, running: 0, dead: 0 })
    assert.deepEqual(await third, { queued: 1, delayed: 0, running: 0, dead: 0 })

    const fourth = server.polledCounts()
    assert.equal(questions.length, 2)
    questions[1]!.reject(new Error('gone'))
    assert.equal(await fourth, null)
    await server.close()
    assert.equal(await server.polledCounts(), null)
    assert.equal(questions.length, 2)
  })

  it('has no counts when it throws at once, and is asked again', async () => {
    let asked = 0
    const engine = {
      counts() {
        asked += 1
        throw new Error('no connection')
      },
    } as unknown as Engine
    const kind = { name: 'Broken', transactions: null, open: async () => engine }
    const server = new EngineServer(kind, new FakeClock())
    await server.open({} as never)

    const answers = [await server.polledCounts(), await server.polledCounts()]

    assert.deepEqual([answers, asked], [[null, null], 2])
  })
})

describe('deferred: an engine that falls silent', () => {
  /** One that never answers, but for `counts` once `isBack`. */
  function silentServer() {
    const engine = {
      isBack: false,
      add: () => new Promise<void>(() => undefined),
      counts: async () => {
        if (!engine.isBack) throw new Error('not yet')
        return { queued: 0, delayed: 0, running: 0, dead: 0 }
      },
      trouble: () => null,
      close: async () => undefined,
    }
    const clock = new FakeClock()
    const kind = { name: 'Silent', transactions: null, open: async () => engine as unknown as Engine }
    return { engine, clock, server: new EngineServer(kind, clock) }
  }

  it('is in trouble from the first enqueue without an answer until it answers anything, asked by nobody', async () => {
    const { engine, clock, server } = silentServer()
    await server.open({} as never)
    const refused = server.add([], null).catch((error: { code: string }) => error.code)
    await clock.advance(5_000)
    assert.equal(await refused, 'RAGE_DEFERRED_ENGINE_UNAVAILABLE')
    assert.equal(server.trouble, 'Silent cannot be reached: no answer within 5000 ms')

    await clock.advance(10_000)
    assert.notEqual(server.trouble, null)
    engine.isBack = true
    await clock.advance(2_000)

    assert.equal(server.trouble, null)
    await server.close()
  })

  it("is not blamed for a transaction of the application's that waits", async () => {
    const { clock, server } = silentServer()
    await server.open({} as never)
    const refused = server.add([], {}).catch((error: { code: string }) => error.code)

    await clock.advance(5_000)

    assert.equal(await refused, 'RAGE_DEFERRED_ENGINE_UNAVAILABLE')
    assert.equal(server.trouble, null)
  })
})

class Noted extends Task {
  static ran: string[] = []
  perform(_args: undefined, { id }: { id: string }) {
    Noted.ran.push(id)
  }
}

const kinds: Readonly<Record<string, { server: string; at: (url: string, queue: string) => EngineKind }>> = {
  bullmq: { server: redisUrl, at: (url, queue) => bullmq({ connection: { url }, queue }) },
  'pg-boss': {
    server: postgresUrl,
    at: (url, queue) => pgBoss({ connection: { connectionString: url }, schema, queue, pollMs: 100 }),
  },
}

async function until(isSo: () => unknown, seconds = 15): Promise<void> {
  const deadline = Date.now() + seconds * 1_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`it did not happen: ${isSo}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

for (const engine of testEngines.filter(({ name }) => name !== 'log')) {
  const { server, at } = kinds[engine.name]!

  describe(`deferred on ${engine.name}: a boot`, () => {
    it('fails with a coded error when nothing listens at the address', async () => {
      const closed = new Wire(server)
      await closed.open()
      await closed.cut()
      const { rage } = makeRage({ deferred: { engine: at(closed.url, queueName()) } })

      const before = Date.now()
      const error = await rage.boot().catch((reason: { code: string; message: string }) => reason)

      assert.match(
        (error as { message: string }).message,
        /^RAGE_DEFERRED_ENGINE_UNAVAILABLE: .*ECONNREFUSED/,
      )
      assert.ok(Date.now() - before < 7_000, `${Date.now() - before} ms`)
    })

    it('fails with a coded error when what listens there never answers', async () => {
      const silent = createServer(() => undefined)
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
      atEnd(() => void silent.close())
      const url = new URL(server)
      url.port = String((silent.address() as { port: number }).port)
      const { rage } = makeRage({ deferred: { engine: at(url.href, queueName()) } })

      const before = Date.now()
      const error = await rage.boot().catch((reason: { code: string }) => reason)

      assert.equal((error as { code: string }).code, 'RAGE_DEFERRED_ENGINE_UNAVAILABLE')
      assert.ok(Date.now() - before < 8_000, `${Date.now() - before} ms`)
    })
  })

  describe.skipIf(!engine.isThere)(`deferred on ${engine.name}: a connection that is lost`, () => {
    it('makes enqueue reject within its time and health red, and comes back by itself', async () => {
      const proxy = new Wire(server)
      await proxy.open()
      const queue = queueName()
      const { rage } = makeRage({ deferred: { engine: at(proxy.url, queue) } })
      rage.register(Noted)
      atEnd(() => engine.remove(queue))
      atEnd(() => rage.stop())
      await rage.boot()
      const first = await Noted.enqueue()
      await until(() => Noted.ran.includes(first.id))
      assert.equal(rage.health().ok, true)

      await proxy.cut()
      const before = Date.now()
      const refused = await Noted.enqueue().catch((error: { code: string }) => error.code)
      const took = Date.now() - before
      await until(() => !rage.health().ok)
      const [reason] = rage.health().reasons

      await proxy.open()
      await until(() => rage.health().ok, 30)
      const last = await Noted.enqueue()
      await until(() => Noted.ran.includes(last.id), 30)
      await rage.stop()
      await proxy.cut()

      assert.equal(refused, 'RAGE_DEFERRED_ENGINE_UNAVAILABLE')
      assert.ok(took < 7_000, `${took} ms`)
      assert.match(reason!, /cannot be reached/)
    }, 90_000)

    it('makes health red also where it is still there and nothing comes through', async () => {
      const proxy = new Wire(server)
      await proxy.open()
      const queue = queueName()
      const { rage } = makeRage({ deferred: { engine: at(proxy.url, queue) } })
      rage.register(Noted)
      atEnd(() => proxy.cut())
      atEnd(() => engine.remove(queue))
      atEnd(() => rage.stop())
      await rage.boot()

      proxy.hold()
      const refused = await Noted.enqueue().catch((error: { code: string }) => error.code)
      const { ok, reasons } = rage.health()
      proxy.release()
      await until(() => rage.health().ok)

      assert.equal(refused, 'RAGE_DEFERRED_ENGINE_UNAVAILABLE')
      assert.equal(ok, false)
      assert.match(reasons[0]!, /cannot be reached: /)
    }, 90_000)
  })
}
