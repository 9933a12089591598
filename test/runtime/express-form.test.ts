import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import connect from 'connect'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller } from '../../src'
import { majors } from '../adapters/express/support/majors'
import { makeRage } from './support/runtimes'

// biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript would write them.
type Loose = any
type Draw = (r: Loose) => void

/** What is behind the mount, and what stands alone. */
const places: readonly [string, (draw: Draw) => RequestListener][] = [
  ['standalone', (draw) => owning(draw).handler()],
  ...majors.flatMap(([name, express]): [string, (draw: Draw) => RequestListener][] => [
    [
      `under the mount in ${name}`,
      (draw) =>
        express()
          .use(owning(draw).mount())
          .use((_req, res) => void res.status(404).end())
          .use(legacyErrors as Loose) as unknown as RequestListener,
    ],
    [`in front of ${name}`, (draw) => owning(draw).front(express() as Loose)],
  ]),
]

function owning(draw: Draw): Loose {
  const { rage } = makeRage({ logger: { requests: false, level: 'silent' } })
  return rage.routes(draw)
}

function legacyErrors(error: Loose, _req: Loose, res: Loose, _next: Loose): void {
  res.status(error.status ?? 500).send(`legacy: ${error.message}`)
}

/** Fails with 406, through `req.next`. */
const noTea = (_req: Loose, res: Loose): void => res.format({ 'image/png': () => undefined })
const ownErrors = (error: Loose, _req: Loose, res: Loose, _next: Loose): void =>
  res.status(299).send(`own: ${error.status}`)

describe.each(places)('Express form, %s', (_name, serve) => {
  it('req.route is the route, in handlers, middleware and error middleware', async () => {
    const seen: unknown[] = []
    const see = (req: Loose): void => void seen.push(req.route)
    const listener = serve((r) => {
      r.use((req: Loose, _res: Loose, next: Loose) => next(see(req)))
      r.post('/orders/:id', (req: Loose) => {
        see(req)
        throw new Error('broken')
      })
      r.use((_error: Loose, req: Loose, res: Loose, _next: Loose) => {
        see(req)
        res.end()
      })
    })

    await supertest(listener).post('/orders/7')

    const route = { path: '/orders/:id', methods: { post: true } }
    assert.deepEqual(seen, [route, route, route])
  })

  it('req.route and req.params are there for the middleware of a controller', async () => {
    class Orders extends Controller {
      static {
        this.use((req: Loose, res: Loose, next: Loose) => {
          res.set('X-Route', `${req.route.path} ${req.params.id}`)
          next()
        })
      }
      show() {
        return 'shown'
      }
    }
    const listener = serve((r) => r.get('/orders/:id', [Orders, 'show']))

    const { status, headers } = await supertest(listener).get('/orders/7')

    assert.deepEqual([status, headers['x-route']], [200, '/orders/:id 7'])
  })

  it('a mount has no route', async () => {
    const listener = serve((r) => r.mount('/below', (req: Loose, res: Loose) => res.end(String(req.route))))

    assert.equal((await supertest(listener).get('/below/x').buffer()).text ?? '', 'undefined')
  })

  it('req.next in a handler is its own next, and leads to the error middleware of the route', async () => {
    let isSame = false
    const listener = serve((r) => {
      r.get('/tea', (req: Loose, res: Loose, next: Loose) => {
        isSame = req.next === next
        noTea(req, res)
      })
      r.use(ownErrors)
    })

    const { status, text } = await supertest(listener).get('/tea').set('Accept', 'text/html')

    assert.deepEqual([isSame, status, text], [true, 299, 'own: 406'])
  })

  it('req.next in middleware of a route leads there too', async () => {
    const listener = serve((r) => {
      r.use(noTea)
      r.get('/tea', (_req: Loose, res: Loose) => res.send('tea'))
      r.use(ownErrors)
    })

    assert.equal((await supertest(listener).get('/tea').set('Accept', 'text/html')).text, 'own: 406')
  })

  it('req.next in middleware of a controller leads to its rescue', async () => {
    class Tea extends Controller {
      static {
        this.use(noTea)
        this.rescueFrom(Error, (error: Loose, controller: Loose) =>
          controller.render({ text: `rescued ${error.status}` }),
        )
      }
      show() {
        return 'tea'
      }
    }
    const listener = serve((r) => r.get('/tea', [Tea, 'show']))

    const { text } = await supertest(listener).get('/tea').set('Accept', 'text/html')

    assert.equal(text, 'rescued 406')
  })

  it('a thenable that rejects is an error, as in Express 5', async () => {
    const listener = serve((r) => {
      r.get('/tea', () => ({
        // biome-ignore lint/suspicious/noThenProperty: a query builder has one.
        then: (_resolve: Loose, reject: Loose) => reject(new Error('no tea')),
      }))
      r.use((error: Loose, _req: Loose, res: Loose, _next: Loose) => res.end(error.message))
    })

    assert.equal((await supertest(listener).get('/tea').buffer()).text, 'no tea')
  })
})

describe.each(majors)('Express form: a request that goes on to the handlers of %s', (_name, express) => {
  it('has the params and the next of these', async () => {
    const app = express()
    const pass = (_req: Loose, _res: Loose, next: Loose): void => next('route')
    class Passing extends Controller {
      static {
        this.use(pass)
      }
      show() {
        return 'never'
      }
    }
    app.use(
      owning((r) => {
        r.get('/handler/:mine', pass)
        r.get('/controller/:mine', [Passing, 'show'])
        r.scope('/chain', (inner: Loose) => {
          inner.use(pass)
          inner.get('/:mine', (_req: Loose, res: Loose) => res.end())
        })
      }).mount(),
    )
    app.use((req: Loose, res: Loose, next: Loose) => {
      res.set('X-Params', JSON.stringify(req.params))
      next()
    })
    // Were it the next of a handler that is over, nothing would ever answer.
    app.use(noTea as Loose)
    app.use(legacyErrors as Loose)

    for (const path of ['/handler/x', '/controller/x', '/chain/x']) {
      const { status, text, headers } = await supertest(app).get(path).set('Accept', 'text/html')
      assert.deepEqual([status, text.startsWith('legacy: '), headers['x-params']], [406, true, '{}'], path)
    }
  })
})

describe('Express form: a request that goes on in Connect', () => {
  it('has no params', async () => {
    const app = connect()
    app.use(owning((r) => r.get('/:mine', (_req: Loose, _res: Loose, next: Loose) => next())).mount())
    app.use((req: Loose, res: Loose) => res.end(String(req.params)))

    assert.equal((await supertest(createServer(app)).get('/x').buffer()).text, 'undefined')
  })
})
