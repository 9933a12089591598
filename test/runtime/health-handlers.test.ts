import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { createServer, get, type IncomingMessage } from 'node:http'
import express from 'express'
import express4 from 'express4'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Task } from '../../src'
import { eventually, makeRage, temporaryFolder } from './support/runtimes'

class Later extends Task {
  perform() {}
}

describe('runtime: rage.ready()', () => {
  for (const [name, framework] of [
    ['Express 5', express],
    ['Express 4', express4],
  ] as const) {
    it(`answers 503 until the runtime serves, then 200, then 503 as soon as a drain begins: ${name}`, async () => {
      const { rage } = makeRage()
      const app = framework()
      app.get('/up', rage.ready())
      const before = await supertest(app).get('/up')
      await rage.boot()
      const serving = await supertest(app).get('/up')
      const draining = rage.drain()
      const during = await supertest(app).get('/up')
      await draining

      assert.equal(before.status, 503)
      assert.deepEqual(before.body, { status: 'unavailable', reasons: ['runtime.booting'] })
      assert.equal(before.headers['retry-after'], '5')
      assert.equal(before.headers['cache-control'], 'no-store')
      assert.equal(serving.status, 200)
      assert.deepEqual(serving.body, { status: 'ready' })
      assert.equal(serving.headers['retry-after'], undefined)
      assert.equal(serving.headers['cache-control'], 'no-store')
      assert.equal(during.status, 503)
      assert.deepEqual(during.body.reasons, ['runtime.draining'])
    })
  }

  it('answers as an owned route in every phase, without booting, and without any framework', async () => {
    const { rage } = makeRage()
    rage.routes((r) => {
      r.get('/up', rage.ready())
      r.get('/alive', rage.live())
    })
    const server = createServer(rage.handler())
    const plain = createServer(rage.ready())

    const first = await supertest(server).get('/up')
    await rage.boot()
    assert.deepEqual((await supertest(server).get('/up')).body, { status: 'ready' })
    assert.deepEqual((await supertest(plain).get('/')).body, { status: 'ready' })
    await rage.stop()
    const last = await supertest(server).get('/up')
    const alive = await supertest(server).get('/alive')

    assert.deepEqual([first.status, first.body.reasons], [503, ['runtime.booting']])
    assert.deepEqual([last.status, last.body.reasons], [503, ['runtime.stopped']])
    assert.deepEqual([alive.status, alive.body], [200, { status: 'live' }])
  })

  it('says that the boot failed; details only where they are wanted', async () => {
    const { rage } = makeRage({ environment: 'production', storage: '/dev/null/storage' })
    rage.register(Later)
    await assert.rejects(rage.boot())
    const ask = async (details?: boolean | ((req: IncomingMessage) => boolean)) =>
      (await supertest(createServer(rage.ready(details === undefined ? {} : { details }))).get('/')).body

    assert.deepEqual(await ask(), { status: 'unavailable', reasons: ['runtime.boot_failed'] })
    assert.match((await ask(true)).details['runtime.boot_failed'], /RAGE_WAL_STORAGE_UNUSABLE/)
    assert.equal((await ask(() => false)).details, undefined)
    assert.equal(
      (
        await ask(() => {
          throw new Error('broken')
        })
      ).details,
      undefined,
    )
    assert.match((await ask((req) => req.url === '/')).details['runtime.boot_failed'], /could not boot/)
  })

  it('shows details in development by itself', async () => {
    const { rage } = makeRage({ environment: 'development' })

    const { body } = await supertest(createServer(rage.ready())).get('/')

    assert.deepEqual(body.details, { 'runtime.booting': 'the runtime is new' })
  })

  it('says that the log of jobs failed', async () => {
    const storage = temporaryFolder()
    const { rage } = makeRage({ storage })
    rage.register(Later)
    await rage.boot()
    rmSync(`${storage}/deferred`, { recursive: true })
    await eventually(async () => {
      await Later.enqueue().catch(() => undefined)
      return !rage.health().ok
    })

    const { status, body } = await supertest(createServer(rage.ready())).get('/')

    assert.deepEqual([status, body.reasons], [503, ['deferred.log_failed']])
  })

  it('says that as many jobs wait as may', async () => {
    const { rage } = makeRage({ deferred: { maxQueued: 1 } })
    rage.register(Later)
    await rage.boot()
    await Later.enqueue(undefined, { delay: 3_600 })

    const { status, body } = await supertest(createServer(rage.ready())).get('/')

    assert.deepEqual([status, body.reasons], [503, ['deferred.queue_full']])
  })

  it('asks the checks of the application, and names those that fail', async () => {
    const { rage } = makeRage()
    await rage.boot()
    let isUp = false
    rage.health.check('db', async () => {
      if (!isUp) throw new Error('connect ECONNREFUSED 10.0.0.7:5432')
    })
    rage.health.check('loop', () => true, { live: true })
    const ready = createServer(rage.ready())

    const failing = await supertest(ready).get('/')
    const alive = await supertest(createServer(rage.live())).get('/')
    isUp = true
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const again = await supertest(ready).get('/')

    assert.deepEqual([failing.status, failing.body], [503, { status: 'unavailable', reasons: ['check.db'] }])
    assert.equal(alive.status, 200)
    assert.equal(again.status, 200)
  })

  it('survives a client that leaves while a check runs', async () => {
    const { rage } = makeRage()
    await rage.boot()
    let finish = (): void => undefined
    rage.health.check('slow', () => new Promise<void>((resolve) => (finish = resolve)))
    const server = createServer(rage.ready()).listen(0)
    const request = get({ port: (server.address() as { port: number }).port })
    request.on('error', () => undefined)
    await new Promise((resolve) => setTimeout(resolve, 50))

    request.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    finish()
    rage.health.check('other', () => undefined)
    const { status } = await supertest(server).get('/')
    server.close()

    assert.equal(status, 200)
  })

  it('answers HEAD without a body', async () => {
    const { rage } = makeRage()

    const response = await supertest(createServer(rage.ready())).head('/')

    assert.equal(response.status, 503)
    assert.equal(response.text, undefined)
  })

  it('leaves a line in the log when it is not ready only', async () => {
    const { rage, lines } = makeRage()
    const app = express()
    app.use(rage.context())
    app.get('/up', rage.ready())

    await supertest(app).get('/up')
    await rage.boot()
    await supertest(app).get('/up')

    const requests = lines.filter(({ path }) => path === '/up')
    assert.deepEqual(
      requests.map(({ status }) => status),
      [503],
    )
  })

  it('refuses options it does not know', () => {
    const { rage } = makeRage()

    assert.throws(() => rage.ready({ detail: true } as never), { code: 'RAGE_KERNEL_UNKNOWN_OPTION' })
  })
})
