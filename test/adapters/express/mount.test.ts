import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Express, NextFunction, Request, Response } from 'express'
import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { Controller } from '../../../src'
import { atEnd, makeRage, temporaryFolder } from '../../runtime/support/runtimes'
import { majors } from './support/majors'

class OrdersController extends Controller {
  show() {
    return { order: this.params.id, user: this.req.user ?? null, url: this.req.url }
  }
  create() {
    this.render({ json: { got: this.params.name, list: this.params._json ?? null }, status: 201 })
  }
  raw() {
    return { body: this.req.body === undefined ? 'unread' : 'read' }
  }
  fail() {
    throw Object.assign(new Error('broken'), { status: 418 })
  }
  async failLater() {
    throw new Error('broken later')
  }
}

describe.each(majors)('express: rage.mount() in %s', (_name, express) => {
  const mounted = (arrange?: (app: Express) => void) => {
    const { rage, lines } = makeRage()
    rage.routes((r) => {
      r.get('/orders/fail', [OrdersController, 'fail'])
      r.get('/orders/fail-later', [OrdersController, 'failLater'])
      r.post('/orders/raw', [OrdersController, 'raw'])
      r.get('/orders/:id', [OrdersController, 'show'])
      r.post('/orders', [OrdersController, 'create'])
    })
    const app = express()
    arrange?.(app)
    app.use(rage.mount())
    app.get(
      '/orders/:id/legacy',
      (req, res) => void res.json({ legacy: req.params.id, url: req.url, base: req.baseUrl }),
    )
    app.get('/legacy', (_req, res) => void res.send('legacy'))
    app.use((_req: Request, res: Response) => void res.status(404).send('not found'))
    app.use(
      (
        error: Error & { status?: number; code?: string },
        _req: Request,
        res: Response,
        _next: NextFunction,
      ) => {
        res.status(error.status ?? 500).json({ handler: 'express', message: error.message, code: error.code })
      },
    )
    return { rage, app, lines, agent: supertest(app) }
  }

  it('serves the routes it owns and lets the rest through', async () => {
    const { agent } = mounted()

    assert.deepEqual((await agent.get('/orders/7')).body, { order: '7', user: null, url: '/orders/7' })
    assert.deepEqual((await agent.get('/orders/7/legacy')).body, {
      legacy: '7',
      url: '/orders/7/legacy',
      base: '',
    })
    assert.equal((await agent.get('/nowhere')).text, 'not found')
  })

  it('lets a method it does not own through', async () => {
    const { agent } = mounted()

    assert.equal((await agent.delete('/orders/7')).text, 'not found')
  })

  it('answers HEAD where it owns GET, without a body', async () => {
    const res = await mounted().agent.head('/orders/7')

    assert.equal(res.status, 200)
    assert.equal(res.text, undefined)
    assert.equal(res.headers['content-length'], String('{"order":"7","user":null,"url":"/orders/7"}'.length))
  })

  it('sees what earlier middleware put on the request', async () => {
    const { agent } = mounted((app) =>
      app.use((req, _res, next) => {
        ;(req as unknown as { user: string }).user = 'ada'
        next()
      }),
    )

    assert.equal((await agent.get('/orders/7')).body.user, 'ada')
  })

  it('reuses a body that was parsed before it', async () => {
    const { agent } = mounted((app) => app.use(express.json()))

    assert.deepEqual((await agent.post('/orders').send({ name: 'tea' })).body, { got: 'tea', list: null })
    assert.deepEqual((await agent.post('/orders').send([1, 2])).body, { list: [1, 2] })
  })

  it('parses a body that nobody has parsed', async () => {
    const { agent } = mounted()

    assert.equal((await agent.post('/orders').send({ name: 'tea' })).body.got, 'tea')
    assert.equal((await agent.post('/orders').type('form').send('name=tea')).body.got, 'tea')
    assert.equal((await agent.post('/orders/raw').type('text/csv').send('a,b')).body.body, 'unread')
  })

  it.each([
    ['{"name":', 400, 'RAGE_HTTP_MALFORMED_BODY'],
    [`{"name":"${'x'.repeat(110_000)}"}`, 413, 'RAGE_HTTP_BODY_TOO_LARGE'],
  ])('hands a bad body to the error middleware with its status', async (source, status, code) => {
    const res = await mounted().agent.post('/orders').type('json').send(source)

    assert.equal(res.status, status)
    assert.equal(res.body.code, code)
    assert.equal(res.body.handler, 'express')
  })

  it('answers 400 to a path that cannot be decoded', async () => {
    const res = await mounted().agent.get('/orders/%E0%A4%A')

    assert.equal(res.status, 400)
    assert.equal(res.body.code, 'RAGE_ROUTER_MALFORMED_PATH')
  })

  it('hands errors that nothing rescues to the error middleware, the same object', async () => {
    const { agent } = mounted()

    const res = await agent.get('/orders/fail')
    assert.deepEqual([res.status, res.body.message], [418, 'broken'])
    assert.equal((await agent.get('/orders/fail-later')).body.message, 'broken later')
  })

  it('does not open a path that a guard before it would have stopped', async () => {
    const { agent } = mounted((app) => app.use('/orders', (_req, res) => void res.status(401).send('guard')))

    for (const path of [
      '/orders/7',
      '/ORDERS/7',
      '/orders/7/',
      '/%6frders/7',
      '//orders/7',
      '/orders//7',
      '/x/../orders/7',
      '/orders;/7',
    ]) {
      const { status } = await agent.get(path)
      assert.ok(status === 401 || status === 404, `${path} answered ${status}`)
    }
  })

  it('works below a prefix, in a router and in a sub-app', async () => {
    const { rage } = makeRage()
    rage.routes((r) => r.get('/orders/:id', [OrdersController, 'show']))
    const app = express()
    const router = express.Router()
    const sub = express()
    const fresh = () => {
      const other = makeRage().rage
      return other.routes((r) => r.get('/orders/:id', [OrdersController, 'show']))
    }
    app.use('/api', rage.mount())
    router.use(fresh().mount())
    app.use('/router', router)
    sub.use(fresh().mount())
    app.use('/sub', sub)
    app.use((req: Request, res: Response) => void res.status(404).send(`legacy ${req.url}`))
    const agent = supertest(app)

    assert.equal((await agent.get('/api/orders/1')).body.order, '1')
    assert.equal((await agent.get('/router/orders/2')).body.order, '2')
    assert.equal((await agent.get('/sub/orders/3')).body.order, '3')
    assert.equal((await agent.get('/orders/4')).text, 'legacy /orders/4')
    assert.equal((await agent.get('/api/other?x=1')).text, 'legacy /api/other?x=1')
  })

  it('writes JSON as the app is set to, also when that is set after the mount', async () => {
    const { app, agent } = mounted()
    app.set('json spaces', 1)
    app.set('json escape', true)

    const res = await agent.post('/orders').send({ name: '<tea>' })

    assert.equal(res.text, '{\n "got": "\\u003ctea\\u003e",\n "list": null\n}')
  })

  it('answers with the same ETag as Express, and 304 to a fresh copy', async () => {
    const { agent, app } = mounted((target) =>
      target.get('/twin', (_req, res) => void res.json({ order: '7', user: null, url: '/orders/7' })),
    )
    const twin = await agent.get('/twin')

    const owned = await agent.get('/orders/7')
    assert.equal(owned.headers.etag, twin.headers.etag)
    assert.equal((await agent.get('/orders/7').set('If-None-Match', owned.headers.etag!)).status, 304)

    app.disable('etag')
    assert.equal((await agent.get('/orders/7')).headers.etag, undefined)
  })

  it('changes no byte of what the app answers for itself', async () => {
    const requests = [
      'GET /legacy',
      'HEAD /legacy',
      'OPTIONS /legacy',
      'GET /orders/1/legacy',
      'POST /legacy',
      'GET /nowhere?a=%zz',
    ]
    const plain = express()
    plain.get(
      '/orders/:id/legacy',
      (req, res) => void res.json({ legacy: req.params.id, url: req.url, base: req.baseUrl }),
    )
    plain.get('/legacy', (_req, res) => void res.send('legacy'))
    plain.use((_req: Request, res: Response) => void res.status(404).send('not found'))
    const { app } = mounted()

    for (const line of requests) assert.equal(await rawAnswer(app, line), await rawAnswer(plain, line), line)
  })

  it('refuses two mounts that own the same route, naming it', () => {
    const { rage, app } = mounted()
    const other = makeRage().rage.routes((r) => r.get('/orders/:id', [OrdersController, 'show']))

    expect(() => app.use(other.mount())).toThrow(
      /RAGE_EXPRESS_MOUNT_CONFLICT: Two mounts at "\/" of one app both own GET \/orders\/:id/,
    )
    expect(() => app.use(rage.mount())).toThrow(/RAGE_EXPRESS_MOUNT_CONFLICT/)
  })

  it('answers 503 for owned routes when its storage is unusable, and the app lives', async () => {
    const file = join(temporaryFolder(), 'a-file')
    writeFileSync(file, '')
    chmodSync(file, 0o400)
    const { rage, lines } = makeRage({ storage: file })
    rage.routes((r) => r.get('/orders/:id', [OrdersController, 'show']))
    const app = express()
    app.use(rage.mount())
    app.get('/legacy', (_req, res) => void res.send('legacy'))
    app.use(
      (
        error: Error & { status: number; code: string },
        _req: Request,
        res: Response,
        _next: NextFunction,
      ) => {
        res.status(error.status).send(error.code)
      },
    )

    const res = await supertest(app).get('/orders/7')

    assert.deepEqual([res.status, res.text], [503, 'RAGE_RUNTIME_BOOT_FAILED'])
    assert.equal((await supertest(app).get('/legacy')).text, 'legacy')
    assert.ok(lines.some(({ level, msg }) => level === 60 && msg.includes('could not boot')))
    await assert.rejects(rage.boot(), { code: 'RAGE_WAL_STORAGE_UNUSABLE' })
  })

  it('answers 503 with Retry-After for owned routes once it drains', async () => {
    const { rage, agent } = mounted()
    await agent.get('/orders/7')

    await rage.drain()

    const res = await agent.get('/orders/7')
    assert.deepEqual(
      [res.status, res.body.code, res.headers['retry-after']],
      [503, 'RAGE_RUNTIME_UNAVAILABLE', '5'],
    )
    assert.equal((await agent.get('/legacy')).text, 'legacy')
  })
})

/** The bytes of one answer, the date taken out. */
async function rawAnswer(app: Express, requestLine: string): Promise<string> {
  const server = app.listen(0)
  atEnd(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const socket = connect((server.address() as AddressInfo).port)
  socket.end(`${requestLine} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer.replace(/^Date: .*$/m, 'Date')
}

describe.each(majors)('express: what used to hang or slip through in %s', (_name, express) => {
  const failing = (app: Express) =>
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).send(error.message)
    })

  it('is a handler that rejects, or throws while the runtime boots: the error goes to the app', async () => {
    const { rage } = makeRage()
    rage.routes((r) => {
      r.get('/throws', () => {
        throw new Error('thrown')
      })
      r.get('/rejects', () => Promise.reject(new Error('rejected')))
      r.get('/rejects-nothing', () => Promise.reject())
    })
    const app = express().use(rage.mount())
    failing(app)

    assert.equal((await supertest(app).get('/throws')).text, 'thrown')
    assert.equal((await supertest(app).get('/throws')).text, 'thrown')
    assert.equal((await supertest(app).get('/rejects')).text, 'rejected')
    assert.equal((await supertest(app).get('/rejects-nothing')).status, 500)
  })

  it.each([undefined, null, '', 'route', 'router'])('is an action that throws %o', async (thrown) => {
    class ThrowingController extends Controller {
      now() {
        throw thrown
      }
      async later() {
        throw thrown
      }
    }
    const { rage } = makeRage()
    rage.routes((r) => {
      r.get('/now', [ThrowingController, 'now'])
      r.get('/later', [ThrowingController, 'later'])
    })
    const app = express().use(rage.mount())
    app.use(['/now', '/later'], (_req: Request, res: Response) => void res.send('legacy'))
    failing(app)

    assert.equal((await supertest(app).get('/now')).status, 500)
    assert.equal((await supertest(app).get('/later')).status, 500)
  })

  it('is a path in other letters, or with a slash, that a guard of a stricter app does not see', async () => {
    const { rage } = makeRage()
    rage.routes((r) => r.get('/orders/:id', [OrdersController, 'show']))
    const app = express()
    app.set('case sensitive routing', true)
    app.set('strict routing', true)
    app.use('/orders', (_req: Request, res: Response) => void res.status(401).end())
    app.use(rage.mount())

    assert.equal((await supertest(app).get('/orders/1')).status, 401)
    assert.equal((await supertest(app).get('/ORDERS/1')).status, 404)
    const open = express()
    open.set('strict routing', true)
    open.use(rage.mount())
    assert.equal((await supertest(open).get('/orders/1')).status, 200)
    assert.equal((await supertest(open).get('/ORDERS/1')).status, 200)
    assert.equal((await supertest(open).get('/orders/1/')).status, 404)
  })
})
