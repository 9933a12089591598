import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import express5 from 'express'
import express4 from 'express4'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller, TelemetryHandler } from '../../src'
import { makeRage } from './support/runtimes'

function watched() {
  const { rage, lines } = makeRage()
  const ends: unknown[] = []
  class Watch extends TelemetryHandler {
    static {
      this.handle('controller.action.process')
    }
    async call(span: { attributes: object }, next: () => Promise<{ error: unknown }>) {
      const { error } = await next()
      ends.push({ ...span.attributes, error })
    }
  }
  class Orders extends Controller {
    static {
      this.use((_req, _res, next) => next('route'), { only: 'pass' })
      this.use((_req, _res, next) => setImmediate(next, 'route'), { only: 'later' })
    }
    pass() {}
    later() {}
    show() {
      return { ok: true }
    }
    fail() {
      throw new TypeError('broken')
    }
  }
  rage.register(Watch)
  rage.routes((r) => {
    for (const action of ['pass', 'later', 'show', 'fail'] as const) r.get(`/${action}`, [Orders, action])
  })
  return { rage, ends, lines }
}

describe.each([
  ['4', express4 as unknown as typeof express5],
  ['5', express5],
])('runtime: the span of an action in Express %s', (_major, express) => {
  it.each(['pass', 'later'])('ends well when the request is passed on, and says so: %s', async (action) => {
    const { rage, ends } = watched()
    const app = express()
    app.use(rage.mount())
    app.get(`/${action}`, (_req, res) => void res.send('legacy'))
    const { text } = await supertest(app).get(`/${action}`)

    assert.equal(text, 'legacy')
    assert.deepEqual(ends, [
      { route: `/${action}`, controller: 'Orders', action, arm: 'rage', passedOn: true, error: null },
    ])
  })
})

describe('runtime: the span of an action', () => {
  it('ends with the error of one that fails, and does not mark the next request', async () => {
    const { rage, ends } = watched()
    const client = supertest(createServer(rage.handler()))
    await client.get('/pass').expect(404)
    await client.get('/show').expect(200)
    await client.get('/fail').expect(500)

    assert.deepEqual(
      ends.map((end) => {
        const { action, passedOn, error } = end as Record<string, unknown>
        return [action, passedOn, error instanceof TypeError]
      }),
      [
        ['pass', true, false],
        ['show', undefined, false],
        ['fail', undefined, true],
      ],
    )
  })
})
