/** Connect middleware around routes: as Express runs it, in both majors, for actions and handlers. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { NextFunction, Request, Response } from 'express'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller, CurrentAttributes, type RouteMapper } from '../../src'
import { majors } from '../adapters/express/support/majors'
import { atEnd, makeRage } from './support/runtimes'

type Next = (error?: unknown) => void
class Current extends CurrentAttributes<{ step: string }> {}

class PagesController extends Controller {
  show() {
    return { steps: this.req.steps ?? [], id: this.params.id }
  }
  fail() {
    throw new Error('the action broke')
  }
}

/** Notes its name on the request and goes on. */
function step(name: string) {
  return (req: Request, _res: Response, next: NextFunction) => {
    const noted = req as unknown as { steps?: string[] }
    noted.steps = [...(noted.steps ?? []), name]
    next()
  }
}
const broken = (_req: Request, _res: Response, next: NextFunction) => next(new Error('refused'))
const thrower = () => {
  throw new Error('thrown')
}
const rejecter = async () => {
  throw new Error('rejected')
}
const answer = (req: Request, res: Response) =>
  void res.json({ steps: (req as { steps?: unknown }).steps ?? [] })
const shown = (error: Error, _req: Request, res: Response, _next: NextFunction) =>
  void res.status(418).json({ shown: error.message })
const recovered = (_error: Error, _req: Request, _res: Response, next: NextFunction) => next()
const passedOn = (error: Error, _req: Request, _res: Response, next: NextFunction) => next(error)

describe.each(majors)('runtime: middleware of a route, in %s', (_name, express) => {
  const mounted = (draw: (r: RouteMapper) => void) => {
    const { rage, lines } = makeRage()
    rage.routes(draw)
    const app = express()
    app.use(rage.mount())
    app.use('/', (_req: Request, res: Response) => void res.status(404).send('legacy'))
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).json({ app: error.message })
    })
    return { agent: supertest(app), lines, rage }
  }

  it('runs in order, before an action and before a handler', async () => {
    const { agent } = mounted((r) => {
      r.use(step('block'))
      r.get('/action/:id', [step('own'), [PagesController, 'show']])
      r.get('/handler', [step('own'), answer])
    })

    assert.deepEqual((await agent.get('/action/7').expect(200)).body, { steps: ['block', 'own'], id: '7' })
    assert.deepEqual((await agent.get('/handler').expect(200)).body, { steps: ['block', 'own'] })
  })

  it('sees the parameters of the path', async () => {
    const { agent } = mounted((r) => {
      r.use((req: Request, res: Response) => void res.json(req.params))
      r.get('/a/:id', [PagesController, 'show'])
    })

    assert.deepEqual((await agent.get('/a/b%20c').expect(200)).body, { id: 'b c' })
    await agent.get('/a/%zz').expect(500)
  })

  for (const [what, middleware, message] of [
    ['gives to next', broken, 'refused'],
    ['throws', thrower, 'thrown'],
    ['rejects with', rejecter, 'rejected'],
  ] as const) {
    it(`hands the error that it ${what} to the next that takes errors, else to the app`, async () => {
      const { agent } = mounted((r) => {
        r.get('/own', [middleware, answer, shown])
        r.get('/before', [middleware, step('skipped'), recovered, answer])
        r.get('/none', [middleware, answer])
      })

      assert.deepEqual((await agent.get('/own').expect(418)).body, { shown: message })
      assert.deepEqual((await agent.get('/before').expect(200)).body, { steps: [] })
      assert.deepEqual((await agent.get('/none').expect(500)).body, { app: message })
    })
  }

  it('takes the errors of actions and handlers drawn before it in its block', async () => {
    const { agent } = mounted((r) => {
      r.scope('/x', (r) => {
        r.get('/action', [PagesController, 'fail'])
        r.get('/handler', thrower)
        r.use(passedOn)
        r.use(shown)
      })
      r.get('/outside', [PagesController, 'fail'])
    })

    assert.deepEqual((await agent.get('/x/action').expect(418)).body, { shown: 'the action broke' })
    assert.deepEqual((await agent.get('/x/handler').expect(418)).body, { shown: 'thrown' })
    assert.deepEqual((await agent.get('/outside').expect(500)).body, { app: 'the action broke' })
  })

  it('leaves the route with next("route"), for what comes behind the mount', async () => {
    const { agent } = mounted((r) => {
      r.get('/a', [(_req: Request, _res: Response, next: Next) => next('route'), answer])
      r.get('/b', [step('one'), (_req: Request, _res: Response, next: Next) => next(), shown])
    })

    assert.equal((await agent.get('/a').expect(404)).text, 'legacy')
    assert.equal((await agent.get('/b').expect(404)).text, 'legacy')
  })

  it('leaves the router that has the mount with next("router")', async () => {
    const { rage } = makeRage()
    rage.routes((r) => r.get('/a', [(_req: Request, _res: Response, next: Next) => next('router'), answer]))
    const app = express()
    const router = express.Router()
    router.use(rage.mount())
    router.get('/a', (_req: Request, res: Response) => void res.send('same router'))
    app.use(router)
    app.get('/a', (_req: Request, res: Response) => void res.send('behind the router'))

    assert.equal((await supertest(app).get('/a').expect(200)).text, 'behind the router')
  })

  it('counts each next once', async () => {
    let runs = 0
    const { agent, lines } = mounted((r) => {
      r.get('/twice', [
        (_req: Request, _res: Response, next: Next) => {
          next()
          next()
          next(new Error('too late'))
        },
        (_req: Request, res: Response) => {
          runs += 1
          res.json({ runs })
        },
      ])
    })

    assert.deepEqual((await agent.get('/twice').expect(200)).body, { runs: 1 })
    assert.deepEqual(
      lines.filter(({ level }) => level >= 50).map(({ err }) => (err as { message: string }).message),
      ['too late'],
    )
  })

  it('runs in the context of the request, also when the one before called back from elsewhere', async () => {
    const waiting: (() => void)[] = []
    const timer = setInterval(() => {
      for (const call of waiting.splice(0)) call()
    }, 5)
    atEnd(() => clearInterval(timer))
    const { agent, rage } = mounted((r) => {
      r.use((_req: Request, _res: Response, next: Next) => {
        Current.set({ step: 'mine' })
        // Called from the timer above, which knows nothing of this request.
        waiting.push(next)
      })
      r.get('/a', (_req: Request, res: Response) => void res.json({ step: Current.get('step') }))
    })
    rage.register(Current)

    assert.deepEqual((await agent.get('/a').expect(200)).body, { step: 'mine' })
  })

  it('that answers itself ends the request, and a drain does not wait for it', async () => {
    const { agent, rage } = mounted((r) => {
      r.use((_req: Request, res: Response) => void res.status(401).end())
      r.get('/a', [PagesController, 'show'])
    })

    await agent.get('/a').expect(401)

    assert.deepEqual((await rage.drain()).abandoned, [])
  })

  it('is what Express itself would do, for each order of the same layers', async () => {
    const layers = { step: step('s'), broken, thrower, recovered, passedOn, shown, answer }
    type Name = keyof typeof layers
    const orders: Name[][] = [
      ['step', 'answer'],
      ['broken', 'step', 'answer'],
      ['step', 'broken', 'recovered', 'answer'],
      ['thrower', 'passedOn', 'shown', 'answer'],
      ['step', 'recovered', 'answer'],
      ['broken', 'recovered', 'step', 'answer', 'shown'],
      ['step', 'shown', 'broken', 'answer'],
    ]
    const own = mounted((r) => {
      for (const [index, names] of orders.entries())
        r.get(`/${index}`, names.map((name) => layers[name]) as never)
    })
    const app = express()
    for (const [index, names] of orders.entries()) {
      app.get(`/${index}`, ...(names.map((name) => layers[name]) as never[]))
    }
    app.use('/', (_req: Request, res: Response) => void res.status(404).send('legacy'))
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).json({ app: error.message })
    })

    for (const index of orders.keys()) {
      const [ours, theirs] = await Promise.all([own.agent.get(`/${index}`), supertest(app).get(`/${index}`)])
      assert.deepEqual([ours.status, ours.text], [theirs.status, theirs.text], orders[index]!.join(' '))
    }
  })
})

describe('runtime: what is under way behind middleware', () => {
  it('is waited for by a drain, also after a client left while a middleware was waiting', async () => {
    let release!: () => void
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let ran = 0
    const { rage } = makeRage()
    class SlowController extends Controller {
      async show() {
        ran += 1
        await wait(200)
        return 'done'
      }
    }
    rage.routes((r) => {
      r.get('/slow', [SlowController, 'show'])
      r.get('/gone', [
        async (_q: unknown, _s: unknown, next: Next) => void released.then(() => next()),
        [SlowController, 'show'],
      ])
    })
    const server = createServer(rage.handler()).listen(0, '127.0.0.1')
    atEnd(() => void server.close())
    await once(server, 'listening')
    await rage.boot()
    const { port } = server.address() as AddressInfo
    const gone = get({ host: '127.0.0.1', port, path: '/gone', agent: false }).on('error', () => undefined)
    await wait(100)
    gone.destroy()
    await wait(100)
    release()
    await wait(300)
    assert.equal(ran, 1)

    const answered = once(get({ host: '127.0.0.1', port, path: '/slow', agent: false }), 'response')
    await wait(100)
    const begun = performance.now()
    await rage.stop()

    assert.ok(performance.now() - begun > 50, 'the drain did not wait')
    assert.equal(((await answered) as [IncomingMessage])[0].statusCode, 200)
  })

  it('runs once, also when error middleware recovers from a layer that had passed the request on', async () => {
    let ran = 0
    const { rage } = makeRage()
    rage.routes((r) => {
      r.use(async (_req: Request, _res: Response, next: NextFunction) => {
        next()
        throw new Error('late')
      }, recovered)
      r.get('/once', async (_req: Request, res: Response) => {
        ran += 1
        await wait(50)
        if (!res.headersSent) res.json(ran)
      })
    })
    await supertest(rage.handler()).get('/once').expect(200)
    assert.equal(ran, 1)
  })

  it('ends nothing when the app has answered before the runtime was ready', async () => {
    const rejected: unknown[] = []
    const keep = (error: unknown) => void rejected.push(error)
    process.prependListener('unhandledRejection', keep)
    atEnd(() => void process.off('unhandledRejection', keep))
    const { rage } = makeRage()
    rage.routes((r) => r.get('/', [PagesController, 'show']))
    const mount = rage.mount()
    const server = createServer((req, res) => {
      mount(req, res, () => undefined)
      res.statusCode = 503
      res.end()
    }).listen(0, '127.0.0.1')
    atEnd(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const [res] = (await once(get({ host: '127.0.0.1', port, agent: false }), 'response')) as [
      IncomingMessage,
    ]
    await rage.boot()
    await wait(50)

    assert.equal(res.statusCode, 503)
    assert.deepEqual(rejected, [])
  })
})
