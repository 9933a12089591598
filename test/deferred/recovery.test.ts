import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Context, currentContext, runInContext } from '../../src/context'
import { type RunningJob, Task } from '../../src/deferred'
import { FakeClock } from '../../src/testing'
import { bootDeferred, crash, settled, stopAll, until } from './support/boot-deferred'
import { MemoryDisk } from './support/memory-log'

const runs: { readonly name: string; readonly id: string; readonly attempt: number }[] = []
let hangs = new Set<string>()
let running = 0
let mostRunning = 0

class Record extends Task<string> {
  static override retryIn = (): number => 60

  override async perform(name: string, { id, attempt }: RunningJob): Promise<void> {
    runs.push({ name, id, attempt })
    running += 1
    mostRunning = Math.max(mostRunning, running)
    try {
      if (hangs.has(name)) await new Promise(() => undefined)
      await settled()
      if (name === 'fails') throw new Error('failed')
    } finally {
      running -= 1
    }
  }
}

class Exhausted extends Task {
  static override retries = 0

  override perform(): void {
    throw new Error('never again')
  }
}

afterEach(async () => {
  await stopAll()
  runs.length = 0
  hangs = new Set()
  running = 0
  mostRunning = 0
})

describe('deferred: after a restart', () => {
  it('jobs that did not run do, under the same id and with the same arguments', async () => {
    const disk = new MemoryDisk()
    hangs.add('first')
    const before = await bootDeferred({ disk, tasks: [Record], options: { concurrency: 1 } })
    await Record.enqueue('first')
    const { id } = await Record.enqueue('second')
    await until(() => runs.length === 1)
    await crash(before)
    hangs.clear()

    await bootDeferred({ disk, tasks: [Record] })
    await until(() => disk.entries.size === 0)

    assert.ok(runs.some((run) => run.name === 'second' && run.id === id && run.attempt === 1))
  })

  it('finished jobs do not run again', async () => {
    const disk = new MemoryDisk()
    const before = await bootDeferred({ disk, tasks: [Record] })
    await Record.enqueue('once')
    await until(() => disk.entries.size === 0)
    await crash(before)

    const { deferred } = await bootDeferred({ disk, tasks: [Record] })
    await settled()

    assert.deepEqual([runs.length, deferred.stats().queued], [1, 0])
  })

  it('delayed jobs and retries still wait for their time', async () => {
    const disk = new MemoryDisk()
    const clock = new FakeClock()
    const before = await bootDeferred({ disk, clock, tasks: [Record] })
    await Record.enqueue('fails')
    await Record.enqueue('later', { delay: 90 })
    await until(() => before.deferred.stats().delayed === 2)
    await crash(before)

    const { deferred } = await bootDeferred({ disk, clock, tasks: [Record] })
    assert.equal(deferred.stats().delayed, 2)
    await clock.advance(60_000)
    await until(() => runs.length === 2)
    await clock.advance(30_000)
    await until(() => runs.length === 3)

    assert.deepEqual(
      runs.map(({ name, attempt }) => [name, attempt]),
      [
        ['fails', 1],
        ['fails', 2],
        ['later', 1],
      ],
    )
  })

  it('jobs keep the id of the request that enqueued them', async () => {
    const disk = new MemoryDisk()
    const before = await bootDeferred({ disk, tasks: [Record] })
    const context = new Context({ kind: 'request', scope: before.scope, requestId: 'req-1' })
    await runInContext(context, () => Record.enqueue('later', { delay: 1 }))
    await crash(before)

    const { clock, lines } = await bootDeferred({ disk, tasks: [Record] })
    assert.equal(currentContext(), null)
    await clock.advance(1_000)
    await until(() => lines.some((line) => line.msg === 'job finished'))

    assert.deepEqual(
      lines.map((line) => line.requestId),
      ['req-1', 'req-1'],
    )
  })

  it('jobs released by a drain run at once, with the attempt they had', async () => {
    const disk = new MemoryDisk()
    hangs.add('slow')
    const before = await bootDeferred({ disk, tasks: [Record], options: { drainMs: 0 } })
    await Record.enqueue('slow')
    await until(() => runs.length === 1)
    await before.deferred.service.drain(new AbortController().signal)
    await before.deferred.service.stop()
    hangs.clear()

    await bootDeferred({ disk, tasks: [Record] })
    await until(() => disk.entries.size === 0)

    assert.deepEqual(
      runs.map((run) => run.attempt),
      [1, 1],
    )
  })

  it('the dead are still there', async () => {
    const disk = new MemoryDisk()
    const before = await bootDeferred({ disk, tasks: [Exhausted] })
    await Exhausted.enqueue()
    await until(() => before.deferred.stats().dead === 1)
    const dead = before.deferred.dead()
    await crash(before)

    const { deferred } = await bootDeferred({ disk, tasks: [] })

    assert.deepEqual(deferred.dead(), dead)
    assert.deepEqual(deferred.stats(), {
      queued: 0,
      delayed: 0,
      running: 0,
      dead: 1,
      parked: 0,
      damaged: 0,
      queues: {},
    })
  })
})

describe('deferred: a job of a class that is not registered', () => {
  it('is kept, counted and reported once per class', async () => {
    const disk = new MemoryDisk()
    const before = await bootDeferred({ disk, tasks: [Record] })
    await Record.enqueueMany(['a', 'b'], { delay: 5 })
    await crash(before)

    const without = await bootDeferred({ disk })
    assert.equal(without.deferred.stats().parked, 2)
    assert.equal(without.reported.length, 1)
    assert.match(
      String(without.reported[0]),
      /RAGE_DEFERRED_UNKNOWN_TASK: Log memory-2 holds jobs of "Record", a class that is not registered/,
    )
    await without.deferred.service.stop()

    const { clock } = await bootDeferred({ disk, tasks: [Record] })
    await clock.advance(5_000)
    await until(() => runs.length === 2)
  })

  it('is found again by a renamed class through its taskName', async () => {
    const disk = new MemoryDisk()
    const before = await bootDeferred({ disk, tasks: [Record] })
    await Record.enqueue('a', { delay: 5 })
    await crash(before)
    class Renamed extends Record {
      static override taskName = 'Record'
    }

    const { clock } = await bootDeferred({ disk, tasks: [Renamed] })
    await clock.advance(5_000)

    await until(() => runs.length === 1)
  })
})

describe('deferred: an entry that cannot be read', () => {
  it('is kept, counted and reported; the rest is recovered', async () => {
    const disk = new MemoryDisk()
    const log = disk.open()
    log.add({ type: 1, count: 0, time: 0, body: Buffer.from('not a job') }, 'sync')
    log.add({ type: 99, count: 0, time: 0, body: Buffer.from('{}') }, 'sync')
    const header = '{"v":1,"id":"x:1","task":"Record","context":{"id":"r"}}\n'
    log.add({ type: 1, count: 0, time: 0, body: Buffer.from(`${header}"readable"`) }, 'sync')
    const { sequence } = log.add(
      { type: 1, count: 0, time: 0, body: Buffer.from(`${header}"newer"`) },
      'sync',
    )
    await log.note(sequence, { type: 77, count: 0, time: 0, body: new Uint8Array(0) }, 'sync')

    const { deferred, reported } = await bootDeferred({ disk, tasks: [Record] })
    await until(() => runs.length === 1)

    assert.equal(runs[0]?.name, 'readable')
    assert.equal(deferred.stats().parked, 3)
    assert.deepEqual(
      reported.map((error) => (error as { facts: { problem: string } }).facts.problem),
      ['its body has no header line', 'its first record is of type 99', 'its last note is of type 77'],
    )
    await until(() => disk.entries.size === 3)
  })
})

describe('deferred: a job that takes the process down', () => {
  it('is dead after three crashes', async () => {
    const disk = new MemoryDisk()
    hangs.add('poison')
    const crashing = async (expectedRuns: number): Promise<void> => {
      const booted = await bootDeferred({ disk, tasks: [Record] })
      if (expectedRuns === 1) await Record.enqueue('poison')
      await until(() => runs.length === expectedRuns)
      await crash(booted)
    }
    await crashing(1)
    await crashing(2)
    await crashing(3)

    const { deferred, reported } = await bootDeferred({ disk, tasks: [Record] })
    await settled()

    assert.equal(runs.length, 3)
    const [dead] = deferred.dead()
    assert.deepEqual([dead?.reason, dead?.args, dead?.error.name], ['crashed', 'poison', 'CrashedJobError'])
    assert.match(String(reported[0]), /RAGE_DEFERRED_CRASHED: The process died 3 times while it ran job/)
  })

  it('is looked for one suspect at a time, while other jobs go on', async () => {
    const disk = new MemoryDisk()
    const names = ['a', 'b', 'c', 'd', 'e']
    hangs = new Set(names)
    const before = await bootDeferred({ disk, tasks: [Record] })
    await Record.enqueueMany(names)
    await until(() => runs.length === 5)
    await crash(before)
    hangs.clear()
    runs.length = 0
    running = 0
    mostRunning = 0

    const { deferred } = await bootDeferred({ disk, tasks: [Record] })
    await until(() => deferred.stats().running === 0 && disk.entries.size === 0)

    assert.deepEqual(
      runs.map((run) => run.name),
      names,
    )
    assert.equal(mostRunning, 1)
  })

  it('does not charge those who were waiting for their turn as suspects', async () => {
    const disk = new MemoryDisk()
    hangs = new Set(['poison', 'innocent'])
    let booted = await bootDeferred({ disk, tasks: [Record] })
    await Record.enqueueMany(['poison', 'innocent'])
    await until(() => runs.length === 2)
    for (let crashes = 1; crashes <= 2; crashes++) {
      await crash(booted)
      booted = await bootDeferred({ disk, tasks: [Record] })
      await until(() => runs.length === 2 + crashes)
    }
    await crash(booted)
    hangs.clear()

    const { deferred } = await bootDeferred({ disk, tasks: [Record] })
    await until(() => runs.length === 5 && disk.entries.size === 1)

    assert.deepEqual(
      deferred.dead().map((dead) => dead.args),
      ['poison'],
    )
    assert.deepEqual([runs[4]?.name, runs[4]?.attempt], ['innocent', 1])
  })

  it('is forgiven by an attempt that ends in an orderly way', async () => {
    const disk = new MemoryDisk()
    hangs.add('fails')
    const clock = new FakeClock()
    const before = await bootDeferred({ disk, clock, tasks: [Record] })
    await Record.enqueue('fails')
    await until(() => runs.length === 1)
    await crash(before)
    hangs.clear()

    await bootDeferred({ disk, clock, tasks: [Record] })
    await until(() => [...disk.entries.values()][0]?.note?.type === 3)

    assert.equal([...disk.entries.values()][0]?.note?.count, 1)
  })
})

describe('deferred: recover()', () => {
  it('runs what waited while the log had failed, and takes jobs again', async () => {
    const ran: string[] = []
    class Note extends Task<string> {
      perform(text: string): void {
        ran.push(text)
      }
    }
    const { deferred, disk, clock } = await bootDeferred({ tasks: [Note] })
    await Note.enqueue('waits', { delay: 1 })
    disk.log.fail('failed', 'the disk is gone')
    await clock.advance(1_000)
    await assert.rejects(Note.enqueue('refused'), /the disk is gone/)
    assert.deepEqual([ran, deferred.health().ok], [[], false])

    await deferred.recover()
    await Note.enqueue('after')
    await until(() => ran.length === 2)

    assert.deepEqual([ran, deferred.health().ok], [['waits', 'after'], true])
  })
})
