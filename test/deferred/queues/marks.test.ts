import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { type DeferredOptions, Task } from '../../../src/deferred'
import { bootDeferred, createDeferred, settled, stopAll, until } from '../support/boot-deferred'

let releases: (() => void)[] = []
let children = 0

class Wait extends Task<number> {
  override perform(): Promise<void> {
    return new Promise((resolve) => releases.push(resolve))
  }
}

class Parent extends Task {
  override async perform(): Promise<void> {
    await Wait.enqueueMany([1, 2, 3, 4, 5, 6])
    children += 6
  }
}

const tasks = [Wait, Parent]
const options = { concurrency: 1, highWater: 5, lowWater: 2, pushTimeoutMs: 1_000 } satisfies DeferredOptions

function release(): void {
  for (const resolve of releases.splice(0)) resolve()
}

afterEach(async () => {
  release()
  await stopAll()
  releases = []
  children = 0
})

describe('deferred: high and low water', () => {
  it('hold enqueues at the high mark until the low one', async () => {
    const { clock, deferred } = await bootDeferred({ tasks, options })
    await Wait.enqueue(0)
    await until(() => deferred.stats().running === 1)
    await Promise.all([1, 2, 3, 4, 5].map((number) => Wait.enqueue(number)))
    let isIn = false
    const held = Wait.enqueue(6).then(() => (isIn = true))
    await settled()
    assert.deepEqual([isIn, deferred.stats().queued, clock.timers], [false, 5, 1])

    for (const left of [4, 3]) {
      release()
      await until(() => deferred.stats().queued === left)
      assert.equal(isIn, false)
    }
    release()
    await held
    assert.deepEqual([deferred.stats().queued, clock.timers], [3, 0])
  })

  it('reject with a code once the time is over, and the job is not stored', async () => {
    const { clock, deferred } = await bootDeferred({ tasks, options })
    await deferred.pause()
    await Wait.enqueueMany([1, 2, 3, 4, 5])

    const held = assert.rejects(Wait.enqueue(6), { code: 'RAGE_DEFERRED_PUSH_TIMEOUT', status: 503 })
    await settled()
    await clock.advance(1_000)
    await held

    assert.equal(deferred.stats().queued, 5)
  })

  it('do not count or hold delayed jobs', async () => {
    const { deferred } = await bootDeferred({ tasks, options })
    await deferred.pause()
    await Wait.enqueueMany([1, 2, 3, 4, 5, 6, 7], { delay: 60 })
    await Wait.enqueueMany([1, 2, 3, 4, 5])

    await Wait.enqueue(6, { delay: 60 })

    assert.deepEqual([deferred.stats().queued, deferred.stats().delayed], [5, 8])
  })

  it('do not hold what jobs enqueue: they would wait for the slot they occupy', async () => {
    const { deferred } = await bootDeferred({ tasks, options })
    await Parent.enqueueMany([undefined, undefined, undefined, undefined, undefined])

    await until(() => children === 30)

    assert.equal(deferred.stats().dead, 0)
  })

  it('let callers go when the runtime drains, as it refuses them all', async () => {
    const { clock, deferred } = await bootDeferred({ tasks, options })
    await deferred.pause()
    await Wait.enqueueMany([1, 2, 3, 4, 5])
    const held = assert.rejects(Wait.enqueue(6), { code: 'RAGE_DEFERRED_DRAINING' })
    await settled()

    await deferred.service.drain(new AbortController().signal)

    await held
    assert.equal(clock.timers, 0)
  })

  it('are off by default', async () => {
    const { deferred } = await bootDeferred({ tasks })
    await deferred.pause()

    await Wait.enqueueMany(Array.from({ length: 5_000 }, () => 1))
    await Wait.enqueue(1)

    assert.equal(deferred.stats().queued, 5_001)
  })

  for (const lowWater of [5, 6]) {
    it(`must differ: ${lowWater} is not below 5`, () => {
      assert.throws(
        () => createDeferred({ tasks, options: { highWater: 5, lowWater } }),
        /"deferred\.lowWater" must be less than deferred\.highWater \(5\)/,
      )
    })
  }
})
