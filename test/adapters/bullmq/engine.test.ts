import assert from 'node:assert/strict'
import Redis from 'ioredis'
import { describe, it } from 'vitest'
import { bullmq } from '../../../adapters/bullmq'
import { Task } from '../../../src'
import { systemClock } from '../../../src/kernel'
import { createLoggers } from '../../../src/logger'
import { ErrorReports } from '../../../src/telemetry'
import { queueName, testEngines } from '../../deferred/support/engines'
import { Wire } from '../../deferred/support/wire'
import { atEnd, makeRage } from '../../runtime/support/runtimes'
import { redisUrl } from '../../support/services'

class Noted extends Task {
  static ran = 0
  perform() {
    Noted.ran += 1
  }
}

/** As one whose process stood still for too long. */
class LosesItsLock extends Task<{ queue: string }> {
  static client: Redis | null = null
  async perform({ queue }: { queue: string }) {
    const client = LosesItsLock.client!
    await client.del(await client.keys(`bull:${queue}:*:lock`))
  }
}

async function until(isSo: () => unknown): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`it did not happen: ${isSo}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
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
    await until(() => Noted.ran > 0)
    await rage.stop()

    assert.equal(Noted.ran, 1)
    assert.equal(await client.ping(), 'PONG')
  })
})

describe.skipIf(!engine.isThere)('bullmq: a connection that is lost', () => {
  it('is not said to be so for what the server answered before', async () => {
    const queue = queueName()
    const client = new Redis(redisUrl, { maxRetriesPerRequest: null })
    atEnd(() => engine.remove(queue))
    const { lines, rage } = makeRage({ deferred: { engine: bullmq({ connection: client, queue }) } })
    atEnd(() => rage.stop())
    rage.register(LosesItsLock)
    LosesItsLock.client = client
    await rage.boot()
    await LosesItsLock.enqueue({ queue })
    await until(() =>
      lines.some(({ err }) => /Missing lock/.test(String((err as Error | undefined)?.message))),
    )
    assert.equal(rage.health().ok, true)

    client.disconnect()
    await until(() => !rage.health().ok)

    assert.doesNotMatch(rage.health().reasons[0]!, /Missing lock/)
  })
})

describe.skipIf(!engine.isThere)('bullmq: its end', () => {
  it('comes also where Redis has fallen silent, and nothing is left that keeps the process', async () => {
    const proxy = new Wire(redisUrl)
    await proxy.open()
    atEnd(() => proxy.cut())
    const { logger } = createLoggers({ level: 'silent', format: 'json', destination: null })
    const errors = new ErrorReports(logger)
    const run = () => Promise.reject(new Error('not here'))
    const world = { clock: systemClock, logger, errors, concurrency: 1, deadLimit: 10, run }
    const kind = bullmq({ connection: { url: proxy.url }, queue: queueName() })
    const running = await kind.open(world, AbortSignal.timeout(5_000))
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
    const before = sockets()

    proxy.hold()
    await running.close()

    assert.ok(sockets() < before, `${before} sockets, ${sockets()} after`)
  }, 20_000)
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
