/** `mount({ exclusive: true })`: below owned prefixes nothing reaches the legacy app. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { NextFunction, Request, Response } from 'express'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller, type RouteMapper } from '../../../src'
import { atEnd, makeRage } from '../../runtime/support/runtimes'
import { majors } from './support/majors'

class OrdersController extends Controller {
  index() {
    return []
  }
  show() {
    return { id: this.params.id }
  }
  destroy() {}
}

describe.each(majors)('express: an exclusive mount, in %s', (_name, express) => {
  const mounted = (
    draw: (r: RouteMapper) => void,
    options: object = { exclusive: true },
    isCaseSensitive = false,
  ) => {
    const { rage } = makeRage()
    rage.routes(draw)
    const app = express()
    if (isCaseSensitive) app.enable('case sensitive routing')
    app.use(rage.mount(options))
    app.use('/', (_req: Request, res: Response) => void res.send('legacy'))
    app.use(
      (
        error: Error & { status: number; code: string },
        _req: Request,
        res: Response,
        _next: NextFunction,
      ) => {
        res.status(error.status).json({ code: error.code })
      },
    )
    const server = app.listen(0)
    atEnd(() => void server.close())
    return supertest(server)
  }
  const draw = (r: RouteMapper): void => {
    r.get('/about', [OrdersController, 'index'])
    r.resources('orders', OrdersController)
    r.get('/:page', [OrdersController, 'show'], { constraints: { page: /p\d+/ } })
  }

  it('answers 404 with a code below the text that a route begins with', async () => {
    const agent = mounted(draw)

    for (const path of ['/orders/7/lines', '/ORDERS/7/x', '/about/us', '/orders/%61/b']) {
      const { status, body } = await agent.get(path)
      assert.deepEqual([path, status, body], [path, 404, { code: 'RAGE_RUNTIME_ROUTE_NOT_FOUND' }])
    }
  })

  it('answers 405 with the methods there are, and OPTIONS with them', async () => {
    const agent = mounted(draw)

    const refused = await agent.patch('/orders/7')
    const options = await agent.options('/orders/7')

    assert.deepEqual(
      [refused.status, refused.body, refused.headers.allow],
      [405, { code: 'RAGE_RUNTIME_METHOD_NOT_ALLOWED' }, 'GET, HEAD, DELETE'],
    )
    assert.deepEqual([options.status, options.headers.allow], [204, 'GET, HEAD, DELETE'])
    assert.equal((await agent.post('/p1')).status, 405)
  })

  it('serves what is owned, and lets everything else fall through', async () => {
    const agent = mounted(draw)

    assert.deepEqual((await agent.get('/orders/7')).body, { id: '7' })
    for (const path of ['/', '/legacy', '/ordersx', '/%6frders/7/x', '//orders/7/x']) {
      assert.equal((await agent.get(path)).text, 'legacy', path)
    }
  })

  it('compares case as the app does', async () => {
    const agent = mounted(draw, { exclusive: true }, true)

    assert.equal((await agent.get('/ORDERS/7/x')).text, 'legacy')
    assert.equal((await agent.get('/orders/7/x')).status, 404)
  })

  it('is asked for: without it, all of that falls through', async () => {
    const agent = mounted(draw, {})

    assert.equal((await agent.get('/orders/7/lines')).text, 'legacy')
    assert.equal((await agent.patch('/orders/7')).text, 'legacy')
  })

  it('refuses options it does not have', () => {
    assert.throws(
      () => makeRage().rage.mount({ exlusive: true } as never),
      /Did you mean "mount.exclusive"|exclusive/,
    )
  })
})

describe.each(majors)('express: an exclusive mount and proxy requests, in %s', (_name, express) => {
  const odd = [
    'http://u@h/orders/1',
    'http://h/orders/1/old#x',
    'http://u@h/orders/1/old',
    'http://h/orders/1"',
  ]
  for (const path of [...odd, 'http://h/orders/1/old'])
    it(`keeps ${path} from the legacy app`, async () => {
      const { rage } = makeRage()
      rage.routes((r) => r.get('/orders/:id', [OrdersController, 'show']))
      const app = express()
      app.use(rage.mount({ exclusive: true }))
      app.use((_req: Request, res: Response) => void res.send('legacy'))
      app.use((_error: Error, _req: Request, res: Response, _next: NextFunction) => void res.sendStatus(404))
      const server = createServer(app).listen(0, '127.0.0.1')
      atEnd(() => void server.close())
      await once(server, 'listening')
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      socket.end(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)
      let text = ''
      for await (const chunk of socket) text += chunk

      assert.match(text, /^HTTP\/1.1 404 /)
    })
})
