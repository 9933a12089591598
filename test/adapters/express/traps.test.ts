/**
 * Traps that adapters of this kind have fallen into, each with the report it comes from. Those that a plain comparison
 * finds are in transparency.test.ts, those of path matching in parity.test.ts and guards.test.ts.
 */
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller, type Rage } from '../../../src'
import { makeRage } from '../../runtime/support/runtimes'
import { majors } from './support/majors'
import { answerTo, closed, listening, type WireRequest } from './support/wire'

type Middleware = (options?: object) => RequestHandler

// They come without types.
const require = createRequire(import.meta.url)
const [compression, session, responseTime] = ['compression', 'express-session', 'response-time'].map(
  (middleware) => require(middleware) as Middleware,
) as [Middleware, Middleware, Middleware]

class TrapsController extends Controller {
  show() {
    return { params: this.params, url: this.req.url, long: 'x'.repeat(2_000) }
  }
  create() {
    return { body: this.req.body ?? null, raw: String((this.req as { rawBody?: Buffer }).rawBody ?? '') }
  }
  renderThenFail() {
    this.render({ json: { answered: true } })
    throw new Error('after the answer')
  }
}

function owning(path: string, action: 'show' | 'create' | 'renderThenFail' = 'show'): Rage {
  const { rage } = makeRage()
  return rage.routes((r) => {
    r.get(path, [TrapsController, action])
    r.post(path, [TrapsController, action])
  })
}

async function wire(app: Express, requests: readonly WireRequest[]): Promise<string[]> {
  const server = await listening(app as unknown as RequestListener)
  const answers: string[] = []
  for (const request of requests) answers.push(await answerTo(server, request))
  await closed(server)
  return answers
}

const deny: RequestHandler = (_req, res) => void res.status(401).send('guard')

describe.each(majors)('traps: %s', (name, express) => {
  it('find-my-way decodes before it matches and accepts empty parameters (under a guard, a hole)', async () => {
    const { rage } = makeRage()
    rage.routes((r) => {
      for (const path of ['/admin', '/admin/panel', '/u/:id/private']) r.get(path, [TrapsController, 'show'])
    })
    const app = express()
    app.use('/admin', deny)
    app.use('/u/:id/private', deny)
    app.use(rage.mount())

    for (const path of [
      '/%61dmin',
      '/%61dmin/panel',
      '/admin/%70anel',
      '/u/1/privat%65',
      '/u//private',
      '/u/%2e/private',
      '//admin',
      '/admin%2Fpanel',
      '/admin;v=1',
      '/x/../admin',
      '/./admin',
      '/admin%00',
      '/ADMIN',
      '/admin/',
      '/admin//',
      '/admin/..;/panel',
      '/admin/panel;a',
      '/admin/./panel',
      '/admin\\panel',
    ]) {
      const [answer] = await wire(app, [`GET ${path}`])
      assert.match(answer!, /^HTTP\/1.1 (401|404) /, path)
    }
  })

  it('an app mounted through a router leaks its prototypes to later layers (expressjs/express#7427)', async () => {
    const router = express.Router()
    const app = express()
    router.use('/api', owning('/mine').mount() as unknown as RequestHandler)
    app.use(router)
    app.use((req, res) => void res.json([req.app === app, Object.getPrototypeOf(req) === app.request]))

    assert.deepEqual((await supertest(app).get('/api/other')).body, [true, true])
    assert.deepEqual((await supertest(app).delete('/api/mine')).body, [true, true])
  })

  it('a host that gives requests a prototype of its own loses it to the swap (expressjs/express#6039)', async () => {
    const app = express()
    app.use((req, _res, next) => {
      Object.setPrototypeOf(req, Object.create(Object.getPrototypeOf(req), { tenant: { value: 'acme' } }))
      next()
    })
    app.use(owning('/mine').mount())
    app.use((req, res) => void res.json((req as { tenant?: string }).tenant ?? null))

    assert.equal((await supertest(app).delete('/mine')).body, 'acme')
    assert.equal((await supertest(app).get('/mine')).status, 200)
  })

  it('an url is glued wrongly when a mount consumed the whole path (fulmine.js#16)', async () => {
    const app = express()
    app.use('/found', owning('/').mount())
    app.use((req, res) => void res.json([req.url, req.baseUrl, req.originalUrl]))

    assert.deepEqual((await supertest(app).delete('/found?x=1')).body, ['/found?x=1', '', '/found?x=1'])
    assert.deepEqual((await supertest(app).get('/found/target')).body, ['/found/target', '', '/found/target'])
    assert.equal((await supertest(app).get('/found?x=1')).body.url, '/?x=1')
  })

  it('a prefix that is cut off loses the query or decodes twice (fastify/middie#249)', async () => {
    const app = express()
    app.use('/api', owning('/orders/:id').mount())

    const { body } = await supertest(app).get('/api/orders/a%2520b?x=%26&y=1')
    assert.deepEqual(body.params, { id: 'a%20b', x: '&', y: '1' })
  })

  it('req.query is parsed once in Express 4, at each read in 5; the mount shadows neither', async () => {
    const app = express()
    app.use(owning('/mine').mount())
    app.use((req, res) => {
      const own = Object.hasOwn(req, 'query')
      req.url = '/x?a=2'
      res.json([own, req.query])
    })

    const expected = name === 'Express 4' ? [true, { a: '1' }] : [false, { a: '2' }]
    assert.deepEqual((await supertest(app).get('/x?a=1')).body, expected)
    assert.deepEqual((await supertest(app).put('/mine?a=1')).body, expected)
  })

  it('a body that has been read is waited for, for ever (http-proxy-middleware#40)', async () => {
    const app = express()
    app.use((req, _res, next) => {
      req.resume()
      req.on('end', next)
    })
    app.use(owning('/mine', 'create').mount())

    const { status, body } = await supertest(app).post('/mine').send({ a: 1 })
    assert.deepEqual([status, body.raw], [200, ''])
  })

  it('raw bytes kept by a verify hook are lost (webhooks)', async () => {
    const app = express()
    app.use(
      express.json({
        verify: (req, _res, bytes) => {
          ;(req as { rawBody?: Buffer }).rawBody = bytes
        },
      }),
    )
    app.use(owning('/mine', 'create').mount())

    assert.deepEqual((await supertest(app).post('/mine').send({ a: 1 })).body, {
      body: { a: 1 },
      raw: '{"a":1}',
    })
  })

  it('"parsed" cannot be told by truthiness: body-parser leaves {} or undefined', async () => {
    const app = express()
    app.use(express.json())
    app.use(owning('/mine', 'create').mount())

    assert.equal((await supertest(app).post('/mine').type('form').send('a=1')).status, 200)
    assert.equal((await supertest(app).get('/mine')).status, 200)
  })

  it('next is called after an answer, or twice (expressjs/express#751)', async () => {
    const passed: string[] = []
    const app = express()
    app.use(owning('/fine').mount())
    app.use(owning('/fails', 'renderThenFail').mount())
    app.use((req, _res, next) => {
      passed.push(req.url)
      next()
    })
    app.use((error: Error, _req: Request, res: Response, next: NextFunction) => {
      passed.push(error.message)
      if (res.headersSent) next(error)
      else res.status(500).end()
    })

    await supertest(app).get('/fine')
    await supertest(app)
      .get('/fails')
      .catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 10))

    assert.deepEqual(passed, ['after the answer'])
  })

  it('an answer goes past res.writeHead and res.end of the moment (compression, sessions, response-time)', async () => {
    const app = express()
    app.use(responseTime())
    app.use(compression())
    app.use(session({ secret: 's', resave: false, saveUninitialized: true }))
    app.use(owning('/mine').mount())

    const { headers, body } = await supertest(app).get('/mine')
    assert.equal(headers['content-encoding'], 'gzip')
    assert.match(headers['set-cookie']![0]!, /^connect\.sid=/)
    assert.ok(headers['x-response-time'])
    assert.equal(body.long.length, 2_000)
  })

  it('listeners pile up on a socket that is kept alive', async () => {
    const warnings: string[] = []
    const warn = (warning: Error): void => void warnings.push(warning.name)
    process.on('warning', warn)
    const app = express()
    const counts: number[] = []
    app.use(({ socket }, _res, next) => {
      counts.push(socket.eventNames().reduce((sum, event) => sum + socket.listenerCount(event), 0))
      next()
    })
    app.use(owning('/mine').mount())
    app.use((_req, res) => void res.end())
    const head = ' HTTP/1.1\r\nHost: x\r\n'

    await wire(app, [
      {
        pieces: [
          ...Array.from({ length: 25 }, (_, n) => `GET /${n % 2 ? 'mine' : 'other'}${head}\r\n`),
          `GET /mine${head}Connection: close\r\n\r\n`,
        ],
      },
    ])
    process.off('warning', warn)

    assert.equal(counts.length, 26)
    assert.deepEqual([...new Set(counts.slice(2))], [counts[1]])
    assert.deepEqual(warnings, [])
  })

  it('fall-through runs in a context that is not the one of the app', async () => {
    const storage = new AsyncLocalStorage<number>()
    const app = express()
    const { rage } = makeRage()
    app.use((_req, _res, next) => storage.run(7, next))
    app.use(rage.context())
    app.use(rage.mount(), owning('/mine').mount())
    app.use((_req, res) => void res.json(storage.getStore() ?? null))

    assert.equal((await supertest(app).get('/x')).body, 7)
    assert.equal((await supertest(app).delete('/mine')).body, 7)
  })

  it('x-powered-by is missing, or cannot be taken off, where the runtime answers', async () => {
    const app = express()
    app.use(owning('/mine').mount())
    const plain = express()
    plain.disable('x-powered-by')
    plain.use(owning('/mine').mount())

    assert.equal((await supertest(app).get('/mine')).headers['x-powered-by'], 'Express')
    assert.equal((await supertest(plain).get('/mine')).headers['x-powered-by'], undefined)
  })

  it('an automatic OPTIONS needs routers without routes to fall through (expressjs/express#1868)', async () => {
    const router = express.Router()
    const app = express()
    router.use(owning('/mine').mount() as unknown as RequestHandler)
    app.use(router)
    app.get('/mine', (_req, res) => void res.end())
    app.use(express.Router())

    const { status, headers } = await supertest(app).options('/mine')
    assert.deepEqual([status, headers.allow!.replace(' ', '')], [200, 'GET,HEAD'])
  })

  it('a GET drawn before a HEAD answers it (expressjs/express#2247)', async () => {
    const app = express()
    app.use(owning('/mine').mount())
    app.head('/mine', (_req, res) => void res.set('X-Legacy', '1').end())

    const { status, headers } = await supertest(app).head('/mine')
    assert.deepEqual([status, headers['x-legacy']], [200, undefined])
  })

  it.each(['in one call', 'in two calls'])(
    'the first use of an app freezes its settings (%s)',
    async (how) => {
      const app = express()
      const { rage } = makeRage()
      if (how === 'in one call') app.use(rage.context(), owning('/mine').mount())
      else app.use(rage.context()).use(owning('/mine').mount())
      app.enable('case sensitive routing')
      app.enable('strict routing')
      app.set('query parser', () => ({ parser: 'own' }))
      app.get('/legacy', (req, res) => void res.json(req.query))

      assert.deepEqual((await supertest(app).get('/legacy?a=1')).body, { parser: 'own' })
      for (const path of ['/Legacy', '/legacy/', '/MINE', '/mine/'])
        assert.equal((await supertest(app).get(path)).status, 404, path)
      assert.equal((await supertest(app).get('/mine')).status, 200)
    },
  )

  it('what is used together with a mount is lost when its router is made again', async () => {
    const app = express()
    app.use(owning('/mine').mount(), (req: Request, res: Response, next: NextFunction) =>
      req.url === '/beside' ? void res.send('beside') : next(),
    )
    app.enable('case sensitive routing')
    app.get('/legacy', (_req, res) => void res.send('legacy'))

    assert.equal((await supertest(app).get('/beside')).text, 'beside')
    assert.equal((await supertest(app).get('/LEGACY')).text, 'legacy')
    assert.equal((await supertest(app).get('/mine')).status, 200)
  })

  it('a mount needs a socket or headers (serverless adapters make neither)', () => {
    const app = express()
    let url: string | undefined
    app.use(owning('/mine').mount())
    app.use((req) => {
      url = req.url
    })
    const handle = app as unknown as (req: object, res: object, done: () => void) => void
    handle({ url: '/other', method: 'GET' }, { setHeader: () => undefined }, () => undefined)
    assert.equal(url, '/other')
    handle({ url: '/mine', method: 'DELETE' }, { setHeader: () => undefined }, () => undefined)
    assert.equal(url, '/mine')
  })
})
