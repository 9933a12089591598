import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Codecs } from '../../../src/codec'
import { type RunningJob, Task } from '../../../src/deferred'
import { keyOfArgs } from '../../../src/deferred/queues/unique-key'
import { FakeClock } from '../../../src/testing'
import { bootDeferred, crash, createDeferred, settled, stopAll, until } from '../support/boot-deferred'
import { MemoryDisk } from '../support/memory-log'

const runs: unknown[] = []
let work: ((job: RunningJob) => unknown) | null = null

class Sync extends Task<unknown> {
  override perform(args: unknown, job: RunningJob): unknown {
    runs.push(args)
    return work?.(job)
  }
}

class ByArgs extends Sync {
  static override unique = true
}

class Dies extends Sync {
  static override retries = 0
}

class ByUser extends Task<{ userId: number; reason?: string }> {
  static override unique = (args: { userId: number }): string | null =>
    args.userId === 0 ? null : `user ${args.userId}`
  static override uniqueFor = 60

  override perform(args: unknown): void {
    runs.push(args)
  }
}

const tasks = [Sync, ByArgs, ByUser]

afterEach(async () => {
  await stopAll()
  runs.length = 0
  work = null
})

class Money {
  readonly #cents: number

  constructor(cents: number) {
    this.#cents = cents
  }

  get cents(): number {
    return this.#cents
  }
}

const codecs = new Codecs()
codecs.declare('Money', {
  type: Money,
  encode: (money: Money) => money.cents,
  decode: (cents: number) => new Money(cents),
})
const keyOf = (args: unknown): string => keyOfArgs(args === undefined ? '' : codecs.encode(args))

describe('deferred: a key made of arguments', () => {
  const same: readonly (readonly [string, unknown, unknown])[] = [
    ['nothing', undefined, undefined],
    ['an object in another order', { a: 1, b: { c: [1, 2], d: 'x' } }, { b: { d: 'x', c: [1, 2] }, a: 1 }],
    ['a date', { at: new Date(5), b: 1 }, { b: 1, at: new Date(5) }],
    ['a map', new Map([['a', 1n]]), new Map([['a', 1n]])],
    ['an instance of a declared class', new Money(5), new Money(5)],
  ]
  for (const [name, a, b] of same) {
    it(`is the same for ${name}`, () => assert.equal(keyOf(a), keyOf(b)))
  }

  it('differs for what differs, in kind too', () => {
    const values = [
      undefined,
      null,
      0,
      1,
      1n,
      '1',
      '',
      true,
      'true',
      [],
      {},
      [1, 2],
      [2, 1],
      ['1,2'],
      [[1], 2],
      { a: 1 },
      { a: '1' },
      { 'a":1': 1 },
      new Date(1),
      new Date(1).toISOString(),
      new Map([['a', 1]]),
      new Set(['a']),
      Buffer.from('a'),
      new URL('http://a.example/'),
      new URL('http://b.example/'),
      new Money(1),
      new Money(2),
    ]

    assert.equal(new Set(values.map(keyOf)).size, values.length)
  })
})

describe('deferred: a unique job', () => {
  it('is enqueued once while it waits or is delayed; the others get its handle', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks })
    const first = await Sync.enqueue('a', { unique: 'k', delay: 5 })
    assert.equal(first.duplicate, false)

    const second = await Sync.enqueue('b', { unique: 'k' })
    assert.deepEqual(second, { ...first, duplicate: true })
    assert.deepEqual([deferred.stats().delayed, disk.entries.size], [1, 1])

    await clock.advance(5_000)
    await until(() => disk.entries.size === 0)
    assert.deepEqual(runs, ['a'])
    assert.equal((await Sync.enqueue('c', { unique: 'k' })).duplicate, false)
  })

  it('gives its key back when it is over, also when the clock was set back meanwhile', async () => {
    const { clock, disk } = await bootDeferred({ tasks })
    const { id } = await Sync.enqueue('a', { unique: 'k', delay: 5 })
    clock.set(clock.now() - 3_600_000)

    await clock.advance(5_000)
    await until(() => disk.entries.size === 0)

    assert.notEqual((await Sync.enqueue('b', { unique: 'k' })).id, id)
  })

  it('is one while it runs and while it is retried', async () => {
    const { deferred } = await bootDeferred({ tasks })
    let fail = (_error: Error): void => undefined
    work = () => new Promise((_resolve, reject) => (fail = reject))
    const { id } = await Sync.enqueue('a', { unique: 'k' })
    await until(() => runs.length === 1)
    assert.equal((await Sync.enqueue('b', { unique: 'k' })).id, id)

    fail(new Error('once more'))
    await until(() => deferred.stats().delayed === 1)

    assert.equal((await Sync.enqueue('b', { unique: 'k' })).id, id)
  })

  it('is one for enqueues of one moment, and all of them wait until it is stored', async () => {
    const { disk } = await bootDeferred({ tasks })
    disk.log.hold()
    let acknowledged = 0
    const enqueued = Array.from({ length: 50 }, () =>
      Sync.enqueue('a', { unique: 'k' }).finally(() => (acknowledged += 1)),
    )
    await settled()
    assert.equal(acknowledged, 0)

    disk.log.release()
    const jobs = await Promise.all(enqueued)

    assert.equal(new Set(jobs.map(({ id }) => id)).size, 1)
    assert.equal(jobs.filter(({ duplicate }) => !duplicate).length, 1)
    assert.equal(disk.sequence, 1)
  })

  it('that could not be stored leaves the key to the next', async () => {
    const { disk } = await bootDeferred({ tasks })
    const { log } = disk
    const add = log.add.bind(log)
    let failures = 1
    log.add = (record, durability) => {
      if (failures-- > 0)
        return { sequence: -1, durable: settled().then(() => Promise.reject(new Error('EIO'))) }
      return add(record, durability)
    }

    const [first, second, third] = await Promise.allSettled([
      Sync.enqueue('a', { unique: 'k' }),
      Sync.enqueue('b', { unique: 'k' }),
      Sync.enqueue('c', { unique: 'k' }),
    ])

    assert.equal(first.status, 'rejected')
    assert.deepEqual(
      [second, third].map((each) => each?.status === 'fulfilled' && each.value.duplicate),
      [false, true],
    )
  })

  it('by its arguments, as the class says, unless enqueue says otherwise', async () => {
    const { deferred } = await bootDeferred({ tasks })
    await deferred.pause()

    const jobs = [
      await ByArgs.enqueue({ a: 1, b: 2 }),
      await ByArgs.enqueue({ b: 2, a: 1 }),
      await ByArgs.enqueue({ a: 1, b: 3 }),
      await ByArgs.enqueue({ a: 1, b: 2 }, { unique: false }),
      await ByArgs.enqueue({ a: 1, b: 2 }, { unique: 'other' }),
      await Sync.enqueue({ a: 1, b: 2 }, { unique: true }),
    ]

    assert.deepEqual(
      jobs.map(({ duplicate }) => duplicate),
      [false, true, false, false, false, false],
    )
  })

  it('keeps its key for its window when it is over, by a function of its arguments', async () => {
    const { clock, disk } = await bootDeferred({ tasks })
    const first = await ByUser.enqueue({ userId: 7 })
    await until(() => runs.length === 1)

    await clock.advance(59_000)
    assert.deepEqual(await ByUser.enqueue({ userId: 7, reason: 'again' }), { ...first, duplicate: true })
    assert.equal((await ByUser.enqueue({ userId: 8 })).duplicate, false)
    assert.equal((await ByUser.enqueue({ userId: 0 })).duplicate, false)
    assert.equal((await ByUser.enqueue({ userId: 0 })).duplicate, false)

    await clock.advance(1_000)
    assert.equal((await ByUser.enqueue({ userId: 7 })).duplicate, false)
    await clock.advance(60_000)
    assert.equal(disk.entries.size, 0)
  })

  it('is enqueued once by enqueueMany, too, also when it is there twice', async () => {
    const { deferred, disk } = await bootDeferred({ tasks })
    await deferred.pause()
    const there = await ByArgs.enqueue('a')

    const jobs = await ByArgs.enqueueMany(['a', 'b', 'c', 'b'])

    assert.deepEqual(
      jobs.map(({ duplicate }) => duplicate),
      [true, false, false, true],
    )
    assert.deepEqual([jobs[0]!.id, jobs[3]!.id, disk.entries.size], [there.id, jobs[1]!.id, 3])
  })

  it('that died frees its key', async () => {
    const { deferred } = await bootDeferred({ tasks: [Dies] })
    work = () => {
      throw new Error('dead')
    }
    await Dies.enqueue('a', { unique: 'k' })
    await until(() => deferred.stats().dead === 1)

    assert.equal((await Dies.enqueue('a', { unique: 'k' })).duplicate, false)
  })

  it('has its key again when it is taken from the dead, unless another has it', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Dies] })
    work = () => {
      throw new Error('dead')
    }
    const first = await Dies.enqueue('a', { unique: 'k', uniqueFor: 5 })
    const second = await Dies.enqueue('b', { unique: 'l' })
    await until(() => deferred.stats().dead === 2)
    await deferred.pause()
    const third = await Dies.enqueue('c', { unique: 'l' })

    assert.deepEqual([await deferred.retryDead(first.id), await deferred.retryDead(second.id)], [true, false])
    assert.equal((await Dies.enqueue('d', { unique: 'k' })).id, first.id)
    assert.equal((await Dies.enqueue('d', { unique: 'l' })).id, third.id)

    work = null
    await deferred.resume()
    await until(() => disk.entries.size <= 2)
    assert.equal(await deferred.retryDead(second.id), true)
    await until(() => disk.entries.size <= 1)
    assert.equal((await Dies.enqueue('d', { unique: 'l' })).duplicate, false)
    assert.equal((await Dies.enqueue('d', { unique: 'k' })).id, first.id)

    await clock.advance(5_000)
    await until(() => disk.entries.size === 0)
    assert.equal(clock.timers, 0)
  })

  it('rejects what is not a key, and what the function of the class throws', async () => {
    class Odd extends Sync {
      static override unique = (args: unknown): string => args as string
    }
    await bootDeferred({ tasks: [Odd] })

    await assert.rejects(Odd.enqueue(7), /"Odd\.unique" must be true, false, or a string of 1 to 500/)
    await assert.rejects(Odd.enqueue('x'.repeat(501)), /"Odd\.unique" must be/)
  })
})

describe('deferred: a unique job and a restart', () => {
  it('is still the one while it waits', async () => {
    const disk = new MemoryDisk()
    const before = await bootDeferred({ disk, tasks })
    const first = await Sync.enqueue('a', { unique: 'k', delay: 60 })
    await crash(before)

    await bootDeferred({ disk, tasks })

    assert.deepEqual(await Sync.enqueue('b', { unique: 'k' }), { ...first, duplicate: true })
  })

  it('keeps the key for the rest of its window, and is not run again', async () => {
    const disk = new MemoryDisk()
    const clock = new FakeClock()
    const before = await bootDeferred({ disk, clock, tasks })
    const first = await ByUser.enqueue({ userId: 7 })
    await until(() => [...disk.entries.values()][0]?.note?.type === 7)
    await crash(before)
    await clock.advance(30_000)

    await bootDeferred({ disk, clock, tasks })
    assert.deepEqual(await ByUser.enqueue({ userId: 7 }), { ...first, duplicate: true })
    await clock.advance(30_000)

    assert.deepEqual([runs.length, disk.entries.size], [1, 0])
    assert.equal((await ByUser.enqueue({ userId: 7 })).duplicate, false)
  })

  it('does not keep it when the window ended in between', async () => {
    const disk = new MemoryDisk()
    const clock = new FakeClock()
    const before = await bootDeferred({ disk, clock, tasks })
    await ByUser.enqueue({ userId: 7 })
    await until(() => [...disk.entries.values()][0]?.note?.type === 7)
    await crash(before)
    await clock.advance(60_000)

    await bootDeferred({ disk, clock, tasks })

    assert.deepEqual([disk.entries.size, clock.timers], [0, 0])
  })

  it('waits for boot to know the keys', async () => {
    const disk = new MemoryDisk()
    const before = await bootDeferred({ disk, tasks })
    const first = await Sync.enqueue('a', { unique: 'k', delay: 60 })
    await crash(before)
    const { deferred } = createDeferred({ disk, tasks })

    const enqueued = Sync.enqueue('b', { unique: 'k' })
    await deferred.service.boot()

    assert.equal((await enqueued).id, first.id)
  })
})

describe('deferred: a window without a key', () => {
  it('is refused', async () => {
    await bootDeferred({ tasks })

    await assert.rejects(Sync.enqueue('a', { uniqueFor: 5 }), { code: 'RAGE_KERNEL_INVALID_OPTION' })
    await assert.rejects(ByArgs.enqueueMany(['a'], { unique: false, uniqueFor: 5 }), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
    })
    assert.equal((await ByUser.enqueue({ userId: 0 }, { uniqueFor: 5 })).duplicate, false)
  })
})
