import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Channel, Connection } from '../../src/cable'
import { Context, CurrentAttributes, currentContext, type Effect, runInContext } from '../../src/context'
import { type Span, type SpanResult, TelemetryHandler } from '../../src/telemetry'
import { bootCable, until } from './cable-world'

class Current extends CurrentAttributes<{ user: string; step: string }> {}

describe('cable: the context of a connection', () => {
  const seen: unknown[] = []
  const look = (where: string) => {
    const context = currentContext()
    seen.push([where, context?.kind, context?.requestId, Current.get('user'), Current.get('step')])
  }
  class Members extends Connection {
    override connect() {
      Current.set({ step: 'connect' })
      look('connect')
    }
    override disconnect() {
      look('disconnect')
    }
  }
  class Room extends Channel {
    override subscribed() {
      Current.set({ step: 'lost after this hook' })
      look('subscribed')
    }
    async look() {
      await new Promise((resolve) => setImmediate(resolve))
      look('action')
      this.connection.logger.info('from an action')
    }
    override unsubscribed() {
      look('unsubscribed')
    }
  }

  it('is derived from its handshake: hooks and actions keep its request id and Current, and share nothing else', async () => {
    seen.length = 0
    const { join, cable, lines } = await bootCable([Room], {
      connection: Members,
      contextFor: (req, scope) => {
        const context = new Context({
          kind: 'request',
          scope,
          requestId: String(req.headers['x-request-id']),
        })
        runInContext(context, () => Current.set({ user: 'ada' }))
        return context
      },
    })
    const room = '{"channel":"Room"}'
    const client = await join({ headers: { 'X-Request-Id': 'req-1' } })
    const other = await join({ headers: { 'X-Request-Id': 'req-2' } })
    await client.subscribed(room)

    client.perform(room, { action: 'look' })
    await client.settled()
    client.ws.close()
    await until(() => cable.stats().connections === 1)

    assert.deepEqual(seen, [
      ['connect', 'cable', 'req-1', 'ada', 'connect'],
      ['connect', 'cable', 'req-2', 'ada', 'connect'],
      ['subscribed', 'cable', 'req-1', 'ada', 'lost after this hook'],
      ['action', 'cable', 'req-1', 'ada', 'connect'],
      ['unsubscribed', 'cable', 'req-1', 'ada', 'connect'],
      ['disconnect', 'cable', 'req-1', 'ada', 'connect'],
    ])
    assert.equal(lines.find(({ msg }) => msg === 'from an action')!.requestId, 'req-1')
    assert.equal(lines.find(({ msg }) => msg === 'cable connection closed')!.requestId, 'req-1')
    other.ws.close()
  })

  it('takes X-Request-Id when there is no handshake context', async () => {
    const { join, lines } = await bootCable([])

    await join({ headers: { 'X-Request-Id': 'from the header' } })

    assert.equal(lines.find(({ msg }) => msg === 'cable connection opened')!.requestId, 'fromtheheader')
  })
})

describe('cable: a broadcast', () => {
  it('is logged with the id of the request that made it', async () => {
    const { cable, lines, scope } = await bootCable([])
    const request = new Context({ kind: 'request', scope, requestId: 'req-9' })

    runInContext(request, () => cable.broadcast('news', 1))

    const { requestId, stream } = lines.find(({ msg }) => msg === 'cable broadcast')!
    assert.deepEqual([requestId, stream], ['req-9', 'news'])
  })

  it('passes the gate of its unit of work, and is sent when the gate performs it, as it was at the call', async () => {
    class News extends Channel {
      override subscribed() {
        this.streamFrom('news')
      }
    }
    const { join, scope } = await bootCable([News])
    const client = await join()
    await client.subscribed('{"channel":"News"}')
    const held: Effect[] = []
    const request = new Context({ kind: 'request', scope, requestId: 'req-9' })
    request.gate = {
      pass(effect) {
        held.push(effect)
        return effect.held()
      },
    }
    const message = { total: 1 }

    runInContext(request, () => News.broadcast('news', message))
    message.total = 2
    await client.settled()
    held[0]!.perform()

    await client.next('{"identifier":"{\\"channel\\":\\"News\\"}","message":{"total":1}}')
    assert.deepEqual([held[0]!.kind, held[0]!.target, held[0]!.payload], ['broadcast', 'news', { total: 2 }])
  })
})

describe('cable: telemetry', () => {
  it('has a span for the handshake, connection hooks, channel hooks and actions, and broadcasts', async () => {
    const spans: unknown[] = []
    class Recorder extends TelemetryHandler {
      static {
        this.handle('cable.*')
      }
      async call(span: Span, next: () => Promise<SpanResult>) {
        const seen: unknown[] = [span.name, span.attributes]
        spans.push(seen)
        const { error } = await next()
        seen.push(error === null ? null : String(error))
      }
    }
    class Room extends Channel {
      speak() {
        this.broadcast('room', 1)
      }
      fail() {
        throw new Error('x')
      }
    }
    const room = '{"channel":"Room"}'
    const { join, cable } = await bootCable([Room], { handlers: [Recorder] })
    const client = await join({ query: '?token=secret' })
    await client.subscribed(room)
    client.perform(room, { action: 'speak' })
    client.perform(room, { action: 'fail' })
    await client.settled()
    client.ws.close()
    await until(() => cable.stats().connections === 0 && spans.length === 8)

    assert.deepEqual(spans, [
      ['cable.websocket.handshake', { path: '/cable' }, null],
      ['cable.connection.process', { connection: 'Everybody', hook: 'connect' }, null],
      ['cable.action.process', { channel: 'Room', action: 'subscribed' }, null],
      ['cable.action.process', { channel: 'Room', action: 'speak' }, null],
      ['cable.stream.broadcast', { stream: 'room' }, null],
      ['cable.action.process', { channel: 'Room', action: 'fail' }, 'Error: x'],
      ['cable.action.process', { channel: 'Room', action: 'unsubscribed' }, null],
      ['cable.connection.process', { connection: 'Everybody', hook: 'disconnect' }, null],
    ])
  })
})
