/** How what has no request around it appears in a trace: messages of clients, broadcasts, pieces of `rage.all`, progress. */
import assert from 'node:assert'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { trace } from '@opentelemetry/api'
import express, { type Express } from 'express'
import supertest from 'supertest'
import { afterEach, describe, it } from 'vitest'
import WebSocket from 'ws'
import { Channel, Connection, Controller, Task } from '../../../src'
import type { Rage } from '../../../src/runtime'
import type { ReceivedSpan } from './support/collector'
import { only, type Sdk, startSdk, tracedRage } from './support/traced'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const callerSpan = '00f067aa0ba902b7'
const traceparent = `00-${traceId}-${callerSpan}-01`

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function tracing(): Promise<{ sdk: Sdk; rage: Rage; lines: Record<string, unknown>[] }> {
  const sdk = await startSdk()
  stops.push(() => sdk.stop())
  const { rage, lines, stop } = tracedRage()
  stops.push(stop)
  return { sdk, rage, lines }
}

async function listening(app: Express): Promise<string> {
  const server: Server = app.listen(0, '127.0.0.1')
  stops.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Asks the collector until the spans of these names are there. */
async function arrived(sdk: Sdk, ...names: readonly string[]): Promise<readonly ReceivedSpan[]> {
  const until = Date.now() + 5_000
  for (;;) {
    const spans = await sdk.spans()
    if (names.every((name) => spans.some((span) => span.name === name))) return spans
    if (Date.now() > until)
      throw new Error(`of ${names.join(', ')} only came: ${spans.map(({ name }) => name).join(', ')}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

class AppConnection extends Connection {
  override connect() {
    trace.getTracer('pg').startSpan('SELECT user').end()
  }

  override disconnect() {}
}

class ChatChannel extends Channel<AppConnection> {
  override subscribed() {
    this.streamFrom('chat:42')
  }

  speak() {
    this.broadcast('chat:42', { said: 'hello' })
  }
}

describe('opentelemetry: a WebSocket', () => {
  it('is a request that ends with 101, and messages that are traces of their own, linked to it', async () => {
    const { sdk, rage } = await tracing()
    rage.register(AppConnection, ChatChannel)
    const url = await listening(express().use('/live', rage.mount()))
    const client = new WebSocket(`${url}/live/cable`, 'actioncable-v1-json', { headers: { traceparent } })
    const identifier = JSON.stringify({ channel: 'ChatChannel' })
    client.on('message', (data) => {
      const { type, message } = JSON.parse(String(data))
      if (type === 'welcome') client.send(JSON.stringify({ command: 'subscribe', identifier }))
      if (type === 'confirm_subscription')
        client.send(JSON.stringify({ command: 'message', identifier, data: '{"action":"speak"}' }))
      if (message !== undefined) client.close()
    })

    const spans = await arrived(sdk, 'GET /live/cable', 'ChatChannel/speak', 'AppConnection#disconnect')

    const handshake = only(spans, 'GET /live/cable')
    assert.deepEqual(
      [handshake.kind, handshake.traceId, handshake.parentSpanId, handshake.status],
      ['SERVER', traceId, callerSpan, 'UNSET'],
    )
    assert.equal(handshake.attributes['http.response.status_code'], 101)
    assert.equal(handshake.attributes['http.route'], '/live/cable')
    const connect = only(spans, 'AppConnection#connect')
    assert.deepEqual([connect.kind, connect.parentSpanId], ['INTERNAL', handshake.spanId])
    assert.equal(only(spans, 'SELECT user').parentSpanId, connect.spanId)

    const speak = only(spans, 'ChatChannel/speak')
    assert.deepEqual([speak.kind, speak.parentSpanId], ['SERVER', ''])
    assert.deepEqual(speak.links, [{ traceId, spanId: handshake.spanId }])
    assert.deepEqual(speak.attributes, {
      'rpc.system.name': 'actioncable',
      'rpc.method': 'ChatChannel/speak',
      'network.protocol.name': 'websocket',
      'code.function.name': 'ChatChannel.speak',
    })
    const broadcast = only(spans, 'broadcast')
    assert.deepEqual([broadcast.kind, broadcast.parentSpanId], ['PRODUCER', speak.spanId])
    assert.equal(broadcast.attributes['messaging.destination.name'], 'chat:42')
    assert.equal(broadcast.attributes['rage.receivers'], 1)
    assert.deepEqual(only(spans, 'AppConnection#disconnect').links, [{ traceId, spanId: handshake.spanId }])
  })

  it('that the app refuses is a request with the status of the refusal', async () => {
    const { sdk, rage } = await tracing()
    rage.register(AppConnection, ChatChannel)
    const app = express().use(rage.context())
    app.use((_req, res) => void res.status(401).end())
    app.use(rage.mount())
    const client = new WebSocket(`${await listening(app)}/cable`, 'actioncable-v1-json')
    client.on('error', () => undefined)
    const [, res] = await once(client, 'unexpected-response')
    res.resume()

    const [span] = await arrived(sdk, 'GET')

    assert.equal(span!.attributes['http.response.status_code'], 401)
  })
})

describe('opentelemetry: work inside of a request', () => {
  it('has pieces of rage.all, and names its own span to other services', async () => {
    const { sdk, rage } = await tracing()
    let sent: Record<string, string> = {}
    class PagesController extends Controller {
      async show() {
        await rage.all([
          async () => {
            sent = rage.headers('http://127.0.0.1/')
          },
        ])
        return {}
      }
    }
    rage.routes((r) => r.get('/page', [PagesController, 'show']))

    await supertest(express().use(rage.mount())).get('/page').set({ traceparent }).expect(200)

    const spans = await arrived(sdk, 'GET /page')
    const action = only(spans, 'PagesController#show')
    const whole = only(spans, 'rage.all')
    const piece = only(spans, 'rage.all piece')
    assert.equal(whole.parentSpanId, action.spanId)
    assert.equal(piece.traceId, traceId)
    assert.equal(sent.traceparent, `00-${traceId}-${piece.spanId}-01`)
  })
})

describe('opentelemetry: the progress of a job', () => {
  it('is an event of the span of its attempt', async () => {
    const { sdk, rage } = await tracing()
    class Import extends Task<Record<string, never>> {
      override async perform(_args: Record<string, never>, job: { progress(value: unknown): void }) {
        job.progress({ rows: 10 })
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    rage.register(Import)
    await rage.boot()
    await Import.enqueue({})

    const spans = await arrived(sdk, 'process Import')

    const { events } = only(spans, 'process Import')
    assert.deepEqual(events, [{ name: 'progress', attributes: { 'rage.job.progress': '{"rows":10}' } }])
  })
})
