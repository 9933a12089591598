import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import connectApp from 'connect'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller, type Rage, type RageOptions } from '../../src'
import { atEnd, makeRage } from './support/runtimes'

class Orders extends Controller {
  index() {
    return [{ id: '1' }]
  }
  show() {
    return { id: this.params.id }
  }
  create() {
    this.render({ json: this.params, status: 201 })
  }
}

function orders(options: RageOptions = {}): ReturnType<typeof makeRage> {
  const made = makeRage(options)
  made.rage.routes((r) => {
    r.get('/orders', [Orders, 'index'])
    r.post('/orders', [Orders, 'create'])
    r.get('/orders/:id', [Orders, 'show'])
  })
  return made
}

/** Bytes as a client sends them, and everything the server says. */
async function raw(handler: RequestListener, text: string): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => void server.close())
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let said = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    said += chunk
  })
  socket.write(text.replace('Host: a', 'Host: a\r\nConnection: close'))
  await once(socket, 'close')
  return said
}

const client = (rage: Rage) => supertest(createServer(rage.handler()))

describe('standalone: rage.handler()', () => {
  it('serves owned routes without any framework', async () => {
    const { rage } = orders()

    const { body, headers } = await client(rage).get('/orders/7').expect(200)

    assert.deepEqual(body, { id: '7' })
    assert.match(headers['x-request-id']!, /^[0-9a-f-]{36}$/)
    assert.match(headers.etag!, /^W\/"a-/)
  })

  it('answers HEAD from GET, and 304 to a client that has it', async () => {
    const { rage } = orders()
    const { headers } = await client(rage).get('/orders')

    const head = await client(rage).head('/orders').expect(200)
    assert.equal(head.headers['content-length'], '12')
    await client(rage).get('/orders').set('If-None-Match', headers.etag!).expect(304)
  })

  it('answers 404 with a code where no route matches', async () => {
    const { rage, lines } = orders()

    const { body, headers } = await client(rage)
      .get('/nowhere?secret=1')
      .set('X-Request-Id', 'r1')
      .expect(404)

    assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8')
    assert.deepEqual(body, {
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail:
        'RAGE_RUNTIME_ROUTE_NOT_FOUND: No route answers GET /nowhere. Check the path; rage.routeList() names the routes there are.',
      code: 'RAGE_RUNTIME_ROUTE_NOT_FOUND',
      requestId: 'r1',
    })
    const line = lines.find(({ msg }) => msg === 'request completed')
    assert.equal(line?.status, 404)
  })

  it('answers 405 with Allow where the path is owned and the method is not', async () => {
    const { rage } = orders()

    const { headers, body } = await client(rage).delete('/orders').expect(405)

    assert.equal(headers.allow, 'GET, HEAD, POST')
    assert.equal(body.code, 'RAGE_RUNTIME_METHOD_NOT_ALLOWED')
  })

  it('answers OPTIONS with the methods of the path, as Express 5 does', async () => {
    const { rage } = orders()

    const { headers, text } = await client(rage).options('/orders').expect(200)

    assert.equal(headers.allow, 'GET, HEAD, POST')
    assert.equal(text, 'GET, HEAD, POST')
    await client(rage).options('/nowhere').expect(404)
    assert.match(await raw(rage.handler(), 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1.1 204 /)
  })

  it('answers 400 to malformed escapes, in parameters and in paths without a route', async () => {
    const { rage } = orders()

    const owned = await raw(rage.handler(), 'GET /orders/%E0%A4%A HTTP/1.1\r\nHost: a\r\n\r\n')
    const free = await raw(rage.handler(), 'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n')

    assert.match(owned, /^HTTP\/1.1 400 .*RAGE_ROUTER_MALFORMED_PATH/s)
    assert.match(free, /^HTTP\/1.1 400 .*RAGE_RUNTIME_MALFORMED_URL/s)
  })

  it('logs what it answers itself as its own: there is no legacy app', async () => {
    const { rage, lines } = orders()
    class Passing extends Controller {
      static {
        this.use((_req, _res, next) => next('route'))
      }
      show() {}
    }
    rage.routes((r) => r.get('/passed', [Passing, 'show']))
    await client(rage).get('/none').expect(404)
    await client(rage).delete('/orders').expect(405)
    await client(rage).options('/orders').expect(200)
    await client(rage).get('/passed').expect(404)

    assert.deepEqual(
      lines.filter(({ arm }) => arm !== undefined).map(({ path, status, arm }) => [path, status, arm]),
      [
        ['/none', 404, 'rage'],
        ['/orders', 405, 'rage'],
        ['/orders', 200, 'rage'],
        ['/passed', 404, 'rage'],
      ],
    )
  })

  it('does not decode, merge or resolve a path before it matches', async () => {
    const { rage } = orders()

    for (const path of ['/%6frders', '//orders', '/x/../orders', '/./orders', '/orders;v=1', '/orders//']) {
      const said = await raw(rage.handler(), `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
      assert.match(said, /^HTTP\/1.1 404 /, path)
    }
  })

  it('compares paths by the settings given for it', async () => {
    const { rage } = orders({
      connect: { settings: { 'case sensitive routing': true, 'strict routing': true } },
    })

    await client(rage).get('/orders').expect(200)
    await client(rage).get('/Orders').expect(404)
    await client(rage).get('/orders/').expect(404)
  })

  it('falls through in Connect, where the next layer answers, and hands errors over', async () => {
    const { rage } = makeRage()
    class Failing extends Controller {
      index() {
        throw Object.assign(new Error('teapot'), { status: 418 })
      }
    }
    rage.routes((r) => r.get('/failing', [Failing, 'index']))
    const app = connectApp()
    app.use(rage.handler())
    app.use('/legacy', (_req: unknown, res: { end(text: string): void }) => res.end('legacy'))
    app.use((error: Error, _req: unknown, res: { end(text: string): void }, _next: unknown) =>
      res.end(`caught ${error.message}`),
    )

    assert.equal((await supertest(app).get('/legacy').expect(200)).text, 'legacy')
    assert.equal((await supertest(app).get('/failing').expect(200)).text, 'caught teapot')
  })

  it('gives handlers in the form of Express its API', async () => {
    const { rage } = makeRage()
    rage.routes((r) => {
      r.post('/made/:id', ((req: never, res: never) => {
        const { params, query, path, hostname } = req as {
          params: { id: string }
          query: object
          path: string
          hostname: string
        }
        ;(res as { status(code: number): { json(value: unknown): void } })
          .status(201)
          .json({ id: params.id, query, path, hostname })
      }) as never)
    })

    const { body } = await client(rage).post('/made/4?a=b').set('Host', 'shop.test:80').expect(201)

    assert.deepEqual(body, { id: '4', query: { a: 'b' }, path: '/made/4', hostname: 'shop.test' })
  })
})
