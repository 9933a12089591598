import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, it } from 'vitest'
import { bullmq } from '../../adapters/bullmq'
import { pgBoss } from '../../adapters/pg-boss'
import { Task } from '../../src'
import type { EngineKind } from '../../src/deferred'
import { atEnd, makeRage } from '../runtime/support/runtimes'
import { postgresUrl, redisUrl } from '../support/services'
import { queueName, schema, testEngines } from './support/engines'
import { Wire } from './support/wire'

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
  })
}
