import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { LocalBus } from '../../src/pubsub'

describe('pubsub: the bus within a process', () => {
  it('delivers a stream to everybody who listens to it, in order, and to nobody else', () => {
    const bus = new LocalBus()
    const heard: string[] = []
    bus.subscribe('news', (message) => heard.push(`a ${message}`))
    bus.subscribe('news', (message) => heard.push(`b ${message}`))
    bus.subscribe('sport', (message) => heard.push(`c ${message}`))

    bus.publish('news', '1')
    bus.publish('news', '2')

    assert.deepEqual(heard, ['a 1', 'b 1', 'a 2', 'b 2'])
  })

  it('keeps nothing of a stream once its last listener left', () => {
    const bus = new LocalBus()
    const leave = [1, 2, 3].map((n) => bus.subscribe(`stream ${n}`, () => undefined))
    assert.equal(bus.streams, 3)

    for (const end of leave) end()
    bus.publish('stream 1', 'nobody hears this')

    assert.equal(bus.streams, 0)
  })

  it('ends one subscription at a time, even when the same receiver has two, and once', () => {
    const bus = new LocalBus()
    let heard = 0
    const receiver = () => {
      heard += 1
    }
    const leave = bus.subscribe('news', receiver)
    bus.subscribe('news', receiver)

    leave()
    leave()
    bus.publish('news', 'x')

    assert.equal(heard, 1)
  })

  it('delivers no message to who subscribes because of it, and none to who left because of it', () => {
    const bus = new LocalBus()
    const heard: string[] = []
    let leaveSecond = () => {}
    bus.subscribe('news', () => {
      heard.push('first')
      leaveSecond()
      bus.subscribe('news', () => heard.push('late'))
    })
    leaveSecond = bus.subscribe('news', () => heard.push('second'))

    bus.publish('news', 'x')

    assert.deepEqual(heard, ['first'])
  })

  it('reaches the others when a receiver throws, and lets the error pass afterwards', () => {
    const bus = new LocalBus()
    const heard: string[] = []
    bus.subscribe('news', () => {
      throw new Error('broken receiver')
    })
    bus.subscribe('news', (message) => heard.push(message))

    assert.throws(() => bus.publish('news', 'x'), /broken receiver/)

    assert.deepEqual(heard, ['x'])
  })
})
