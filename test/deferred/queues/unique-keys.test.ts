import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { PushTimeoutError } from '../../../src/deferred'
import type { Job } from '../../../src/deferred/job'
import { UniqueKeys } from '../../../src/deferred/queues/unique-keys'
import { FakeClock } from '../../../src/testing'
import { makeJob } from '../support/make-job'

function setUp() {
  const clock = new FakeClock(0)
  const settled: number[] = []
  const keys = new UniqueKeys({ clock, settle: (sequence) => settled.push(sequence) })
  let sequence = 0
  const job = (key: string, until = 0): Job =>
    makeJob(`job ${++sequence}`, { sequence, unique: { key, until } })
  /** The id of whoever has the key then, or `null` for the job itself. */
  const claim = (claiming: Job): string | null => keys.claim(claiming, handleOf(claiming))?.id ?? null
  return { claim, clock, job, keys, settled }
}

function handleOf({ id, plan, runAt }: Job) {
  return { id, task: plan.name, runAt, duplicate: false }
}

describe('deferred: keys in force', () => {
  it('are held from the claim to the end of the job', () => {
    const { claim, job, keys } = setUp()
    const first = job('k')
    assert.equal(claim(first), null)
    keys.stored(first)
    assert.equal(claim(job('k')), 'job 1')

    assert.equal(keys.over(first, true), null)

    assert.equal(claim(job('k')), null)
    assert.equal(keys.size, 1)
  })

  it('can be waited for while a job is being stored, whether that works or not', async () => {
    const { claim, job, keys } = setUp()
    const first = job('k')
    claim(first)
    let isOver = false
    const waiting = keys.storing([job('other'), job('k')])!.then(() => {
      isOver = true
    })
    await Promise.resolve()
    assert.equal(isOver, false)

    keys.dropped(first)
    await waiting

    assert.equal(keys.storing([job('k')]), null)
    assert.equal(claim(job('k')), null)
  })

  it('refuse whoever waited for a job that found no room in time, together with it', async () => {
    const { job, keys } = setUp()
    let give: (error: Error) => void = () => undefined
    let stores = 0
    const admit = () =>
      keys
        .admit([job('k')], handleOf, () => {
          stores += 1
          return new Promise((_, reject) => {
            give = reject
          })
        })
        .catch((error: { code: string }) => error)
    const admitted = [admit(), admit(), admit()]
    const late = new PushTimeoutError({ task: 'Sync', ms: 500, waiting: 2 })

    give(late)
    const errors = await Promise.all(admitted)

    assert.equal(errors[0], late)
    assert.deepEqual(
      errors.map((error) => (error as { code: string }).code),
      ['RAGE_DEFERRED_PUSH_TIMEOUT', 'RAGE_DEFERRED_PUSH_TIMEOUT', 'RAGE_DEFERRED_PUSH_TIMEOUT'],
    )
    assert.equal(new Set(errors).size, 3)
    assert.deepEqual([stores, keys.size], [1, 0])
  })

  it('go to the next of those who waited when the store failed for another reason', async () => {
    const { job, keys } = setUp()
    const answers = await Promise.allSettled([
      keys.admit([job('k')], handleOf, () => Promise.reject(new Error('no disk'))),
      keys.admit([job('k')], handleOf, () => Promise.resolve()),
    ])

    assert.deepEqual(
      answers.map(({ status }) => status),
      ['rejected', 'fulfilled'],
    )
  })

  it('stay in force for their window when the job is over, and its entry is kept so long', async () => {
    const { claim, clock, job, keys, settled } = setUp()
    const first = job('k', 5_000)
    claim(first)
    keys.stored(first)
    assert.equal(clock.timers, 0)

    assert.equal(keys.over(first, true), 5_000)
    await clock.advance(4_999)
    assert.deepEqual([claim(job('k')), settled], ['job 1', []])

    await clock.advance(1)
    assert.deepEqual([claim(job('k')), settled, clock.timers], [null, [1], 0])
  })

  it('of a dead job leave its entry alone', async () => {
    const { claim, clock, job, keys, settled } = setUp()
    const first = job('k', 5_000)
    claim(first)
    keys.stored(first)

    keys.over(first, false)
    await clock.advance(5_000)

    assert.deepEqual([settled, keys.size], [[], 0])
  })

  it('found twice in the log belong to the first, then to the other', () => {
    const { claim, job, keys } = setUp()
    const [first, second, third] = [job('k'), job('k'), job('k')]
    for (const found of [first, second, third]) keys.restore(found)
    assert.equal(claim(job('k')), 'job 1')

    keys.over(second, true)
    assert.equal(claim(job('k')), 'job 1')

    keys.over(first, true)
    assert.equal(claim(job('k')), 'job 3')

    keys.dropped(third)
    assert.equal(claim(job('k')), null)
  })

  it('that another log holds too go to its job when one that was being stored is not', () => {
    const { claim, job, keys } = setUp()
    const [own, adopted] = [job('k'), job('k')]
    claim(own)
    keys.restore(adopted)

    keys.dropped(own)

    assert.equal(claim(job('k')), 'job 2')
  })

  it('go to the next when a window ends, and stay in force for the window of either', async () => {
    const { claim, clock, job, keys, settled } = setUp()
    const [first, second] = [job('k', 2_000), job('k', 5_000)]
    keys.restore(first)
    keys.restore(second)
    keys.over(first, true)
    assert.equal(keys.over(second, true), 5_000)

    await clock.advance(2_000)
    assert.deepEqual([claim(job('k')), settled], ['job 2', [1]])

    await clock.advance(3_000)
    assert.deepEqual([keys.size, settled, clock.timers], [0, [1, 2], 0])
  })

  it('of a dead job that is attempted again within its window are its own until it is over again', async () => {
    const { claim, clock, job, keys, settled } = setUp()
    const first = job('k', 2_000)
    keys.restore(first)
    keys.over(first, false)
    keys.restore(first)

    await clock.advance(3_000)
    assert.deepEqual([claim(job('k')), settled], ['job 1', []])

    assert.equal(keys.over(first, true), null)
    assert.equal(claim(job('k')), null)
  })

  it('of one task are nothing to another', () => {
    const { claim, job } = setUp()
    const first = job('k')
    claim(first)
    const foreign = Object.assign(job('k'), { plan: { ...first.plan, name: 'Other' } })

    assert.equal(claim(foreign), null)
  })

  it('cost nothing once they are free, and share one timer', async () => {
    const { claim, clock, job, keys, settled } = setUp()
    for (let index = 0; index < 3_000; index++) {
      const next = job(`k ${index}`, 1_000 + (index % 10))
      claim(next)
      keys.stored(next)
      keys.over(next, true)
    }
    assert.deepEqual([clock.timers, keys.size], [1, 3_000])

    await clock.advance(2_000)

    assert.deepEqual([clock.timers, keys.size, settled.length], [0, 0, 3_000])
  })
})
