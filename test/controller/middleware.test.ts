import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { describe, it } from 'vitest'
import { Context, currentContext, runInContext } from '../../src/context'
import { type ConcreteController, Controller, compilePlan, dispatch, Exchange } from '../../src/controller'
import { Scope } from '../../src/kernel'
import { serve } from './support/serve'

type Next = (error?: unknown) => void
// Its types are not installed.
const compression = createRequire(import.meta.url)('compression')
const store = new AsyncLocalStorage<string>()

function tag(req: IncomingMessage, _res: ServerResponse, next: Next) {
  ;(req as unknown as { tag: string }).tag = 'set'
  next()
}

class Base extends Controller {
  static {
    this.use(tag)
    this.rescueFrom(RangeError, (error, controller) =>
      controller.render({ text: `rescued ${error.message}` }),
    )
  }
  show() {
    return { tag: this.req.tag ?? null }
  }
}

describe('controller: middleware', () => {
  it('runs before the action and is inherited', async () => {
    class Orders extends Base {}

    assert.deepEqual((await serve(Orders, 'show').get('/')).body, { tag: 'set' })
  })

  it('is bound by only, except, if and unless, and can be skipped', async () => {
    class Only extends Controller {
      static {
        this.use(tag, { only: 'other' })
        this.use(tag, { if: () => false })
      }
      show() {
        return { tag: this.req.tag ?? null }
      }
      other() {
        return { tag: this.req.tag ?? null }
      }
    }
    class Skipping extends Base {
      static {
        this.skipBeforeAction(tag)
      }
    }

    assert.deepEqual((await serve(Only, 'show').get('/')).body, { tag: null })
    assert.deepEqual((await serve(Only, 'other').get('/')).body, { tag: 'set' })
    assert.deepEqual((await serve(Skipping, 'show').get('/')).body, { tag: null })
  })

  it.each([
    ['next(error)', (_q: unknown, _s: unknown, next: Next) => next(new RangeError('next'))],
    [
      'a later next(error)',
      (_q: unknown, _s: unknown, next: Next) => setImmediate(next, new RangeError('late')),
    ],
    [
      'throw',
      () => {
        throw new RangeError('throw')
      },
    ],
    ['a rejection', async () => Promise.reject(new RangeError('reject'))],
  ])('gives %s to rescueFrom', async (_name, middleware) => {
    class Failing extends Base {
      static {
        this.use(middleware)
      }
    }

    assert.match((await serve(Failing, 'show').get('/')).text, /^rescued /)
  })

  it.each(['route', 'router'])("passes the request on at next('%s'), past every rescue", async (to) => {
    class Passing extends Base {
      static {
        this.use((_req, _res, next) => next(to))
        this.rescueFrom(Object, () => 'must not happen')
      }
    }

    assert.equal((await serve(Passing, 'show').get('/')).text, `passed on: ${to}`)
  })

  it('halts when the middleware answers, at once or later', async () => {
    let ran = 0
    class Answering extends Controller {
      static {
        this.use((_req, res) => res.end('at once'), { only: 'now' })
        this.use((_req, res) => setImmediate(() => res.end('later')), { only: 'later' })
        this.afterAction(() => {
          ran += 1
        })
      }
      now() {
        ran += 1
      }
      later() {
        ran += 1
      }
    }

    assert.equal((await serve(Answering, 'now').get('/')).text, 'at once')
    assert.equal((await serve(Answering, 'later').get('/')).text, 'later')
    assert.equal(ran, 0)
  })

  it('goes on once, however often next is called', async () => {
    let ran = 0
    class Twice extends Controller {
      static {
        this.use((_req, _res, next) => {
          next()
          next()
          setImmediate(next, new Error('too late'))
        })
      }
      show() {
        ran += 1
        return { ran }
      }
    }

    assert.deepEqual((await serve(Twice, 'show').get('/')).body, { ran: 1 })
    assert.equal(ran, 1)
  })

  it('keeps the answer of the action when the middleware fails after next()', async () => {
    class Late extends Controller {
      static {
        this.use((_req, _res, next) => {
          next()
          throw new RangeError('after next')
        })
        this.use(async (_req, _res, next) => {
          next()
          throw new RangeError('after next')
        })
      }
      async show() {
        await null
        return { tag: 'answered' }
      }
    }

    assert.deepEqual((await serve(Late, 'show').get('/')).body, { tag: 'answered' })
  })

  it('covers the action with the async context it entered', async () => {
    class Inside extends Controller {
      static {
        this.use((_req, _res, next) => store.run('mine', next))
      }
      async show() {
        await null
        return { store: store.getStore() ?? null }
      }
    }

    assert.deepEqual((await serve(Inside, 'show').get('/')).body, { store: 'mine' })
  })

  it('enters our own context again where the middleware lost it', async () => {
    const context = new Context({ kind: 'request', scope: new Scope(), requestId: 'r' })
    let release: (() => void) | null = null
    class Losing extends Controller {
      static {
        this.use((_req, _res, next) => {
          release = () => next()
        })
      }
      async show() {
        return { isOurs: currentContext() === context }
      }
    }
    const plan = compilePlan(Losing as unknown as ConcreteController, 'show', 'test')
    let sent = ''
    // The least a response needs, so that the call can come from outside of any context.
    const res = {
      headersSent: false,
      writableEnded: false,
      closed: false,
      once: () => undefined,
      off: () => undefined,
      setHeader: () => undefined,
      hasHeader: () => false,
      end: (body: string) => {
        sent = body
      },
    }
    const running = runInContext(context, () =>
      dispatch(
        plan,
        new Exchange({
          req: { headers: {}, method: 'GET', url: '/' } as never,
          res: res as never,
          logger: null as never,
          settings: { etag: null, stringify: JSON.stringify },
          pathParams: {},
          paramLimits: null as never,
          body: undefined,
        }),
      ),
    )
    assert.equal(currentContext(), null)
    release!()
    await running

    assert.equal(sent, '{"isOurs":true}')
  })

  it('may patch the response: compression compresses what the action renders', async () => {
    class Big extends Controller {
      static {
        this.use(compression({ threshold: 0 }))
      }
      show() {
        this.render({ text: 'a'.repeat(5000) })
      }
    }

    const res = await serve(Big, 'show').get('/').set('Accept-Encoding', 'gzip')

    assert.equal(res.headers['content-encoding'], 'gzip')
    assert.equal(res.text.length, 5000)
  })

  it('refuses error middleware and what is no function, where it is declared', () => {
    assert.throws(
      () =>
        class extends Controller {
          static {
            this.use(((_e: unknown, _q: unknown, _s: unknown, _n: unknown) => undefined) as never)
          }
        },
      { code: 'RAGE_CONTROLLER_ERROR_MIDDLEWARE' },
    )
    assert.throws(
      () =>
        class extends Controller {
          static {
            this.use('helmet' as never)
          }
        },
      { code: 'RAGE_CONTROLLER_NOT_A_MIDDLEWARE' },
    )
  })
})
