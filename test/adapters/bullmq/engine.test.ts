import assert from 'node:assert/strict'
import Redis from 'ioredis'
import { describe, it } from 'vitest'
import { bullmq } from '../../../adapters/bullmq'
import { Task } from '../../../src'
import { queueName, testEngines } from '../../deferred/support/engines'
import { atEnd, makeRage } from '../../runtime/support/runtimes'
import { redisUrl } from '../../support/services'

class Noted extends Task {
  static ran = 0
  perform() {
    Noted.ran += 1
  }
}

const engine = testEngines.find(({ name }) => name === 'bullmq')!

describe.skipIf(!engine.isThere)("bullmq: on a client of the application's", () => {
  it('runs jobs, and leaves the client open when it stops', async () => {
    const queue = queueName()
    const client = new Redis(redisUrl, { maxRetriesPerRequest: null })
    atEnd(() => client.disconnect())
    atEnd(() => engine.remove(queue))
    const { rage } = makeRage({ deferred: { engine: bullmq({ connection: client, queue }) } })
    rage.register(Noted)
    await rage.boot()

    await Noted.enqueue()
    const deadline = Date.now() + 10_000
    while (Noted.ran === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
    await rage.stop()

    assert.equal(Noted.ran, 1)
    assert.equal(await client.ping(), 'PONG')
  })
})

describe('bullmq: its options', () => {
  it('are checked where they are given', () => {
    assert.throws(() => bullmq({ connection: 'redis://127.0.0.1' as never }), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
      message: /such as \{ url: 'redis:\/\/…' \}/,
    })
    assert.throws(() => bullmq({ queue: 'a:b' }), { code: 'RAGE_KERNEL_INVALID_OPTION' })
    assert.throws(() => bullmq({ takeOverMs: 10 }), { code: 'RAGE_KERNEL_INVALID_OPTION' })
    assert.throws(() => bullmq({ takeover: 1 } as object), { code: 'RAGE_KERNEL_UNKNOWN_OPTION' })
  })
})
