import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { type RunningJob, Task } from '../../src/deferred'
import { bootDeferred, crash, settled, stopAll, until } from './support/boot-deferred'

let releases: (() => void)[] = []
const ran: string[] = []

class Work extends Task<string> {
  static override retryIn = (): number => 60

  override async perform(name: string, { progress }: RunningJob): Promise<void> {
    ran.push(name)
    if (name === 'fails') throw new TypeError('not today')
    progress(50)
    await new Promise<void>((resolve) => releases.push(resolve))
  }
}

class Dies extends Task {
  static override retries = 0
  static override queue = 'mail'

  override perform(): void {
    throw new RangeError('never')
  }
}

class Returns extends Task<number> {
  static override keepResults = 60

  override perform(number: number): number {
    return number * 2
  }
}

afterEach(async () => {
  for (const each of releases.splice(0)) each()
  await stopAll()
  ran.length = 0
  releases = []
})

const tasks = [Work, Dies, Returns]

/** A job in every state, one of them twice. */
async function bootAll() {
  const made = await bootDeferred({ tasks, options: { concurrency: 1 } })
  const { deferred } = made
  const done = await Returns.enqueue(21)
  await deferred.result(done.id)
  const dead = await Dies.enqueue()
  await until(() => deferred.dead().length === 1)
  const failed = await Work.enqueue('fails')
  await until(() => deferred.stats().delayed === 1)
  const running = await Work.enqueue('runs')
  await until(() => releases.length === 1)
  const waiting = await Work.enqueue('waits')
  const delayed = await Work.enqueue('later', { delay: 3_600, queue: 'slow' })
  await settled()
  return { ...made, done, dead, failed, running, waiting, delayed }
}

describe('deferred: find', () => {
  it('knows a job in each of its states', async () => {
    const { clock, deferred, ...jobs } = await bootAll()
    const now = clock.now()
    const none = { progress: null, result: undefined, error: null }
    const work = { task: 'Work', queue: 'default', enqueuedAt: now }

    assert.deepEqual(await deferred.find(jobs.running.id), {
      ...work,
      ...none,
      id: jobs.running.id,
      state: 'running',
      args: 'runs',
      attempt: 1,
      runAt: null,
      progress: 50,
    })
    assert.deepEqual(await deferred.find(jobs.waiting.id), {
      ...work,
      ...none,
      id: jobs.waiting.id,
      state: 'waiting',
      args: 'waits',
      attempt: 0,
      runAt: now,
    })
    assert.deepEqual(await deferred.find(jobs.delayed.id), {
      ...work,
      ...none,
      id: jobs.delayed.id,
      state: 'delayed',
      queue: 'slow',
      args: 'later',
      attempt: 0,
      runAt: now + 3_600_000,
    })
    assert.deepEqual(await deferred.find(jobs.failed.id), {
      ...work,
      ...none,
      id: jobs.failed.id,
      state: 'delayed',
      args: 'fails',
      attempt: 1,
      runAt: now + 60_000,
      error: { name: null, message: 'not today', stack: null },
    })
    assert.deepEqual(await deferred.find(jobs.done.id), {
      ...none,
      id: jobs.done.id,
      task: 'Returns',
      queue: 'default',
      enqueuedAt: now,
      state: 'done',
      args: 21,
      attempt: 1,
      runAt: null,
      result: 42,
    })
    const dead = (await deferred.find(jobs.dead.id))!
    assert.deepEqual(
      [dead.state, dead.queue, dead.attempt, dead.error!.name, dead.error!.message],
      ['dead', 'mail', 1, 'RangeError', 'never'],
    )
    assert.match(dead.error!.stack!, /RangeError: never\n/)
  })

  it('knows the same after a restart', async () => {
    const first = await bootAll()
    const { clock, disk, done, dead, failed, delayed } = first
    const before = await Promise.all([done, dead, failed, delayed].map(({ id }) => first.deferred.find(id)))
    await crash(first)

    const { deferred } = await bootDeferred({ tasks, disk, clock, options: { concurrency: 1 } })

    const after = await Promise.all([done, dead, failed, delayed].map(({ id }) => deferred.find(id)))
    assert.deepEqual(after, before)
  })

  it('knows nothing of what is over, or never was', async () => {
    const { deferred, running } = await bootAll()
    releases.shift()!()
    await until(() => releases.length === 1)

    for (const id of [running.id, '', 'x', 'x:1', running.id.replace(/.$/, '0')])
      assert.equal(await deferred.find(id), null, id)
  })

  it('waits for boot when it is asked before', async () => {
    const first = await bootAll()
    const { clock, disk, delayed } = first
    await crash(first)
    const { createDeferred } = await import('./support/boot-deferred')
    const { deferred } = createDeferred({ tasks, disk, clock })

    const found = deferred.find(delayed.id)
    await deferred.service.boot()

    assert.equal((await found)!.state, 'delayed')
  })
})

describe('deferred: list', () => {
  it('shows jobs of one state, or of all, those that run first', async () => {
    const { deferred, ...jobs } = await bootAll()
    const ids = async (options?: Parameters<typeof deferred.list>[0]) =>
      (await deferred.list(options)).map(({ id }) => id)

    assert.deepEqual(await ids({ state: 'running' }), [jobs.running.id])
    assert.deepEqual(await ids({ state: 'waiting' }), [jobs.waiting.id])
    assert.deepEqual(await ids({ state: 'delayed' }), [jobs.failed.id, jobs.delayed.id])
    assert.deepEqual(await ids({ state: 'dead' }), [jobs.dead.id])
    assert.deepEqual(await ids({ state: 'done' }), [jobs.done.id])
    assert.deepEqual(await ids({ state: 'cancelled' }), [])
    const all = [jobs.running, jobs.waiting, jobs.failed, jobs.delayed, jobs.dead, jobs.done]
    assert.deepEqual(
      await ids(),
      all.map(({ id }) => id),
    )
    assert.deepEqual(await ids({ limit: 3 }), [jobs.running.id, jobs.waiting.id, jobs.failed.id])
  })

  it('reads no more than it shows, of however many, the earliest first', async () => {
    const { deferred, disk } = await bootDeferred({ tasks })
    const jobs = []
    for (const delay of [9_000, 7_000, 8_000])
      jobs.push(
        await Work.enqueueMany(
          Array.from({ length: 6_000 }, (_, index) => `job ${index}`),
          { delay },
        ),
      )
    const read: number[] = []
    const { log } = disk
    const readOnly = log.read.bind(log)
    log.read = (sequences) => {
      read.push(sequences.length)
      return readOnly(sequences)
    }

    const shown = await deferred.list({ state: 'delayed', limit: 5 })

    assert.deepEqual(
      shown.map(({ id }) => id),
      jobs[1]!.slice(0, 5).map(({ id }) => id),
    )
    assert.deepEqual(read, [5])
  })

  it('finds the jobs of one task behind any number of others', async () => {
    const { deferred } = await bootDeferred({ tasks, options: { concurrency: 1 } })
    await Work.enqueueMany(
      Array.from({ length: 6_000 }, (_, index) => `job ${index}`),
      { delay: 60 },
    )
    const { id: last } = await Returns.enqueue(1, { delay: 3_600 })
    await Work.enqueueMany(Array.from({ length: 1_500 }, (_, index) => `now ${index}`))
    await until(() => releases.length === 1)
    const { id: behind } = await Returns.enqueue(2)
    const desk = await deferred.desk('list jobs')
    const never = new AbortController().signal

    const found = await deferred.list({ task: 'Returns' })
    const rows = await desk.rows({ task: 'Returns' }, never)
    const delayed = await deferred.list({ task: 'Returns', state: 'delayed' })

    assert.deepEqual(
      found.map(({ id, state, args }) => [id, state, args]),
      [
        [behind, 'waiting', 2],
        [last, 'delayed', 1],
      ],
    )
    assert.deepEqual(
      rows.map(({ id, args }) => [id, args]),
      [
        [behind, '2'],
        [last, ''],
      ],
    )
    assert.deepEqual(
      delayed.map(({ id }) => id),
      [last],
    )
    assert.deepEqual(await deferred.list({ task: 'Elsewhere' }), [])
    assert.equal((await deferred.list({ task: 'Work', limit: 1_000 })).length, 1_000)
  })

  it('stops looking when it is told to', async () => {
    const { deferred } = await bootDeferred({ tasks })
    await Work.enqueueMany(['a', 'b'], { delay: 60 })
    const desk = await deferred.desk('list jobs')

    await assert.rejects(desk.rows({ task: 'Returns' }, AbortSignal.abort(new Error('too long'))), /too long/)
  })

  it('shows jobs that this process cannot run, which can be cancelled', async () => {
    class Gone extends Task<string> {
      override perform(): void {}
    }
    class After extends Task<{ readonly total: number }> {
      override perform(): void {}
    }
    const first = await bootDeferred({ tasks: [Gone, After] })
    const { clock, disk } = first
    const { id } = await Gone.enqueue('a', { delay: 5, unique: 'k' })
    const other = await Gone.enqueue('b')
    await first.deferred.batch([Gone.with('c', { delay: 5 })], { followedBy: After.with({ total: 1 }) })
    await until(() => disk.entries.size === 3)
    await crash(first)

    const { deferred } = await bootDeferred({ tasks: [After], disk, clock })
    const parked = await deferred.list({ state: 'parked' })
    assert.deepEqual(
      parked.map(({ task, state, args, runAt }) => ({ task, state, args, runAt })),
      ['a', 'c'].map((args) => ({ task: 'Gone', state: 'parked', args, runAt: null })),
    )
    assert.deepEqual([(await deferred.find(id))?.state, await deferred.find(other.id)], ['parked', null])
    assert.deepEqual(await Promise.all([deferred.cancel(id), deferred.cancel(id)]), [true, true])
    assert.equal(await deferred.cancel(id), false)
    assert.deepEqual(
      [deferred.stats().parked, deferred.stats().queued, await deferred.find(id)],
      [1, 0, null],
    )

    assert.equal(await deferred.cancel(parked[1]!.id), true)
    await until(() => disk.entries.size === 0)
    assert.deepEqual([deferred.stats().parked, deferred.stats().delayed], [0, 0])
  })

  it('does not show jobs that were cancelled', async () => {
    const { deferred, waiting, delayed } = await bootAll()
    await deferred.cancel(waiting.id)
    await deferred.cancel(delayed.id)

    assert.deepEqual(await deferred.list({ state: 'waiting' }), [])
    assert.equal((await deferred.list({ state: 'delayed' })).length, 1)
  })

  it('refuses other options', async () => {
    const { deferred } = await bootDeferred({ tasks })

    for (const limit of [0, -1, 1.5, 1_001, Number.NaN, '7' as never])
      await assert.rejects(deferred.list({ limit }), { code: 'RAGE_KERNEL_INVALID_OPTION' })
    await assert.rejects(deferred.list({ task: 7 as never }), { code: 'RAGE_KERNEL_INVALID_OPTION' })
    await assert.rejects(deferred.list({ state: 'failed' as never }), { code: 'RAGE_KERNEL_INVALID_OPTION' })
  })
})
