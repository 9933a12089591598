import assert from 'node:assert/strict'
import { afterEach, describe, it, vi } from 'vitest'
import { Task } from '../../src/deferred'
import { defaultRetryIn, retryPolicy } from '../../src/deferred/retry-policy'
import { compileTask } from '../../src/deferred/task-plan'
import { bootDeferred, settled, stopAll, until } from './support/boot-deferred'

const attempts: number[] = []

class FailsOnce extends Task<{ orderId: string }> {
  static override retryIn = (): number => 10

  override async perform(_args: unknown, { attempt }: { attempt: number }): Promise<void> {
    attempts.push(attempt)
    if (attempt === 1) throw new Error('no route to the printer')
  }
}

class AlwaysFails extends Task {
  static override retries = 2
  static override retryIn = (): number => 1

  override perform(_args: unknown, { attempt }: { attempt: number }): void {
    attempts.push(attempt)
    throw new TypeError(`failure ${attempt}`)
  }
}

class GivesUp extends Task {
  static override retryIn(error: unknown): number | false {
    return (error as Error).message === 'gone' ? false : 1
  }

  override perform(_args: unknown, { attempt }: { attempt: number }): void {
    attempts.push(attempt)
    throw new Error('gone')
  }
}

class MisjudgesItsRetry extends Task {
  static override retries = 3
  static override retryIn(_error: unknown, attempt: number): number {
    if (attempt === 1) throw new Error('a bug in retryIn')
    return Number.NaN
  }

  override perform(_args: unknown, { attempt }: { attempt: number }): void {
    attempts.push(attempt)
    throw new Error('no')
  }
}

afterEach(async () => {
  await stopAll()
  attempts.length = 0
  vi.restoreAllMocks()
})

describe('deferred: an attempt that throws', () => {
  it('is made again once retryIn has passed, not before', async () => {
    const { clock } = await bootDeferred({ tasks: [FailsOnce] })
    await FailsOnce.enqueue({ orderId: '7' })
    await until(() => attempts.length === 1)

    await clock.advance(9_999)
    assert.deepEqual(attempts, [1])

    await clock.advance(1)
    await until(() => attempts.length === 2)
    assert.deepEqual(attempts, [1, 2])
  })

  it('leaves a line with the attempt and when the next one is', async () => {
    const { lines } = await bootDeferred({ tasks: [FailsOnce] })
    const { id } = await FailsOnce.enqueue({ orderId: '7' })
    await until(() => lines.some((line) => line.msg === 'job failed'))

    const line = lines.find((each) => each.msg === 'job failed')!
    const { level, job, task, attempt, retries, retryInSeconds } = line
    assert.deepEqual(
      { level, job, task, attempt, retries, retryInSeconds },
      { level: 40, job: id, task: 'FailsOnce', attempt: 1, retries: 20, retryInSeconds: 10 },
    )
    assert.equal((line.err as Error).message, 'no route to the printer')
  })

  it('after the last retry leaves a dead job with its error, reported once', async () => {
    const { clock, deferred, reported } = await bootDeferred({ tasks: [AlwaysFails] })
    const { id } = await AlwaysFails.enqueue()
    await until(() => attempts.length === 1)
    await clock.advance(1_000)
    await until(() => attempts.length === 2)
    const diedAt = clock.now() + 1_000
    await clock.advance(1_000)
    await until(() => deferred.stats().dead === 1)

    assert.deepEqual(attempts, [1, 2, 3])
    const [dead] = deferred.dead()
    assert.ok(dead?.error.stack?.includes('retry-policy.test.ts'))
    assert.deepEqual(
      { ...dead, error: { ...dead?.error, stack: null } },
      {
        id,
        task: 'AlwaysFails',
        args: undefined,
        attempts: 3,
        reason: 'exhausted',
        error: { name: 'TypeError', message: 'failure 3', stack: null },
        diedAt,
      },
    )
    assert.deepEqual(reported.map(String), ['TypeError: failure 3'])
    const { queues, ...stats } = deferred.stats()
    assert.deepEqual(stats, { queued: 0, delayed: 0, running: 0, dead: 1, parked: 0, damaged: 0 })
    assert.deepEqual([queues.default?.queued, queues.default?.running], [0, 0])
  })

  it('is the last one when retryIn says false', async () => {
    const { deferred } = await bootDeferred({ tasks: [GivesUp] })
    await GivesUp.enqueue()
    await until(() => deferred.stats().dead === 1)

    assert.deepEqual(attempts, [1])
    assert.equal(deferred.dead()[0]?.reason, 'stopped')
  })

  it('is made again after the default backoff when retryIn itself fails, and that is reported', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const { clock, reported } = await bootDeferred({ tasks: [MisjudgesItsRetry] })
    await MisjudgesItsRetry.enqueue()
    await until(() => attempts.length === 1)

    await clock.advance(11_000)
    await until(() => attempts.length === 2)
    await clock.advance(26_000)
    await until(() => attempts.length === 3)

    assert.match(String(reported[0]), /a bug in retryIn/)
    assert.match(String(reported[1]), /RAGE_KERNEL_INVALID_OPTION.*MisjudgesItsRetry\.retryIn\(\).*NaN/)
  })

  it('is not made again while other jobs are', async () => {
    const { clock } = await bootDeferred({ tasks: [FailsOnce, GivesUp] })
    await FailsOnce.enqueue({ orderId: '7' })
    await settled()

    assert.equal(clock.timers, 1)
  })
})

describe('deferred: the default backoff', () => {
  it('is attempt^4 + 10 + rand(15) * attempt seconds', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    assert.deepEqual([1, 2, 3, 20].map(defaultRetryIn), [11, 26, 91, 160_010])

    vi.spyOn(Math, 'random').mockReturnValue(0.999)
    assert.deepEqual([1, 2, 3, 20].map(defaultRetryIn), [25, 54, 133, 160_290])
  })
})

describe('deferred: a retryIn that grows without bound', () => {
  it('waits a year at most', () => {
    class Patient extends Task {
      static override retryIn = (_error: unknown, attempt: number): number => 10 ** (attempt * 5)
      override perform(): void {}
    }
    const decide = (attempt: number) =>
      retryPolicy(compileTask(Patient), new Error('no'), attempt, (fault) => assert.fail(String(fault)))

    assert.deepEqual(decide(1), { inSeconds: 100_000 })
    assert.deepEqual(decide(20), { inSeconds: 365 * 86_400 })
  })
})
