import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import express5, { type ErrorRequestHandler } from 'express'
import express4 from 'express4'
import supertest from 'supertest'
import { afterEach, describe, it, vi } from 'vitest'
import { Controller, createRage, type Rage } from '../../src'
import { temporaryFolder } from '../runtime/support/runtimes'

let rage: Rage | null = null
const lines: Record<string, unknown>[] = []
afterEach(async () => {
  await rage?.stop()
  lines.length = 0
})

class Orders extends Controller {
  static {
    this.use((_req, _res, next) => next('route'), { only: 'pass' })
  }
  override appendInfoToPayload(payload: Record<string, unknown>) {
    payload.user = 'ann'
    payload.route = 'must not replace ours'
  }
  pass() {}
  show() {
    return { ok: true }
  }
  csv() {
    this.render({ csv: ['a', 'b'] })
  }
  fail() {
    throw new RangeError('a secret detail')
  }
  torn() {
    this.render({
      stream: (async function* () {
        yield 'half'
        await wait(10)
        throw new RangeError('late')
      })(),
    })
  }
  double() {
    this.render({ text: 'a' })
    this.render({ text: 'a' })
  }
}

function appOf(express: typeof express5) {
  rage = createRage({
    signals: false,
    storage: temporaryFolder(),
    logger: { level: 'info', destination: { write: (line) => void lines.push(JSON.parse(line)) } },
  })
  rage.renderer('csv', (rows) => ({ body: (rows as string[]).join(), contentType: 'text/csv' }))
  rage.routes((r) => {
    for (const action of ['pass', 'show', 'csv', 'fail', 'double', 'torn'] as const)
      r.get(`/${action}`, [Orders, action])
  })
  const app = express()
  app.use(rage.mount())
  app.get('/pass', (_req, res) => void res.send('legacy'))
  return app
}

describe.each([
  ['4', express4 as unknown as typeof express5],
  ['5', express5],
])('controller: dispatch in Express %s', (_major, express) => {
  it("passes on to the app at next('route'), whose log line says legacy", async () => {
    const res = await supertest(appOf(express)).get('/pass')

    assert.equal(res.text, 'legacy')
    assert.equal(lines.find(({ arm }) => arm !== undefined)?.arm, 'legacy')
  })

  it('puts what appendInfoToPayload adds into the line of the request, also of one that fails', async () => {
    const app = appOf(express)
    await supertest(app).get('/show')
    await supertest(app).get('/fail')
    const own = lines.filter(({ arm }) => arm === 'rage')

    assert.deepEqual(
      own.map(({ user, route }) => [user, route]),
      [
        ['ann', '/show'],
        ['ann', '/fail'],
      ],
    )
  })

  it('tells the error middleware of a stream that fails half way', async () => {
    const app = appOf(express)
    const seen: unknown[] = []
    const tell: ErrorRequestHandler = (error, _req, res, next) => {
      seen.push([error.message, res.headersSent])
      next(error)
    }
    app.use(tell)
    await assert.rejects(async () => await supertest(app).get('/torn'))

    assert.deepEqual(seen, [['late', true]])
  })

  it('knows the renderers of the runtime', async () => {
    const res = await supertest(appOf(express)).get('/csv')

    assert.equal(res.headers['content-type'], 'text/csv')
    assert.equal(res.text, 'a,b')
    assert.throws(() => rage!.renderer('late', () => ({ body: '' })), {
      code: 'RAGE_KERNEL_REGISTRATION_CLOSED',
    })
  })
})

describe('controller: dispatch of errors nobody rescues', () => {
  // Express reads NODE_ENV when an app is made.
  it.each(['fail', 'double'])('says nothing in production: %s', async (action) => {
    const before = process.env.NODE_ENV
    process.env.NODE_ENV = 'production'
    // Express itself writes the stack there.
    const written = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    try {
      for (const express of [express4 as unknown as typeof express5, express5]) {
        const app = appOf(express)
        const res = await supertest(app).get(`/${action}`)

        assert.equal(res.status, 500)
        assert.match(res.text, /Internal Server Error/)
        assert.doesNotMatch(res.text, /RAGE_|secret|Orders|at /)
        await rage!.stop()
      }
    } finally {
      process.env.NODE_ENV = before
      written.mockRestore()
    }
  })
})

describe('controller: dispatch without Express', () => {
  class Dressed extends Controller<express5.Request, express5.Response> {
    static {
      this.use((req, res, next) => {
        if (req.query.stop) res.status(418).json({ stopped: req.get('x-who') })
        else next()
      })
      this.use((_req, _res, next) => next('route'), { only: 'pass' })
    }
    show() {
      return { ok: true }
    }
    pass() {}
  }

  it("gives middleware of a controller Express's req and res, and answers 404 to what it passes on", async () => {
    rage = createRage({ signals: false, storage: temporaryFolder(), logger: { level: 'silent' } })
    rage.routes((r) => {
      r.get('/show', [Dressed, 'show'])
      r.get('/pass', [Dressed, 'pass'])
    })
    const agent = supertest(createServer(rage.handler() as RequestListener))

    assert.deepEqual((await agent.get('/show')).body, { ok: true })
    const stopped = await agent.get('/show?stop=1').set('X-Who', 'ann')
    assert.equal(stopped.status, 418)
    assert.deepEqual(stopped.body, { stopped: 'ann' })
    assert.equal((await agent.get('/pass')).status, 404)
  })
})
