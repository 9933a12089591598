import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Task } from '../../src/deferred'
import { SteadyTime } from '../../src/deferred/steady-time'
import { FakeClock } from '../../src/testing'
import { bootDeferred, crash, stopAll } from './support/boot-deferred'

afterEach(stopAll)

const hour = 3_600_000
const ran: string[] = []

class Note extends Task<string> {
  perform(text: string): void {
    ran.push(text)
  }
}

afterEach(() => void ran.splice(0))

describe('deferred: time that only passes', () => {
  it('goes by the monotonic clock, whatever is done to the wall clock', async () => {
    const clock = new FakeClock(1_000_000)
    const time = new SteadyTime(clock)

    clock.set(9_000_000)
    await clock.advance(500)

    assert.equal(time.now(), 1_000_500)
  })

  it('gives a time of the wall clock as what is left until then', () => {
    const clock = new FakeClock(1_000_000)
    const time = new SteadyTime(clock)
    assert.equal(time.of(1_000_700), 1_000_700)

    clock.set(9_000_000)

    assert.equal(time.of(9_000_700), 1_000_700)
  })
})

describe('deferred: a delay, when the clock of the machine is set', () => {
  it('forward is not shortened', async () => {
    const { clock } = await bootDeferred({ tasks: [Note] })
    await Note.enqueue('in an hour', { delay: 3_600 })

    clock.set(clock.now() + 5 * hour)
    await clock.advance(hour - 1)
    assert.deepEqual(ran, [])
    await clock.advance(1)

    assert.deepEqual(ran, ['in an hour'])
  })

  it('back is not prolonged', async () => {
    const { clock } = await bootDeferred({ tasks: [Note] })
    await Note.enqueue('in an hour', { delay: 3_600 })

    clock.set(clock.now() - 5 * hour)
    await clock.advance(hour)

    assert.deepEqual(ran, ['in an hour'])
  })

  it('before it began is as long as it says', async () => {
    const { clock } = await bootDeferred({ tasks: [Note] })
    clock.set(clock.now() + 5 * hour)
    await Note.enqueue('ten minutes', { delay: 600 })
    clock.set(clock.now() - 9 * hour)
    await Note.enqueue('five minutes', { delay: 300 })

    await clock.advance(299_999)
    assert.deepEqual(ran, [])
    await clock.advance(1)
    assert.deepEqual(ran, ['five minutes'])
    await clock.advance(300_000)

    assert.deepEqual(ran, ['five minutes', 'ten minutes'])
  })

  it('while a job is being stored neither hastens nor delays it', async () => {
    const { clock, disk } = await bootDeferred({ tasks: [Note] })
    disk.log.hold()
    const enqueued = [Note.enqueue('in an hour', { delay: 3_600 }), Note.enqueue('now')]
    clock.set(clock.now() + 5 * hour)
    disk.log.release()
    await Promise.all(enqueued)
    disk.log.hold()
    const another = Note.enqueue('now, too')
    clock.set(clock.now() - 9 * hour)
    disk.log.release()
    await another

    await clock.advance(hour - 1)
    assert.deepEqual(ran, ['now', 'now, too'])
    await clock.advance(1)

    assert.deepEqual(ran, ['now', 'now, too', 'in an hour'])
  })

  it('goes by the wall clock across a restart', async () => {
    const clock = new FakeClock()
    const first = await bootDeferred({ tasks: [Note], clock })
    await Note.enqueue('in two hours', { delay: 7_200 })
    await crash(first)
    clock.set(clock.now() + hour) // the machine was off

    await bootDeferred({ tasks: [Note], clock, disk: first.disk })
    await clock.advance(hour - 1)
    assert.deepEqual(ran, [])
    await clock.advance(1)

    assert.deepEqual(ran, ['in two hours'])
  })

  it('holds for jobs that wait on disk, too', async () => {
    const { clock } = await bootDeferred({ tasks: [Note] })
    await Note.enqueueMany(
      Array.from({ length: 10_000 }, () => 'much later'),
      { delay: 30 * 86_400 },
    )
    await Note.enqueue('on disk', { delay: 3_600 })

    clock.set(clock.now() + 5 * hour)
    for (let minutes = 0; minutes < 59; minutes++) await clock.advance(60_000)
    assert.deepEqual(ran, [])
    await clock.advance(60_000)

    assert.deepEqual(ran, ['on disk'])
  })
})
