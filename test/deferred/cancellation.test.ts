import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { JobCancelledError, type RunningJob, Task } from '../../src/deferred'
import { bootDeferred, crash, settled, stopAll, until } from './support/boot-deferred'

const ran: string[] = []
const signals: AbortSignal[] = []
let releases: (() => void)[] = []
let fails = false

class Work extends Task<string> {
  static override retryIn = (): number => 30

  override perform(name: string, { signal }: RunningJob): Promise<void> {
    ran.push(name)
    signals.push(signal)
    return new Promise((resolve, reject) =>
      releases.push(fails ? () => reject(new Error('failed')) : resolve),
    )
  }
}

class Remembered extends Work {
  static override keepResults = 60
}

class Lonely extends Work {
  static override unique = true
}

class CancelsItself extends Task {
  override async perform(_args: unknown, { id }: RunningJob): Promise<void> {
    ran.push(`cancelled itself: ${await cancel(id)}`)
  }
}

let cancel: (id: string) => Promise<boolean> = async () => false

function release(): void {
  for (const each of releases.splice(0)) each()
}

afterEach(async () => {
  release()
  await stopAll()
  ran.length = 0
  signals.length = 0
  releases = []
  fails = false
})

describe('deferred: cancel', () => {
  it('keeps a waiting job from running, in this process and after a restart', async () => {
    const first = await bootDeferred({ tasks: [Work], options: { concurrency: 1 } })
    const { clock, deferred, disk } = first
    await Work.enqueue('first')
    const { id } = await Work.enqueue('second')
    await Work.enqueue('third')
    await until(() => ran.length === 1)

    assert.equal(await deferred.cancel(id), true)
    assert.equal(deferred.stats().queued, 1)
    assert.equal(disk.entries.size, 2)
    assert.equal(disk.written.at(-1)!.durability, 'sync')
    release()
    await until(() => ran.length === 2)
    assert.deepEqual(ran, ['first', 'third'])

    await crash(first)
    release()
    await bootDeferred({ tasks: [Work], disk, clock })
    await until(() => ran.length === 3)
    assert.deepEqual(ran, ['first', 'third', 'third'])
  })

  it('keeps a delayed job from running, and from being counted', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Work] })
    const { id } = await Work.enqueue('late', { delay: 3_600 })
    await Work.enqueue('later', { delay: 3_601 })

    assert.equal(await deferred.cancel(id), true)
    assert.deepEqual([deferred.stats().delayed, disk.entries.size], [1, 1])
    assert.equal(deferred.stats().queues.default!.delayed, 1)
    await clock.advance(3_600_000)
    await settled()
    assert.deepEqual([ran, deferred.stats().delayed], [[], 1])
    await clock.advance(1_000)
    await until(() => ran.length === 1)
    assert.deepEqual([ran, deferred.stats().delayed], [['later'], 0])
    assert.equal(deferred.stats().queues.default!.delayed, 0)
  })

  it('reaches jobs that are only on disk', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Work] })
    const jobs = await Work.enqueueMany(
      Array.from({ length: 10_500 }, (_, index) => `job ${index}`),
      { delay: 3_600 },
    )

    for (const { id } of jobs.slice(0, -1).filter((_, index) => index % 2 === 0 || index > 10_400))
      assert.equal(await deferred.cancel(id), true)
    assert.equal(deferred.stats().delayed, disk.entries.size)
    const left = disk.entries.size
    await clock.advance(3_600_000)
    for (let end = false; !end; end = disk.entries.size === 0) {
      release()
      await settled()
    }

    assert.equal(ran.length, left)
    assert.ok(!ran.includes('job 10480') && ran.includes('job 10499') && ran.includes('job 1'))
    assert.deepEqual([deferred.stats().delayed, deferred.stats().queued], [0, 0])
  })

  it('keeps nothing in memory of many that were cancelled, and runs the others at their time', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Work], options: { concurrency: 100 } })
    const jobs = await Work.enqueueMany(
      Array.from({ length: 24_000 }, (_, index) => `job ${index}`),
      { delay: 3_600 },
    )

    for (const { id } of jobs.slice(10, -10)) await deferred.cancel(id)
    assert.deepEqual([deferred.stats().delayed, disk.entries.size], [20, 20])
    assert.equal((await deferred.list({ state: 'delayed' })).length, 20)
    await clock.advance(3_600_000)
    await until(() => ran.length === 20)

    assert.deepEqual(
      ran,
      [...jobs.slice(0, 10), ...jobs.slice(-10)].map(
        (_, index) => `job ${index < 10 ? index : 23_980 + index}`,
      ),
    )
    assert.deepEqual([deferred.stats().delayed, deferred.stats().queued], [0, 0])
  }, 60_000)

  it('aborts the signal of a running job, which is not attempted again and keeps its slot until it ends', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Work], options: { concurrency: 1 } })
    const { id } = await Work.enqueue('endless')
    await Work.enqueue('next')
    await until(() => ran.length === 1)
    fails = true

    assert.equal(await deferred.cancel(id), true)
    assert.ok(signals[0]!.aborted && signals[0]!.reason instanceof JobCancelledError)
    assert.deepEqual([disk.entries.size, deferred.stats().running, ran], [1, 1, ['endless']])
    fails = false
    release()
    await until(() => ran.length === 2)
    await clock.advance(60_000)
    assert.deepEqual(ran, ['endless', 'next'])
  })

  it('keeps a failed job from being tried again', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Work] })
    fails = true
    const { id } = await Work.enqueue('fails')
    await until(() => ran.length === 1)
    release()
    await until(() => deferred.stats().delayed === 1)

    assert.equal(await deferred.cancel(id), true)
    await clock.advance(60_000)
    await settled()

    assert.deepEqual([ran, disk.entries.size, deferred.stats().delayed], [['fails'], 0, 0])
  })

  it('answers false for what is not there, over, dead, or cancelled already', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Work] })
    const done = await Work.enqueue('done')
    await until(() => ran.length === 1)
    release()
    await until(() => disk.entries.size === 0)
    const late = await Work.enqueue('late', { delay: 60 })
    await deferred.cancel(late.id)

    for (const id of [
      done.id,
      late.id,
      'nothing',
      '',
      '__proto__',
      `${late.id}0`,
      late.id.replace(/\d$/, '9'),
    ])
      assert.equal(await deferred.cancel(id), false, id)
  })

  it('answers everybody who cancels at the same time', async () => {
    const { deferred } = await bootDeferred({ tasks: [Work] })
    const { id } = await Work.enqueue('late', { delay: 60 })

    assert.deepEqual(await Promise.all([deferred.cancel(id), deferred.cancel(id)]), [true, true])
    assert.equal(deferred.stats().delayed, 0)
  })

  it('takes a job that is about to begin back, or aborts it, but never lets it run to its end', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Work], options: { concurrency: 5 } })
    for (let turns = 0; turns < 12; turns++) {
      const { id } = await Work.enqueue(`job ${turns}`)
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      if (turns > 8) await new Promise((resolve) => setImmediate(resolve))
      assert.equal(await deferred.cancel(id), true, `after ${turns} turns`)
      await settled()
      assert.equal(disk.entries.size, 0)
      assert.ok(signals.every((signal) => signal.aborted))
      release()
      await settled()
      assert.deepEqual([deferred.stats().queued, deferred.stats().running], [0, 0])
    }
  })

  it('lets the job run when the log cannot take the cancellation', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Work] })
    const { id } = await Work.enqueue('late', { delay: 60 })
    disk.log.fail('failed', 'the disk is gone')

    await assert.rejects(deferred.cancel(id), /the disk is gone/)

    disk.log.health = { state: 'ok', reason: null }
    await clock.advance(60_000)
    await until(() => ran.length === 1)
  })

  it('frees the key of a unique job', async () => {
    const { deferred } = await bootDeferred({ tasks: [Lonely] })
    const first = await Lonely.enqueue('only', { delay: 60 })
    assert.equal((await Lonely.enqueue('only')).duplicate, true)

    await deferred.cancel(first.id)

    assert.equal((await Lonely.enqueue('only')).duplicate, false)
  })

  it('is remembered for a task that keeps results', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Remembered] })
    const { id } = await Remembered.enqueue('late', { delay: 3_600 })
    const result = deferred.result(id)
    result.catch(() => undefined)
    await settled()

    await deferred.cancel(id)

    await assert.rejects(result, { code: 'RAGE_DEFERRED_CANCELLED' })
    assert.equal((await deferred.find(id))!.state, 'cancelled')
    await clock.advance(60_000)
    assert.equal(await deferred.find(id), null)
    assert.equal(disk.entries.size, 0)
    await clock.advance(3_600_000)
    assert.deepEqual([ran, deferred.stats().delayed], [[], 0])
  })

  it('may be called by the job itself', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [CancelsItself] })
    cancel = (id) => deferred.cancel(id)

    await CancelsItself.enqueue()
    await until(() => ran.length === 1)

    assert.deepEqual([ran, disk.entries.size], [['cancelled itself: true'], 0])
  })
})
