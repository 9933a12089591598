import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { type RunningJob, Task } from '../../src/deferred'
import { bootDeferred, settled, stopAll, until } from './support/boot-deferred'

const started: string[] = []
const signals: AbortSignal[] = []
let releaseAll: (() => void)[] = []
let attemptsOfChild = 0

class Wait extends Task<string> {
  override perform(name: string, { signal }: RunningJob): Promise<void> {
    started.push(name)
    signals.push(signal)
    return new Promise((resolve) => releaseAll.push(resolve))
  }
}

class Instant extends Task<number | undefined> {
  override perform(): void {
    started.push('instant')
  }
}

class Fails extends Task<number> {
  static override retries = 0

  override perform(number: number): void {
    throw new Error(`failure ${number}`)
  }
}

class WrapsWhatItMeets extends Task {
  static override retries = 0

  override async perform(): Promise<void> {
    started.push('wraps')
    await new Promise<void>((resolve) => releaseAll.push(resolve))
    await Instant.enqueue().catch((cause: unknown) => {
      throw new Error('no receipt', { cause })
    })
  }
}

class EnqueuesAtTheEnd extends Task {
  override async perform(_args: unknown, job: RunningJob): Promise<void> {
    attemptsOfChild += 1
    started.push(job.id)
    await new Promise<void>((resolve) => releaseAll.push(resolve))
    await Instant.enqueue()
  }
}

function release(): void {
  for (const resolve of releaseAll.splice(0)) resolve()
}

afterEach(async () => {
  release()
  await stopAll()
  started.length = 0
  signals.length = 0
  releaseAll = []
  attemptsOfChild = 0
})

describe('deferred: concurrency', () => {
  it('is as many jobs at once as the option says', async () => {
    const { deferred } = await bootDeferred({ tasks: [Wait], options: { concurrency: 3 } })
    await Wait.enqueueMany(['a', 'b', 'c', 'd', 'e'])
    await settled()
    assert.deepEqual(started, ['a', 'b', 'c'])
    assert.deepEqual([deferred.stats().running, deferred.stats().queued], [3, 2])

    releaseAll.shift()!()
    await until(() => started.length === 4)
    release()
    await until(() => started.length === 5)
  })

  it('marks no more jobs as started than it has slots for, while they are slow', async () => {
    const { disk } = await bootDeferred({ tasks: [Wait], options: { concurrency: 2 } })

    await Wait.enqueueMany(Array.from({ length: 50 }, (_, index) => `job ${index}`))
    await settled()

    assert.equal(disk.written.filter((record) => record.type === 2).length, 2)
  })

  it('runs jobs in the order they were enqueued', async () => {
    await bootDeferred({ tasks: [Wait], options: { concurrency: 1 } })
    const names = Array.from({ length: 40 }, (_, index) => `job ${index}`)
    await Promise.all(names.map((name) => Wait.enqueue(name)))

    while (started.length < 40) {
      release()
      await settled()
    }

    assert.deepEqual(started, names)
  })
})

describe('deferred: a long queue of short jobs', () => {
  it('lets the event loop go on in between', async () => {
    const { deferred } = await bootDeferred({ tasks: [Instant], options: { durability: 'memory' } })
    await Instant.enqueueMany(Array.from({ length: 20_000 }, () => 1))
    const perTurn: number[] = []
    let before = started.length

    while (deferred.stats().queued > 0) {
      await new Promise((resolve) => setImmediate(resolve))
      perTurn.push(started.length - before)
      before = started.length
    }

    assert.equal(started.length, 20_000)
    assert.ok(Math.max(...perTurn) <= 512, `one turn started ${Math.max(...perTurn)} jobs`)
  })

  it('arms no timer, neither while it runs nor when it is empty', async () => {
    const { clock, deferred } = await bootDeferred({ tasks: [Instant] })
    await Instant.enqueueMany([1, 2, 3])
    assert.equal(clock.timers, 0)

    await until(() => deferred.stats().queued === 0)

    assert.equal(clock.timers, 0)
  })
})

describe('deferred: drain', () => {
  it('refuses new jobs, waits for running ones and starts no others', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Wait], options: { concurrency: 2 } })
    await Wait.enqueueMany(['a', 'b', 'c'])
    await until(() => started.length === 2)

    const drained = deferred.service.drain(new AbortController().signal)
    await assert.rejects(Wait.enqueue('late'), { code: 'RAGE_DEFERRED_DRAINING', status: 503 })
    release()

    assert.deepEqual(await drained, { finished: 2, abandoned: [] })
    assert.deepEqual(started, ['a', 'b'])
    assert.equal(disk.entries.size, 1)
  })

  it('at its deadline aborts what runs, and leaves it in the log without charging the attempt', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Wait] })
    const { id } = await Wait.enqueue('slow')
    await until(() => started.length === 1)
    const deadline = new AbortController()

    const drained = deferred.service.drain(deadline.signal)
    await settled()
    assert.equal(signals[0]?.aborted, false)
    deadline.abort()

    assert.deepEqual(await drained, { finished: 0, abandoned: [id] })
    assert.equal(signals[0]?.aborted, true)
    const [entry] = disk.entries.values()
    assert.deepEqual([entry?.note?.type, entry?.note?.count], [4, 0])
  })

  it('waits no longer than drainMs, whatever the deadline', async () => {
    const { clock, deferred } = await bootDeferred({ tasks: [Wait], options: { drainMs: 3_000 } })
    const { id } = await Wait.enqueue('slow')
    await until(() => started.length === 1)

    const drained = deferred.service.drain(new AbortController().signal)
    await settled()
    await clock.advance(3_000)

    assert.deepEqual((await drained).abandoned, [id])
  })

  it('with drainMs 0 does not wait', async () => {
    const { deferred } = await bootDeferred({ tasks: [Wait], options: { drainMs: 0 } })
    const { id } = await Wait.enqueue('slow')
    await until(() => started.length === 1)

    assert.deepEqual((await deferred.service.drain(new AbortController().signal)).abandoned, [id])
  })

  it('does not blame a job for what it could not enqueue any more', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [EnqueuesAtTheEnd, Instant] })
    await EnqueuesAtTheEnd.enqueue()
    await until(() => started.length === 1)

    const drained = deferred.service.drain(new AbortController().signal)
    await settled()
    release()
    await drained

    const [entry] = disk.entries.values()
    assert.deepEqual([attemptsOfChild, entry?.note?.type, entry?.note?.count], [1, 4, 0])
  })

  it('does not charge it either when that error is the cause of its own, nor bury it', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [WrapsWhatItMeets, Instant] })
    await WrapsWhatItMeets.enqueue()
    await until(() => started.length === 1)

    const drained = deferred.service.drain(new AbortController().signal)
    await settled()
    release()
    await drained

    const [entry] = disk.entries.values()
    assert.deepEqual([deferred.stats().dead, entry?.note?.type, entry?.note?.count], [0, 4, 0])
  })

  it('releases jobs whose start was already marked', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Wait] })
    await Wait.enqueue('a')
    disk.log.hold()
    await until(() => disk.written.at(-1)?.type === 2)

    const drained = deferred.service.drain(new AbortController().signal)
    await settled()
    disk.log.release()
    await drained

    assert.deepEqual([started, disk.written.at(-1)?.type], [[], 4])
  })

  it('is followed by a stop that closes the log, whatever was running', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Wait] })
    await Wait.enqueue('slow')
    await until(() => started.length === 1)

    await deferred.service.stop()

    assert.deepEqual([disk.log.closed, signals[0]?.aborted, disk.written.at(-1)?.type], [true, true, 4])
    await assert.rejects(deferred.enqueue(Wait, 'late'), { code: 'RAGE_DEFERRED_DRAINING' })
  })
})

describe('deferred: the dead', () => {
  it('are kept up to deadLimit, the oldest is forgotten and leaves the log', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Fails], options: { deadLimit: 2 } })
    await Fails.enqueueMany([1, 2, 3])
    await until(() => disk.written.filter((record) => record.type === 5).length === 3)

    assert.deepEqual(
      deferred.dead().map((dead) => [dead.args, dead.error.message]),
      [
        [2, 'failure 2'],
        [3, 'failure 3'],
      ],
    )
    assert.equal(disk.entries.size, 2)
  })

  it('are not kept at all with deadLimit 0', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Fails], options: { deadLimit: 0 } })

    await Fails.enqueue(1)
    await until(() => disk.written.at(-1)?.type === 6)

    assert.deepEqual([deferred.dead(), disk.entries.size], [[], 0])
  })

  it('leave a line and a report, both with the id of the request', async () => {
    const { lines, reported } = await bootDeferred({ tasks: [Fails] })

    const { id } = await Fails.enqueue(1)
    await until(() => reported.length === 1)

    const line = lines.find((each) => each.msg === 'job is dead')!
    assert.deepEqual([line.level, line.job, line.reason], [50, id, 'exhausted'])
    assert.equal(new Set(lines.map((each) => each.requestId)).size, 1)
  })
})

describe('deferred: a log that fails', () => {
  it('stops jobs from starting, lets running ones finish, and is reported once', async () => {
    const { deferred, disk, reported } = await bootDeferred({ tasks: [Wait], options: { concurrency: 1 } })
    await Wait.enqueueMany(['a', 'b', 'c'])
    await until(() => started.length === 1)

    disk.log.fail('failed', 'EIO: write')
    release()
    await settled()

    assert.deepEqual(started, ['a'])
    assert.deepEqual(reported.map(String), ['Error: EIO: write'])
    assert.deepEqual([deferred.stats().queued, deferred.health().ok], [2, false])
  })

  it('because the disk is full goes on with jobs: what they settle makes room', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [Wait], options: { concurrency: 1 } })
    await Wait.enqueueMany(['a', 'b'])
    await until(() => started.length === 1)

    disk.log.fail('full', 'ENOSPC')
    release()
    await until(() => started.length === 2)

    await assert.rejects(Wait.enqueue('c'), /ENOSPC/)
    assert.equal(deferred.health().reason, 'ENOSPC')
  })
})
