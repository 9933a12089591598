import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import supertest from 'supertest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Controller, CurrentAttributes, createRage, Subscriber, Task } from '../../src'
import { atEnd, eventually, makeRage } from './support/runtimes'

class Current extends CurrentAttributes<{ user: string }> {}

class ArticlePublished {
  readonly slug: string
  constructor(slug: string) {
    this.slug = slug
  }
}

class Page extends Controller {
  index() {
    return 'page'
  }
}

describe('runtime: one request id', () => {
  it('goes from Express middleware through controller, job, events and deferred subscriber', async () => {
    const { rage, lines } = makeRage()
    const seen: string[] = []

    class Notify extends Task<{ slug: string }> {
      async perform({ slug }: { slug: string }) {
        rage.logger.info({ step: 'job', user: Current.get('user') }, 'notifying')
        await rage.events.publish(new ArticlePublished(slug))
      }
    }
    class Index extends Subscriber<ArticlePublished> {
      static override on = [ArticlePublished]
      static override deferred = true
      call(event: ArticlePublished) {
        rage.logger.info({ step: 'subscriber', slug: event.slug }, 'indexing')
        seen.push(event.slug)
      }
    }
    class ArticlesController extends Controller {
      async create() {
        this.logger.info({ step: 'controller' }, 'creating')
        await Notify.enqueue({ slug: String(this.params.slug) })
        this.head(201)
      }
    }
    rage.register(Notify, Index, Current).routes((r) => r.post('/articles', [ArticlesController, 'create']))
    const app = express()
    app.use(rage.context())
    app.use((req, _res, next) => {
      Current.set({ user: 'ada' })
      ;(req as unknown as { log: { info(message: string): void } }).log.info('from middleware')
      next()
    })
    app.use(rage.mount())

    await supertest(app).post('/articles').set('X-Request-Id', 'trace-me').send({ slug: 'tea' }).expect(201)
    await eventually(() => seen.length === 1)

    const steps = lines.filter(
      ({ step, msg }) => step !== undefined || msg === 'from middleware' || msg === 'request completed',
    )
    assert.deepEqual(
      new Set(steps.map(({ step, msg }) => step ?? msg)),
      new Set(['from middleware', 'controller', 'request completed', 'job', 'subscriber']),
    )
    for (const line of steps) assert.equal(line.requestId, 'trace-me', line.msg)
    assert.equal(lines.find(({ step }) => step === 'job')!.user, 'ada')
  })

  it('is never crossed between concurrent requests', async () => {
    const { rage } = makeRage()
    class Echo extends Controller {
      async show() {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
        return { user: Current.get('user'), id: this.res.getHeader('x-request-id') }
      }
    }
    rage.routes((r) => r.get('/echo', [Echo, 'show']))
    const app = express()
    app.use(rage.context(), (req, _res, next) => {
      Current.set({ user: String(req.headers['x-user']) })
      next()
    })
    app.use(rage.mount())
    const server = app.listen(0)
    atEnd(() => void server.close())

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        supertest(server).get('/echo').set('X-Request-Id', `r${n}`).set('X-User', `u${n}`),
      ),
    )

    assert.deepEqual(
      answers.map(({ body }) => body),
      answers.map((_, n) => ({ user: `u${n}`, id: `r${n}` })),
    )
  })
})

describe('runtime: several in one process', () => {
  it('do not mix: a task reaches the queue of the runtime that serves the request', async () => {
    const ran: string[] = []
    class Shared extends Task<string> {
      perform(name: string) {
        ran.push(name)
      }
    }
    const first = makeRage()
    const second = makeRage()
    first.rage.register(Shared)
    second.rage.register(Shared)
    await Promise.all([first.rage.boot(), second.rage.boot()])

    await second.rage.run(() => Shared.enqueue('second'))
    await eventually(() => ran.length === 1)

    assert.ok(second.lines.some(({ msg, task }) => task === 'Shared' && msg.startsWith('job')))
    assert.ok(!first.lines.some(({ task }) => task === 'Shared'))
    await assert.rejects(Shared.enqueue('nobody'), { code: 'RAGE_KERNEL_AMBIGUOUS_RUNTIME' })
  })
})

describe('runtime: an enqueue before boot', () => {
  it('boots the runtime and is kept', async () => {
    const { rage } = makeRage()
    const ran: string[] = []
    class Early extends Task<string> {
      perform(name: string) {
        ran.push(name)
      }
    }
    rage.register(Early)

    await Early.enqueue('early')

    await eventually(() => ran.length === 1)
    assert.equal(rage.health().phase, 'serving')
  })

  it('is refused when the runtime is stopped instead', async () => {
    const { rage } = makeRage()
    class Never extends Task<void> {
      perform() {}
    }
    rage.register(Never)

    const refused = assert.rejects(Never.enqueue(), { code: 'RAGE_KERNEL_LIFECYCLE' })
    await rage.stop()
    await refused
  })
})

describe('runtime: mistakes at start-up', () => {
  it('include a task that cannot perform', () => {
    class Misspelt extends Task<void> {
      prefrom() {}
      declare perform: () => void
    }

    expect(() => makeRage().rage.register(Misspelt)).toThrow(/"Misspelt.perform" must be a method/)
  })

  it('name the option and its nearest neighbour', () => {
    expect(() => createRage({ storge: 'x' } as never)).toThrow(
      /"createRage.storge". Did you mean "storage"\?/,
    )
    expect(() => createRage({ deferred: { concurrency: 0 } })).toThrow(
      /"createRage.deferred.concurrency" must be a whole number from 1/,
    )
  })

  it('name file and line of a route with an unknown action', () => {
    const { rage } = makeRage()

    expect(() => rage.routes((r) => r.get('/page', [Page, 'indx' as 'index']))).toThrow(
      /RAGE_CONTROLLER_UNKNOWN_ACTION: The route GET \/page at test\/runtime\/rage\.test\.ts:\d+ names "indx", which Page does not define\. Did you mean "index"\?/,
    )
  })

  it('refuse a routes block that is no function', () => {
    expect(() => makeRage().rage.routes({} as never)).toThrow(
      /RAGE_KERNEL_INVALID_OPTION: Option "rage.routes"/,
    )
  })

  it('refuse a base class method as an action', () => {
    const { rage } = makeRage()

    expect(() => rage.routes((r) => r.get('/page', [Page, 'render' as 'index']))).toThrow(
      /RAGE_CONTROLLER_UNKNOWN_ACTION/,
    )
  })

  it('refuse a controller named by string that is not registered, at boot', async () => {
    const { rage } = makeRage()
    rage.routes((r) => r.get('/page', 'pags#index')).register(class PagesController extends Controller {})

    await assert.rejects(rage.boot(), (error: Error) =>
      /RAGE_RUNTIME_UNKNOWN_CONTROLLER.*"pags#index".*Did you mean "pages"\?/.test(error.message),
    )
  })

  it('refuse what cannot be registered, and anything after boot', async () => {
    const { rage } = makeRage()
    expect(() => rage.register(EventEmitter)).toThrow(/RAGE_KERNEL_NOT_REGISTRABLE/)

    await rage.boot()

    expect(() => rage.routes((r) => r.get('/late', [Page, 'index']))).toThrow(
      /RAGE_KERNEL_REGISTRATION_CLOSED/,
    )
  })
})

describe('runtime: lifecycle', () => {
  it('boots when the first server listens, and stops only once', async () => {
    const { rage } = makeRage()
    rage.routes((r) => r.get('/page', [Page, 'index']))
    const app = express()
    app.use(rage.mount())
    assert.equal(rage.health().phase, 'new')

    assert.equal((await supertest(app).get('/page')).body, 'page')
    assert.deepEqual(rage.health(), { ok: true, phase: 'serving', reasons: [], problems: [] })

    assert.equal(rage.stop(), rage.stop())
    await rage.stop()
    assert.deepEqual(rage.health().problems, [{ code: 'runtime.stopped', message: 'the runtime is stopped' }])
    await assert.rejects(rage.boot(), { code: 'RAGE_KERNEL_LIFECYCLE' })
  })

  it('waits in a drain for handlers in the form of Express, until they answered or passed the request on', async () => {
    const { rage } = makeRage()
    let answer = (): void => undefined
    const entered = new Promise<void>((resolve) => {
      rage.routes((r) => {
        r.get('/slow', (_req, res) => {
          answer = () => res.end('done')
          resolve()
        })
        r.get('/passed', (_req, _res, next) => next())
      })
    })
    const app = express()
    app.use(rage.mount())
    // Never answered, and no longer ours.
    app.get('/passed', () => undefined)
    const server = app.listen(0)
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const passed = new AbortController()
    fetch(`http://127.0.0.1:${port}/passed`, { signal: passed.signal }).catch(() => undefined)
    const response = fetch(`http://127.0.0.1:${port}/slow`)
    await entered

    let isStopped = false
    const stopped = rage.stop().then(() => {
      isStopped = true
    })
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.equal(isStopped, false)
    answer()

    assert.equal(await (await response).text(), 'done')
    await stopped
    passed.abort()
  })

  it('waits in a drain for requests under way, which can still enqueue', async () => {
    const { rage } = makeRage()
    const ran: string[] = []
    let release = (): void => undefined
    const entered = new Promise<void>((resolve) => {
      class Late extends Task<void> {
        perform() {
          ran.push('job')
        }
      }
      class Slow extends Controller {
        async show() {
          resolve()
          await new Promise<void>((go) => {
            release = go
          })
          await Late.enqueue()
          return 'done'
        }
      }
      rage.register(Late).routes((r) => r.get('/slow', [Slow, 'show']))
    })
    const app = express()
    app.use(rage.mount())
    const answer = supertest(app)
      .get('/slow')
      .then((res) => res)
    await entered

    const stopped = rage.stop()
    await new Promise((resolve) => setTimeout(resolve, 20))
    release()

    assert.equal((await answer).body, 'done')
    await stopped
    // Enqueued while draining: run before the end, or kept in the log; never refused.
    assert.ok(ran.length <= 1)
  })
})

describe('runtime: one that never booted', () => {
  it('lets go of its classes when it is stopped', async () => {
    class Mail extends Task {
      override perform() {}
    }
    const { rage: untouched } = makeRage()
    const { rage } = makeRage()
    untouched.register(Mail)
    rage.register(Mail)
    await rage.boot()

    await untouched.stop()

    await Mail.enqueue()
  })
})

describe('runtime: the line of a request', () => {
  it('has every field once', async () => {
    const raw: string[] = []
    const { rage } = makeRage({
      logger: { level: 'info', format: 'json', destination: { write: (line) => void raw.push(line) } },
    })
    rage.routes((r) => r.get('/page', [Page, 'index']))
    const app = express().use(rage.context()).use(rage.mount())

    await supertest(app).get('/page').expect(200)

    const line = await eventually(() => raw.find((text) => text.includes('request completed')))
    for (const field of ['method', 'path', 'status', 'arm', 'requestId'])
      assert.equal(line.split(`"${field}":`).length, 2, field)
  })
})

describe('runtime: one that is stopped while it boots', () => {
  it('refuses the request that waited for it', async () => {
    const { rage } = makeRage()
    rage.routes((r) => r.get('/page', [Page, 'index']))
    const mount = rage.mount()
    const app = express()
    app.use((req, res, next) => {
      mount(req, res, next)
      void rage.stop()
    })

    await supertest(app).get('/page').expect(503)
  })
})
