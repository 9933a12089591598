/** Beside the official instrumentations of http and express, in processes of their own. */
import assert from 'node:assert'
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import supertest from 'supertest'
import { afterEach, beforeAll, describe, it } from 'vitest'
import WebSocket from 'ws'
import { root } from '../../support/repository'
import { type ReceivedSpan, startCollector } from './support/collector'
import { only } from './support/traced'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const callerSpan = '00f067aa0ba902b7'
const traceparent = `00-${traceId}-${callerSpan}-01`
const support = join(root, 'test/adapters/opentelemetry/support')
const stops: (() => Promise<void>)[] = []

// The processes run the built package; this does nothing when it is fresh.
beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

type Order = 'sdk by --require' | 'sdk first' | 'rage first'

interface Given {
  readonly order?: Order
  readonly context?: boolean
  readonly lossy?: boolean
  readonly instrumented?: string
  readonly express?: 'express' | 'express4'
}

interface Running {
  /** Opens a WebSocket until it is welcome, and closes it. */
  visit(path: string): Promise<void>
  get(path: string): Promise<void>
  /** What a collector has, and what was logged. */
  ended(): Promise<{ spans: readonly ReceivedSpan[]; lines: readonly Record<string, unknown>[] }>
}

async function start({
  order = 'sdk first',
  context = false,
  lossy = false,
  instrumented = 'http,express',
  express = 'express',
}: Given): Promise<Running> {
  const collector = await startCollector()
  const storage = mkdtempSync(join(tmpdir(), 'rage-otel-'))
  const child = fork(join(support, 'instrumented-app.cjs'), [], {
    execArgv: order === 'sdk by --require' ? ['--require', join(support, 'instrumented-setup.cjs')] : [],
    env: {
      ...process.env,
      COLLECTOR: collector.url,
      STORAGE: storage,
      ORDER: order,
      CONTEXT: String(context),
      LOSSY: String(lossy),
      INSTRUMENTED: instrumented,
      EXPRESS: express,
    },
  })
  stops.push(async () => {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    await collector.close()
    rmSync(storage, { recursive: true, force: true })
  })
  const { port } = await messageOf<{ port: number }>(child)
  return {
    async get(path) {
      await supertest(`http://127.0.0.1:${port}`).get(path).set({ traceparent }).expect(200)
    },
    async visit(path) {
      const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, 'actioncable-v1-json', {
        headers: { traceparent },
      })
      await once(client, 'message')
      client.terminate()
    },
    async ended() {
      child.send('flush')
      const { lines } = await messageOf<{ lines: Record<string, unknown>[] }>(child)
      return { spans: collector.spans, lines }
    },
  }
}

async function messageOf<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('the app has ended')
  })
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [T]
  return message
}

function servers(spans: readonly ReceivedSpan[]): readonly string[] {
  return spans.filter(({ kind }) => kind === 'SERVER').map(({ name, scope }) => `${name} by ${scope}`)
}

const official = '@opentelemetry/instrumentation-http'

describe('opentelemetry: beside the official instrumentations of http and express', () => {
  const orders: readonly Order[] = ['sdk by --require', 'sdk first', 'rage first']
  for (const order of orders) {
    it(`makes no server span, but names theirs, with the ${order}`, async () => {
      const app = await start({ order })

      await app.get('/api/articles/hello')

      const { spans, lines } = await app.ended()
      assert.deepEqual(servers(spans), [`GET /api/articles/:slug by ${official}`])
      const server = only(spans, 'GET /api/articles/:slug')
      assert.deepEqual([server.traceId, server.parentSpanId], [traceId, callerSpan])
      assert.equal(server.attributes['http.route'], '/api/articles/:slug')
      assert.equal(server.attributes['http.response.status_code'], 200)
      assert.equal(server.attributes['rage.arm'], 'rage')
      assert.equal(server.attributes['rage.controller'], 'ArticlesController')
      const action = only(spans, 'ArticlesController#show')
      assert.deepEqual([action.kind, action.parentSpanId], ['INTERNAL', server.spanId])
      assert.equal(only(spans, 'SELECT').parentSpanId, action.spanId)
      const shown = lines.find(({ msg }) => msg === 'shown')!
      assert.deepEqual([shown.trace_id, shown.span_id], [traceId, action.spanId])
      const request = lines.find(({ msg }) => msg === 'request completed')!
      assert.equal(server.attributes['rage.request_id'], request.requestId)
      assert.deepEqual([request.trace_id, request.span_id], [traceId, server.spanId])
    })
  }

  for (const express of ['express', 'express4'] as const) {
    it(`makes one server span per request behind rage.context() too, in ${express}`, async () => {
      const app = await start({ context: true, express })

      await app.get('/articles/hello')
      await app.get('/users/7')

      const { spans } = await app.ended()
      assert.deepEqual(servers(spans).toSorted(), [
        `GET /articles/:slug by ${official}`,
        `GET /users/:id by ${official}`,
      ])
      assert.equal(only(spans, 'GET /users/:id').attributes['rage.arm'], 'legacy')
    })
  }

  it('finds their span again where a middleware has lost it', async () => {
    const app = await start({ lossy: true })

    await app.get('/articles/hello')

    const { spans } = await app.ended()
    assert.deepEqual(servers(spans), [`GET /articles/:slug by ${official}`])
    assert.equal(only(spans, 'SELECT').traceId, traceId)
  })

  it('ends their span of a WebSocket handshake, which they would leave open for ever', async () => {
    const app = await start({})

    await app.visit('/cable')

    const { spans } = await app.ended()
    assert.deepEqual(servers(spans), [`GET /cable by ${official}`])
    assert.equal(only(spans, 'GET /cable').attributes['http.response.status_code'], 101)
  })

  it('makes no spans of requests that they were told to ignore', async () => {
    const app = await start({})

    await app.get('/healthz')

    const { spans } = await app.ended()
    assert.deepEqual(spans, [])
  })
})

describe('opentelemetry: beside the official instrumentation of http alone', () => {
  it('names legacy routes, which it cannot know', async () => {
    const app = await start({ instrumented: 'http', context: true })

    await app.get('/users/7')

    const { spans } = await app.ended()
    assert.deepEqual(servers(spans), [`GET /users/:id by ${official}`])
    assert.equal(only(spans, 'GET /users/:id').attributes['http.route'], '/users/:id')
  })
})

describe('opentelemetry: beside the official instrumentation of express alone', () => {
  it('makes the server span, and theirs lie within', async () => {
    const app = await start({ instrumented: 'express', context: true })

    await app.get('/users/7')

    const { spans } = await app.ended()
    assert.deepEqual(servers(spans), ['GET /users/:id by rage-js'])
    const handler = spans.find(({ scope }) => scope === '@opentelemetry/instrumentation-express')!
    assert.equal(handler.traceId, traceId)
  })
})
