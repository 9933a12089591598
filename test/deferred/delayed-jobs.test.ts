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

function makeJob(id: string, runAt: number, sequence: number): Job {
  const job = new Job(id, plan, '', { id }, runAt)
  job.sequence = sequence
  return job
}

function setUp(start = 0) {
  const clock = new FakeClock(start)
  const due: string[] = []
  const onDisk = new Map<number, Job>()
  const reads: number[] = []
  const failures: unknown[] = []
  const disk = { error: null as Error | null }
  const delayed = new DelayedJobs({
    clock,
    due: (job) => due.push(job.id),
    read: async (sequences) => {
      reads.push(sequences.length)
      if (disk.error !== null) throw disk.error
      return sequences.flatMap((sequence) => onDisk.get(sequence) ?? [])
    },
    failed: (error) => failures.push(error),
  })
  delayed.start()
  let sequence = 0
  const add = (id: string, runAt: number): void => {
    const job = makeJob(id, runAt, ++sequence)
    onDisk.set(sequence, job)
    delayed.add(job)
  }
  /** Beyond them, jobs stay on disk. */
  const fillMemory = (runAt: number): void => {
    for (let index = 0; index < 4_000; index++) add(`kept ${index}`, runAt)
  }
  return { add, clock, delayed, disk, due, failures, fillMemory, onDisk, reads }
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

const hour = 3_600_000

describe('deferred: more delayed jobs than are kept in memory', () => {
  it('are read from the log ahead of their time, and come due in order', async () => {
    const { add, clock, delayed, due, fillMemory, reads } = setUp()
    fillMemory(100 * hour)
    for (let index = 0; index < 2_500; index++) add(`job ${index}`, hour + (index % 7))
    assert.deepEqual([delayed.size, reads], [6_500, []])

    await clock.advance(hour - 130_000)
    assert.deepEqual(reads, [])
    await clock.advance(129_999)
    assert.deepEqual([due.length, reads, delayed.size], [0, [1_000, 1_000, 500], 6_500])
    await clock.advance(1_000)

    const expected = Array.from({ length: 2_500 }, (_, index) => index).sort(
      (a, b) => (a % 7) - (b % 7) || a - b,
    )
    assert.deepEqual(
      due,
      expected.map((index) => `job ${index}`),
    )
    assert.equal(delayed.size, 4_000)
  })

  it('stay in memory when they are due soon', async () => {
    const { add, clock, due, fillMemory, reads } = setUp()
    fillMemory(100 * hour)
    add('soon', 100_000)

    await clock.advance(100_000)

    assert.deepEqual([due, reads], [['soon'], []])
  })

  it('that are not in the log any more are forgotten', async () => {
    const { add, clock, delayed, due, fillMemory, onDisk } = setUp()
    fillMemory(100 * hour)
    add('cancelled', hour)
    add('wanted', hour)
    onDisk.delete(4_001)

    await clock.advance(hour)

    assert.deepEqual([due, delayed.size], [['wanted'], 4_000])
  })

  it('are asked for again when the disk could not be read', async () => {
    const { add, clock, delayed, disk, due, failures, fillMemory } = setUp()
    fillMemory(100 * hour)
    add('job', hour)
    disk.error = new Error('EIO')

    await clock.advance(hour)
    assert.deepEqual([due, delayed.size], [[], 4_001])
    assert.ok(failures.length > 1 && failures.every((error) => error === disk.error))

    disk.error = null
    await clock.advance(5_000)
    assert.deepEqual(due, ['job'])
  })
})
