import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Task } from '../../src/deferred'
import { DelayedJobs } from '../../src/deferred/delayed-jobs'
import { Job } from '../../src/deferred/job'
import { compileTask } from '../../src/deferred/task-plan'
import { FakeClock } from '../../src/testing'

class Remind extends Task {
  override perform(): void {}
}

const plan = compileTask(Remind)

function setUp(start = 0) {
  const clock = new FakeClock(start)
  const due: string[] = []
  const delayed = new DelayedJobs(clock, (job) => due.push(job.id))
  delayed.start()
  const add = (id: string, runAt: number): void => delayed.add(new Job(id, plan, '', { id }, runAt))
  return { add, clock, delayed, due }
}

describe('deferred: delayed jobs', () => {
  it('come due at their time, in the order of their times', async () => {
    const { add, clock, due } = setUp()
    add('c', 3_000)
    add('a', 1_000)
    add('b', 2_000)

    await clock.advance(1_999)
    assert.deepEqual(due, ['a'])

    await clock.advance(1_001)
    assert.deepEqual(due, ['a', 'b', 'c'])
  })

  it('of one moment come due in the order they were added', async () => {
    const { add, clock, due } = setUp()
    const ids = Array.from({ length: 100 }, (_, index) => `job ${index}`)
    for (const id of ids) add(id, 1_000)

    await clock.advance(1_000)

    assert.deepEqual(due, ids)
  })

  it('share one timer, and need none when there are none', async () => {
    const { add, clock } = setUp()
    assert.equal(clock.timers, 0)

    for (let index = 0; index < 500; index++) add(`job ${index}`, 10_000 - index)
    assert.equal(clock.timers, 1)

    await clock.advance(10_000)
    assert.equal(clock.timers, 0)
  })

  it('of a million coming due at once are handed over in slices', async () => {
    const { add, clock, delayed, due } = setUp()
    for (let index = 0; index < 2_500; index++) add(`job ${index}`, 1_000)
    const handedOver: number[] = []
    const after = clock.after.bind(clock)
    clock.after = (ms, callback) => {
      handedOver.push(due.length)
      return after(ms, callback)
    }

    await clock.advance(1_000)

    assert.deepEqual(handedOver, [1_000, 2_000])
    assert.equal(delayed.size, 0)
  })

  it('wake at least once a minute, so that a clock that was set is noticed', async () => {
    const { add, clock, due } = setUp()
    add('tomorrow', 86_400_000)
    const now = clock.now.bind(clock)
    clock.now = () => now() + 86_400_000

    await clock.advance(59_999)
    assert.deepEqual(due, [])

    await clock.advance(1)
    assert.deepEqual(due, ['tomorrow'])
  })

  it('stay put after stop, without a timer', async () => {
    const { add, clock, delayed, due } = setUp()
    add('a', 1_000)

    delayed.stop()
    await clock.advance(5_000)

    assert.deepEqual([due, clock.timers, delayed.size], [[], 0, 1])
  })

  it('keep their order whatever the order of their times', async () => {
    const { add, clock, due } = setUp()
    const times = Array.from({ length: 300 }, (_, index) => 1 + ((index * 7_919) % 997))
    for (const time of times) add(String(time), time)

    await clock.advance(1_000)

    assert.deepEqual(
      due.map(Number),
      [...times].sort((a, b) => a - b),
    )
  })
})
