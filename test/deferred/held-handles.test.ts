import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Transaction } from '../../src/context'
import { Task } from '../../src/deferred'
import { bootDeferred, settled, stopAll } from './support/boot-deferred'

const ran: number[] = []

class Send extends Task<number> {
  override perform(number: number): void {
    ran.push(number)
  }
}

afterEach(async () => {
  await stopAll()
  ran.length = 0
})

describe('deferred: a job that a transaction holds', () => {
  it('is dropped when it is cancelled inside of it', async () => {
    const { deferred, disk, scope } = await bootDeferred({ tasks: [Send] })
    const transaction = new Transaction(scope)

    const answers = await transaction.run(async () => {
      const [first] = [await Send.enqueue(1), await Send.enqueue(2)]
      return [
        await deferred.cancel(first!.id),
        await deferred.cancel(first!.id),
        await deferred.cancel('nope'),
      ]
    })
    await transaction.commit()
    await settled()

    assert.deepEqual(answers, [true, false, false])
    assert.deepEqual(ran, [2])
    assert.equal(disk.entries.size, 0)
  })

  it('is dropped alone where it was one of many, whose handles keep their places', async () => {
    const { deferred, scope } = await bootDeferred({ tasks: [Send] })
    const transaction = new Transaction(scope)

    const [handles, answers] = await transaction.run(async () => {
      const many = await Send.enqueueMany([1, 2, 3, 4])
      return [many, [await deferred.cancel(many[1]!.id), await deferred.cancel(many[2]!.id)]] as const
    })
    const ids = handles.map(({ id }) => id)
    await transaction.commit()
    await settled()

    assert.deepEqual(answers, [true, true])
    assert.deepEqual(ran, [1, 4])
    assert.deepEqual(
      handles.map(({ id }) => id),
      ids,
    )
  })

  it('is dropped by the transaction around, once the inner one has committed', async () => {
    const { deferred, scope } = await bootDeferred({ tasks: [Send] })
    const outer = new Transaction(scope)

    const isCancelled = await outer.run(async () => {
      const inner = new Transaction(scope)
      const { id } = await inner.run(() => Send.enqueue(1))
      await inner.commit()
      return deferred.cancel(id)
    })
    await outer.commit()
    await settled()

    assert.deepEqual([isCancelled, ran], [true, []])
  })

  it('is cancelled as any other after the commit, also from inside', async () => {
    const { deferred, scope } = await bootDeferred({ tasks: [Send] })
    const transaction = new Transaction(scope)

    const { id } = await transaction.run(() => Send.enqueue(1, { delay: 60 }))
    assert.equal(await deferred.cancel(id), false)
    await transaction.commit()

    assert.equal(await transaction.run(() => deferred.cancel(id)), true)
    assert.equal(await deferred.find(id), null)
  })

  it('is dropped under the id it was answered, and so is the job that has its key', async () => {
    const { deferred, scope } = await bootDeferred({ tasks: [Send] })
    const stored = await Send.enqueue(1, { unique: 'k', delay: 60 })
    const transaction = new Transaction(scope)

    const [ids, isCancelled] = await transaction.run(async () => {
      const held = [await Send.enqueue(2, { unique: 'k' }), await Send.enqueue(3, { unique: 'k' })]
      return [held.map(({ id }) => id), await deferred.cancel(stored.id)]
    })
    await transaction.commit()
    await settled()

    assert.deepEqual([ids, isCancelled], [[stored.id, stored.id], true])
    assert.deepEqual([ran, await deferred.find(stored.id)], [[], null])
  })

  it('is dropped from a transaction inside when that commits, and not when it rolls back', async () => {
    const { deferred, scope } = await bootDeferred({ tasks: [Send] })
    const outer = new Transaction(scope)

    const answers = await outer.run(async () => {
      const [dropped, kept] = [await Send.enqueue(1), await Send.enqueue(2)]
      const [inner, failing] = [new Transaction(scope), new Transaction(scope)]
      const innermost = inner.run(() => new Transaction(scope))
      const first = await innermost.run(() => deferred.cancel(dropped.id))
      await innermost.commit()
      await inner.commit()
      const second = await failing.run(() => deferred.cancel(kept.id))
      failing.rollback()
      return [first, second]
    })
    await outer.commit()
    await settled()

    assert.deepEqual([answers, ran], [[true, true], [2]])
  })
})
