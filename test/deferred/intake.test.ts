import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Transaction } from '../../src/context'
import { type DeferredOptions, Task } from '../../src/deferred'
import { bootDeferred, settled, stopAll, until } from './support/boot-deferred'

const ran: number[] = []

class Send extends Task<number> {
  override perform(number: number): void {
    ran.push(number)
  }
}

class Once extends Send {
  static override unique = true
}

afterEach(async () => {
  await stopAll()
  ran.length = 0
})

async function bootPaused(options: DeferredOptions) {
  const made = await bootDeferred({ tasks: [Send, Once], options })
  await made.deferred.pause()
  return made
}

/** Each way to enqueue `count` jobs. */
const ways = {
  enqueue: (numbers: readonly number[]) => Promise.all(numbers.map((number) => Send.enqueue(number))),
  'enqueue of a unique job': (numbers: readonly number[]) =>
    Promise.all(numbers.map((number) => Once.enqueue(number))),
  enqueueMany: (numbers: readonly number[]) => Send.enqueueMany(numbers),
}

describe.each(Object.entries(ways))('deferred: %s in a transaction', (_, enqueue) => {
  it('waits for room and is refused at once, while the database can still roll back', async () => {
    const { clock, deferred, scope } = await bootPaused({ highWater: 2, pushTimeoutMs: 500 })
    await Send.enqueueMany([1, 2])
    const transaction = new Transaction(scope)
    const answer = transaction.run(() => enqueue([3]))
    const refused = assert.rejects(answer, { code: 'RAGE_DEFERRED_PUSH_TIMEOUT' })
    await settled()

    await clock.advance(500)

    await refused
    await transaction.commit()
    assert.equal(deferred.stats().queued, 2)
  })

  it('goes on when there is room, and waits for none after the commit', async () => {
    const { deferred, scope } = await bootPaused({ highWater: 2, lowWater: 1 })
    await Send.enqueueMany([1, 2])
    const transaction = new Transaction(scope)
    let isHeld = false
    const answer = transaction
      .run(() => enqueue([3, 4]))
      .then(() => {
        isHeld = true
      })
    await settled()
    assert.equal(isHeld, false)

    await deferred.resume()
    await answer
    await deferred.pause()
    await Send.enqueueMany([5, 6])
    await transaction.commit()

    assert.equal(deferred.stats().queued, 4)
    await deferred.resume()
    await until(() => ran.length === 6)
  })

  it('is refused above maxQueued, and not any more after the commit', async () => {
    const { deferred, scope } = await bootPaused({ maxQueued: 3 })
    await Send.enqueueMany([1, 2])
    const transaction = new Transaction(scope)

    await transaction.run(() => enqueue([3]))
    await Send.enqueue(4)
    await assert.rejects(
      transaction.run(() => enqueue([5])),
      { code: 'RAGE_DEFERRED_QUEUE_FULL' },
    )
    await transaction.commit()

    assert.equal(deferred.stats().queued, 4)
  })
})

describe('deferred: jobs in a transaction', () => {
  it('wait for room as a batch, too, and only before the commit', async () => {
    const { clock, deferred, scope } = await bootPaused({ highWater: 2, pushTimeoutMs: 500 })
    const [early, late] = [new Transaction(scope), new Transaction(scope)]
    const batch = () => deferred.batch([Send.with(3), Send.with(4)], { followedBy: Send.with(5) })
    await early.run(batch)
    await Send.enqueueMany([1, 2])
    const refused = assert.rejects(late.run(batch), { code: 'RAGE_DEFERRED_PUSH_TIMEOUT' })
    await settled()

    await clock.advance(500)

    await refused
    await early.commit()
    assert.equal(deferred.stats().queued, 4)
  })

  it('do not wait while another job has their key', async () => {
    const { scope } = await bootPaused({ highWater: 2 })
    await Promise.all([Once.enqueue(1), Once.enqueue(2)])
    const transaction = new Transaction(scope)

    const { duplicate } = await transaction.run(() => Once.enqueue(1))
    await transaction.commit()

    assert.equal(duplicate, true)
  })
})
