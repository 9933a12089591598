import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { type RunningJob, Task } from '../../src/deferred'
import { bootDeferred, crash, stopAll, until } from './support/boot-deferred'

const seen: unknown[] = []
let work: (job: RunningJob) => unknown = () => undefined

class Probe extends Task {
  static override retries = 1
  static override queue = 'mail'

  static override retryIn(error: Error | undefined, attempt: number): number {
    seen.push(error?.message)
    return attempt * 100 + seen.length
  }

  override perform(_args: unknown, job: RunningJob): unknown {
    return work(job)
  }
}

afterEach(async () => {
  await stopAll()
  seen.length = 0
  work = () => undefined
})

describe('deferred: what perform knows about its job', () => {
  it('is which attempt it is and whether another follows, worked out when asked', async () => {
    const { clock, deferred } = await bootDeferred({ tasks: [Probe] })
    const told: unknown[] = []
    work = ({ attempt, retries, willRetry, willRetryIn }) => {
      told.push({ attempt, retries, willRetry, willRetryIn })
      throw new Error(`failure ${attempt}`)
    }

    await Probe.enqueue()
    await until(() => deferred.stats().delayed === 1)
    await clock.advance(1_000_000)
    await until(() => deferred.dead().length === 1)

    assert.deepEqual(told, [
      { attempt: 1, retries: 0, willRetry: true, willRetryIn: 101 },
      { attempt: 2, retries: 1, willRetry: false, willRetryIn: null },
    ])
    // Without an error while it runs, once however often it is read; then with the error.
    assert.deepEqual(seen, [undefined, 'failure 1'])
  })

  it('does not ask retryIn when perform does not', async () => {
    const { disk } = await bootDeferred({ tasks: [Probe] })

    await Probe.enqueue()
    await until(() => disk.entries.size === 0)

    assert.deepEqual(seen, [])
  })

  it('takes a retryIn that wants to see the error for the default', async () => {
    const { disk } = await bootDeferred({ tasks: [Probe] })
    const { retryIn } = Probe
    Probe.retryIn = (error) => (error as Error).message.length
    let told: number | null = null
    work = ({ willRetryIn }) => {
      told = willRetryIn
    }

    await Probe.enqueue()
    await until(() => disk.entries.size === 0)
    Probe.retryIn = retryIn

    assert.ok(told! >= 11 && told! <= 25, String(told))
  })

  it('is its queue, and when it was enqueued, also after a restart', async () => {
    const first = await bootDeferred({ tasks: [Probe] })
    const enqueuedAt = first.clock.now()
    await Probe.enqueue(undefined, { delay: 3_600, queue: 'slow' })
    await crash(first)
    const { disk, clock } = first
    await bootDeferred({ tasks: [Probe], disk, clock })
    let told: unknown
    work = (job) => {
      told = { enqueuedAt: job.enqueuedAt, queue: job.queue, batch: job.batch }
    }

    await clock.advance(3_600_000)
    await until(() => told !== undefined)

    assert.deepEqual(told, { enqueuedAt, queue: 'slow', batch: null })
  })

  it('may be taken apart', async () => {
    await bootDeferred({ tasks: [Probe] })
    let error: unknown = 'not run'
    work = ({ id, attempt, progress, signal }) => {
      try {
        progress({ id, attempt, aborted: signal.aborted })
        error = null
      } catch (thrown) {
        error = thrown
      }
    }

    await Probe.enqueue()
    await until(() => error !== 'not run')

    assert.equal(error, null)
  })
})
