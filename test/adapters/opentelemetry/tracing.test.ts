import assert from 'node:assert'
import { context, SpanKind, trace } from '@opentelemetry/api'
import express from 'express'
import supertest from 'supertest'
import { afterEach, describe, it } from 'vitest'
import { Controller, Subscriber, Task } from '../../../src'
import { only, type Sdk, startSdk, tracedRage } from './support/traced'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const callerSpan = '00f067aa0ba902b7'
const traceparent = `00-${traceId}-${callerSpan}-01`

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function sdkOf(...processors: Parameters<typeof startSdk>[0] & object): Promise<Sdk> {
  const sdk = await startSdk(processors)
  stops.push(() => sdk.stop())
  return sdk
}

function runtime(...given: Parameters<typeof tracedRage>): ReturnType<typeof tracedRage> {
  const traced = tracedRage(...given)
  stops.push(() => traced.stop())
  return traced
}

/** A function to be called, and a promise of that; what was waiting for the same moment has happened too. */
function moment(): [happened: () => void, whenHappened: Promise<void>] {
  let happened = (): void => undefined
  const promise = new Promise<void>((resolve) => {
    happened = resolve
  })
  return [happened, promise.then(() => new Promise((resolve) => setImmediate(resolve)))]
}

class ArticlesController extends Controller {
  show() {
    this.logger.info('shown')
    return { slug: this.params.slug }
  }

  fail() {
    throw new RangeError('too far')
  }
}

describe('opentelemetry: a request for an owned route', () => {
  it('is a server span by the HTTP conventions, continuing the trace of the caller', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))
    const app = express().use('/api', rage.mount())

    await supertest(app)
      .get('/api/articles/hello?token=secret')
      .set({ traceparent, 'User-Agent': 'probe/1.0', Host: 'shop.example:8080', 'X-Request-Id': 'abc' })
      .expect(200)

    const span = only(await sdk.spans(), 'GET /api/articles/:slug')
    const { 'network.peer.port': port, ...attributes } = span.attributes
    assert.deepEqual(attributes, {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/api/articles/:slug',
      'url.path': '/api/articles/hello',
      'url.scheme': 'http',
      'server.address': 'shop.example',
      'server.port': 8080,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'user_agent.original': 'probe/1.0',
      'rage.arm': 'rage',
      'rage.controller': 'ArticlesController',
      'rage.action': 'show',
      'rage.request_id': 'abc',
    })
    assert.equal(typeof port, 'number')
    assert.deepEqual(
      [span.kind, span.traceId, span.parentSpanId, span.status, span.scope],
      ['SERVER', traceId, callerSpan, 'UNSET', 'rage-js'],
    )
  })

  it('has the action as an inner span, in which the spans of other instrumentations lie', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    class QueryController extends Controller {
      async index() {
        await new Promise((resolve) => setImmediate(resolve))
        trace.getTracer('pg').startSpan('SELECT').end()
        return {}
      }
    }
    rage.routes((r) => r.get('/q', [QueryController, 'index']))

    await supertest(express().use(rage.mount())).get('/q').expect(200)

    const spans = await sdk.spans()
    const action = only(spans, 'QueryController#index')
    assert.equal(action.kind, 'INTERNAL')
    assert.deepEqual(action.attributes, { 'code.function.name': 'QueryController.index' })
    assert.equal(action.parentSpanId, only(spans, 'GET /q').spanId)
    assert.equal(only(spans, 'SELECT').parentSpanId, action.spanId)
  })

  it('fails with the class of its error where the answer is 500', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    rage.routes((r) => r.get('/fail', [ArticlesController, 'fail']))
    const app = express().use(rage.mount())
    app.use(((_error, _req, res, _next) => res.status(500).end()) as express.ErrorRequestHandler)

    await supertest(app).get('/fail').expect(500)

    const spans = await sdk.spans()
    const server = only(spans, 'GET /fail')
    assert.deepEqual([server.status, server.message], ['ERROR', 'too far'])
    assert.equal(server.attributes['error.type'], 'RangeError')
    assert.equal(server.attributes['http.response.status_code'], 500)
    const action = only(spans, 'ArticlesController#fail')
    assert.equal(action.status, 'ERROR')
    assert.equal(action.events[0]!.name, 'exception')
    assert.equal(action.events[0]!.attributes['exception.message'], 'too far')
  })

  it('is not failed by an error that the app answers as the fault of the client', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    rage.routes((r) => r.get('/fail', [ArticlesController, 'fail']))
    const app = express().use(rage.mount())
    app.use(((_error, _req, res, _next) => res.status(422).end()) as express.ErrorRequestHandler)

    await supertest(app).get('/fail').expect(422)

    const server = only(await sdk.spans(), 'GET /fail')
    assert.deepEqual([server.status, server.attributes['error.type']], ['UNSET', undefined])
  })

  it('begins a trace where the header is no traceparent', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))

    await supertest(express().use(rage.mount())).get('/articles/1').set({ traceparent: 'nonsense' })

    const span = only(await sdk.spans(), 'GET /articles/:slug')
    assert.equal(span.parentSpanId, '')
    assert.match(span.traceId, /^[0-9a-f]{32}$/)
  })

  it('keeps methods that clients make up out of names', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    const app = express().use(rage.context())

    await supertest(app).propfind('/x').expect(404)

    const [span] = await sdk.spans()
    assert.equal(span!.name, 'HTTP')
    assert.equal(span!.attributes['http.request.method'], '_OTHER')
    assert.equal(span!.attributes['http.request.method_original'], 'PROPFIND')
  })
})

describe('opentelemetry: a request for a route of the app behind rage.context()', () => {
  it('has a server span named after the route, active in its handler', async () => {
    const sdk = await sdkOf()
    const { rage, lines } = runtime()
    const users = express.Router()
    let seen = ''
    users.get('/:id', (req, res) => {
      seen = trace.getActiveSpan()!.spanContext().spanId
      ;(req as unknown as { log: { info(message: string): void } }).log.info('legacy line')
      rage.logger.info('line of rage')
      res.json({})
    })
    const app = express().use(rage.context()).use('/users', users)

    await supertest(app).get('/users/7').set({ traceparent }).expect(200)

    const span = only(await sdk.spans(), 'GET /users/:id')
    assert.equal(span.kind, 'SERVER')
    assert.equal(span.attributes['http.route'], '/users/:id')
    assert.equal(span.spanId, seen)
    for (const message of ['legacy line', 'line of rage', 'request completed']) {
      const line = lines.find(({ msg }) => msg === message)!
      assert.deepEqual([line.trace_id, line.span_id, line.trace_flags], [traceId, span.spanId, '01'], message)
    }
  })

  it('has the same span where the mount takes it over', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))

    await supertest(express().use(rage.context()).use(rage.mount())).get('/articles/1').expect(200)

    const servers = (await sdk.spans()).filter(({ kind }) => kind === 'SERVER')
    assert.deepEqual(
      servers.map(({ name }) => name),
      ['GET /articles/:slug'],
    )
  })

  it('keeps its span where a middleware comes back from nowhere', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))
    const app = express().use(rage.context())
    const waiting: (() => void)[] = []
    // A pool that calls everybody back from one timer, made outside of any request.
    const pool = setInterval(() => {
      for (const wake of waiting.splice(0)) wake()
    }, 5)
    stops.push(async () => clearInterval(pool))
    app.use((_req, _res, next) => void waiting.push(next))
    app.use(rage.mount())

    await supertest(app).get('/articles/1').set({ traceparent }).expect(200)

    const spans = await sdk.spans()
    assert.deepEqual(
      spans.map((span) => span.traceId),
      spans.map(() => traceId),
    )
    assert.equal(spans.filter(({ kind }) => kind === 'SERVER').length, 1)
  })
})

describe('opentelemetry: spans of other people around a request', () => {
  it('is joined where it is the server span that a middleware has begun', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    rage.routes((r) => {
      r.get('/articles/:slug', [ArticlesController, 'show'])
      r.get('/fail', [ArticlesController, 'fail'])
    })
    const app = express()
    app.use((_req, res, next) => {
      trace.getTracer('app').startActiveSpan('mine', { kind: SpanKind.SERVER }, (span) => {
        res.on('close', () => span.end())
        next()
      })
    })
    app.use(rage.mount())
    app.use(((_error, _req, res, _next) => res.status(503).end()) as express.ErrorRequestHandler)

    await supertest(app).get('/articles/1').expect(200)
    await supertest(app).get('/fail').expect(503)

    const spans = await sdk.spans()
    const servers = spans.filter(({ kind }) => kind === 'SERVER')
    assert.deepEqual(
      servers.map(({ name, scope, attributes }) => [name, scope, attributes['error.type']]),
      [
        ['GET /articles/:slug', 'app', undefined],
        ['GET /fail', 'app', 'RangeError'],
      ],
    )
    assert.equal(only(spans, 'ArticlesController#show').parentSpanId, servers[0]!.spanId)
  })

  it('is the parent where it is an inner one that is still open', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))
    const app = express()
    app.use((_req, res, next) => {
      trace.getTracer('app').startActiveSpan('gateway', (span) => {
        res.on('close', () => span.end())
        next()
      })
    })
    app.use(rage.mount())

    await supertest(app).get('/articles/1').expect(200)

    const spans = await sdk.spans()
    assert.equal(only(spans, 'GET /articles/:slug').parentSpanId, only(spans, 'gateway').spanId)
  })

  it('is let alone where it is that of another request, whose context a pool has lent', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))
    // Served at once then, while the span of the other request is open.
    await rage.boot()
    const app = express()
    let wake = (): void => undefined
    const [waits, whenWaiting] = moment()
    app.use('/articles', (_req, _res, next) => {
      wake = next
      waits()
    })
    app.use(rage.mount())
    app.get('/waker', rage.context() as express.RequestHandler, (_req, res) => {
      wake()
      res.end()
    })

    const waiting = supertest(app).get('/articles/1').set({ traceparent }).expect(200)
    void waiting.then(() => undefined)
    await whenWaiting
    await supertest(app).get('/waker').expect(200)
    await waiting

    const spans = await sdk.spans()
    const article = only(spans, 'GET /articles/:slug')
    assert.deepEqual([article.traceId, article.parentSpanId], [traceId, callerSpan])
    assert.equal(only(spans, 'ArticlesController#show').parentSpanId, article.spanId)
    assert.notEqual(only(spans, 'GET /waker').traceId, traceId)
  })

  it('is that of the request again in what rage.bind has tied to it', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    const app = express().use(rage.context())
    const waiting: (() => void)[] = []
    const pool = setInterval(() => {
      for (const call of waiting.splice(0)) call()
    }, 5)
    stops.push(async () => clearInterval(pool))
    app.get('/bound', (_req, res) => {
      const answer = (): void => void res.json({ span: trace.getActiveSpan()?.spanContext().spanId ?? null })
      waiting.push(rage.bind(answer))
    })

    const { body } = await supertest(app).get('/bound').expect(200)

    assert.equal(body.span, only(await sdk.spans(), 'GET /bound').spanId)
  })
})

describe('opentelemetry: a hundred requests at once', () => {
  it('are a hundred traces, none crossed, down to the span that enqueued the job', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime({ jobs: 'child' })
    let left = 100
    const [performed, whenPerformed] = moment()
    class Note extends Task<{ trace: string }> {
      override async perform({ trace: of }: { trace: string }) {
        trace.getTracer('job').startSpan('in job', { attributes: { of } }).end()
        left -= 1
        if (left === 0) performed()
      }
    }
    class NotesController extends Controller {
      async create() {
        const of = String(this.params.trace)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
        await Note.enqueue({ trace: of })
        trace.getTracer('action').startSpan('in action', { attributes: { of } }).end()
        return {}
      }
    }
    rage.register(Note)
    rage.routes((r) => r.get('/notes/:trace', [NotesController, 'create']))
    const server = express().use(rage.context()).use(rage.mount()).listen(0)
    stops.push(async () => void server.close())

    const traces = Array.from({ length: 100 }, (_, index) => String(index + 1).padStart(32, '0'))
    await Promise.all(
      traces.map((each) =>
        supertest(server)
          .get(`/notes/${each}`)
          .set({ traceparent: `00-${each}-${callerSpan}-01` })
          .expect(200),
      ),
    )
    await whenPerformed

    const marked = (await sdk.spans()).filter(({ attributes }) => attributes.of !== undefined)
    assert.equal(marked.length, 200)
    assert.deepEqual(
      marked.map((span) => span.traceId),
      marked.map(({ attributes }) => attributes.of),
    )
  })
})

describe('opentelemetry: what is not traced', () => {
  it('are requests that are ignored, and all they do', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime({ ignore: (req) => req.url === '/healthz' })
    class HealthController extends Controller {
      show() {
        trace.getTracer('pg').startSpan('SELECT 1').end()
        return {}
      }
    }
    rage.routes((r) => r.get('/healthz', [HealthController, 'show']))

    await supertest(express().use(rage.mount())).get('/healthz').expect(200)

    assert.deepEqual(await sdk.spans(), [])
  })

  it('are the spans of "except"', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime({ except: ['controller.*'] })
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))

    await supertest(express().use(rage.mount())).get('/articles/1').expect(200)

    assert.deepEqual(
      (await sdk.spans()).map(({ name }) => name),
      ['GET /articles/:slug'],
    )
  })

  it('is anything without an SDK: requests are served, lines name no span', async () => {
    const { rage, lines } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))

    await supertest(express().use(rage.mount())).get('/articles/1').expect(200)

    assert.equal(lines.find(({ msg }) => msg === 'shown')!.trace_id, undefined)
  })
})

describe('opentelemetry: the SDK', () => {
  it('may be registered once the runtime serves', async () => {
    const { rage } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))
    const app = express().use(rage.mount())
    await supertest(app).get('/articles/1').expect(200)

    const sdk = await sdkOf()
    await supertest(app).get('/articles/2').expect(200)

    assert.equal(only(await sdk.spans(), 'GET /articles/:slug').attributes['url.path'], '/articles/2')
  })

  it('may have processors that throw: requests and jobs go on', async () => {
    const [performed, whenPerformed] = moment()
    class Job extends Task<Record<string, never>> {
      override async perform() {
        performed()
      }
    }
    const broken = (): never => {
      throw new Error('processor is broken')
    }
    await sdkOf({
      onStart: broken,
      onEnd: broken,
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    })
    const { rage } = runtime()
    rage.register(Job)
    class EnqueueController extends Controller {
      async create() {
        await Job.enqueue({})
        return { ok: true }
      }
    }
    rage.routes((r) => r.get('/go', [EnqueueController, 'create']))

    const answer = await supertest(express().use(rage.mount())).get('/go').expect(200)
    await whenPerformed

    assert.deepEqual(answer.body, { ok: true })
  })

  it('may have processors that throw when spans end', async () => {
    const broken = (): never => {
      throw new Error('the end is broken')
    }
    await sdkOf({
      onStart: () => undefined,
      onEnd: broken,
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    })
    const { rage } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))

    await supertest(express().use(rage.context()).use(rage.mount())).get('/articles/1').expect(200)
    await supertest(express().use(rage.context())).get('/nothing').expect(404)
  })

  it('may have a collector that is down', async () => {
    const sdk = await sdkOf()
    await sdk.collector.close()
    const { rage } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))

    await supertest(express().use(rage.mount())).get('/articles/1').expect(200)
  })

  it('answers no requests in a span that was open when the server began to listen', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    rage.routes((r) => r.get('/articles/:slug', [ArticlesController, 'show']))
    const app = express().use(rage.mount())
    const boot = trace.getTracer('app').startSpan('boot')
    const server = context.with(trace.setSpan(context.active(), boot), () => app.listen(0))
    stops.push(async () => void server.close())
    boot.end()

    await supertest(server).get('/articles/1').expect(200)

    const span = only(await sdk.spans(), 'GET /articles/:slug')
    assert.equal(span.parentSpanId, '')
    assert.notEqual(span.traceId, boot.spanContext().traceId)
  })
})

describe('opentelemetry: jobs and events', () => {
  it('link the attempt of a job, a trace of its own, to the span that enqueued it', async () => {
    const sdk = await sdkOf()
    const { rage, lines } = runtime()
    const [performed, whenPerformed] = moment()
    class SendReceipt extends Task<{ order: number }> {
      override async perform() {
        trace.getTracer('smtp').startSpan('send mail').end()
        rage.logger.info('sending')
        performed()
      }
    }
    rage.register(SendReceipt)
    let id = ''
    class OrdersController extends Controller {
      async create() {
        id = (await SendReceipt.enqueue({ order: 7 })).id
        return {}
      }
    }
    rage.routes((r) => r.get('/orders', [OrdersController, 'create']))

    await supertest(express().use(rage.mount())).get('/orders').set({ traceparent }).expect(200)
    await whenPerformed

    const spans = await sdk.spans()
    const producer = only(spans, 'enqueue SendReceipt')
    const consumer = only(spans, 'process SendReceipt')
    assert.deepEqual(
      [producer.kind, producer.traceId, producer.parentSpanId],
      ['PRODUCER', traceId, only(spans, 'OrdersController#create').spanId],
    )
    assert.deepEqual(producer.attributes, {
      'messaging.system': 'rage',
      'messaging.system.name': 'rage',
      'messaging.operation.type': 'send',
      'messaging.operation.name': 'enqueue',
      'messaging.destination.name': 'default',
      'messaging.message.id': id,
      'rage.task': 'SendReceipt',
    })
    assert.deepEqual([consumer.kind, consumer.parentSpanId], ['CONSUMER', ''])
    assert.notEqual(consumer.traceId, traceId)
    assert.deepEqual(consumer.links, [{ traceId, spanId: producer.spanId }])
    const { 'rage.job.waited_ms': waited, ...attributes } = consumer.attributes
    assert.equal(typeof waited, 'number')
    assert.deepEqual(attributes, {
      'messaging.system': 'rage',
      'messaging.system.name': 'rage',
      'messaging.operation.type': 'process',
      'messaging.operation.name': 'process',
      'messaging.destination.name': 'default',
      'messaging.message.id': id,
      'rage.task': 'SendReceipt',
      'rage.job.attempt': 1,
      'rage.job.end': 'done',
    })
    assert.equal(only(spans, 'send mail').parentSpanId, consumer.spanId)
    const line = lines.find(({ msg }) => msg === 'sending')!
    assert.deepEqual([line.trace_id, line.span_id], [consumer.traceId, consumer.spanId])
  })

  it('make the job a child where "jobs" says so', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime({ jobs: 'child' })
    const [performed, whenPerformed] = moment()
    class SendReceipt extends Task<Record<string, never>> {
      override async perform() {
        performed()
      }
    }
    rage.register(SendReceipt)
    await rage.boot()

    await rage.run(() => SendReceipt.enqueue({}))
    await whenPerformed

    const spans = await sdk.spans()
    const producer = only(spans, 'enqueue SendReceipt')
    const consumer = only(spans, 'process SendReceipt')
    assert.deepEqual([consumer.traceId, consumer.parentSpanId], [producer.traceId, producer.spanId])
    assert.deepEqual(consumer.links, [])
  })

  it('mark an attempt that failed', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    class Breaks extends Task<Record<string, never>> {
      static override retries = 0
      override async perform() {
        throw new TypeError('broken')
      }
    }
    const [reported, whenReported] = moment()
    rage.errors.register(reported)
    rage.register(Breaks)
    await rage.boot()

    await Breaks.enqueue({})
    await whenReported

    const span = only(await sdk.spans(), 'process Breaks')
    assert.deepEqual(
      [span.status, span.message, span.attributes['error.type'], span.attributes['rage.job.end']],
      ['ERROR', 'broken', 'TypeError', 'dead'],
    )
  })

  it('nest the subscribers of an event in its publish', async () => {
    const sdk = await sdkOf()
    const { rage } = runtime()
    class OrderPlaced {
      readonly order = 7
    }
    class UpdateStock extends Subscriber {
      static override on = [OrderPlaced]
      async call() {}
    }
    rage.register(UpdateStock)
    await rage.boot()

    await rage.events.publish(new OrderPlaced())

    const spans = await sdk.spans()
    const publish = only(spans, 'publish OrderPlaced')
    const subscriber = only(spans, 'UpdateStock#call')
    assert.deepEqual([publish.kind, subscriber.kind], ['INTERNAL', 'INTERNAL'])
    assert.equal(subscriber.parentSpanId, publish.spanId)
    assert.equal(subscriber.attributes['rage.event'], 'OrderPlaced')
  })
})
