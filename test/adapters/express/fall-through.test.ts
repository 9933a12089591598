/** What a request that the mount does not own goes through: nothing. Each promise of the guide is asserted by itself. */
import assert from 'node:assert/strict'
import { AsyncLocalStorage, createHook, executionAsyncId } from 'node:async_hooks'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { RequestHandler } from 'express'
import { describe, it, vi } from 'vitest'
import { makeRage } from '../../runtime/support/runtimes'
import { majors } from './support/majors'
import { answerTo, closed, listening } from './support/wire'

type Middleware = (req: unknown, res: unknown, next: () => void) => void

/** Owns `GET /owned/:id`: another path is turned away by the layer, another method by the handler. */
function mount(): RequestHandler {
  const { rage } = makeRage()
  rage.routes((r) => void r.get('/owned/:id', () => undefined))
  return rage.mount() as unknown as RequestHandler
}

const unowned: readonly [string, string][] = [
  ['GET', '/other'],
  ['POST', '/owned/1'],
  ['GET', '/owned//'],
  ['GET', '/OTHER/%zz?x=%zz'],
]

describe.each(majors)('fall-through: a request that is not owned in %s', (_name, express) => {
  /** Calls the app without a server; `look` runs before and behind the mount. */
  const through = (
    method: string,
    url: string,
    look: (req: IncomingMessage, res: ServerResponse) => void,
  ): void => {
    const req = Object.assign(new IncomingMessage(new Socket()), { method, url })
    const res = new ServerResponse(req)
    const app = express()
    app.use((_req, _res, next) => next())
    app.use((seen, response, next) => {
      look(seen, response)
      next()
    })
    app.use(mount())
    app.use((seen, response) => look(seen, response))
    ;(app as unknown as Middleware)(req, res, () => assert.fail('nobody answered'))
  }

  it.each(unowned)('is passed on synchronously: %s %s', (method, url) => {
    let calls = 0
    through(method, url, () => calls++)

    assert.equal(calls, 2)
  })

  it.each(unowned)('keeps own keys, symbols included, prototypes and url: %s %s', (method, url) => {
    const seen: unknown[] = []
    through(method, url, (req, res) => {
      const { url, baseUrl, originalUrl } = req as unknown as Record<string, unknown>
      seen.push([Reflect.ownKeys(req), Reflect.ownKeys(res), url, baseUrl, originalUrl])
      seen.push([Object.getPrototypeOf(req), Object.getPrototypeOf(res)])
    })

    assert.deepEqual(seen[2], seen[0])
    const [before, after] = [seen[1], seen[3]] as [object[], object[]]
    assert.ok(before[0] === after[0] && before[1] === after[1])
  })

  it.each(unowned)('keeps prototypes that middleware gave it: %s %s', (method, url) => {
    const custom = new WeakSet<object>()
    let kept: boolean | null = null
    through(method, url, (req) => {
      if (custom.has(Object.getPrototypeOf(req))) {
        kept = true
        return
      }
      kept = false
      const prototype = Object.create(Object.getPrototypeOf(req))
      custom.add(prototype)
      Object.setPrototypeOf(req, prototype)
    })

    assert.equal(kept, true)
  })

  it.each(unowned)('calls no method of its streams and adds no listener: %s %s', (method, url) => {
    const touched: string[] = []
    const listeners: unknown[] = []
    through(method, url, (req, res) => {
      const count = (emitter: IncomingMessage | ServerResponse | Socket) =>
        emitter.eventNames().map((event) => [event, emitter.listenerCount(event)])
      listeners.push([count(req), count(res), count(req.socket), req.readableFlowing, req.readableDidRead])
      if (listeners.length > 1) return
      for (const name of [
        'on',
        'once',
        'addListener',
        'resume',
        'pause',
        'read',
        'pipe',
        'setEncoding',
      ] as const)
        vi.spyOn(req, name as 'resume').mockImplementation(() => touched.push(name) as never)
      for (const name of ['on', 'once', 'setHeader', 'removeHeader', 'writeHead', 'write', 'end'] as const)
        vi.spyOn(res, name as 'end').mockImplementation(() => touched.push(name) as never)
    })

    assert.deepEqual(touched, [])
    assert.deepEqual(listeners[1], listeners[0])
  })

  it.each(unowned)('stays in the context of the app and opens none: %s %s', (method, url) => {
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const entered = vi.spyOn(AsyncLocalStorage.prototype, 'run')
    let resources = 0
    const hook = createHook({ init: () => void resources++ })
    try {
      storage.enterWith('of the app')
      through(method, url, () => {
        seen.push(storage.getStore(), executionAsyncId())
        if (seen.length === 2) {
          entered.mockClear()
          hook.enable()
        } else hook.disable()
      })

      assert.deepEqual(seen.slice(2), seen.slice(0, 2))
      assert.equal(entered.mock.calls.length, 0)
      assert.equal(resources, 0)
    } finally {
      hook.disable()
      entered.mockRestore()
      storage.disable()
    }
  })

  it('leaves late readers of a body every byte', async () => {
    const app = express()
    app.use(mount())
    app.post('/owned/1', (req, res) => {
      setTimeout(() => {
        let body = ''
        req.on('data', (chunk) => {
          body += chunk
        })
        req.on('end', () => res.end(body))
      }, 20)
    })
    const server = await listening(app)
    const head = 'POST /owned/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\n'

    assert.match(await answerTo(server, { pieces: [`${head}abc`, 'def', 'ghi'] }), /abcdefghi/)
    await closed(server)
  })

  it('is not copied, pinned or counted: a drain does not wait for it', async () => {
    const { rage } = makeRage()
    rage.routes((r) => void r.get('/owned', () => undefined))
    const app = express()
    app.use(rage.mount())
    let finish: (() => void) | null = null
    app.get('/slow', (_req, res) => {
      finish = () => void res.end('slow')
    })
    const server = await listening(app)
    await rage.boot()
    const answer = answerTo(server, 'GET /slow')
    while (finish === null) await new Promise((resolve) => setTimeout(resolve, 2))

    await rage.drain()
    ;(finish as () => void)()

    assert.match(await answer, /200 OK[\s\S]*slow/)
    await closed(server)
  })
})
