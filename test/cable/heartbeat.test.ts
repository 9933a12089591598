import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Channel } from '../../src/cable'
import { bootCable, until } from './cable-world'

class News extends Channel {
  override subscribed() {
    this.streamFrom('news')
  }
}
const news = '{"channel":"News"}'

describe('cable: pings', () => {
  it('come every three seconds, with the time in seconds', async () => {
    const { join, clock } = await bootCable([])
    const client = await join()

    await clock.advance(2_999)
    await clock.advance(1)
    assert.equal(await client.next(), '{"type":"ping","message":1767225603}')
    await clock.advance(3_000)
    assert.equal(await client.next(), '{"type":"ping","message":1767225606}')
  })

  it('use one timer for everybody, and none while nobody is there', async () => {
    const { join, clock, cable } = await bootCable([])
    assert.equal(clock.timers, 0)
    const clients = await Promise.all([join(), join(), join()])
    assert.equal(clock.timers, 1)

    for (const client of clients) client.ws.close()
    await until(() => cable.stats().connections === 0)

    assert.equal(clock.timers, 0)
  })

  it('left unanswered twice end the connection, and unsubscribed runs', async () => {
    const left: string[] = []
    class Room extends Channel {
      override unsubscribed() {
        left.push('left')
      }
    }
    const { join, clock, cable, lines } = await bootCable([Room])
    const [alive, dead] = [await join(), await join({ autoPong: false })]
    await dead.subscribed('{"channel":"Room"}')

    for (const second of [3, 6, 9]) {
      assert.equal(cable.stats().connections, 2, `before ${second} s`)
      await clock.advance(3_000)
      await alive.next()
      await until(() => alive.ws.readyState === 1)
      // The pong of the living client must have arrived before the next beat.
      await alive.settled()
    }
    await until(() => cable.stats().connections === 1)

    assert.equal((await dead.closed).code, 1006)
    assert.deepEqual(left, ['left'])
    assert.equal(lines.filter(({ msg }) => msg === 'cable connection is dead').length, 1)
  })

  it('count any message as a sign of life', async () => {
    const { join, clock, cable } = await bootCable([])
    const client = await join({ autoPong: false })

    for (let beat = 0; beat < 5; beat++) {
      await clock.advance(3_000)
      await client.next()
      await client.settled()
    }

    assert.equal(cable.stats().connections, 1)
  })
})

describe('cable: a client that does not read', () => {
  it('is cut off with more than maxQueuedBytes waiting; others are not', async () => {
    const { join, clock, cable, lines, sockets } = await bootCable([News])
    const [reader, sleeper] = [await join(), await join({ autoPong: false })]
    for (const client of [reader, sleeper]) await client.subscribed(news)
    sleeper.ws.pause()
    const text = 'x'.repeat(50_000)

    let sent = 0
    while (lines.every(({ msg }) => msg !== 'cable connection is too slow and was cut off')) {
      cable.broadcast('news', text)
      sent += 1
      await reader.next()
      assert.ok(sent < 2_000)
    }
    const waiting = sockets[1]!.writableLength
    await clock.advance(2_000)
    await until(() => cable.stats().connections === 1)

    assert.ok(waiting > 1_048_576 && waiting < 1_048_576 + 100_000, `${waiting} bytes were waiting`)
    cable.broadcast('news', 'still here')
    await reader.next('{"identifier":"{\\"channel\\":\\"News\\"}","message":"still here"}')
  })

  it('is told so when it reads after all', async () => {
    const { join, cable, lines } = await bootCable([News])
    const client = await join()
    await client.subscribed(news)
    client.ws.pause()
    while (lines.every(({ msg }) => msg !== 'cable connection is too slow and was cut off')) {
      cable.broadcast('news', 'x'.repeat(50_000))
      await new Promise((resolve) => setImmediate(resolve))
    }

    client.ws.resume()

    let last = await client.next()
    while (!last.includes('"disconnect"')) last = await client.next()
    assert.equal(last, '{"type":"disconnect","reason":"too_slow","reconnect":true}')
    assert.deepEqual(await client.closed, { code: 1013, reason: 'too_slow' })
  })

  it('is cut off as well when it lets subscribed wait while broadcasts pile up', async () => {
    class Stuck extends Channel {
      override subscribed() {
        this.streamFrom('news')
        this.transmit('ready')
        return new Promise(() => {})
      }
    }
    const { join, cable } = await bootCable([Stuck], { options: { maxQueuedBytes: 10_000 } })
    const client = await join()
    client.subscribe('{"channel":"Stuck"}')
    await client.next()

    for (let n = 0; n < 11; n++) cable.broadcast('news', 'x'.repeat(1_000))

    await client.next('{"type":"disconnect","reason":"too_slow","reconnect":true}')
    assert.equal(cable.stats().streams, 0)
  })
})

describe('cable: a client that sends faster than it is served', () => {
  it('is not read until it is, loses nothing, and is not taken for dead meanwhile', async () => {
    let goOn = () => {}
    const done: number[] = []
    class Slow extends Channel {
      wait() {
        return new Promise<void>((resolve) => {
          goOn = resolve
        })
      }
      count({ n }: { n: number }) {
        done.push(n)
      }
    }
    const slow = '{"channel":"Slow"}'
    const { join, clock, cable, sockets } = await bootCable([Slow])
    const client = await join()
    await client.subscribed(slow)

    client.perform(slow, { action: 'wait' })
    for (let n = 0; n < 5_000; n++) client.perform(slow, { action: 'count', n, pad: 'x'.repeat(1_000) })
    await until(() => sockets[0]!.isPaused())
    await clock.advance(60_000)
    assert.equal(cable.stats().connections, 1)
    assert.deepEqual(done, [])
    goOn()
    await client.settled()

    assert.deepEqual(
      done,
      Array.from({ length: 5_000 }, (_, n) => n),
    )
  })
})
