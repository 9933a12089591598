import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import express5, { type Response } from 'express'
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
    async call(span: { attributes: object }, next: () => Promise<{ error: unknown; outcome: object }>) {
      const { error, outcome } = await next()
      ends.push({ ...span.attributes, ...outcome, error })
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
      {
        method: 'GET',
        route: `/${action}`,
        controller: 'Orders',
        action,
        arm: 'rage',
        status: null,
        isPassedOn: true,
        error: null,
      },
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
        const { action, status, isPassedOn, error } = end as Record<string, unknown>
        return [action, status, isPassedOn, error instanceof TypeError]
      }),
      [
        ['pass', null, true, false],
        ['show', 200, false, false],
        ['fail', null, false, true],
      ],
    )
  })

  it.each([
    ['answers', '/answers', 201, { status: 201, isPassedOn: false, error: null }],
    ['passes the request on', '/passes', 404, { status: null, isPassedOn: true, error: null }],
    ['fails', '/fails', 500, { status: null, isPassedOn: false, error: 'broken' }],
    ['answers late', '/late', 202, { status: 202, isPassedOn: false, error: null }],
  ])("is there for a handler in Express's form that %s", async (_what, path, status, expected) => {
    const { rage, ends } = watched()
    rage.routes((r) => {
      r.get('/answers', (_req, res) => void (res as unknown as Response).status(201).json({}))
      r.get('/passes', (_req, _res, next) => next())
      r.get('/fails', () => {
        throw new TypeError('broken')
      })
      r.get('/late', (_req, res) => void setImmediate(() => (res as unknown as Response).status(202).end()))
    })
    await supertest(createServer(rage.handler())).get(path).expect(status)
    while (ends.length === 0) await new Promise(setImmediate)

    const [{ error, ...facts }] = ends as [Record<string, unknown>]
    const { error: message, ...rest } = expected
    assert.deepEqual(facts, {
      method: 'GET',
      route: path,
      controller: null,
      action: null,
      arm: 'rage',
      ...rest,
    })
    assert.equal(error === null ? null : (error as Error).message, message)
  })
})
