import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Context, currentContext, runInContext } from '../../src/context'
import { Task } from '../../src/deferred'
import { bootDeferred, crash, settled, stopAll, until } from './support/boot-deferred'

const ran: string[] = []
let fails = new Set<string>()
let release: (() => void) | null = null

class Step extends Task<string> {
  static override retries = 0

  override async perform(name: string): Promise<void> {
    ran.push(name)
    if (name === 'slow')
      await new Promise<void>((resolve) => {
        release = resolve
      })
    if (fails.has(name)) throw new Error(`${name} failed`)
  }
}

class Other extends Task<number> {
  override perform(number: number): void {
    ran.push(`other ${number} for ${currentContext()!.requestId}`)
  }
}

class Single extends Task<string> {
  static override unique = true

  override perform(): void {}
}

afterEach(async () => {
  release?.()
  await stopAll()
  ran.length = 0
  fails = new Set()
  release = null
})

describe('deferred: a chain', () => {
  it('enqueues one job after the other, each once the one before is done', async () => {
    const { disk } = await bootDeferred({ tasks: [Step] })

    await Step.enqueue('slow', { followedBy: [Step.with('second'), Step.with('third')] })
    await settled()
    assert.deepEqual([ran, disk.entries.size], [['slow'], 1])

    release!()
    await until(() => disk.entries.size === 0)
    assert.deepEqual(ran, ['slow', 'second', 'third'])
  })

  it('goes on in the context of the request that began it, across tasks', async () => {
    const { disk, scope } = await bootDeferred({ tasks: [Step, Other] })

    const request = new Context({ kind: 'request', scope, requestId: 'req-7', tags: [] })
    await runInContext(request, () => Step.enqueue('first', { followedBy: [Other.with(7), Other.with(8)] }))
    await until(() => disk.entries.size === 0)

    assert.deepEqual(ran, ['first', 'other 7 for req-7', 'other 8 for req-7'])
  })

  it('ends with a job that dies, and goes on when that is retried', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Step] })
    fails.add('first')

    const { id } = await Step.enqueue('first', { followedBy: [Step.with('second')] })
    await until(() => deferred.dead().length === 1)
    await settled()
    assert.deepEqual(ran, ['first'])

    fails.clear()
    assert.equal(await deferred.retryDead(id), true)
    await until(() => disk.entries.size === 0)
    assert.deepEqual(ran, ['first', 'first', 'second'])
  })

  it('counts a delay from the end of the job before, and keeps queue and priority', async () => {
    const { clock, deferred } = await bootDeferred({ tasks: [Step] })
    await Step.enqueue('slow', {
      followedBy: [Step.with('second', { delay: 60, queue: 'mail', priority: -3 })],
    })
    await settled()
    await clock.advance(3_600_000)
    release!()
    await until(() => deferred.stats().delayed === 1)

    const [second] = await deferred.list()
    assert.deepEqual([second!.state, second!.queue, second!.runAt], ['delayed', 'mail', clock.now() + 60_000])
  })

  it('is neither lost nor begun twice by a crash before or after the end is written', async () => {
    const first = await bootDeferred({ tasks: [Step] })
    const { clock, disk } = first
    await Step.enqueue('slow', { followedBy: [Step.with('second')] })
    await settled()
    await crash(first)
    release!()

    const second = await bootDeferred({ tasks: [Step], disk, clock })
    await until(() => ran.length === 2)
    release!()
    await until(() => disk.entries.size === 0)
    assert.deepEqual(ran, ['slow', 'slow', 'second'])

    await Step.enqueue('slow', { followedBy: [Step.with('third', { delay: 60 })] })
    await until(() => ran.length === 4)
    release!()
    await until(() => second.deferred.stats().delayed === 1)
    await crash(second)
    await bootDeferred({ tasks: [Step], disk, clock })
    await clock.advance(60_000)
    await until(() => disk.entries.size === 0)
    assert.deepEqual(ran.slice(3), ['slow', 'third'])
  })

  it('writes the end and what follows in one group', async () => {
    const { disk } = await bootDeferred({ tasks: [Step] })
    await Step.enqueue('first', { followedBy: [Step.with('second', { delay: 60 })] })
    await until(() => ran.length === 1)
    await settled()

    // added, started, then done and added with one durability
    assert.deepEqual(disk.written, [
      { type: 1, durability: 'sync' },
      { type: 2, durability: 'write' },
      { type: 6, durability: 'write' },
      { type: 1, durability: 'write' },
    ])
  })

  it('does not run the job again when its end could not be written, but writes that later', async () => {
    const { clock, deferred, disk, reported } = await bootDeferred({ tasks: [Step] })
    await Step.enqueue('slow', { followedBy: [Step.with('second')] })
    await settled()
    disk.log.fail('full', 'no room')
    release!()
    await until(() => reported.length === 1)
    assert.deepEqual([deferred.stats().delayed, ran], [0, ['slow']])

    await clock.advance(10_000)
    disk.log.health = { state: 'ok', reason: null }
    await clock.advance(10_000)
    await until(() => disk.entries.size === 0)
    assert.deepEqual([ran, reported.length], [['slow', 'second'], 1])
  })

  it('keeps the key of its job until it is written', async () => {
    class Once extends Step {
      static override unique = true
      static override keepResults = 60
    }
    const { disk } = await bootDeferred({ tasks: [Once] })
    const first = await Once.enqueue('slow')
    await settled()
    disk.log.hold()
    release!()
    await settled()

    const meanwhile = Once.enqueue('slow')
    disk.log.release()
    assert.equal((await meanwhile).id, first.id)

    await settled()
    assert.equal((await Once.enqueue('slow')).duplicate, false)
  })

  it('keeps a job whose task is not registered when its turn comes', async () => {
    const first = await bootDeferred({ tasks: [Step, Other] })
    const { clock, disk } = first
    await Step.enqueue('slow', { followedBy: [Other.with(7), Step.with('last')] })
    await settled()
    await crash(first)
    release!()
    const second = await bootDeferred({ tasks: [Step], disk, clock })
    await until(() => ran.length === 2)
    release!()
    await until(() => second.reported.length > 0)
    assert.match(String(second.reported[0]), /RAGE_DEFERRED_UNKNOWN_TASK/)
    assert.equal(disk.entries.size, 1)
    await until(() => second.deferred.stats().parked === 1)
    const [parked] = await second.deferred.list({ state: 'parked' })
    assert.deepEqual([parked!.task, parked!.state, parked!.args], ['Other', 'parked', 7])
    assert.deepEqual(await second.deferred.find(parked!.id), parked)
    await crash(second)

    await bootDeferred({ tasks: [Step, Other], disk, clock })
    await until(() => disk.entries.size === 0)
    assert.equal(ran.length, 4)
    assert.match(ran[2]!, /^other 7/)
    assert.equal(ran[3], 'last')
  })

  it('keeps the place and the time that it was given, too', async () => {
    const first = await bootDeferred({ tasks: [Step, Other] })
    const { clock, disk } = first
    const planned = Other.with(7, { delay: 60, queue: 'mail', priority: -3 })
    await Step.enqueue('slow', { followedBy: [planned] })
    await settled()
    await crash(first)
    release!()
    const second = await bootDeferred({ tasks: [Step], disk, clock })
    await until(() => ran.length === 2)
    release!()
    await until(() => second.deferred.stats().parked === 1)
    const dueAt = clock.now() + 60_000
    await crash(second)

    const { deferred } = await bootDeferred({ tasks: [Step, Other], disk, clock })
    const [job] = await deferred.list({ state: 'delayed' })
    assert.deepEqual([job!.task, job!.queue, job!.runAt], ['Other', 'mail', dueAt])
    await clock.advance(60_000)
    await until(() => disk.entries.size === 0)
    assert.match(ran[2]!, /^other 7/)
  })

  it('can be taken back while its task is not registered', async () => {
    const first = await bootDeferred({ tasks: [Step, Other] })
    const { clock, disk } = first
    await Step.enqueue('slow', { followedBy: [Other.with(7), Step.with('last')] })
    await settled()
    await crash(first)
    release!()
    const { deferred } = await bootDeferred({ tasks: [Step], disk, clock })
    await until(() => ran.length === 2)
    release!()
    await until(() => deferred.stats().parked === 1)
    const [parked] = await deferred.list({ state: 'parked' })

    assert.equal(await deferred.cancel(parked!.id), true)

    assert.deepEqual([deferred.stats().parked, disk.entries.size], [0, 0])
    assert.equal(await deferred.cancel(parked!.id), false)
  })

  it('is refused as a whole where it is described, when a part of it is wrong', async () => {
    const { disk } = await bootDeferred({ tasks: [Step, Single] })
    class Unregistered extends Step {}
    const chainOf = (...planned: unknown[]) => ({ followedBy: planned as never })

    await assert.rejects(Step.enqueue('a', chainOf(Step.with((() => 1) as never))), {
      code: 'RAGE_DEFERRED_INVALID_ARGS',
    })
    await assert.rejects(Step.enqueue('a', chainOf(Unregistered.with('b'))), {
      code: 'RAGE_KERNEL_NOT_REGISTERED',
    })
    await assert.rejects(Step.enqueue('a', chainOf(Single.with('b'))), { code: 'RAGE_KERNEL_INVALID_OPTION' })
    await assert.rejects(Step.enqueue('a', chainOf(Step.with('b', { unique: 'k' } as never))), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
      message:
        /"with.unique" must be left out: a job of a chain or batch takes delay, runAt, queue, priority, got 'k'/,
    })
    await assert.rejects(Step.enqueue('a', chainOf(Step.with('b', { delay: -1 }))), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
    })
    for (const wrong of [null, Step, 'Step', {}])
      await assert.rejects(Step.enqueue('a', chainOf(wrong)), { code: 'RAGE_KERNEL_INVALID_OPTION' })
    await assert.rejects(Step.enqueue('a', { followedBy: Step.with('b') as never }), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
    })
    assert.equal(disk.entries.size, 0)
  })
})
