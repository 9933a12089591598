import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { BackPressure } from '../../../src/deferred/queues/back-pressure'
import { FakeClock } from '../../../src/testing'

function setUp(waiting = 0) {
  const clock = new FakeClock(0)
  const queue = { waiting }
  const pressure = new BackPressure(clock, { high: 10, low: 6, timeoutMs: 2_000 }, () => queue.waiting)
  const came: string[] = []
  const refused: unknown[] = []
  const knock = (name: string, count = 1): boolean => {
    const room = pressure.admit('SendMail', count)
    if (room === null) {
      queue.waiting += count
      return true
    }
    room.then(
      () => {
        pressure.entered(count)
        queue.waiting += count
        came.push(name)
      },
      (error) => refused.push(error),
    )
    return false
  }
  return { came, clock, knock, pressure, queue, refused }
}

const told = () => new Promise((resolve) => setImmediate(resolve))

describe('deferred: back-pressure', () => {
  it('lets everybody in below the high mark', () => {
    const { clock, knock } = setUp()

    for (let index = 0; index < 10; index++) assert.equal(knock('early'), true)

    assert.equal(clock.timers, 0)
  })

  it('holds callers from the high mark until the low one, then lets them in by turns, up to the high mark', async () => {
    const { came, knock, pressure, queue } = setUp(10)
    for (let index = 0; index < 7; index++) assert.equal(knock(`caller ${index}`), false)

    queue.waiting = 7
    pressure.eased()
    await told()
    assert.deepEqual(came, [])

    queue.waiting = 6
    pressure.eased()
    pressure.eased()
    await told()
    assert.deepEqual([came, queue.waiting], [['caller 0', 'caller 1', 'caller 2', 'caller 3'], 10])
    assert.equal(knock('late'), false)

    queue.waiting = 0
    pressure.eased()
    await told()
    assert.deepEqual(came.slice(4), ['caller 4', 'caller 5', 'caller 6', 'late'])
    assert.equal(knock('after'), true)
  })

  it('lets a group in as a whole', async () => {
    const { came, knock, pressure, queue } = setUp(10)
    knock('group', 100)
    knock('next')

    queue.waiting = 6
    pressure.eased()
    await told()

    assert.deepEqual([came, queue.waiting], [['group'], 106])
  })

  it('refuses whoever has waited too long, with a code and a status', async () => {
    const { clock, knock, refused } = setUp(12)
    knock('first')
    await clock.advance(1_500)
    knock('second')
    assert.equal(clock.timers, 1)

    await clock.advance(500)
    assert.equal(refused.length, 1)
    const { code, status, message } = refused[0] as { code: string; status: number; message: string }
    assert.deepEqual([code, status], ['RAGE_DEFERRED_PUSH_TIMEOUT', 503])
    assert.match(message, /SendMail\.enqueue\(\) waited 2000 ms for room: 12 jobs are waiting/)

    await clock.advance(1_500)
    assert.deepEqual([refused.length, clock.timers], [2, 0])
  })

  it('lets everybody in at the end, to be refused by the queue itself', async () => {
    const { came, clock, knock, pressure } = setUp(10)
    knock('a')
    knock('b')

    pressure.close()
    await told()

    assert.deepEqual([came, clock.timers], [['a', 'b'], 0])
  })

  it('keeps the process alive while somebody waits, so that a script does not end in the middle', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
    const { clock, knock, pressure, queue } = setUp(10)
    const before = timers()

    knock('let in')
    assert.equal(timers(), before + 1)
    queue.waiting = 0
    pressure.eased()
    assert.equal(timers(), before)

    queue.waiting = 10
    knock('refused')
    assert.equal(timers(), before + 1)
    await clock.advance(2_000)
    assert.equal(timers(), before)
  })
})
