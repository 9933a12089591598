import assert from 'node:assert'
import type { AddressInfo } from 'node:net'
import type { Router } from 'express'
import { describe, it } from 'vitest'
import { LegacyRoutes } from '../../../adapters/express/legacy-route'
import { atEnd } from '../../runtime/support/runtimes'
import { majors } from './support/majors'

describe.each(majors)('legacy route: the pattern of a route in %s', (_major, express) => {
  /** What requests are called, in order. */
  async function patternsOf(
    draw: (tools: { app: ReturnType<typeof express>; router: () => Router; reply: never }) => void,
    paths: readonly string[],
  ): Promise<(string | null)[]> {
    const routes = new LegacyRoutes()
    const app = express()
    const patterns: (string | null)[] = []
    app.use((req, res, next) => {
      res.on('close', () => patterns.push(routes.patternOf(req)))
      next()
    })
    const reply = ((_req: unknown, res: { end(): void }) => res.end()) as never
    draw({ app, router: () => express.Router({ mergeParams: true }), reply })
    const server = app.listen(0, '127.0.0.1')
    atEnd(() => new Promise<void>((resolve) => void server.close(() => resolve())))
    await new Promise((resolve) => server.once('listening', resolve))
    for (const path of paths) {
      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)
      await answer.text()
      while (patterns.length < paths.indexOf(path) + 1) await new Promise((resolve) => setImmediate(resolve))
    }
    server.closeAllConnections()
    return patterns
  }

  it('is that of the route, with the path of its router', async () => {
    const patterns = await patternsOf(
      ({ app, router, reply }) => {
        app.get('/', reply)
        app.get('/orders/:id', reply)
        const api = router()
        const deep = router()
        app.use('/api', api)
        api.get('/', reply)
        api.get('/users/:id', reply)
        api.use('/v1', deep)
        deep.get('/posts/:post', reply)
      },
      ['/', '/orders/1', '/orders/2?x=1', '/api', '/api/users/7', '/api/v1/posts/9'],
    )

    assert.deepEqual(patterns, [
      '/',
      '/orders/:id',
      '/orders/:id',
      '/api',
      '/api/users/:id',
      '/api/v1/posts/:post',
    ])
  })

  it('names parameters of routers, and holds no values of them', async () => {
    const patterns = await patternsOf(
      ({ app, router, reply }) => {
        const posts = router()
        app.use('/users/:user/posts', posts)
        posts.get('/:post', reply)
      },
      ['/users/17/posts/1', '/users/some%20body/posts/2', '/users/18/posts/3'],
    )

    assert.deepEqual(patterns, [
      '/users/:user/posts/:post',
      '/users/:user/posts/:post',
      '/users/:user/posts/:post',
    ])
  })

  it('has * for a router that stands in several places', async () => {
    const patterns = await patternsOf(
      ({ app, router, reply }) => {
        const shared = router()
        shared.get('/status', reply)
        app.use('/a', shared)
        app.use('/b/:id', shared)
        app.use(shared)
      },
      ['/a/status', '/b/1/status', '/b/2/status', '/status'],
    )

    assert.deepEqual(patterns, ['*/status', '*/status', '*/status', '/status'])
  })

  it('has the path of a sub-app, when that is fixed', async () => {
    const patterns = await patternsOf(
      ({ app, router, reply }) => {
        const admin = express()
        const inner = router()
        app.use('/admin', admin)
        admin.get('/users/:id', reply)
        admin.use('/reports', inner)
        inner.get('/:name', reply)
        const tenant = express()
        app.use('/t/:tenant', tenant)
        tenant.get('/home', reply)
      },
      ['/admin/users/1', '/admin/reports/sales', '/t/acme/home', '/t/umbrella/home'],
    )

    assert.deepEqual(patterns, ['/admin/users/:id', '/admin/reports/:name', '*/home', '*/home'])
  })

  it('is the text of a regular expression', async () => {
    const patterns = await patternsOf(({ app, reply }) => app.get(/^\/files\/(.*)$/, reply), ['/files/a/b'])

    assert.deepEqual(patterns, [String(/^\/files\/(.*)$/)])
  })

  it('is not there for what no route answered', async () => {
    const patterns = await patternsOf(
      ({ app, reply }) => app.use('/assets', reply),
      ['/assets/logo.png', '/nowhere'],
    )

    assert.deepEqual(patterns, [null, null])
  })
})
