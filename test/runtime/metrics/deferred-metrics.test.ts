import assert from 'node:assert'
import { describe, it } from 'vitest'
import { Task } from '../../../src'
import type { HistogramSnapshot } from '../../../src/telemetry'
import { eventually, makeRage } from '../support/runtimes'
import { valuesOf } from './support/values'

function bootable() {
  class Fine extends Task {
    perform() {}
  }
  class Slow extends Task {
    static override queue = 'slow'
    perform() {
      return new Promise((resolve) => setTimeout(resolve, 60))
    }
  }
  class Wrong extends Task {
    static override retries = 2
    static override retryIn = () => 0
    perform() {
      throw new Error('always')
    }
  }
  const { rage } = makeRage({ metrics: true, deferred: { concurrency: 1 } })
  rage.register(Fine, Slow, Wrong)
  return { rage, Fine, Slow, Wrong }
}

describe('deferred metrics: jobs', () => {
  it('are counted as they are enqueued, end, are tried again and die', async () => {
    const { rage, Fine, Wrong } = bootable()
    await rage.boot()

    await Fine.enqueueMany([undefined, undefined, undefined])
    await Wrong.enqueue()
    await eventually(() => rage.deferred.stats().dead === 1, 'a death')
    const of = (name: string) => valuesOf(rage, `rage_deferred_${name}`)
    await eventually(() => of('wait_seconds').reduce((sum, [, n]) => sum + n, 0) === 6, 'six attempts')

    assert.deepEqual(of('enqueued_total'), [
      ['default Fine', 3],
      ['default Wrong', 1],
    ])
    assert.deepEqual(of('retries_total'), [
      ['default Fine', 0],
      ['default Wrong', 2],
    ])
    assert.deepEqual(of('dead_total'), [
      ['default Fine', 0],
      ['default Wrong', 1],
    ])
    assert.deepEqual(of('attempt_duration_seconds'), [
      ['default Fine done', 3],
      ['default Wrong retry', 2],
      ['default Wrong dead', 1],
    ])
    assert.deepEqual(of('dead_jobs'), [['', 1]])
  })

  it('have waited for as long as the slot was taken, and lasted as long as they ran', async () => {
    const { rage, Slow } = bootable()
    await rage.boot()

    await Slow.enqueueMany([undefined, undefined])
    await eventually(() => valuesOf(rage, 'rage_deferred_wait_seconds')[0]?.[1] === 2, 'two attempts')

    const sumOf = (name: string): number => {
      const found = rage.metrics.collect().find((one) => one.name === name) as HistogramSnapshot
      return found.samples[0]!.sum
    }
    await eventually(
      () => valuesOf(rage, 'rage_deferred_attempt_duration_seconds')[0]?.[1] === 2,
      'their ends',
    )
    assert.ok(sumOf('rage_deferred_attempt_duration_seconds') >= 0.115)
    assert.ok(sumOf('rage_deferred_wait_seconds') >= 0.055)
  })
})

describe('deferred metrics: queues', () => {
  it('have their depth and the age of their oldest job', async () => {
    const { rage, Fine, Slow } = bootable()
    await rage.boot()
    await rage.deferred.pause('slow')

    await Slow.enqueueMany([undefined, undefined])
    await Fine.enqueue(undefined, { delay: 60 })
    await new Promise((resolve) => setTimeout(resolve, 60))
    const jobs = Object.fromEntries(valuesOf(rage, 'rage_deferred_jobs'))
    const oldest = Object.fromEntries(valuesOf(rage, 'rage_deferred_oldest_seconds'))

    assert.deepEqual(jobs, {
      'slow queued': 2,
      'slow delayed': 0,
      'slow running': 0,
      'default queued': 0,
      'default delayed': 1,
      'default running': 0,
    })
    assert.ok(oldest.slow! >= 0.05 && oldest.slow! < 5, `${oldest.slow}`)
    assert.equal(oldest.default, 0)
    assert.deepEqual(Object.fromEntries(valuesOf(rage, 'rage_deferred_paused')), { slow: 1, default: 0 })
  })
})
