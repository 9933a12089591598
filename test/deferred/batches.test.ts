import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { type BatchOutcome, type RunningJob, Task } from '../../src/deferred'
import { Batches } from '../../src/deferred/batches'
import { batchRecord } from '../../src/deferred/job-record'
import { bootDeferred, crash, settled, stopAll, until } from './support/boot-deferred'

const ran: string[] = []
const outcomes: (BatchOutcome | null)[] = []
let releases: (() => void)[] = []
let fails = new Set<string>()

class Member extends Task<string> {
  static override retries = 0

  override async perform(name: string): Promise<void> {
    ran.push(name)
    if (name.startsWith('slow')) await new Promise<void>((resolve) => releases.push(resolve))
    if (fails.has(name)) throw new Error(`${name} failed`)
  }
}

class Finish extends Task<{ order: number }> {
  static override retryIn = (): number => 1

  override perform({ order }: { order: number }, job: RunningJob): void {
    ran.push(`finish ${order}`)
    outcomes.push(job.batch)
    if (fails.delete('finish')) throw new Error('once')
  }
}

class Last extends Task {
  override perform(_args: unknown, { batch }: RunningJob): void {
    ran.push('last')
    outcomes.push(batch)
  }
}

const tasks = [Member, Finish, Last]

function release(): void {
  for (const resolve of releases.splice(0)) resolve()
}

afterEach(async () => {
  release()
  await stopAll()
  ran.length = 0
  outcomes.length = 0
  releases = []
  fails = new Set()
})

/** Found in an adopted log, before its members. */
function restored(total: number): Batches {
  const batches = new Batches()
  const record = batchRecord({ id: 'b', total, planned: [], carrier: { id: 'r' } })
  const added = { ...record, body: Buffer.from(String(record.body)) }
  batches.restore({ sequence: 1, added, note: null })
  return batches
}

describe('deferred: a batch', () => {
  it('enqueues the job that follows once every member is done, and tells it', async () => {
    const { deferred, disk } = await bootDeferred({ tasks })

    const { id, jobs } = await deferred.batch([Member.with('a'), Member.with('slow b'), Member.with('c')], {
      followedBy: Finish.with({ order: 7 }),
    })
    await until(() => ran.length === 3)
    await settled()
    assert.deepEqual([jobs.length, ran.includes('finish 7')], [3, false])

    release()
    await until(() => disk.entries.size === 0)
    assert.deepEqual(ran, ['a', 'slow b', 'c', 'finish 7'])
    assert.deepEqual(outcomes, [{ id, total: 3, done: 3, dead: 0, cancelled: 0 }])
  })

  it('counts members that die or are cancelled', async () => {
    const { deferred, disk } = await bootDeferred({ tasks })
    fails.add('bad')

    const { jobs } = await deferred.batch(
      [Member.with('bad'), Member.with('good'), Member.with('late', { delay: 60 }), Member.with('slow')],
      { followedBy: Finish.with({ order: 1 }) },
    )
    await until(() => releases.length === 1)
    assert.equal(await deferred.cancel(jobs[2]!.id), true)
    release()
    await until(() => outcomes.length === 1)
    await settled()

    const outcome = outcomes[0]!
    assert.deepEqual({ ...outcome, id: '' }, { id: '', total: 4, done: 2, dead: 1, cancelled: 1 })
    assert.equal(disk.entries.size, 1, 'the dead member')
  })

  it('tells the first job of a chain that follows, also when that is tried again', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks })
    fails.add('finish')

    await deferred.batch([Member.with('a')], { followedBy: [Finish.with({ order: 1 }), Last.with()] })
    await until(() => deferred.stats().delayed === 1)
    await clock.advance(1_000)
    await until(() => disk.entries.size === 0)

    assert.deepEqual(ran, ['a', 'finish 1', 'finish 1', 'last'])
    assert.deepEqual(
      outcomes.map((outcome) => outcome?.done),
      [1, 1, undefined],
    )
  })

  it('counts again after a restart, wherever the process died', async () => {
    const first = await bootDeferred({ tasks })
    const { clock, disk } = first
    fails.add('bad')
    await first.deferred.batch(
      [Member.with('bad'), Member.with('good'), Member.with('late', { delay: 60 }), Member.with('slow')],
      { followedBy: Finish.with({ order: 1 }) },
    )
    await until(() => ran.length === 3 && first.deferred.dead().length === 1)
    await crash(first)
    release()

    const second = await bootDeferred({ tasks, disk, clock })
    await until(() => ran.length === 4)
    release()
    await settled()
    await crash(second)
    assert.equal(outcomes.length, 0)

    const third = await bootDeferred({ tasks, disk, clock })
    await clock.advance(60_000)
    await until(() => outcomes.length === 1)

    assert.deepEqual({ ...outcomes[0]!, id: '' }, { id: '', total: 4, done: 3, dead: 1, cancelled: 0 })
    await until(() => disk.entries.size === 1)
    assert.equal(third.deferred.dead().length, 1)
  })

  it('still knows of dead members that were forgotten before a restart', async () => {
    const first = await bootDeferred({ tasks, options: { deadLimit: 0 } })
    const { clock, disk } = first
    fails.add('bad')
    await first.deferred.batch([Member.with('bad'), Member.with('late', { delay: 60 })], {
      followedBy: Finish.with({ order: 1 }),
    })
    await until(() => disk.entries.size === 2)
    await crash(first)

    await bootDeferred({ tasks, disk, clock })
    await clock.advance(60_000)
    await until(() => outcomes.length === 1)

    assert.deepEqual(
      { ...(outcomes[0] as BatchOutcome), id: '' },
      { id: '', total: 2, done: 1, dead: 1, cancelled: 0 },
    )
  })

  it('waits for a dead member that is tried again while others are open', async () => {
    const { deferred, disk } = await bootDeferred({ tasks })
    fails.add('bad')
    const { jobs } = await deferred.batch([Member.with('bad'), Member.with('slow')], {
      followedBy: Finish.with({ order: 1 }),
    })
    await until(() => deferred.dead().length === 1)

    fails.clear()
    await deferred.retryDead(jobs[0]!.id)
    await until(() => ran.length === 3)
    release()
    await until(() => disk.entries.size === 0)

    assert.deepEqual(
      { ...(outcomes[0] as BatchOutcome), id: '' },
      { id: '', total: 2, done: 2, dead: 0, cancelled: 0 },
    )
  })

  it('is over at once after a restart when its members are all gone', async () => {
    const first = await bootDeferred({ tasks })
    const { clock, disk } = first
    const { jobs } = await first.deferred.batch([Member.with('late', { delay: 60 })], {
      followedBy: Finish.with({ order: 1 }),
    })
    assert.equal(jobs.length, 1)
    await crash(first)
    // A member whose record was damaged is gone with it.
    const [, member] = [...disk.entries.keys()]
    disk.entries.delete(member!)

    await bootDeferred({ tasks, disk, clock })
    await until(() => disk.entries.size === 0)

    assert.deepEqual(ran, ['finish 1'])
  })

  it('of an adopted log is not over while members are still found, although others have ended by then', () => {
    const batches = restored(3)

    batches.found('b')
    assert.equal(batches.leave('b', 'done')!.succession, null)
    batches.found('b')
    batches.found('b')
    const dead = batches.leave('b', 'dead')!
    assert.equal(dead.succession, null)
    assert.deepEqual(
      dead.changes.map(({ record: { count } }) => count),
      [1],
    )
    assert.deepEqual(batches.counted(), [])

    assert.deepEqual(batches.leave('b', 'done')!.succession!.outcome, {
      id: 'b',
      total: 3,
      done: 2,
      dead: 1,
      cancelled: 0,
    })
  })

  it('of an adopted log whose members have all ended by the time they are counted is over then', () => {
    const batches = restored(1)
    batches.found('b')
    batches.leave('b', 'done')

    const [over] = batches.counted()

    assert.equal(over!.succession!.outcome!.done, 1)
    assert.deepEqual(batches.counted(), [])
  })

  it('of a thousand members is added, counted and over', async () => {
    const { deferred, disk } = await bootDeferred({ tasks, options: { concurrency: 50 } })

    await deferred.batch(
      Array.from({ length: 1_000 }, (_, index) => Member.with(`m${index}`)),
      { followedBy: Finish.with({ order: 1 }) },
    )
    await until(() => disk.entries.size === 0)

    assert.equal(ran.length, 1_001)
    assert.equal(outcomes[0]!.done, 1_000)
  })

  it('of nothing, or with nothing to follow, is refused', async () => {
    const { deferred, disk } = await bootDeferred({ tasks })

    await assert.rejects(deferred.batch([], { followedBy: Last.with() }), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
    })
    await assert.rejects(deferred.batch([Member.with('a')], { followedBy: [] }), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
    })
    for (const wrong of [undefined, null, {}, 'text'])
      await assert.rejects(deferred.batch([Member.with('a')], wrong as never), {
        code: 'RAGE_KERNEL_INVALID_OPTION',
      })
    for (const wrong of [undefined, null, Member.with('a'), [Member], [null]])
      await assert.rejects(deferred.batch(wrong as never, { followedBy: Last.with() }), {
        code: 'RAGE_KERNEL_INVALID_OPTION',
      })
    await assert.rejects(deferred.batch([Member.with((() => 1) as never)], { followedBy: Last.with() }), {
      code: 'RAGE_DEFERRED_INVALID_ARGS',
    })
    assert.equal(disk.entries.size, 0)
  })
})
