import assert from 'node:assert/strict'
import { connect } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import express4 from 'express4'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller, type ErrorFacts, type RageOptions } from '../../src'
import { eventually, makeRage } from './support/runtimes'

class NotThere extends Error {}

class OrdersController extends Controller {
  boom() {
    throw new Error('boom')
  }
  async later() {
    await null
    throw new Error('later')
  }
  gone() {
    throw new NotThere('no such order')
  }
  teapot() {
    throw Object.assign(new Error('short and stout'), { status: 418 })
  }
  text() {
    throw 'a string'
  }
  rescued() {
    throw new TypeError('rescued')
  }
  answerType() {
    this.render({ text: 'rescued', status: 500 })
  }
  static {
    this.rescueFrom(TypeError, 'answerType')
  }
}

/** Knows its own errors, as many apps do. */
const mapped: ErrorRequestHandler = (error, _req, res, next) => {
  if (error instanceof NotThere) res.status(404).json({ error: 'not found' })
  else next(error)
}
const quiet: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).end()

function appWith(framework: typeof express, options: RageOptions = {}) {
  const { rage, lines } = makeRage(options)
  const reports: [message: string, facts: ErrorFacts, requestId: string | null][] = []
  rage.errors.register(
    (error, facts, { requestId }) =>
      void reports.push([error instanceof Error ? error.message : String(error), facts, requestId]),
  )
  rage.routes((r) => {
    for (const action of ['boom', 'later', 'gone', 'teapot', 'text', 'rescued'] as const)
      r.get(`/orders/${action}`, [OrdersController, action])
    r.get('/handler', () => {
      throw new Error('in a handler')
    })
    r.scope('/behind', (s) => {
      s.use((_req, _res, next) => next(new Error('in a middleware')))
      s.get('/it', [OrdersController, 'boom'])
    })
  })
  const app = framework()
  app.use(rage.mount(), mapped, quiet)
  return { rage, app, lines, reports }
}

for (const [name, framework] of [
  ['Express 5', express],
  ['Express 4', express4 as unknown as typeof express],
] as const) {
  describe(`runtime: an error that goes to the error middleware of the app: ${name}`, () => {
    for (const [path, message, served] of [
      ['/orders/boom', 'boom', { controller: 'OrdersController', action: 'boom' }],
      ['/orders/later', 'later', { controller: 'OrdersController', action: 'later' }],
      ['/orders/text', 'a string', { controller: 'OrdersController', action: 'text' }],
      ['/handler', 'in a handler', {}],
      ['/behind/it', 'in a middleware', { controller: 'OrdersController', action: 'boom' }],
    ] as const) {
      it(`is reported once when it is answered with 500, and logged once: ${path}`, async () => {
        const { app, lines, reports } = appWith(framework)

        await supertest(app).get(`${path}?secret=1`).set('X-Request-Id', 'r1').expect(500)
        await eventually(() => reports.length)

        assert.deepEqual(reports, [
          [message, { method: 'GET', path, route: path, ...served, status: 500 }, 'r1'],
        ])
        const failures = lines.filter(({ err }) => err !== undefined)
        assert.equal(failures.length, 1)
        assert.equal(failures[0]!.requestId, 'r1')
      })
    }

    for (const [path, status] of [
      ['/orders/gone', 404],
      ['/orders/rescued', 500],
    ] as const) {
      it(`is no report where the app or the controller knows it: ${path}`, async () => {
        const { app, lines, reports } = appWith(framework)

        await supertest(app).get(path).expect(status)

        const line = await eventually(() => lines.find((one) => one.path === path))
        assert.equal(line.err, undefined)
        assert.equal(line.level, status === 404 ? 30 : 50)
        assert.deepEqual(reports, [])
      })
    }

    it('is logged by the report where requests leave no line', async () => {
      const { app, lines, reports } = appWith(framework, { logger: { requests: false } })

      await supertest(app).get('/orders/boom').expect(500)
      await eventually(() => reports.length)

      assert.deepEqual(
        lines.filter(({ err }) => err !== undefined).map(({ msg, route }) => [msg, route]),
        [['boom', '/orders/boom']],
      )
    })
  })
}

describe('runtime: an error that nobody else takes', () => {
  for (const path of ['/orders/boom', '/orders/text', '/handler', '/behind/it']) {
    it(`is reported once, standalone: ${path}`, async () => {
      const { rage, lines, reports } = appWith(express)

      await supertest(rage.handler()).get(path).expect(500)
      await eventually(() => lines.some(({ msg }) => msg === 'request failed'))

      assert.equal(reports.length, 1)
      assert.equal(reports[0]![1].route, path)
      assert.equal(lines.filter(({ err }) => err !== undefined).length, 1)
    })
  }

  it('with a status of a client error is none: standalone', async () => {
    const { rage, reports } = appWith(express)

    await supertest(rage.handler()).get('/orders/teapot').expect(418)

    assert.deepEqual(reports, [])
  })

  it('is reported when the app never answers it and the client leaves', async () => {
    const { rage, reports } = appWith(express)
    const app = express()
    // Express counts the parameters.
    const stuck: ErrorRequestHandler = (_error, _req, _res, _next) => undefined
    app.use(rage.mount(), stuck)
    const server = app.listen(0)
    const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
    socket.write('GET /orders/boom HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.deepEqual(reports, [])

    socket.destroy()
    await eventually(() => reports.length)
    server.close()

    assert.equal(reports[0]![0], 'boom')
  })

  it('of a runtime that is draining is none', async () => {
    const { rage, app, reports } = appWith(express)
    await rage.boot()
    await rage.drain()

    await supertest(app).get('/orders/boom').expect(500)

    assert.deepEqual(reports, [])
  })
})
