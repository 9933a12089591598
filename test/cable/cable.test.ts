import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Channel, Connection } from '../../src/cable'
import { bootCable, until } from './cable-world'

const chat = '{"channel":"ChatChannel","room":"1"}'
const confirmed = (identifier: string) =>
  `{"identifier":${JSON.stringify(identifier)},"type":"confirm_subscription"}`
const rejected = (identifier: string) =>
  `{"identifier":${JSON.stringify(identifier)},"type":"reject_subscription"}`
const message = (identifier: string, json: string) =>
  `{"identifier":${JSON.stringify(identifier)},"message":${json}}`

class ChatChannel extends Channel<Connection, { room: string }> {
  override subscribed() {
    this.streamFrom(`chat:${this.params.room}`)
  }
  speak({ text }: { text: string }) {
    this.broadcast(`chat:${this.params.room}`, { text })
  }
  echo(data: unknown) {
    this.transmit(data)
  }
  leave() {
    this.stopStreamFrom(`chat:${this.params.room}`)
  }
}

describe('cable: the protocol', () => {
  it('welcomes, confirms, broadcasts and carries out actions, in the exact format of actioncable-v1-json', async () => {
    const { connect } = await bootCable([ChatChannel])
    const client = connect()

    assert.equal(await client.next(), '{"type":"welcome"}')
    client.subscribe(chat)
    assert.equal(
      await client.next(),
      '{"identifier":"{\\"channel\\":\\"ChatChannel\\",\\"room\\":\\"1\\"}","type":"confirm_subscription"}',
    )
    client.perform(chat, { action: 'speak', text: 'hello' })
    assert.equal(
      await client.next(),
      '{"identifier":"{\\"channel\\":\\"ChatChannel\\",\\"room\\":\\"1\\"}","message":{"text":"hello"}}',
    )
    assert.equal(client.ws.protocol, 'actioncable-v1-json')
    assert.equal(client.ws.extensions, '')
  })

  it('sends an identifier back as the client wrote it, also with broadcasts', async () => {
    const spaced = '{ "room": "1",  "channel": "ChatChannel" }'
    const { join, cable } = await bootCable([ChatChannel])
    const [client, other] = [await join(), await join()]
    await client.subscribed(spaced)
    await other.subscribed(chat)

    cable.broadcast('chat:1', [1, 'ä'])

    assert.equal(await client.next(), message(spaced, '[1,"ä"]'))
    assert.equal(await other.next(), message(chat, '[1,"ä"]'))
  })

  it('confirms a repeated subscription again, without running its hooks again', async () => {
    const { join, cable } = await bootCable([ChatChannel])
    const client = await join()
    await client.subscribed(chat)
    await client.subscribed(chat)

    cable.broadcast('chat:1', 'once')

    await client.next(message(chat, '"once"'))
    await client.settled()
  })

  it('confirms a subscription that follows its own unsubscribe at once', async () => {
    const { join, cable } = await bootCable([ChatChannel])
    const client = await join()
    await client.subscribed(chat)

    client.unsubscribe(chat)
    client.subscribe(chat)
    await client.next(confirmed(chat))
    cable.broadcast('chat:1', 'still here')

    await client.next(message(chat, '"still here"'))
  })

  it('sends nothing of a stream after unsubscribe or stopStreamFrom', async () => {
    const { join, cable } = await bootCable([ChatChannel])
    const [leaver, stopper] = [await join(), await join()]
    for (const client of [leaver, stopper]) await client.subscribed(chat)

    leaver.unsubscribe(chat)
    stopper.perform(chat, { action: 'leave' })
    await leaver.settled()
    await stopper.settled()
    cable.broadcast('chat:1', 'nobody is here')

    await leaver.settled()
    await stopper.settled()
    assert.deepEqual(cable.stats(), { connections: 2, subscriptions: 1, streams: 0 })
  })

  it('rejects an unknown channel, and anything else that names none, without disconnecting', async () => {
    const { join, lines } = await bootCable([ChatChannel])
    const client = await join()

    for (const identifier of [
      '{"channel":"ChatChanel"}',
      '{"room":1}',
      'not json',
      '[]',
      '{"channel":"__proto__"}',
    ]) {
      client.subscribe(identifier)
      await client.next(rejected(identifier))
    }

    assert.match(
      lines.find(({ code }) => code === 'RAGE_CABLE_UNKNOWN_CHANNEL')!.msg,
      /Did you mean "ChatChannel"\?/,
    )
    await client.subscribed(chat)
  })

  it('ignores unknown commands, actions and subscriptions, with one warning each', async () => {
    const { join, lines } = await bootCable([ChatChannel])
    const client = await join()
    await client.subscribed(chat)

    client.send({ command: 'whisper', identifier: chat })
    client.send({ command: 'message', identifier: chat })
    client.send({ command: 'message', identifier: chat, data: '{not json' })
    client.perform('{"channel":"Other"}', { action: 'speak' })
    client.perform(chat, { action: 'shout' })
    await client.settled()

    const codes = lines
      .filter(({ level, msg }) => level === 40 && !msg.includes('fence'))
      .map(({ code }) => code)
    assert.deepEqual(codes, [
      'RAGE_CABLE_UNKNOWN_COMMAND',
      'RAGE_CABLE_UNKNOWN_COMMAND',
      'RAGE_CABLE_UNKNOWN_COMMAND',
      'RAGE_CABLE_NOT_SUBSCRIBED',
      'RAGE_CABLE_UNKNOWN_ACTION',
    ])
  })

  it('writes no more than a few words of what a client made up into the log', async () => {
    const { join, lines } = await bootCable([ChatChannel])
    const client = await join()
    await client.subscribed(chat)
    const long = 'x'.repeat(10_000)

    client.send({ command: long, identifier: chat })
    client.send({ command: [long], identifier: chat })
    client.perform(chat, { action: long })
    client.subscribe(`{"channel":"${long}"}`)
    await client.next()
    await client.settled()

    const warned = lines.filter(({ level, msg }) => level === 40 && !msg.includes('fence'))
    assert.equal(warned.length, 4)
    for (const line of warned) assert.ok(JSON.stringify(line).length < 1_000)
  })

  it.each(['{not json', '42', 'null', '[]', ''])(
    'disconnects a client that sends %j, and lives on',
    async (text) => {
      const { join, lines } = await bootCable([ChatChannel])
      const [broken, other] = [await join(), await join()]

      broken.ws.send(text)

      await broken.next('{"type":"disconnect","reason":"invalid_request","reconnect":false}')
      assert.deepEqual(await broken.closed, { code: 1008, reason: 'invalid_request' })
      assert.equal(lines.filter(({ code }) => code === 'RAGE_CABLE_MALFORMED').length, 1)
      await other.subscribed(chat)
    },
  )

  it('disconnects a client that sends binary', async () => {
    const { join } = await bootCable([ChatChannel])
    const client = await join()

    client.ws.send(Buffer.from('{"command":"subscribe"}'))

    await client.next('{"type":"disconnect","reason":"invalid_request","reconnect":false}')
  })

  it('closes with 1009 on a message longer than the limit, and takes one as long as it', async () => {
    const { join, lines } = await bootCable([ChatChannel], { options: { maxMessageBytes: 200 } })
    const client = await join()

    client.ws.send(JSON.stringify({ command: 'x', pad: '' }).replace('""', `"${'x'.repeat(200 - 24)}"`))
    await client.settled()
    client.ws.send('x'.repeat(201))

    assert.equal((await client.closed).code, 1009)
    assert.equal(lines.filter(({ code }) => code === 'RAGE_CABLE_OVERSIZED').length, 1)
  })

  it.each([124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537])(
    'frames a message of %i bytes',
    async (bytes) => {
      const { join } = await bootCable([ChatChannel], { options: { maxMessageBytes: 100_000 } })
      const client = await join()
      await client.subscribed(chat)
      const envelope = Buffer.byteLength(message(chat, '{"action":"echo","pad":"ü"}'))
      const pad = `ü${'x'.repeat(bytes - envelope)}`

      client.perform(chat, { action: 'echo', pad })

      assert.equal(await client.next(), message(chat, JSON.stringify({ action: 'echo', pad })))
    },
  )

  it('rejects more subscriptions than one connection may have', async () => {
    const { join } = await bootCable([ChatChannel], { options: { maxSubscriptions: 1 } })
    const client = await join()
    await client.subscribed(chat)

    client.subscribe('{"channel":"ChatChannel","room":"2"}')

    await client.next(rejected('{"channel":"ChatChannel","room":"2"}'))
  })

  it('has nothing left once everybody is gone', async () => {
    const { join, cable, clock, bus } = await bootCable([ChatChannel])
    const clients = await Promise.all(Array.from({ length: 20 }, () => join()))
    await Promise.all(clients.map((client) => client.subscribed(chat)))
    assert.deepEqual(cable.stats(), { connections: 20, subscriptions: 20, streams: 1 })

    for (const [index, client] of clients.entries())
      index % 2 === 0 ? client.ws.close() : client.ws.terminate()
    await until(() => cable.stats().connections === 0)

    assert.deepEqual(cable.stats(), { connections: 0, subscriptions: 0, streams: 0 })
    assert.equal(bus.streams, 0)
    assert.equal(clock.timers, 0)
  })
})

describe('cable: registration', () => {
  it('reaches the runtime of the class from a call on the class', async () => {
    const { join } = await bootCable([ChatChannel])
    const client = await join()
    await client.subscribed(chat)

    ChatChannel.broadcast('chat:1', { from: 'a class' })

    await client.next(message(chat, '{"from":"a class"}'))
  })

  it('has one Connection class', async () => {
    class First extends Connection {}
    class Second extends Connection {}
    const { cable } = await bootCable([], { connection: First, serve: false })

    assert.throws(
      () => cable.register(Second),
      /RAGE_CABLE_SECOND_CONNECTION: Second was registered, but First/,
    )
  })

  it('refuses classes after boot, and a callback that is not a method', async () => {
    class Late extends Channel {}
    class Wrong extends Channel {
      static {
        this.beforeSubscribe('chekc' as never)
      }
    }
    const { cable } = await bootCable([ChatChannel])

    assert.throws(() => cable.register(Late), /RAGE_KERNEL_REGISTRATION_CLOSED/)
    await assert.rejects(bootCable([Wrong]), /RAGE_CABLE_UNKNOWN_CALLBACK: Wrong declares a callback "chekc"/)
  })

  it('refuses to broadcast what is not JSON, to no stream, or for no model', async () => {
    const { cable } = await bootCable([ChatChannel])

    assert.throws(() => cable.broadcast('x', undefined), /RAGE_CABLE_UNENCODABLE.*the stream "x"/)
    assert.throws(() => cable.broadcast('x', 1n), /RAGE_CABLE_UNENCODABLE/)
    assert.throws(() => cable.broadcast('', 1), /RAGE_CABLE_INVALID_STREAM/)
    assert.throws(() => ChatChannel.broadcastTo({ id: 1 }, 1), /RAGE_CABLE_UNSTREAMABLE/)
  })
})
