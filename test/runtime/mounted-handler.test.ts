/** `r.mount`: handlers and apps below a path of a routes block, as `app.use` of Express has them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { NextFunction, Request, Response } from 'express'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import type { RouteMapper } from '../../src'
import { majors } from '../adapters/express/support/majors'
import { makeRage } from './support/runtimes'

/** What a handler sees of where it is. */
function place(req: Request): object {
  return { url: req.url, baseUrl: req.baseUrl, originalUrl: req.originalUrl }
}

describe.each(majors)('runtime: a mount in the routes, in %s', (_name, express) => {
  const mounted = (draw: (r: RouteMapper) => void, at = '/') => {
    const { rage } = makeRage()
    rage.routes(draw)
    const app = express()
    app.use(at, rage.mount())
    app.use((req: Request, res: Response) => {
      const isOurs = Object.getPrototypeOf(req) === app.request && Object.getPrototypeOf(res) === app.response
      res.json({ legacy: place(req), isOurs })
    })
    app.use((error: Error, req: Request, res: Response, _next: NextFunction) => {
      res.status(500).json({ error: error.message, ...place(req) })
    })
    return supertest(app)
  }
  const reflect = (req: Request, res: Response) => void res.json(place(req))

  for (const path of ['/admin', '/admin/', '/ADMIN/x?y=1', '/admin?x', '/admin/x//', '/admin/%61']) {
    it(`gives ${path} to a handler as app.use does`, async () => {
      const app = express()
      app.use('/admin', reflect)
      const theirs = await supertest(app).get(path)

      const ours = await mounted((r) => r.mount('/admin', reflect)).get(path)

      assert.deepEqual(ours.body, theirs.body)
    })
  }

  it('leaves the path below as it was sent, as Express 5 does: 4 drops the first of two slashes', async () => {
    assert.equal((await mounted((r) => r.mount('/admin', reflect)).get('/admin//x')).body.url, '//x')
  })

  it('adds its path to that of the mount around it and of its scopes', async () => {
    const agent = mounted((r) => r.scope('/v1', (r) => r.mount('/admin', reflect)), '/api')

    assert.deepEqual((await agent.post('/api/v1/admin/x')).body, {
      url: '/x',
      baseUrl: '/api/v1/admin',
      originalUrl: '/api/v1/admin/x',
    })
  })

  it('puts everything back when an app passes the request on, or fails', async () => {
    const inner = express()
    inner.get('/here', reflect)
    inner.get('/broken', () => {
      throw new Error('inner')
    })
    const agent = mounted((r) => {
      r.mount('/admin', inner)
      r.mount('/throws', () => {
        throw new Error('outer')
      })
    })

    assert.deepEqual((await agent.get('/admin/here')).body, {
      url: '/here',
      baseUrl: '/admin',
      originalUrl: '/admin/here',
    })
    assert.deepEqual((await agent.get('/admin/elsewhere?x=1')).body, {
      legacy: { url: '/admin/elsewhere?x=1', baseUrl: '', originalUrl: '/admin/elsewhere?x=1' },
      isOurs: true,
    })
    for (const [path, error] of [
      ['/admin/broken', 'inner'],
      ['/throws', 'outer'],
    ] as const) {
      assert.deepEqual((await agent.get(path).expect(500)).body, {
        error,
        url: path,
        baseUrl: '',
        originalUrl: path,
      })
    }
  })

  it('keeps what the handler made of the address', async () => {
    const agent = mounted((r) =>
      r.mount('/old', (req: IncomingMessage, _res: ServerResponse, next: () => void) => {
        req.url = '/new?x=1'
        next()
      }),
    )

    assert.equal((await agent.get('/old/x')).body.legacy.url, '/old/new?x=1')
  })

  it('lies behind the middleware and the constraints of its block', async () => {
    const agent = mounted((r) => {
      r.use((req: Request, res: Response, next: NextFunction) =>
        req.headers.token ? next() : void res.status(401).end(),
      )
      r.mount('/admin', reflect, { constraints: { headers: { 'x-admin': 'yes' } } })
    })

    assert.equal((await agent.get('/admin').expect(200)).body.legacy.url, '/admin')
    await agent.get('/admin').set('x-admin', 'yes').expect(401)
    assert.equal((await agent.get('/admin/a').set('x-admin', 'yes').set('token', '1')).body.url, '/a')
  })
})

describe.each(majors)('runtime: a mount asked for in absolute form, in %s', (_name, express) => {
  for (const path of ['/api/admin/x?y=1', '/api/admin', '/api/admin?y=1']) {
    it(`sees http://host${path} as below app.use, and puts it back`, async () => {
      const reflect = (req: Request, res: Response) => void res.json(place(req))
      const theirs = express()
      theirs.use('/api', express.Router().use('/admin', reflect))
      const { rage } = makeRage()
      rage.routes((r) => {
        r.mount('/admin', (req: IncomingMessage, res: ServerResponse, next: () => void) => {
          if (req.headers.pass) return next()
          reflect(req as Request, res as Response)
        })
      })
      const ours = express()
      ours.use('/api', rage.mount())
      ours.use(reflect)

      assert.deepEqual(await absolute(ours, path), await absolute(theirs, path))
      const url = `http://host${path}`
      assert.deepEqual(await absolute(ours, path, { pass: '1' }), { url, baseUrl: '', originalUrl: url })
    })
  }
})

async function absolute(app: RequestListener, path: string, headers = {}): Promise<unknown> {
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const req = get({ host: '127.0.0.1', port, path: `http://host${path}`, headers, agent: false })
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of res) text += chunk
    return JSON.parse(text)
  } finally {
    server.close()
  }
}
