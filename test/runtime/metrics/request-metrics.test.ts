import assert from 'node:assert'
import { once } from 'node:events'
import { request, type Server } from 'node:http'
import { connect as connectHttp2, createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { describe, it } from 'vitest'
import { Controller, type Rage, type RageOptions } from '../../../src'
import type { HistogramSnapshot } from '../../../src/telemetry'
import { majors } from '../../adapters/express/support/majors'
import { ask } from '../../adapters/prometheus/support/scrape'
import { certificate } from '../../support/certificate'
import { atEnd, eventually, makeRage } from '../support/runtimes'
import { valuesOf } from './support/values'

const duration = 'rage_http_request_duration_seconds'
let release: () => void = () => undefined

class Orders extends Controller {
  show() {
    return { id: this.params.id }
  }
  fails() {
    throw new Error('broken')
  }
  async slow() {
    await new Promise<void>((resolve) => {
      release = resolve
    })
    return {}
  }
  late() {
    return new Promise((resolve) => setTimeout(() => resolve({}), 120))
  }
}

function bootable(options: RageOptions = {}) {
  const { rage } = makeRage({ metrics: true, ...options })
  rage.routes((r) => {
    r.get('/orders/:id', [Orders, 'show'])
    r.get('/broken', [Orders, 'fails'])
    r.get('/slow', [Orders, 'slow'])
    r.get('/late', [Orders, 'late'])
  })
  return rage
}

async function serving(app: { listen(port: number, host: string): Server }): Promise<number> {
  const server = app.listen(0, '127.0.0.1')
  atEnd(() => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => void server.close(() => resolve()))
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

/** Once the last response is over, which its client may know before. */
async function measured(rage: Rage, requests: number) {
  const total = () => valuesOf(rage, duration).reduce((sum, [, count]) => sum + count, 0)
  await eventually(() => total() >= requests, `${requests} measured requests, ${total()}`)
  return valuesOf(rage, duration)
}

describe.each(majors)('request metrics: in %s', (_major, express) => {
  async function appWith(rage: Rage, { context = true } = {}): Promise<number> {
    const app = express()
    if (context) app.use(rage.context())
    app.use(rage.mount())
    const users = express.Router({ mergeParams: true })
    app.use('/teams/:team', users)
    users.get('/users/:id', (_req, res) => void res.end())
    app.get('/teapot', (_req, res) => void res.status(418).end())
    const refuse: import('express').ErrorRequestHandler = (_error, _req, res, _next) =>
      void res.status(500).end()
    app.use(refuse)
    await rage.boot()
    return serving(app)
  }

  it('count by method, pattern, arm and class of status', async () => {
    const rage = bootable()
    const port = await appWith(rage)

    const paths = [
      '/orders/1',
      '/orders/2',
      '/broken',
      '/teams/a/users/1',
      '/teams/b/users/2',
      '/teapot',
      '/no',
    ]
    for (const path of paths) await ask(port, path)
    await ask(port, '/orders/1', { method: 'HEAD' })

    assert.deepEqual(await measured(rage, 8), [
      ['GET /orders/:id rage 2xx', 2],
      ['GET /broken rage 5xx', 1],
      ['GET /teams/:team/users/:id legacy 2xx', 2],
      ['GET /teapot legacy 4xx', 1],
      ['GET (legacy) legacy 4xx', 1],
      ['HEAD /orders/:id rage 2xx', 1],
    ])
  })

  it('count owned routes only, where there is no rage.context()', async () => {
    const rage = bootable()
    const port = await appWith(rage, { context: false })

    for (const path of ['/teapot', '/orders/1']) await ask(port, path)

    assert.deepEqual(await measured(rage, 1), [['GET /orders/:id rage 2xx', 1]])
  })
})

describe('request metrics: a request', () => {
  it('is as long as it took', async () => {
    const rage = bootable()
    const { port } = await rage.listen(0, '127.0.0.1')

    await ask(port, '/late')
    await measured(rage, 1)

    const found = rage.metrics.collect().find(({ name }) => name === duration) as HistogramSnapshot
    const { sum, counts } = found.samples[0]!
    assert.ok(sum >= 0.115 && sum < 2, `${sum} s`)
    // Above 0.1 and not above 2.5 seconds.
    assert.equal(
      counts.slice(5, 9).reduce((a, b) => a + b),
      1,
    )
  })

  it('counts as aborted when its client has gone before the answer', async () => {
    const rage = bootable()
    const { port } = await rage.listen(0, '127.0.0.1')

    const req = request({ port, path: '/slow' }).on('error', () => undefined)
    req.end()
    await eventually(() => valuesOf(rage, 'rage_http_requests_running')[0]![1] === 1, 'a request under way')
    req.destroy()
    const values = await measured(rage, 1)
    release()

    assert.deepEqual(values, [['GET /slow rage aborted', 1]])
    await eventually(() => valuesOf(rage, 'rage_http_requests_running')[0]![1] === 0, 'no request under way')
  })

  it('without a route is (none) where there is no framework', async () => {
    const rage = bootable()
    const { port } = await rage.listen(0, '127.0.0.1')

    await ask(port, '/nowhere')
    await ask(port, '/orders/1', { method: 'PUT' })

    assert.deepEqual(await measured(rage, 2), [
      ['GET (none) rage 4xx', 1],
      ['PUT (none) rage 4xx', 1],
    ])
  })

  it('over HTTP/2 counts like any other', async () => {
    const rage = bootable()
    await rage.boot()
    const server = createSecureServer({ ...certificate, allowHTTP1: true }, rage.handler() as never)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const session = connectHttp2(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      rejectUnauthorized: false,
    })
    atEnd(() => {
      session.destroy()
      server.close()
    })

    for (const path of ['/orders/1', '/orders/2', '/broken']) {
      const stream = session.request({ ':path': path })
      await once(stream.resume(), 'close')
    }

    assert.deepEqual(await measured(rage, 3), [
      ['GET /orders/:id rage 2xx', 2],
      ['GET /broken rage 5xx', 1],
    ])
  })

  it('with a method of its own making is other', async () => {
    const rage = bootable()
    const { port } = await rage.listen(0, '127.0.0.1')

    for (const method of ['PROPFIND', 'LINK']) await ask(port, '/nowhere', { method })

    assert.deepEqual(await measured(rage, 2), [['other (none) rage 4xx', 2]])
  })

  it('whose socket was taken over is none', async () => {
    const rage = bootable()
    const { default: express } = await import('express')
    const app = express()
    app.use(rage.context())
    app.get('/tunnel', (req) => {
      req.socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    })
    await rage.boot()
    const port = await serving(app)

    const socket = connect(port, '127.0.0.1')
    socket.write('GET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: mine\r\n\r\n')
    await new Promise((resolve) => socket.resume().on('close', resolve))
    await ask(port, '/after')

    assert.deepEqual(await measured(rage, 1), [['GET (legacy) legacy 4xx', 1]])
  })

  it('costs nothing when requests are not measured: no listener on its response', async () => {
    const listeners: number[] = []
    for (const metrics of [true, false, { requests: false }] as const) {
      const { rage } = makeRage({ metrics })
      rage.routes((r) => {
        r.get('/count', (_req, res) => {
          listeners.push(res.listenerCount('close'))
          res.end()
        })
      })
      const { port } = await rage.listen(0, '127.0.0.1')
      await ask(port, '/count')
    }

    const [on, off, without] = listeners
    assert.equal(on! - off!, 1)
    assert.equal(without, off)
  })
})
