import assert from 'node:assert/strict'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { pino } from 'pino'
import { pinoHttp } from 'pino-http'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller } from '../../src'
import { eventually, makeRage } from './support/runtimes'

class OrdersController extends Controller {
  show() {
    return { id: this.logger !== undefined }
  }

  override appendInfoToPayload(payload: Record<string, unknown>) {
    const forged = { requestId: 'R', method: 'X', path: '/x', status: 'shipped', durationMs: -1, arm: 'x' }
    Object.assign(payload, forged, { order: 7 })
  }
}

class BrokenController extends Controller {
  show() {
    throw new Error('broken')
  }
}

/** The ids of two requests behind `before`. */
async function idsBehind(before: RequestHandler, header?: string): Promise<unknown[]> {
  const { rage } = makeRage({ logger: { requests: false } })
  const app = express().use(before, rage.context())
  app.get('/', (_req, res) => void res.json(rage.headers('http://x')))
  const ids: unknown[] = []
  for (let count = 0; count < 2; count += 1) {
    const request = supertest(app).get('/')
    if (header !== undefined) request.set('X-Request-Id', header)
    ids.push((await request).body['x-request-id'])
  }
  return ids
}

const giving =
  (id: unknown): RequestHandler =>
  (req, _res, next) => {
    Object.assign(req, { id })
    next()
  }

describe('runtime: the id of a request that has one of an earlier middleware', () => {
  it('is that one', async () => {
    assert.deepEqual(await idsBehind(giving('of-the-app')), ['of-the-app', 'of-the-app'])
    assert.deepEqual(await idsBehind(giving('20261121000000')), ['20261121000000', '20261121000000'])
  })

  it.each([
    ['a number', giving(7)],
    ['a counter as text', giving('7')],
    ['the counter of pino-http', pinoHttp({ logger: pino({ level: 'silent' }) })],
  ])('is made where that is %s: every process has the same ones', async (_name, before) => {
    const ids = await idsBehind(before)

    for (const id of ids) assert.match(String(id), /^[0-9a-f-]{36}$/)
    assert.notEqual(ids[0], ids[1])
  })

  it('is that of the header where there is one', async () => {
    assert.deepEqual(await idsBehind(giving(7), 'mine'), ['mine', 'mine'])
  })
})

describe('runtime: the lines of an application with its own pino-http', () => {
  it.each(['in front', 'behind'] as const)('have our id when it is %s; there is one line', async (place) => {
    const { rage, lines } = makeRage()
    const own: Record<string, unknown>[] = []
    const logger = pino({ base: null }, { write: (text: string) => void own.push(JSON.parse(text)) })
    const app = express()
    if (place === 'in front') app.use(pinoHttp({ logger }))
    app.use(rage.context())
    if (place === 'behind') app.use(pinoHttp({ logger }))
    app.use(rage.mount())
    app.get('/', (req, res) => {
      req.log.info('inside')
      res.json({})
    })

    await supertest(app).get('/').set('X-Request-Id', 'mine')
    await eventually(() => own.length === 2)

    const idOf = ({ requestId, req }: Record<string, unknown>) => requestId ?? (req as { id: unknown }).id
    assert.deepEqual(
      own.map((line) => [line.msg, idOf(line)]),
      [
        ['inside', 'mine'],
        ['request completed', 'mine'],
      ],
    )
    assert.equal(
      lines.some(({ msg }) => msg === 'request completed'),
      false,
    )
  })
})

describe('runtime: an error where the pino-http of the application is behind', () => {
  it('is logged although it writes no line', async () => {
    const { rage, lines } = makeRage()
    rage.routes((r) => r.get('/broken', [BrokenController, 'show']))
    const app = express().use(rage.context())
    app.use(pinoHttp({ logger: pino({ level: 'silent' }), autoLogging: false }), rage.mount())
    app.use(((_error, _req, res, _next) => void res.status(500).end()) as ErrorRequestHandler)

    await supertest(app).get('/broken').expect(500)

    const line = await eventually(() => lines.find(({ err }) => err !== undefined))
    assert.equal((line.err as { message: string }).message, 'broken')
  })
})

describe('runtime: the line of a request', () => {
  it('keeps its facts where appendInfoToPayload names them', async () => {
    const texts: string[] = []
    const { rage } = makeRage({ logger: { destination: { write: (text) => void texts.push(text) } } })
    rage.routes((r) => r.get('/orders', [OrdersController, 'show']))

    await supertest(rage.handler()).get('/orders').set('X-Request-Id', 'r1').expect(200)
    const text = await eventually(() => texts.find((one) => one.includes('request completed')))

    const { requestId, method, path, status, durationMs, arm, order } = JSON.parse(text)
    assert.deepEqual(
      { requestId, method, path, status, arm, order },
      { requestId: 'r1', method: 'GET', path: '/orders', status: 200, arm: 'rage', order: 7 },
    )
    assert.ok(durationMs >= 0)
    assert.equal(text.split('"requestId"').length, 2)
  })
})
