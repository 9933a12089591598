import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Channel, type Connection } from '../../src/cable'
import { bootCable, until } from './cable-world'

const id = (channel: string) => `{"channel":"${channel}"}`
const confirmed = (identifier: string) =>
  `{"identifier":${JSON.stringify(identifier)},"type":"confirm_subscription"}`
const rejected = (identifier: string) =>
  `{"identifier":${JSON.stringify(identifier)},"type":"reject_subscription"}`
const message = (identifier: string, json: string) =>
  `{"identifier":${JSON.stringify(identifier)},"message":${json}}`

describe('cable: which methods a client may call', () => {
  class Base extends Channel {
    inherited() {
      this.transmit('inherited')
    }
  }
  class Room extends Base {
    static {
      this.beforeSubscribe('check')
      this.rescueFrom(RangeError, 'recover')
    }
    field = () => this.transmit('field')
    get getter() {
      return () => this.transmit('getter')
    }
    check() {}
    recover() {
      this.transmit('recovered')
    }
    override subscribed() {}
    override unsubscribed() {
      this.transmit('unsubscribed')
    }
    _hidden() {
      this.transmit('hidden')
    }
    override toString() {
      this.transmit('toString')
      return ''
    }
    own() {
      this.transmit('own')
    }
    override receive(data: unknown) {
      this.transmit({ received: data })
    }
  }

  it('its own and those of its base classes below Channel', async () => {
    const { join } = await bootCable([Room])
    const client = await join()
    await client.subscribed(id('Room'))

    client.perform(id('Room'), { action: 'own' })
    client.perform(id('Room'), { action: 'inherited' })

    await client.next(message(id('Room'), '"own"'))
    await client.next(message(id('Room'), '"inherited"'))
  })

  it.each([
    'subscribed',
    'unsubscribed',
    'check',
    'recover',
    '_hidden',
    'field',
    'getter',
    'toString',
    'constructor',
    '__proto__',
    'hasOwnProperty',
    'transmit',
    'streamFrom',
    'reject',
  ])('never %s', async (action) => {
    const { join, lines } = await bootCable([Room])
    const client = await join()
    await client.subscribed(id('Room'))

    client.perform(id('Room'), { action })
    await client.settled()

    assert.equal(lines.filter(({ code }) => code === 'RAGE_CABLE_UNKNOWN_ACTION').length, 1)
  })

  it('receive takes what names no action', async () => {
    const { join } = await bootCable([Room])
    const client = await join()
    await client.subscribed(id('Room'))

    for (const data of [{ text: 'x' }, { action: '' }, 'text', [1]]) {
      client.perform(id('Room'), data)
      await client.next(message(id('Room'), JSON.stringify({ received: data })))
    }
  })
})

describe('cable: subscribing', () => {
  it('is rejected by reject() in subscribed or before it, and the client has heard nothing', async () => {
    const calls: string[] = []
    class Before extends Channel {
      static {
        this.beforeSubscribe((channel) => channel.reject())
        this.afterSubscribe(() => calls.push('after'))
      }
      override subscribed() {
        calls.push('subscribed')
      }
    }
    class Inside extends Channel {
      override async subscribed() {
        this.streamFrom('news')
        await new Promise((resolve) => setImmediate(resolve))
        this.broadcast('news', 'secret')
        this.reject()
      }
      override unsubscribed() {
        calls.push('unsubscribed')
      }
    }
    const { join, cable } = await bootCable([Before, Inside])
    const client = await join()

    client.subscribe(id('Before'))
    client.subscribe(id('Inside'))
    await client.next(rejected(id('Before')))
    await client.next(rejected(id('Inside')))
    cable.broadcast('news', 'also secret')
    client.perform(id('Inside'), { action: 'x' })

    await client.settled()
    assert.deepEqual(calls, [])
    assert.deepEqual(cable.stats(), { connections: 1, subscriptions: 0, streams: 0 })
  })

  it('is rejected when a hook throws; the error is reported, or rescued', async () => {
    class Broken extends Channel {
      override subscribed() {
        this.streamFrom('news')
        throw new Error('no database')
      }
    }
    class Rescued extends Broken {
      static {
        this.rescueFrom(Error, (error, channel) => channel.connection.logger.info(`rescued ${error.message}`))
      }
    }
    class BrokenConstructor extends Channel {
      readonly broken = JSON.parse('{')
    }
    const { join, cable, reported, lines } = await bootCable([Broken, Rescued, BrokenConstructor])
    const client = await join()

    for (const name of ['Broken', 'Rescued', 'BrokenConstructor']) {
      client.subscribe(id(name))
      await client.next(rejected(id(name)))
    }

    assert.deepEqual(reported.map(String), ['Error: no database', String(reported[1])])
    assert.ok(reported[1] instanceof SyntaxError)
    assert.equal(lines.filter(({ msg }) => msg === 'rescued no database').length, 1)
    assert.deepEqual(cable.stats(), { connections: 1, subscriptions: 0, streams: 0 })
  })

  it('runs the callbacks of base classes first, around subscribed', async () => {
    const calls: string[] = []
    class Base extends Channel {
      static {
        this.beforeSubscribe(() => calls.push('base before'))
        this.afterSubscribe(async () => calls.push('base after'))
      }
    }
    class Room extends Base {
      static {
        this.beforeSubscribe(async () => calls.push('before'), 'check')
        this.afterSubscribe(() => calls.push('after'))
      }
      check() {
        calls.push('check')
      }
      override subscribed() {
        calls.push('subscribed')
      }
    }
    const { join } = await bootCable([Base, Room])
    const client = await join()

    await client.subscribed(id('Room'))

    assert.deepEqual(calls, ['base before', 'before', 'check', 'subscribed', 'base after', 'after'])
  })

  it('misses nothing between streamFrom and the confirmation, and sends it after that', async () => {
    let goOn = () => {}
    class Room extends Channel {
      override async subscribed() {
        this.streamFrom('news')
        this.transmit('history')
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
      }
    }
    const { join, cable } = await bootCable([Room])
    const client = await join()
    client.subscribe(id('Room'))
    await client.next(message(id('Room'), '"history"'))

    cable.broadcast('news', 1)
    cable.broadcast('news', 2)
    goOn()

    await client.next(confirmed(id('Room')))
    await client.next(message(id('Room'), '1'))
    await client.next(message(id('Room'), '2'))
  })

  it('keeps the order of one client, however long each step takes', async () => {
    class Slow extends Channel {
      override async subscribed() {
        await new Promise((resolve) => setImmediate(resolve))
      }
      async first() {
        await new Promise((resolve) => setImmediate(resolve))
        this.transmit('first')
      }
      second() {
        this.transmit('second')
      }
      override async unsubscribed() {
        this.connection.logger.info('left')
      }
    }
    const { join, lines } = await bootCable([Slow])
    const client = await join()

    client.subscribe(id('Slow'))
    client.perform(id('Slow'), { action: 'first' })
    client.perform(id('Slow'), { action: 'second' })
    client.unsubscribe(id('Slow'))
    client.subscribe(id('Slow'))

    await client.next(confirmed(id('Slow')))
    await client.next(message(id('Slow'), '"first"'))
    await client.next(message(id('Slow'), '"second"'))
    await client.next(confirmed(id('Slow')))
    assert.equal(lines.filter(({ msg }) => msg === 'left').length, 1)
  })

  it('does not make other clients wait', async () => {
    class Stuck extends Channel {
      override subscribed() {
        return new Promise(() => {})
      }
    }
    class Free extends Channel {}
    const { join } = await bootCable([Stuck, Free])
    const [stuck, free] = [await join(), await join()]

    stuck.subscribe(id('Stuck'))
    await free.subscribed(id('Free'))
  })
})

describe('cable: streams', () => {
  class Post {
    readonly id: number
    constructor(id: number) {
      this.id = id
    }
  }
  class Comments extends Channel<Connection, { post: number }> {
    override subscribed() {
      this.streamFor(new Post(this.params.post))
    }
    twice() {
      this.streamFrom('more')
      this.streamFrom('more')
    }
    once() {
      this.stopStreamFrom('more')
      this.stopStreamFrom('never started')
    }
    mute() {
      this.stopAllStreams()
    }
    unfollow() {
      this.stopStreamFor(new Post(this.params.post))
    }
    shout() {
      this.streamFrom('shouts')
      this.broadcast('shouts', 'me too')
    }
  }
  const first = '{"channel":"Comments","post":1}'

  it('of a model reach those who stream for it, and nobody else', async () => {
    const { join } = await bootCable([Comments])
    const [one, two] = [await join(), await join()]
    const second = '{"channel":"Comments","post":2}'
    await one.subscribed(first)
    await two.subscribed(second)

    Comments.broadcastTo(new Post(1), 'for one')
    Comments.broadcastTo(new Post(2), 'for two')

    await one.next(message(first, '"for one"'))
    await two.next(message(second, '"for two"'))
  })

  it('started twice deliver once and stop once', async () => {
    const { join, cable } = await bootCable([Comments])
    const client = await join()
    await client.subscribed(first)
    client.perform(first, { action: 'twice' })
    await client.settled()

    cable.broadcast('more', 1)
    await client.next(message(first, '1'))
    client.perform(first, { action: 'once' })
    await client.settled()
    cable.broadcast('more', 2)

    await client.settled()
    assert.equal(cable.stats().streams, 1)
  })

  it('stop one by one or all at once', async () => {
    const { join, cable } = await bootCable([Comments])
    const client = await join()
    await client.subscribed(first)
    client.perform(first, { action: 'twice' })

    client.perform(first, { action: 'unfollow' })
    await client.settled()
    assert.equal(cable.stats().streams, 1)
    client.perform(first, { action: 'mute' })
    await client.settled()

    assert.equal(cable.stats().streams, 0)
  })

  it('started in an action receive what the same action broadcasts next', async () => {
    const { join } = await bootCable([Comments])
    const client = await join()
    await client.subscribed(first)

    client.perform(first, { action: 'shout' })

    await client.next(message(first, '"me too"'))
  })

  it('deliver a burst in order, together with what was transmitted between', async () => {
    class Burst extends Channel {
      override subscribed() {
        this.streamFrom('burst')
      }
      go() {
        for (let n = 0; n < 500; n++) n % 5 === 0 ? this.transmit(n) : this.broadcast('burst', n)
      }
    }
    const { join } = await bootCable([Burst])
    const client = await join()
    await client.subscribed(id('Burst'))

    client.perform(id('Burst'), { action: 'go' })

    for (let n = 0; n < 500; n++) await client.next(message(id('Burst'), String(n)))
  })

  it('cannot be started by work that outlives the subscription', async () => {
    let late = () => {}
    class Room extends Channel {
      override subscribed() {
        late = () => this.streamFrom('late')
      }
    }
    const { join, cable } = await bootCable([Room])
    const client = await join()
    await client.subscribed(id('Room'))

    client.unsubscribe(id('Room'))
    await client.settled()
    late()

    assert.equal(cable.stats().streams, 0)
  })
})

describe('cable: an action that throws', () => {
  class NotFound extends Error {}
  class Room extends Channel {
    static {
      this.rescueFrom(Error, (error: Error, channel) => channel.transmit(`general ${error.message}`))
      this.rescueFrom(NotFound, 'lost')
    }
    lost(error: Error) {
      this.transmit(`lost ${error.message}`)
    }
    find() {
      throw new NotFound('it')
    }
    async fail() {
      throw new TypeError('x')
    }
    odd() {
      throw 'a string'
    }
  }

  it('is rescued by the latest declaration that fits, and otherwise reported; the subscription stays', async () => {
    const { join, reported, lines } = await bootCable([Room])
    const client = await join()
    await client.subscribed(id('Room'))

    client.perform(id('Room'), { action: 'find' })
    client.perform(id('Room'), { action: 'fail' })
    client.perform(id('Room'), { action: 'odd' })

    await client.next(message(id('Room'), '"lost it"'))
    await client.next(message(id('Room'), '"general x"'))
    await client.settled()
    assert.deepEqual(reported, ['a string'])
    const line = lines.find(({ msg }) => msg === 'a string')!
    assert.equal(line.channel, 'Room')
    assert.equal(line.action, 'odd')
  })

  it('in unsubscribed keeps nobody from leaving', async () => {
    class Clingy extends Channel {
      override unsubscribed() {
        throw new Error('stay')
      }
    }
    const { join, cable, reported } = await bootCable([Clingy])
    const client = await join()
    await client.subscribed(id('Clingy'))

    client.ws.terminate()
    await until(() => cable.stats().connections === 0)

    assert.deepEqual(reported.map(String), ['Error: stay'])
  })
})
