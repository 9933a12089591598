import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Task } from '../../src/deferred'
import { bootDeferred, createDeferred, stopAll, until } from './support/boot-deferred'

const ran: unknown[] = []

class Send extends Task<number | undefined> {
  override perform(number: number | undefined): void {
    ran.push(number)
  }
}

afterEach(async () => {
  await stopAll()
  ran.length = 0
})

describe('deferred: enqueueMany of an array with holes', () => {
  it('takes them for undefined, with middleware and without', async () => {
    await bootDeferred({ tasks: [Send] })
    const holes: undefined[] = new Array(2)

    assert.equal((await Send.enqueueMany(holes)).length, 2)
    await until(() => ran.length === 2)
    await stopAll()
    const { deferred } = createDeferred({ tasks: [Send] })
    deferred.use({ enqueue: (_, next) => next() })
    await deferred.service.boot()
    deferred.service.serve()

    assert.equal((await Send.enqueueMany(holes)).length, 2)
    await until(() => ran.length === 4)
    assert.deepEqual(ran, [undefined, undefined, undefined, undefined])
  })
})

describe('deferred: a batch of an array with holes', () => {
  it('is refused', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Send] })
    const members = [Send.with(1)]
    members.length = 2

    await assert.rejects(deferred.batch(members, { followedBy: Send.with(2) }), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
    })
    assert.equal(disk.entries.size, 0)
  })
})
