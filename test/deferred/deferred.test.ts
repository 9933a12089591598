import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Context, type Effect, runInContext } from '../../src/context'
import { type EnqueuedJob, Task } from '../../src/deferred'
import { type Span, TelemetryHandler } from '../../src/telemetry'
import { bootDeferred, createDeferred, settled, stopAll, until } from './support/boot-deferred'

const sent: unknown[] = []

class SendReceipt extends Task<{ orderId: string }> {
  override perform(args: { orderId: string }): void {
    sent.push(args)
  }
}

class CleanUp extends Task {
  override perform(): void {
    sent.push('clean')
  }
}

class NeverRegistered extends Task {
  override perform(): void {}
}

afterEach(async () => {
  await stopAll()
  sent.length = 0
})

describe('deferred: enqueue', () => {
  it('resolves with id, task and time, and the job runs', async () => {
    const { clock } = await bootDeferred({ tasks: [SendReceipt] })

    const job = await SendReceipt.enqueue({ orderId: '7' })
    await until(() => sent.length === 1)

    assert.match(job.id, /^[0-9a-z]{9}[0-9a-f]{8}:000000001$/)
    assert.deepEqual(
      { ...job, id: '' },
      { id: '', task: 'SendReceipt', runAt: clock.now(), duplicate: false },
    )
    assert.deepEqual(sent, [{ orderId: '7' }])
  })

  it('gives ids that sort in the order of the enqueues', async () => {
    await bootDeferred({ tasks: [CleanUp] })

    const ids: string[] = []
    for (let count = 0; count < 12; count++) ids.push((await CleanUp.enqueue()).id)

    assert.deepEqual([...ids].sort(), ids)
    assert.equal(new Set(ids).size, 12)
  })

  it('resolves, and the job runs, only once the log has acknowledged the record', async () => {
    const { disk } = await bootDeferred({ tasks: [CleanUp] })
    disk.log.hold()
    let isAcknowledged = false

    const enqueued = CleanUp.enqueue().then(() => {
      isAcknowledged = true
    })
    await settled()
    assert.deepEqual([isAcknowledged, sent], [false, []])

    disk.log.release()
    await enqueued
    await until(() => sent.length === 1)
  })

  const durabilities = [
    ['sync', 'sync', 'write'],
    ['interval', 'write', 'write'],
    ['memory', 'none', 'none'],
  ] as const
  for (const [durability, added, started] of durabilities) {
    it(`with durability '${durability}' waits for '${added}' and marks the start with '${started}'`, async () => {
      const { disk, deferred } = await bootDeferred({ tasks: [CleanUp], options: { durability } })

      await CleanUp.enqueue()
      await until(() => sent.length === 1 && deferred.stats().running === 0)

      assert.deepEqual(disk.written, [
        { type: 1, durability: added },
        { type: 2, durability: started },
        { type: 6, durability: 'none' },
      ])
    })
  }

  it('lets timers and sockets have their turn, also when acknowledgements wait for nothing', async () => {
    await bootDeferred({ tasks: [CleanUp], options: { durability: 'memory' } })
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns += 1
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)

    const loop = async (): Promise<void> => {
      for (let count = 0; count < 100; count++) await CleanUp.enqueue(undefined, { delay: 60 })
    }
    await Promise.all(Array.from({ length: 64 }, loop))
    isOver = true

    assert.ok(turns >= 20, `6,400 enqueues left the event loop ${turns} turns`)
  })

  it('gives the attempt a copy: a later change of the arguments does not reach it', async () => {
    await bootDeferred({ tasks: [SendReceipt] })
    const args = { orderId: '7' }

    const enqueued = SendReceipt.enqueue(args)
    args.orderId = 'changed'
    await enqueued
    await until(() => sent.length === 1)

    assert.deepEqual(sent, [{ orderId: '7' }])
  })

  it('rejects arguments that would come back changed, with the path and the line that enqueued them', async () => {
    await bootDeferred({ tasks: [SendReceipt] })

    await assert.rejects(SendReceipt.enqueue({ orderId: /7/ as unknown as string }), (error: Error) => {
      assert.match(error.message, /^RAGE_DEFERRED_INVALID_ARGS: .*args\.orderId is a RegExp/)
      assert.match(error.stack!, /deferred\.test\.ts/)
      return true
    })
  })

  it('rejects a class that no queue has registered', async () => {
    const { deferred } = await bootDeferred({ tasks: [SendReceipt] })

    await assert.rejects(NeverRegistered.enqueue(), { code: 'RAGE_KERNEL_NOT_REGISTERED' })
    await assert.rejects(deferred.enqueue(NeverRegistered, undefined), { code: 'RAGE_KERNEL_NOT_REGISTERED' })
  })

  it('says that the runtime has stopped once it has', async () => {
    const { deferred } = await bootDeferred({ tasks: [CleanUp] })
    await deferred.service.drain(new AbortController().signal)
    await deferred.service.stop()

    const expected =
      /^Error: RAGE_DEFERRED_DRAINING: CleanUp\.enqueue\(\) was refused: the runtime has stopped\./
    for (const enqueue of [
      () => CleanUp.enqueue(),
      () => CleanUp.enqueueMany([undefined]),
      () => deferred.enqueue(CleanUp, undefined),
    ])
      await assert.rejects(enqueue, (error: Error) => expected.test(`Error: ${error.message}`))
  })

  it('rejects what the log cannot store, and the job does not run', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [CleanUp] })
    disk.log.fail('failed', 'the disk is gone')

    await assert.rejects(CleanUp.enqueue(), /the disk is gone/)
    await settled()

    assert.deepEqual(sent, [])
    assert.deepEqual(deferred.health(), { ok: false, code: 'log_failed', reason: 'the disk is gone' })
    assert.deepEqual(deferred.stats(), {
      queued: 0,
      delayed: 0,
      running: 0,
      dead: 0,
      parked: 0,
      damaged: 0,
      queues: {},
    })
  })

  it('rejects above maxQueued, and accepts again once jobs have ended', async () => {
    const { clock } = await bootDeferred({ tasks: [CleanUp], options: { maxQueued: 2 } })
    await CleanUp.enqueue(undefined, { delay: 1 })
    const second = CleanUp.enqueue(undefined, { delay: 1 })
    await assert.rejects(CleanUp.enqueue(), { code: 'RAGE_DEFERRED_QUEUE_FULL', status: 503 })
    await second

    await clock.advance(1_000)
    await until(() => sent.length === 2)

    await CleanUp.enqueue()
  })
})

describe('deferred: enqueue before boot', () => {
  it('waits for boot', async () => {
    const { deferred } = createDeferred({ tasks: [CleanUp] })
    const enqueued = CleanUp.enqueue()

    await deferred.service.boot()
    const { task } = await enqueued
    assert.deepEqual([task, sent], ['CleanUp', []])

    deferred.service.serve()
    await until(() => sent.length === 1)
  })

  it('rejects with what boot failed with', async () => {
    const { deferred, disk } = createDeferred({ tasks: [CleanUp] })
    disk.open = () => {
      throw new Error('the folder is locked')
    }
    const enqueued = CleanUp.enqueue()

    await assert.rejects(deferred.service.boot(), /the folder is locked/)
    await assert.rejects(enqueued, /the folder is locked/)
  })
})

describe('deferred: when a job runs', () => {
  it('with delay is that many seconds later', async () => {
    const { clock, deferred } = await bootDeferred({ tasks: [CleanUp] })
    const start = clock.now()

    const { runAt } = await CleanUp.enqueue(undefined, { delay: 1.5 })
    assert.deepEqual([runAt - start, deferred.stats().delayed], [1_500, 1])

    await clock.advance(1_499)
    assert.deepEqual(sent, [])
    await clock.advance(1)
    await until(() => sent.length === 1)
  })

  it('with runAt is then, given as a Date or in milliseconds', async () => {
    const { clock, deferred } = await bootDeferred({ tasks: [CleanUp] })
    await CleanUp.enqueue(undefined, { runAt: new Date(clock.now() + 5_000) })
    await CleanUp.enqueue(undefined, { runAt: clock.now() + 5_000 })
    assert.equal(deferred.stats().delayed, 2)

    await clock.advance(5_000)
    await until(() => sent.length === 2)
  })

  it('with a runAt that has passed is at once', async () => {
    const { clock } = await bootDeferred({ tasks: [CleanUp] })

    await CleanUp.enqueue(undefined, { runAt: clock.now() - 1 })

    await until(() => sent.length === 1)
  })

  const refused: readonly (readonly [object | null, RegExp])[] = [
    [null, /Option "CleanUp\.enqueue" must be an object, got null/],
    [{ delay: -1 }, /"CleanUp\.enqueue\.delay" must be seconds from 0 to 31536000, got -1/],
    [{ delay: 31_536_001 }, /must be seconds from 0 to 31536000/],
    [{ delay: '5' }, /must be seconds from 0 to 31536000, got '5'/],
    [{ runAt: new Date('nonsense') }, /"CleanUp\.enqueue\.runAt" must be a valid Date or epoch milliseconds/],
    [{ runAt: 8.64e15 + 1 }, /must be a valid Date or epoch milliseconds, got 8640000000000001/],
    [{ delay: 1, runAt: 5 }, /must be left out when delay is given/],
    [{ dealy: 5 }, /no option "CleanUp\.enqueue\.dealy"\. Did you mean "delay"\?/],
  ]
  for (const [options, message] of refused) {
    it(`cannot be said with ${JSON.stringify(options)}`, async () => {
      await bootDeferred({ tasks: [CleanUp] })

      await assert.rejects(CleanUp.enqueue(undefined, options as { delay: number }), message)
    })
  }
})

describe('deferred: enqueueMany', () => {
  it('stores a job for each of the arguments, all or none', async () => {
    const { deferred, disk } = await bootDeferred({ tasks: [SendReceipt] })
    const groups: number[] = []
    const { log } = disk
    const addAll = log.addAll.bind(log)
    log.addAll = (records, durability) => {
      groups.push(records.length)
      return addAll(records, durability)
    }

    const jobs = await SendReceipt.enqueueMany([{ orderId: '1' }, { orderId: '2' }, { orderId: '3' }])
    await until(() => deferred.stats().queued === 0 && sent.length === 3)

    assert.deepEqual(groups, [3])
    assert.equal(new Set(jobs.map((job) => job.id)).size, 3)
    assert.deepEqual(sent, [{ orderId: '1' }, { orderId: '2' }, { orderId: '3' }])
  })

  it('stores nothing when one of the arguments is wrong', async () => {
    const { disk } = await bootDeferred({ tasks: [SendReceipt] })

    await assert.rejects(
      SendReceipt.enqueueMany([{ orderId: '1' }, { orderId: (() => 7) as unknown as string }]),
      {
        code: 'RAGE_DEFERRED_INVALID_ARGS',
      },
    )

    assert.deepEqual(disk.written, [])
  })

  it('of nothing is nothing', async () => {
    await bootDeferred({ tasks: [SendReceipt] })

    assert.deepEqual(await SendReceipt.enqueueMany([]), [])
  })

  it('of something that is no list is refused', async () => {
    await bootDeferred({ tasks: [SendReceipt] })

    await assert.rejects(SendReceipt.enqueueMany({ orderId: '1' } as never), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
    })
  })
})

describe('deferred: an enqueue behind a gate', () => {
  function enqueueBehindGate(scope: Context['scope']) {
    const effects: Effect[] = []
    const context = new Context({ kind: 'request', scope, requestId: 'req-1' })
    context.gate = {
      pass(effect) {
        effects.push(effect as Effect)
        return effect.held()
      },
    }
    const enqueued = runInContext(context, () => SendReceipt.enqueue({ orderId: '7' }))
    return { effects, enqueued }
  }

  it('returns a job with an id, and nothing is stored', async () => {
    const { disk, scope } = await bootDeferred({ tasks: [SendReceipt] })

    const { effects, enqueued } = enqueueBehindGate(scope)
    const { id, task } = await enqueued
    await settled()

    assert.deepEqual([task, id.length > 0, disk.written, sent], ['SendReceipt', true, [], []])
    const { kind, target, payload } = effects[0]!
    assert.deepEqual(
      { kind, target, payload },
      { kind: 'job', target: 'SendReceipt', payload: { orderId: '7' } },
    )
  })

  it('of a unique job answers the job that is kept: the one that has the key, then the one that had it at last', async () => {
    const { clock, scope } = await bootDeferred({ tasks: [SendReceipt] })
    const options = { unique: 'order 7' }
    const before = await SendReceipt.enqueue({ orderId: '7' }, { ...options, delay: 5 })
    const effects: Effect[] = []
    const context = new Context({ kind: 'request', scope, requestId: 'req-1' })
    context.gate = {
      pass(effect) {
        effects.push(effect as Effect)
        return effect.held()
      },
    }
    const inside = (): Promise<EnqueuedJob> =>
      runInContext(context, () => SendReceipt.enqueue({ orderId: '7' }, { ...options, delay: 60 }))
    const many = (): Promise<readonly EnqueuedJob[]> =>
      runInContext(context, () => SendReceipt.enqueueMany([{ orderId: '7' }], options))

    const [first, second, [third]] = [await inside(), await inside(), await many()]
    assert.deepEqual([first.id, first.duplicate], [before.id, true])
    await clock.advance(5_000)
    await until(() => sent.length === 1)
    for (const effect of effects) await effect.perform()

    assert.notEqual(first.id, before.id)
    assert.equal(first.duplicate, false)
    assert.deepEqual([second.id, second.duplicate], [first.id, true])
    assert.deepEqual([third?.id, third?.duplicate], [first.id, true])
  })

  it('is made under the same id when the gate lets it pass later', async () => {
    const { scope } = await bootDeferred({ tasks: [SendReceipt] })
    const { effects, enqueued } = enqueueBehindGate(scope)
    const { id } = await enqueued

    const performed = (await effects[0]!.perform()) as { id: string }
    await until(() => sent.length === 1)

    assert.equal(performed.id, id)
  })
})

describe('deferred: telemetry', () => {
  it('spans every enqueue and every attempt', async () => {
    const spans: Span[] = []
    class Record extends TelemetryHandler {
      static {
        Record.handle('deferred.*')
      }

      async call(span: Span, next: () => Promise<unknown>): Promise<void> {
        await next()
        spans.push(span)
      }
    }
    await bootDeferred({ tasks: [SendReceipt], handlers: [Record] })

    const { id } = await SendReceipt.enqueue({ orderId: '7' })
    await until(() => spans.length === 2)

    assert.deepEqual(spans, [
      {
        name: 'deferred.task.enqueue',
        attributes: { task: 'SendReceipt', queue: 'default', jobs: 1, job: id },
      },
      {
        name: 'deferred.task.process',
        attributes: { task: 'SendReceipt', queue: 'default', job: id, attempt: 1, waitedMs: 0 },
      },
    ])
  })
})

describe('deferred: registration', () => {
  it('of one class twice is one registration', () => {
    const { deferred } = createDeferred({ tasks: [SendReceipt] })

    deferred.register(SendReceipt)
  })

  it('of two classes with one name is refused', () => {
    const { deferred } = createDeferred({ tasks: [SendReceipt] })
    class Other extends Task {
      static override taskName = 'SendReceipt'
      override perform(): void {}
    }

    assert.throws(() => deferred.register(Other), { code: 'RAGE_KERNEL_DUPLICATE_NAME' })
  })

  it('does not pass a taskName on to subclasses', async () => {
    class Base extends Task {
      static override taskName = 'base'
      override perform(): void {}
    }
    class Special extends Base {}
    await bootDeferred({ tasks: [Base, Special] })

    assert.equal((await Special.enqueue()).task, 'Special')
  })

  it('after boot is refused', async () => {
    const { deferred } = await bootDeferred()

    assert.throws(() => deferred.register(SendReceipt), { code: 'RAGE_KERNEL_REGISTRATION_CLOSED' })
  })

  it('refuses statics of the wrong kind', () => {
    const { deferred } = createDeferred()
    class NegativeRetries extends CleanUp {
      static override retries = -1
    }
    class ZeroTimeout extends CleanUp {
      static override timeout = 0
    }

    assert.throws(
      () => deferred.register(NegativeRetries),
      /"NegativeRetries\.retries" must be a whole number from 0/,
    )
    assert.throws(
      () => deferred.register(ZeroTimeout),
      /"ZeroTimeout\.timeout" must be seconds above 0, or null/,
    )
  })

  it('with two runtimes asks the running context which one is meant', async () => {
    const first = await bootDeferred({ tasks: [CleanUp] })
    await bootDeferred({ tasks: [CleanUp] })
    await assert.rejects(CleanUp.enqueue(), { code: 'RAGE_KERNEL_AMBIGUOUS_RUNTIME' })

    const context = new Context({ kind: 'request', scope: first.scope, requestId: 'r' })
    await runInContext(context, () => CleanUp.enqueue())

    assert.equal(first.disk.written[0]?.type, 1)
  })

  it('ends with the runtime: a class registered again later is not ambiguous', async () => {
    const first = await bootDeferred({ tasks: [CleanUp] })
    await first.deferred.service.stop()
    await bootDeferred({ tasks: [CleanUp] })

    await CleanUp.enqueue()

    await until(() => sent.length === 1)
  })
})
