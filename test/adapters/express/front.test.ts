import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import express4 from 'express4'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller, CurrentAttributes } from '../../../src'
import { atEnd, makeRage } from '../../runtime/support/runtimes'

// biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript would write them.
type Loose = any

class Current extends CurrentAttributes<{ user: string }> {}

class Orders extends Controller {
  show() {
    return { id: this.params.id }
  }
  failing() {
    throw new Error('secret')
  }
}

/** Everything the server says, dates apart. */
async function bytes(listener: Loose, path: string): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => void server.close())
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo
    request({ port, path, host: '127.0.0.1', agent: false, headers: { Host: 'a' } }, (res) => {
      let body = ''
      res.on('data', (chunk) => {
        body += chunk
      })
      res.on('end', () =>
        resolve(
          JSON.stringify([res.statusCode, res.statusMessage, res.rawHeaders, body]).replace(
            /\w{3}, \d\d .*? GMT/,
            '',
          ),
        ),
      )
    })
      .on('error', reject)
      .end()
  })
}

describe.each([
  ['4', express4 as Loose],
  ['5', express as Loose],
])('front of Express %s', (_major, createApp) => {
  function legacy(): Loose {
    const app = createApp()
    app.use((_req: Loose, res: Loose, next: Loose) => {
      res.set('X-Legacy', 'yes')
      next()
    })
    app.get('/legacy', (req: Loose, res: Loose) =>
      res.json([req.url, req.originalUrl, Object.keys(req).sort()]),
    )
    app.get('/failing', () => {
      throw Object.assign(new Error('legacy'), { status: 418 })
    })
    return app
  }

  it('hands what is not owned to the app, byte for byte', async () => {
    const { rage } = makeRage()
    rage.routes((r) => r.get('/orders/:id', [Orders, 'show']))

    for (const path of ['/legacy?a=1', '/nowhere', '/orders', '/%zz']) {
      assert.equal(await bytes(rage.front(legacy()), path), await bytes(legacy(), path), path)
    }
  })

  it('serves owned routes without the middleware of the app, as its settings say', async () => {
    const { rage } = makeRage()
    rage.routes((r) => r.get('/orders/:id', [Orders, 'show']))
    const app = legacy()
    const front = createServer(rage.front(app))
    app.set('json spaces', 1).set('etag', false)

    const { text, headers } = await supertest(front).get('/orders/7').expect(200)

    assert.equal(text, '{\n "id": "7"\n}')
    assert.equal(headers['x-legacy'], undefined)
    assert.equal(headers['x-powered-by'], undefined)
    assert.equal(headers.etag, undefined)
    assert.ok(headers['x-request-id'])
  })

  it('compares paths as the app does', async () => {
    const { rage } = makeRage()
    rage.routes((r) => r.get('/orders/:id', [Orders, 'show']))
    const app = legacy()
    app.enable('strict routing')
    app.enable('case sensitive routing')
    const front = createServer(rage.front(app))

    assert.equal((await supertest(front).get('/Orders/7')).headers['x-legacy'], 'yes')
    assert.equal((await supertest(front).get('/orders/7/')).headers['x-legacy'], 'yes')
  })

  it('answers errors by the exception app: none of the app’s middleware has run', async () => {
    const { rage } = makeRage({ environment: 'production' })
    rage.routes((r) => r.get('/failing', [Orders, 'failing']))

    const { body } = await supertest(createServer(rage.front(legacy())))
      .get('/failing')
      .expect(500)

    assert.equal(body.title, 'Internal Server Error')
    assert.equal(body.detail, undefined)
  })

  it('gives handlers the app’s own request and response, and takes back what they pass on', async () => {
    const { rage } = makeRage()
    const app = legacy()
    app.get('/both', (_req: Loose, res: Loose) => res.send('from the app'))
    rage.routes((r: Loose) => {
      r.get('/handled', (req: Loose, res: Loose) =>
        res.status(201).json([req.app === app, req.query.a, res.req === req, req.path]),
      )
      r.get('/both', (_req: Loose, _res: Loose, next: Loose) => next())
    })
    const front = createServer(rage.front(app))

    assert.deepEqual((await supertest(front).get('/handled?a=b').expect(201)).body, [
      true,
      'b',
      true,
      '/handled',
    ])
    assert.equal((await supertest(front).get('/both').expect(200)).text, 'from the app')
  })

  it('shares the request id and Current with the app behind it', async () => {
    const { rage } = makeRage()
    const app = createApp()
    app.use(rage.context())
    app.get('/id', (_req: Loose, res: Loose) => {
      Current.set({ user: 'ada' })
      res.json(Current.get('user'))
    })
    rage.register(Current)
    rage.routes((r: Loose) =>
      r.get('/id', (req: Loose, _res: Loose, next: Loose) => {
        req.headers['x-request-id'] = 'changed later'
        next()
      }),
    )

    const { body, headers } = await supertest(createServer(rage.front(app)))
      .get('/id')
      .set('X-Request-Id', 'r1')

    assert.equal(body, 'ada')
    assert.equal(headers['x-request-id'], 'r1')
  })
})

describe('express: a handler behind the front that calls next() twice', () => {
  it('has the app answer once', async () => {
    let asked = 0
    const { rage } = makeRage()
    rage.routes((r) =>
      r.get('/twice', (_req: Loose, _res: Loose, next: Loose) => {
        next()
        next()
      }),
    )
    const app: Loose = express()
    app.use((_req: Loose, res: Loose) => {
      asked += 1
      setImmediate(() => res.headersSent || res.end())
    })
    await supertest(rage.front(app)).get('/twice').expect(200)
    assert.equal(asked, 1)
  })
})
