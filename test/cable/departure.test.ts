import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Channel, Connection } from '../../src/cable'
import { serviceContract } from '../kernel/service-contract'
import { bootCable, until } from './cable-world'

const restart = '{"type":"disconnect","reason":"server_restart","reconnect":true}'

describe('cable: its service', () => {
  serviceContract(async () => (await bootCable([], { serve: false })).cable.service)
})

describe('cable: a drain', () => {
  const events: string[] = []
  class Members extends Connection {
    override disconnect() {
      events.push('disconnect')
    }
  }
  class Room extends Channel {
    override async unsubscribed() {
      await new Promise((resolve) => setImmediate(resolve))
      events.push('unsubscribed')
    }
    async finish() {
      await new Promise((resolve) => setImmediate(resolve))
      events.push('finished')
    }
  }
  const room = '{"channel":"Room"}'

  it('tells everybody to come back, finishes what they sent, runs the hooks and closes the sockets', async () => {
    events.length = 0
    const { join, cable, server, sockets, bus, clock } = await bootCable([Room], { connection: Members })
    const client = await join()
    await client.subscribed(room)
    client.perform(room, { action: 'finish' })
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))

    const report = await cable.service.drain(AbortSignal.timeout(5_000))

    assert.deepEqual(report, { finished: 1, abandoned: [] })
    assert.deepEqual(events, ['finished', 'unsubscribed', 'disconnect'])
    assert.ok(sockets.every((socket) => socket.destroyed))
    await client.next(restart)
    assert.deepEqual(await client.closed, { code: 1012, reason: 'server_restart' })
    assert.deepEqual(cable.stats(), { connections: 0, subscriptions: 0, streams: 0 })
    assert.equal(bus.streams, 0)
    assert.equal(clock.timers, 0)
    await new Promise((resolve) => server.close(resolve))
  })

  it('spreads many over time, at 5 ms each, and at most over drainSpreadMs', async () => {
    const { join, cable, clock } = await bootCable([])
    const clients = await Promise.all(Array.from({ length: 100 }, () => join()))
    let told = 0
    for (const client of clients) void client.next(restart).then(() => (told += 1))

    const drained = cable.service.drain(new AbortController().signal)
    await until(() => told === 10)
    await clock.advance(200)
    await until(() => told === 50)
    await clock.advance(250)
    await until(() => told === 100)

    assert.deepEqual(await drained, { finished: 100, abandoned: [] })
  })

  it('tells the rest at once when the deadline comes first', async () => {
    const { join, cable } = await bootCable([])
    const clients = await Promise.all(Array.from({ length: 100 }, () => join()))
    const deadline = new AbortController()

    const drained = cable.service.drain(deadline.signal)
    deadline.abort()

    await drained
    await Promise.all(clients.map((client) => client.next(restart)))
    assert.equal(cable.stats().connections, 0)
  })

  it('closes the sockets at the deadline although hooks hang, and says whose', async () => {
    class Hanging extends Channel {
      override unsubscribed() {
        return new Promise(() => {})
      }
    }
    const { join, cable, sockets } = await bootCable([Hanging])
    const client = await join({ headers: { 'X-Request-Id': 'req-7' } })
    await client.subscribed('{"channel":"Hanging"}')

    const report = await cable.service.drain(AbortSignal.timeout(50))

    assert.deepEqual(report, { finished: 0, abandoned: ['connection req-7'] })
    assert.ok(sockets.every((socket) => socket.destroyed))
  })

  it('drops a client that does not answer the closing handshake', async () => {
    const { join, cable, clock } = await bootCable([])
    const client = await join()
    client.ws.pause()

    const drained = cable.service.drain(new AbortController().signal)
    await clock.advance(2_000)

    assert.deepEqual(await drained, { finished: 1, abandoned: [] })
  })

  it('with nobody connected is over at once', async () => {
    const { cable } = await bootCable([])

    assert.deepEqual(await cable.service.drain(new AbortController().signal), { finished: 0, abandoned: [] })
  })
})

describe('cable: stop', () => {
  it('closes every socket, also without a drain, any number of times', async () => {
    const { join, cable, sockets } = await bootCable([])
    await join()

    await Promise.all([cable.service.stop(), cable.service.stop()])

    assert.ok(sockets.every((socket) => socket.destroyed))
  })

  it('makes calls on the class throw', async () => {
    class Room extends Channel {}
    const { cable } = await bootCable([Room])

    await cable.service.stop()

    assert.throws(() => Room.broadcast('x', 1), /RAGE_KERNEL_NOT_REGISTERED/)
  })
})
