/** The published `@rails/actioncable`, unchanged: what its users will run. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { Channel, Connection } from '../../src/cable'
import { systemClock } from '../../src/kernel'
import { bootCable } from './cable-world'

interface OfficialSubscription {
  perform(action: string, data?: object): void
  send(data: object): void
  unsubscribe(): void
}

interface OfficialConsumer {
  subscriptions: {
    create(params: object, callbacks: Record<string, (argument: unknown) => void>): OfficialSubscription
  }
  disconnect(): void
}

interface OfficialClient {
  createConsumer(url: () => string): OfficialConsumer
  adapters: { WebSocket: unknown }
  ConnectionMonitor: { staleThreshold: number }
}

const official: OfficialClient = createRequire(import.meta.url)('@rails/actioncable')

class Members extends Connection {
  override connect() {
    if (this.params.get('token') !== 'good') this.reject()
  }
}

class ChatChannel extends Channel<Members, { room: string }> {
  override subscribed() {
    if (this.params.room === 'closed') return this.reject()
    this.streamFrom(`chat:${this.params.room}`)
    this.transmit({ kind: 'history' })
  }
  speak({ text }: { text: string }) {
    this.broadcast(`chat:${this.params.room}`, { kind: 'said', text })
  }
  override receive(data: unknown) {
    this.transmit({ kind: 'received', data })
  }
}

/** Everything a subscription's callbacks were called with; `take` waits for the next. */
function listen(consumer: OfficialConsumer, params: object) {
  const events: unknown[] = []
  let wake = () => {}
  const note = (name: string) => (argument: unknown) => {
    events.push(argument === undefined ? [name] : [name, argument])
    wake()
  }
  const callbacks = Object.fromEntries(
    ['connected', 'disconnected', 'rejected', 'received'].map((name) => [name, note(name)]),
  )
  const subscription = consumer.subscriptions.create(params, callbacks)
  const take = async (): Promise<unknown> => {
    while (events.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return events.shift()
  }
  return { subscription, take }
}

function consumerFor(url: () => string): OfficialConsumer {
  const consumer = official.createConsumer(url)
  onTestFinished(() => consumer.disconnect())
  return consumer
}

describe('cable: the protocol, as the official client speaks it', () => {
  const room = { channel: 'ChatChannel', room: '1' }
  const threshold = official.ConnectionMonitor.staleThreshold

  beforeAll(() => {
    // What a browser has and Node has not.
    Object.assign(globalThis, { addEventListener: () => {}, removeEventListener: () => {}, document: {} })
    official.adapters.WebSocket = WebSocket
    // Its reconnection waits for one to two of these; 6 s by default.
    official.ConnectionMonitor.staleThreshold = 0.3
  })

  afterAll(() => {
    for (const name of ['addEventListener', 'removeEventListener', 'document'])
      Reflect.deleteProperty(globalThis, name)
    official.ConnectionMonitor.staleThreshold = threshold
  })

  const boot = () =>
    bootCable([ChatChannel], { connection: Members, options: { pingMs: 100 }, clock: systemClock })

  it('subscribes, receives, performs, sends, unsubscribes', async () => {
    const { url, cable, join } = await boot()
    const { subscription, take } = listen(
      consumerFor(() => `${url}?token=good`),
      room,
    )
    assert.deepEqual(await take(), ['received', { kind: 'history' }])
    assert.deepEqual(await take(), ['connected', { reconnected: false }])

    subscription.perform('speak', { text: 'hello' })
    assert.deepEqual(await take(), ['received', { kind: 'said', text: 'hello' }])
    subscription.send({ text: 'no action' })
    assert.deepEqual(await take(), ['received', { kind: 'received', data: { text: 'no action' } }])
    ChatChannel.broadcast('chat:1', { kind: 'broadcast' })
    assert.deepEqual(await take(), ['received', { kind: 'broadcast' }])

    subscription.unsubscribe()
    while (cable.stats().subscriptions > 0) await (await join({ query: '?token=good' })).settled()
    assert.equal(cable.stats().streams, 0)
  })

  it('hears a rejection, and stays connected', async () => {
    const { url } = await boot()
    const consumer = consumerFor(() => `${url}?token=good`)

    assert.deepEqual(await listen(consumer, { ...room, room: 'closed' }).take(), ['rejected'])
    assert.deepEqual(await listen(consumer, { channel: 'Unknown' }).take(), ['rejected'])
    assert.deepEqual(await listen(consumer, room).take(), ['received', { kind: 'history' }])
  })

  it('does not come back after it was turned away', async () => {
    const { url } = await boot()

    const { take } = listen(
      consumerFor(() => `${url}?token=bad`),
      room,
    )

    assert.deepEqual(await take(), ['disconnected', { willAttemptReconnect: false }])
  })

  it('comes back after a drain, to the next server, with its subscriptions', async () => {
    const before = await boot()
    const after = await boot()
    let url = before.url
    const { take } = listen(
      consumerFor(() => `${url}?token=good`),
      room,
    )
    assert.deepEqual(await take(), ['received', { kind: 'history' }])
    assert.deepEqual(await take(), ['connected', { reconnected: false }])

    url = after.url
    await before.cable.service.drain(AbortSignal.timeout(5_000))

    assert.deepEqual(await take(), ['disconnected', { willAttemptReconnect: true }])
    assert.deepEqual(await take(), ['received', { kind: 'history' }])
    assert.deepEqual(await take(), ['connected', { reconnected: true }])
    after.cable.broadcast('chat:1', 'after the restart')
    assert.deepEqual(await take(), ['received', 'after the restart'])
  })
})
