import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Task } from '../../src/deferred'
import { bootDeferred, crash, settled, stopAll, until } from './support/boot-deferred'

const ran: string[] = []
let release: () => void = () => undefined
let fails = true

class Render extends Task<string> {
  static override keepResults = 60
  static override retries = 0

  override async perform(name: string): Promise<unknown> {
    ran.push(name)
    if (name === 'slow')
      await new Promise<void>((resolve) => {
        release = resolve
      })
    if (name === 'bad') throw new Error('no paper')
    if (name === 'odd') return () => 1
    return name === 'nothing' ? undefined : { pages: [name], on: new Date(0) }
  }
}

class Fails extends Task<number> {
  static override retries = 0

  override perform(number: number): void {
    ran.push(`${number}`)
    if (fails) throw new Error(`failure ${number}`)
  }
}

afterEach(async () => {
  release()
  await stopAll()
  ran.length = 0
  fails = true
})

describe('deferred: result', () => {
  it('is what perform returned, for whoever waits or asks later, until it expires', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Render] })
    const { id } = await Render.enqueue('slow')
    const waiting = [deferred.result(id), deferred.result(id)]
    await settled()
    release()

    const expected = { pages: ['slow'], on: new Date(0) }
    assert.deepEqual(await Promise.all(waiting), [expected, expected])
    assert.notEqual(await waiting[0], await waiting[1])
    assert.deepEqual(await deferred.result(id), expected)
    await clock.advance(59_999)
    assert.deepEqual(await deferred.result(id), expected)
    await clock.advance(1)
    await assert.rejects(deferred.result(id), { code: 'RAGE_DEFERRED_NO_RESULT' })
    assert.deepEqual([disk.entries.size, clock.timers], [0, 0])
  })

  it('survives a restart, and expires after it', async () => {
    const first = await bootDeferred({ tasks: [Render] })
    const { clock, disk } = first
    const { id } = await Render.enqueue('a')
    await first.deferred.result(id)
    await crash(first)

    const { deferred } = await bootDeferred({ tasks: [Render], disk, clock })
    assert.deepEqual(await deferred.result(id), { pages: ['a'], on: new Date(0) })
    assert.deepEqual([ran, deferred.stats().queued], [['a'], 0])
    await clock.advance(60_000)
    assert.equal(disk.entries.size, 0)
  })

  it('may be undefined', async () => {
    const { deferred } = await bootDeferred({ tasks: [Render] })
    const { id } = await Render.enqueue('nothing')

    assert.equal(await deferred.result(id), undefined)
    assert.equal((await deferred.find(id))!.state, 'done')
  })

  it('that cannot be kept is reported, and the work is not done again', async () => {
    const { deferred, reported } = await bootDeferred({ tasks: [Render] })
    const { id } = await Render.enqueue('odd')

    assert.equal(await deferred.result(id), undefined)
    assert.match(String(reported[0]), /RAGE_DEFERRED_INVALID_RESULT/)
    assert.deepEqual(ran, ['odd'])
  })

  it('is refused for jobs that have none and will have none', async () => {
    const { deferred } = await bootDeferred({ tasks: [Render, Fails] })
    const { id } = await Render.enqueue('bad')
    const dying = deferred.result(id)
    await assert.rejects(dying, /RAGE_DEFERRED_NO_RESULT.*it is dead: no paper/)
    await assert.rejects(deferred.result(id), /it is dead: no paper/)

    const other = await Fails.enqueue(1, { delay: 60 })
    await assert.rejects(deferred.result(other.id), /Fails keeps none/)
    await assert.rejects(deferred.result('nothing'), /there is no such job/)
  })

  it('can be waited for with a limit', async () => {
    const { deferred } = await bootDeferred({ tasks: [Render] })
    const { id } = await Render.enqueue('slow')
    const waiting = new AbortController()
    const result = deferred.result(id, { signal: waiting.signal })

    waiting.abort(new Error('too late'))

    await assert.rejects(result, /too late/)
    await assert.rejects(deferred.result(id, { signal: AbortSignal.abort(new Error('never')) }), /never/)
  })

  it('is not waited for by a process that ends', async () => {
    const { deferred } = await bootDeferred({ tasks: [Render], options: { drainMs: 0 } })
    const { id } = await Render.enqueue('slow')
    const result = deferred.result(id)
    result.catch(() => undefined)
    await until(() => ran.length === 1)

    await deferred.service.drain(AbortSignal.abort())

    await assert.rejects(result, /this process ends before the job does/)
  })

  it('of more jobs than the limit is kept for those that expire last', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Render], options: { resultLimit: 3 } })
    const ids: string[] = []
    for (let index = 0; index < 6; index++) {
      const { id } = await Render.enqueue(`job ${index}`)
      await until(() => ran.length === index + 1)
      await settled()
      ids.push(id)
    }

    assert.equal(disk.entries.size, 3)
    const states = await Promise.all(ids.map(async (id) => (await deferred.find(id))?.state))
    assert.deepEqual(states, [undefined, undefined, undefined, 'done', 'done', 'done'])
  })
})

describe('deferred: dead jobs', () => {
  async function bootDead(count: number) {
    const made = await bootDeferred({ tasks: [Fails] })
    const jobs = await Fails.enqueueMany(Array.from({ length: count }, (_, index) => index))
    await until(() => made.deferred.dead().length === count)
    ran.length = 0
    return { ...made, ids: jobs.map(({ id }) => id) }
  }

  it('are attempted again with all their attempts, one by its id', async () => {
    const { deferred, disk, ids } = await bootDead(3)
    fails = false

    assert.equal(await deferred.retryDead(ids[1]!), true)

    assert.equal(disk.written.filter(({ durability }) => durability === 'sync').length >= 1, true)
    await until(() => disk.entries.size === 2)
    assert.deepEqual(ran, ['1'])
    assert.deepEqual(
      deferred.dead().map(({ id }) => id),
      [ids[0], ids[2]],
    )
    assert.equal(await deferred.retryDead(ids[1]!), false)
    assert.equal(await deferred.retryDead('nothing'), false)
  })

  it('are attempted again together, oldest first, and may die again', async () => {
    const { deferred, ids } = await bootDead(300)

    assert.equal(await deferred.retryAllDead(), 300)
    await until(() => ran.length === 300)
    await until(() => deferred.dead().length === 300)

    assert.deepEqual(
      ran,
      Array.from({ length: 300 }, (_, index) => `${index}`),
    )
    assert.deepEqual(new Set(deferred.dead().map(({ id }) => id)), new Set(ids))
  })

  it('are forgotten, one by its id or all, for good', async () => {
    const first = await bootDead(5)
    const { clock, deferred, disk, ids } = first

    assert.equal(await deferred.discardDead(ids[0]!), true)
    assert.equal(await deferred.discardDead(ids[0]!), false)
    assert.deepEqual([deferred.dead().length, disk.entries.size], [4, 4])
    assert.equal(await deferred.discardAllDead(), 4)
    assert.equal(await deferred.discardAllDead(), 0)

    await crash(first)
    const second = await bootDeferred({ tasks: [Fails], disk, clock })
    assert.deepEqual([second.deferred.dead(), disk.entries.size], [[], 0])
  })

  it('that were retried are alive after a restart', async () => {
    const first = await bootDead(1)
    const { clock, deferred, disk, ids } = first
    fails = false
    await deferred.retryDead(ids[0]!)
    await crash(first)
    ran.length = 0

    const second = await bootDeferred({ tasks: [Fails], disk, clock })
    await until(() => disk.entries.size === 0)
    assert.deepEqual([ran, second.deferred.dead()], [['0'], []])
  })

  it('stay dead when the log refuses, or their class is gone', async () => {
    const first = await bootDead(1)
    const { clock, deferred, disk, ids } = first
    disk.log.fail('failed', 'the disk is gone')
    await assert.rejects(deferred.retryDead(ids[0]!), /the disk is gone/)
    await assert.rejects(deferred.discardDead(ids[0]!), /the disk is gone/)
    assert.equal(deferred.dead().length, 1)
    disk.log.health = { state: 'ok', reason: null }
    await crash(first)

    const second = await bootDeferred({ tasks: [], disk, clock })
    await assert.rejects(second.deferred.retryDead(ids[0]!), { code: 'RAGE_DEFERRED_UNKNOWN_TASK' })
    assert.deepEqual([await second.deferred.retryAllDead(), second.deferred.dead().length], [0, 1])
  })

  it('are taken up once by two who ask at the same time', async () => {
    const { deferred, disk, ids } = await bootDead(1)
    fails = false

    const answers = await Promise.all([
      deferred.retryDead(ids[0]!),
      deferred.discardDead(ids[0]!),
      deferred.retryDead(ids[0]!),
    ])
    await until(() => disk.entries.size === 0)

    assert.deepEqual([answers, ran], [[true, false, false], ['0']])
  })
})

describe('deferred: ids', () => {
  it('are refused when they are none', async () => {
    const { deferred } = await bootDeferred({ tasks: [Render] })
    const handle = await Render.enqueue('plain')

    for (const method of ['find', 'cancel', 'result', 'retryDead', 'discardDead'] as const)
      for (const id of [undefined, null, 7, handle])
        await assert.rejects(deferred[method](id as never), (error: Error & { code: string }) => {
          assert.equal(error.code, 'RAGE_KERNEL_INVALID_OPTION')
          assert.ok(error.message.includes(`"${method}(id)" must be the id of a job`), error.message)
          return true
        })
  })
})

describe('deferred: a dead job with a unique key', () => {
  it('is attempted again alone, and not while another job has its key', async () => {
    const { deferred } = await bootDeferred({ tasks: [Fails] })
    for (const number of [1, 2, 3]) {
      await Fails.enqueue(number, { unique: 'k' })
      await until(() => deferred.dead().length === number)
    }
    const other = await Fails.enqueue(4, { unique: 'k', delay: 60 })

    assert.equal(await deferred.retryAllDead(), 0)
    await deferred.cancel(other.id)
    fails = false
    assert.equal(await deferred.retryAllDead(), 1)
    await until(() => ran.length === 4)

    assert.deepEqual([ran.at(-1), deferred.dead().length], ['1', 2])
    assert.equal(await deferred.retryAllDead(), 1)
  })

  it('that could not be discarded keeps its entry beyond the window when it is attempted again', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Fails] })
    const { id } = await Fails.enqueue(1, { unique: 'k', uniqueFor: 60 })
    await until(() => deferred.dead().length === 1)
    disk.log.fail('failed', 'EIO')
    await assert.rejects(deferred.discardDead(id))
    disk.log.health = { state: 'ok', reason: null }
    await deferred.pause()

    assert.equal(await deferred.retryDead(id), true)
    await clock.advance(60_000)

    assert.deepEqual([disk.entries.size, deferred.stats().queued], [1, 1])
  })

  it('leaves its window in force when it is forgotten, also after a restart', async () => {
    for (const forget of ['discarded', 'beyond the limit'] as const) {
      const options = { deadLimit: forget === 'discarded' ? 10 : 0 }
      const first = await bootDeferred({ tasks: [Fails], options })
      const { clock, disk } = first
      const { id } = await Fails.enqueue(1, { unique: forget, uniqueFor: 60 })
      await settled()
      if (forget === 'discarded') assert.equal(await first.deferred.discardDead(id), true)
      await crash(first)

      const { deferred } = await bootDeferred({ tasks: [Fails], disk, clock, options })
      assert.equal(deferred.dead().length, 0)
      assert.equal((await Fails.enqueue(2, { unique: forget })).id, id)
      await clock.advance(60_000)
      assert.equal(disk.entries.size, 0)
      await stopAll()
    }
  })
})
