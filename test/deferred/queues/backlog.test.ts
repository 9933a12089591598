import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Task } from '../../../src/deferred'
import type { Job } from '../../../src/deferred/job'
import { Backlog } from '../../../src/deferred/queues/backlog'
import type { GateLimits } from '../../../src/deferred/queues/gate'
import { compileTask } from '../../../src/deferred/task-plan'
import { FakeClock } from '../../../src/testing'
import { makeJob } from '../support/make-job'

class One extends Task {
  static override concurrency = 1
  override perform(): void {}
}

class Other extends Task {
  override perform(): void {}
}

class Limited extends Task {
  static override rateLimit = { max: 2, per: 1 }
  override perform(): void {}
}

const one = compileTask(One)
const other = compileTask(Other)
const limited = compileTask(Limited)

function setUp(queues: Record<string, Partial<GateLimits>> = {}) {
  const clock = new FakeClock(0)
  const paused = new Set<string>()
  const opened = { times: 0 }
  const limits = Object.entries(queues).map(
    ([name, given]) => [name, { concurrency: null, rateLimit: null, ...given }] as const,
  )
  const backlog = new Backlog({
    clock,
    queues: new Map(limits),
    pauses: { has: (queue) => paused.has(queue), names: paused },
    opened: () => void (opened.times += 1),
  })
  const push = (id: string, facts: Partial<Job> = {}): void =>
    backlog.push(makeJob(id, { plan: other, ...facts }))
  /** Everything that may begin now begins; answers it in order. */
  const begin = (most = Number.POSITIVE_INFINITY): Job[] => {
    const jobs: Job[] = []
    while (jobs.length < most) {
      const job = backlog.take()
      if (job === null) break
      backlog.begun(job)
      jobs.push(job)
    }
    return jobs
  }
  const ids = (jobs: readonly Job[]): string[] => jobs.map((job) => job.id)
  return { backlog, begin, clock, ids, opened, paused, push }
}

describe('deferred: the backlog', () => {
  it('asks queues in turn, so that a long one holds up none', () => {
    const { begin, ids, push } = setUp()
    for (let index = 0; index < 1_000; index++) push(`bulk ${index}`, { queue: 'bulk' })
    push('mail 0', { queue: 'mail' })
    push('mail 1', { queue: 'mail' })
    push('hook', { queue: 'hooks' })

    assert.deepEqual(ids(begin(7)), ['bulk 0', 'mail 0', 'hook', 'bulk 1', 'mail 1', 'bulk 2', 'bulk 3'])
  })

  it('keeps the order of a queue across its tasks, and the smallest priority first', () => {
    const { begin, ids, push } = setUp()
    push('a', { plan: other })
    push('b', { plan: limited })
    push('c', { plan: other })
    push('urgent', { plan: one, priority: -1 })
    push('d', { plan: limited })

    assert.deepEqual(ids(begin()), ['urgent', 'a', 'b', 'c', 'd'])
  })

  it('runs at most as many of a task at once as it says, and others go by', () => {
    const { backlog, begin, ids, opened, push } = setUp()
    push('one 1', { plan: one })
    push('one 2', { plan: one })
    push('one 3', { plan: one, queue: 'elsewhere' })
    push('free')

    const begun = begin()
    assert.deepEqual(ids(begun), ['one 1', 'free'])
    assert.equal(opened.times, 0)

    backlog.left(begun[0]!)
    assert.deepEqual([opened.times, ids(begin())], [1, ['one 3']])
    assert.equal(backlog.size, 1)
  })

  it('runs at most as many of a queue at once as its options say', () => {
    const { backlog, begin, ids, push } = setUp({ mail: { concurrency: 2 } })
    for (const id of ['a', 'b', 'c']) push(id, { queue: 'mail' })
    push('free')

    const begun = begin()
    assert.deepEqual(ids(begun), ['a', 'free', 'b'])

    backlog.left(begun[0]!)
    assert.deepEqual(ids(begin()), ['c'])
  })

  it('with a rate limit arms one timer while jobs wait for it, and none otherwise', async () => {
    const { begin, clock, ids, opened, push } = setUp()
    for (const id of ['a', 'b']) push(id, { plan: limited })
    assert.deepEqual(ids(begin()), ['a', 'b'])
    assert.equal(clock.timers, 0)

    for (const id of ['c', 'd', 'e']) push(id, { plan: limited })
    assert.deepEqual([ids(begin()), clock.timers], [[], 1])

    await clock.advance(999)
    assert.equal(opened.times, 0)
    await clock.advance(1)
    assert.deepEqual([opened.times, ids(begin()), clock.timers], [1, ['c', 'd'], 1])
  })

  it('limits the rate of a queue, whatever its tasks', async () => {
    const { begin, clock, ids, push } = setUp({ api: { rateLimit: { max: 1, per: 2 } } })
    push('a', { queue: 'api' })
    push('b', { queue: 'api', plan: one })

    assert.deepEqual(ids(begin()), ['a'])
    await clock.advance(2_000)
    assert.deepEqual(ids(begin()), ['b'])
  })

  it('puts a job back where it was, and lets its task wait', async () => {
    const { backlog, begin, clock, ids, push } = setUp()
    for (const id of ['a', 'b', 'c']) push(id, { plan: one })
    push('free')
    const [a] = begin()

    backlog.postpone(a!, 500)
    backlog.left(a!)
    assert.deepEqual(ids(begin()), [])

    await clock.advance(500)
    assert.deepEqual(ids(begin()), ['a'])
  })

  it('starts nothing of a paused queue, not even what was taken, and goes on where it was', () => {
    const { backlog, begin, ids, opened, paused, push } = setUp()
    for (const id of ['a', 'b']) push(id, { queue: 'mail' })
    push('free')
    const taken = backlog.take()!

    paused.add('mail')
    backlog.pausesChanged()
    assert.equal(backlog.mayBegin(taken), false)
    backlog.giveBack(taken)
    assert.deepEqual(ids(begin()), ['free'])

    paused.delete('mail')
    backlog.pausesChanged()
    assert.deepEqual([opened.times, ids(begin())], [1, ['a', 'b']])
  })

  it('pauses a queue that does not exist yet', () => {
    const { begin, ids, paused, push } = setUp()
    paused.add('mail')
    push('a', { queue: 'mail' })

    assert.deepEqual(ids(begin()), [])
  })

  it('does not look at blocked jobs, however many there are, until their gate opens', () => {
    const { backlog, begin } = setUp({ slow: { concurrency: 1 } })
    let looks = 0
    const watched = (facts: Partial<Job>): Job =>
      new Proxy(makeJob('blocked', facts), {
        get: (job, name) => {
          looks += 1
          return Reflect.get(job, name)
        },
      })
    for (let index = 0; index < 5_000; index++) {
      backlog.push(watched({ plan: one }))
      backlog.push(watched({ plan: other, queue: 'slow' }))
    }
    assert.equal(begin().length, 2)
    looks = 0

    for (let index = 0; index < 1_000; index++) {
      backlog.push(makeJob(`free ${index}`, { plan: other }))
      const job = backlog.take()!
      assert.equal(job.id, `free ${index}`)
      backlog.begun(job)
      backlog.left(job)
    }

    assert.deepEqual([looks, backlog.size, backlog.take()], [0, 9_998, null])
  })

  it('forgets a queue that only jobs named, once it is empty', () => {
    const { backlog, begin, push } = setUp({ kept: {} })
    push('a', { queue: 'customer 7' })
    assert.deepEqual(Object.keys(backlog.stats(new Map())), ['kept', 'customer 7'])

    for (const job of begin()) backlog.left(job)

    assert.deepEqual(Object.keys(backlog.stats(new Map())), ['kept'])
  })

  it('answers figures of each queue', async () => {
    const { backlog, begin, clock, paused, push } = setUp({ mail: { concurrency: 1 } })
    push('a', { queue: 'mail', runAt: 0 })
    push('b', { queue: 'mail', runAt: 0 })
    backlog.delayed('later', 1)
    paused.add('later')
    backlog.pausesChanged()
    begin()
    await clock.advance(1_500)

    assert.deepEqual(backlog.stats(new Map([['mail', 2]])), {
      mail: { queued: 3, running: 1, delayed: 0, paused: false, oldestMs: 1_500 },
      later: { queued: 0, running: 0, delayed: 1, paused: true, oldestMs: 0 },
    })
  })

  it('arms no timer once it is closed', () => {
    const { backlog, begin, clock, push } = setUp()
    for (const id of ['a', 'b', 'c']) push(id, { plan: limited })
    begin()
    assert.equal(clock.timers, 1)

    backlog.close()

    assert.equal(clock.timers, 0)
  })
})
