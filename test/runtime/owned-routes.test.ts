/** The routes of a runtime as users meet them: constraints, redirects, names, the route list, errors at boot. */
import assert from 'node:assert/strict'
import type { NextFunction, Request, Response } from 'express'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller, type RouteMapper, redirect } from '../../src'
import { majors } from '../adapters/express/support/majors'
import { makeRage } from './support/runtimes'

class OrdersController extends Controller {
  index() {
    return 'all'
  }
  show() {
    return { id: this.params.id, locale: this.params.locale ?? null }
  }
}

describe.each(majors)('runtime: owned routes, in %s', (_name, express) => {
  const mounted = (draw: (r: RouteMapper) => void) => {
    const { rage } = makeRage()
    rage.routes(draw)
    const app = express()
    app.set('trust proxy', true)
    app.use(rage.mount())
    app.use('/', (_req: Request, res: Response) => void res.send('legacy'))
    app.use((error: Error & { code: string }, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).json({ code: error.code })
    })
    return supertest(app)
  }

  it('with constraints take the requests that pass, the rest falls through', async () => {
    const agent = mounted((r) => {
      r.constraints({ host: 'api.test' }, (r) => r.resources('orders', OrdersController))
      r.get('/orders/:id', (_req, res) => void res.end('other host'), {
        constraints: (request) => request.url === '/orders/7',
      })
    })

    assert.equal((await agent.get('/orders/7').set('Host', 'api.test')).body.id, '7')
    assert.equal((await agent.get('/orders/x').set('Host', 'api.test')).body.id, 'x')
    assert.equal((await agent.get('/orders/7')).text, 'other host')
    assert.equal((await agent.get('/orders/x')).text, 'legacy')
    assert.equal((await agent.get('/orders')).text, 'legacy')
    assert.equal((await agent.get('/orders/7').set('X-Forwarded-Host', 'api.test')).body.id, '7')
  })

  it('see in a constraint what earlier middleware put on the request, and fail when it fails', async () => {
    const agent = mounted((r) => {
      r.get('/a', [OrdersController, 'index'], {
        constraints: (request) => (request.user as { isBeta: boolean }).isBeta,
      })
    })

    assert.deepEqual((await agent.get('/a').expect(500)).body, { code: 'RAGE_ROUTER_CONSTRAINT_FAILED' })
  })

  it('can have optional parts and redirect', async () => {
    const agent = mounted((r) => {
      r.scope('(:locale)', { constraints: { locale: /de|en/ } }, (r) => {
        r.get('/orders/:id', [OrdersController, 'show'])
      })
      r.get('/stories/:slug', redirect('/articles/:slug'))
    })

    assert.deepEqual((await agent.get('/orders/7')).body, { id: '7', locale: null })
    assert.deepEqual((await agent.get('/de/orders/7')).body, { id: '7', locale: 'de' })
    assert.equal((await agent.get('/fr/orders/7')).text, 'legacy')
    assert.equal((await agent.get('/stories/a%2Fb').expect(301)).headers.location, '/articles/a/b')
  })
})

describe('runtime: the route list', () => {
  it('is rows, and text with the place of each', () => {
    const { rage } = makeRage()
    rage.routes((r) => r.resources('orders', OrdersController, { only: ['show'] }))

    assert.deepEqual(
      rage.routeTable().map(({ method, pattern, name, target }) => [method, pattern, name, target]),
      [['GET', '/orders/:id', 'order', 'OrdersController#show']],
    )
    assert.match(
      rage.printRoutes(),
      /^ Name {2}Verb {2}Pattern {6}Target {17}Source\norder {2}GET {3}\/orders\/:id {2}OrdersController#show {2}test\/runtime\/owned-routes\.test\.ts:\d+\n$/,
    )
  })

  it('gives paths by name, and their declaration', () => {
    const { rage } = makeRage()
    rage.routes((r) => r.resources('orders', OrdersController))

    assert.equal(rage.path('order', { id: 7, page: 2 }), '/orders/7?page=2')
    assert.equal(rage.path('orders'), '/orders')
    assert.match(rage.routeTypes(), /order: \{ id: string \| number \}/)
  })
})

describe('runtime: a mistake in the routes', () => {
  const mistakes: readonly (readonly [string, (r: RouteMapper) => void, RegExp])[] = [
    ['an unknown action', (r) => r.get('/a', [OrdersController, 'shwo' as 'show']), /Did you mean "show"/],
    [
      'a misspelt option',
      (r) => r.get('/a', [OrdersController, 'show'], { constraint: {} } as never),
      /constraints/,
    ],
    ['a middleware that is none', (r) => r.use('helmet' as never), /helmet/],
    [
      'a mount over a route',
      (r) => {
        r.get('/a/b', 'orders#show')
        r.mount('/a', () => {})
      },
      /\/a\/b/,
    ],
    [
      'a route twice',
      (r) => {
        r.get('/a', 'orders#show')
        r.get('/a', 'orders#index')
      },
      /same place/,
    ],
    ['an impossible pattern', (r) => r.get('/a(', 'orders#show'), /not closed/],
  ]
  for (const [what, draw, hint] of mistakes) {
    it(`stops the start with the place of ${what}`, () => {
      assert.throws(
        () => makeRage().rage.routes(draw),
        (error: Error) => hint.test(error.message) && /owned-routes\.test\.ts:\d+/.test(error.message),
      )
    })
  }

  it('stops the boot with the place of a controller that nobody registered', async () => {
    const { rage } = makeRage()
    rage.routes((r) => r.get('/a', 'ordres#show'))
    rage.register(OrdersController)

    await assert.rejects(
      rage.boot(),
      (error: Error) =>
        /Did you mean "orders"/.test(error.message) && /owned-routes\.test\.ts:\d+/.test(error.message),
    )
  })
})
