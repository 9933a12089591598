/** One suite for all engines: a task does the same wherever its jobs live. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { CurrentAttributes, createRage, type Rage, type RunningJob, Subscriber, Task } from '../../src'
import type { DeferredOptions } from '../../src/deferred'
import { systemClock } from '../../src/kernel'
import { createLoggers } from '../../src/logger'
import { ErrorReports } from '../../src/telemetry'
import { atEnd, type Line, makeRage, temporaryFolder } from '../runtime/support/runtimes'
import { queueName, type TestEngine, testEngines } from './support/engines'

type Attempted = { readonly task: string; readonly id: string; readonly attempt: number; readonly at: number }
const attempts: Attempted[] = []

function note(task: string, { id, attempt }: RunningJob): void {
  attempts.push({ task, id, attempt, at: Date.now() })
}

class Quick extends Task<{ text: string } | undefined> {
  static texts: string[] = []
  perform(args: { text: string } | undefined, job: RunningJob) {
    note('Quick', job)
    if (args !== undefined) Quick.texts.push(args.text)
  }
}

class FailsTwice extends Task {
  static override retryIn = (_error: unknown, attempt: number) => attempt * 0.2
  perform(_args: undefined, job: RunningJob) {
    note('FailsTwice', job)
    if (job.attempt < 3) throw new Error(`failure ${job.attempt}`)
  }
}

class AlwaysFails extends Task<{ orderId: string }> {
  static override retries = 1
  static override retryIn = () => 0.01
  perform(_args: { orderId: string }, job: RunningJob) {
    note('AlwaysFails', job)
    throw new TypeError('never')
  }
}

class GivesUp extends Task {
  static override retryIn = () => false as const
  perform() {
    throw new Error('no use')
  }
}

class FailsOddly extends Task {
  static override retries = 0
  perform() {
    throw new Error(`${'x'.repeat(990)} \0 \ud83d 1234😀`)
  }
}

class TooSlow extends Task {
  static override retries = 0
  static override timeout = 0.1
  static aborted: unknown[] = []
  perform(_args: undefined, { signal }: RunningJob) {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        TooSlow.aborted.push(signal.reason)
        reject(signal.reason)
      })
    })
  }
}

/** Runs until it is told, or aborted. */
class Held extends Task {
  static running = 0
  static most = 0
  static release: (() => void)[] = []
  static aborted = 0
  async perform(_args: undefined, job: RunningJob) {
    note('Held', job)
    Held.running += 1
    Held.most = Math.max(Held.most, Held.running)
    await new Promise<void>((resolve) => {
      Held.release.push(resolve)
      job.signal.addEventListener('abort', () => {
        Held.aborted += 1
        resolve()
      })
    })
    Held.running -= 1
  }
}

class Current extends CurrentAttributes<{ tenant: string }> {
  static seen: unknown[] = []
}

let rageOfTask: Rage | null = null
class Contextual extends Task {
  perform() {
    rageOfTask!.logger.info('inside the job')
    Current.seen.push(Current.get('tenant'))
  }
}

class Placed {
  readonly order: number
  constructor(order: number) {
    this.order = order
  }
}
class OnPlaced extends Subscriber<Placed> {
  static override on = [Placed]
  static override deferred = true
  static seen: unknown[] = []
  call(event: Placed) {
    OnPlaced.seen.push(event instanceof Placed ? event.order : event)
  }
}

const tasks = [
  Quick,
  FailsTwice,
  AlwaysFails,
  GivesUp,
  FailsOddly,
  TooSlow,
  Held,
  Contextual,
  OnPlaced,
  Current,
]

interface Options {
  readonly queue?: string
  readonly concurrency?: number
  readonly drainMs?: number
  readonly without?: readonly unknown[]
  readonly prepare?: (rage: Rage) => unknown
}

async function boot(
  engine: TestEngine,
  options: Options = {},
): Promise<{ rage: Rage; lines: Line[]; queue: string }> {
  const { queue = queueName(), concurrency = 10, drainMs = 2_000, without = [] } = options
  const lines: Line[] = []
  const storage = temporaryFolder()
  const rage = createRage({
    storage,
    signals: false,
    drainMs,
    logger: {
      level: 'debug',
      format: 'json',
      destination: { write: (line) => void lines.push(JSON.parse(line)) },
    },
    deferred: { engine: engine.kind(queue), concurrency },
  })
  rage.register(...tasks.filter((task) => !without.includes(task)))
  options.prepare?.(rage)
  rageOfTask = rage
  attempts.length = 0
  Quick.texts = []
  Object.assign(Held, { running: 0, most: 0, release: [], aborted: 0 })
  atEnd(() => engine.remove(queue))
  atEnd(() => rage.stop())
  await rage.boot()
  return { rage, lines, queue }
}

async function until(isSo: () => unknown, seconds = 10): Promise<void> {
  const deadline = Date.now() + seconds * 1_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`it did not happen: ${isSo}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The engine without a runtime around it. */
function engineAlone(engine: TestEngine, queue: string) {
  const { logger } = createLoggers({ level: 'silent', format: 'json', destination: null })
  const world = {
    clock: systemClock,
    logger,
    errors: new ErrorReports(logger),
    concurrency: 1,
    deadLimit: 10,
    run: () => Promise.reject(new Error('not here')),
  }
  return engine.kind(queue)!.open(world, AbortSignal.timeout(5_000))
}

function storedQuick(id: string) {
  const text = { args: '', context: '{"id":"r"}' }
  return { v: 1 as const, id, task: 'Quick', ...text, runAt: 0, failures: 0, priority: 0 }
}

const idle = { queued: 0, delayed: 0, running: 0, dead: 0 }

for (const engine of testEngines) {
  describe.skipIf(!engine.isThere)(`deferred on ${engine.name}`, () => {
    it('runs a job once it is enqueued, with its arguments and the id that enqueue answered', async () => {
      const { rage } = await boot(engine)

      const { id, task } = await Quick.enqueue({ text: 'ünï \u0000 \n {"a":1}' })
      await until(() => Quick.texts.length > 0)

      assert.equal(task, 'Quick')
      assert.deepEqual(Quick.texts, ['ünï \u0000 \n {"a":1}'])
      assert.deepEqual(
        attempts.map(({ id: one, attempt }) => [one, attempt]),
        [[id, 1]],
      )
      await until(async () => (await rage.deferred.count()).running === 0)
      assert.deepEqual(await rage.deferred.count(), idle)
    })

    it('runs each of many jobs', async () => {
      await boot(engine)

      const jobs = await Quick.enqueueMany(Array.from({ length: 30 }, (_, i) => ({ text: String(i) })))
      await until(() => Quick.texts.length >= 30)

      assert.equal(new Set(jobs.map(({ id }) => id)).size, 30)
      assert.deepEqual(
        Quick.texts.map(Number).sort((a, b) => a - b),
        Array.from({ length: 30 }, (_, i) => i),
      )
    })

    it('runs a delayed job not before its time', async () => {
      const { rage } = await boot(engine)

      const before = Date.now()
      await Quick.enqueue(undefined, { delay: 0.5 })
      const { delayed } = await rage.deferred.count()
      await Quick.enqueue(undefined, { runAt: new Date(before + 600) })
      await until(() => attempts.length === 2)

      assert.equal(delayed, 1)
      assert.ok(attempts[0]!.at >= before + 500, `${attempts[0]!.at - before} ms`)
      assert.ok(attempts[1]!.at >= before + 600, `${attempts[1]!.at - before} ms`)
    })

    it("tries again after the seconds that the task's retryIn says", async () => {
      const { rage, lines } = await boot(engine)

      const { id } = await FailsTwice.enqueue()
      await until(() => attempts.length === 3)

      assert.deepEqual(
        attempts.map((one) => [one.id, one.attempt]),
        [
          [id, 1],
          [id, 2],
          [id, 3],
        ],
      )
      assert.ok(attempts[1]!.at - attempts[0]!.at >= 200)
      assert.ok(attempts[2]!.at - attempts[1]!.at >= 400)
      assert.deepEqual(
        lines.filter(({ msg }) => msg === 'job failed').map(({ retryInSeconds }) => retryInSeconds),
        [0.2, 0.4],
      )
      await until(async () => (await rage.deferred.count()).running === 0)
      assert.deepEqual(await rage.deferred.count(), idle)
    })

    it('keeps a job whose retries are used up as dead, with its error, and one that gave up', async () => {
      const { rage } = await boot(engine)

      const { id } = await AlwaysFails.enqueue({ orderId: '7' })
      await until(async () => (await rage.deferred.count()).dead === 1)
      await GivesUp.enqueue()
      await until(async () => (await rage.deferred.count()).dead === 2)

      const [exhausted, stopped] = await rage.deferred.deadJobs()
      assert.deepEqual(
        { ...exhausted, error: { ...exhausted!.error, stack: null }, diedAt: 0 },
        {
          id,
          task: 'AlwaysFails',
          args: { orderId: '7' },
          attempts: 2,
          reason: 'exhausted',
          error: { name: 'TypeError', message: 'never', stack: null },
          diedAt: 0,
        },
      )
      assert.match(exhausted!.error.stack!, /AlwaysFails\.perform/)
      assert.ok(Math.abs(exhausted!.diedAt - Date.now()) < 10_000)
      assert.equal(stopped!.reason, 'stopped')
    })

    it('keeps a dead job whose error holds what a database refuses', async () => {
      const { rage } = await boot(engine, { concurrency: 1 })

      await FailsOddly.enqueue()
      await until(async () => (await rage.deferred.count()).dead === 1)
      await Quick.enqueue({ text: 'next' })
      await until(() => Quick.texts.length === 1)

      assert.match((await rage.deferred.deadJobs())[0]!.error.message, /^x{990} \ufffd \ufffd 1234\ufffd$/)
    })

    it('aborts an attempt that takes longer than the timeout of its task', async () => {
      const { rage } = await boot(engine)
      TooSlow.aborted = []

      await TooSlow.enqueue()
      await until(async () => (await rage.deferred.count()).dead === 1)

      assert.deepEqual(
        TooSlow.aborted.map((reason) => (reason as { code: string }).code),
        ['RAGE_DEFERRED_TASK_TIMEOUT'],
      )
      assert.match((await rage.deferred.deadJobs())[0]!.error.message, /^RAGE_DEFERRED_TASK_TIMEOUT: /)
    })

    it('runs a job in the context it was enqueued in', async () => {
      const { rage, lines } = await boot(engine)
      Current.seen = []

      let requestId = ''
      await rage.run(async () => {
        Current.set({ tenant: 'acme' })
        rage.logger.info('before')
        requestId = lines.find(({ msg }) => msg === 'before')!.requestId!
        await Contextual.enqueue()
      })
      await until(() => Current.seen.length > 0)

      assert.deepEqual(Current.seen, ['acme'])
      await until(() => lines.some(({ msg }) => msg === 'job finished'))
      for (const msg of ['inside the job', 'job started', 'job finished']) {
        assert.equal(lines.find((line) => line.msg === msg)?.requestId, requestId, msg)
      }
    })

    it('runs no more jobs at once than the option says', async () => {
      await boot(engine, { concurrency: 2 })

      await Held.enqueueMany([undefined, undefined, undefined, undefined])
      await until(() => Held.running === 2)
      await new Promise((resolve) => setTimeout(resolve, 300))
      assert.equal(Held.running, 2)
      await until(() => {
        Held.release.shift()?.()
        return attempts.length === 4 && Held.running === 0
      })

      assert.equal(Held.most, 2)
    })

    it('finishes what runs in a drain, and takes nothing more', async () => {
      const { rage } = await boot(engine, { concurrency: 1 })

      await Held.enqueueMany([undefined, undefined])
      await until(() => Held.running === 1)
      const draining = rage.drain()
      await until(() => rage.deferred.service.phase === 'draining')
      const refused = await Quick.enqueue().catch((error: { code: string }) => error.code)
      Held.release.shift()!()
      const { finished, abandoned } = await draining

      assert.equal(refused, 'RAGE_DEFERRED_DRAINING')
      assert.deepEqual([finished, abandoned, attempts.length], [1, [], 1])
    })

    it('gives a job back that does not end within the drain, for the next process to run', async () => {
      const first = await boot(engine, { drainMs: 100 })
      const { id } = await Held.enqueue()
      await until(() => Held.running === 1)

      const { abandoned } = await first.rage.drain()
      await first.rage.stop()
      if (engine.name === 'log') return
      await boot(engine, { queue: first.queue })
      await until(() => attempts.length === 1)
      Held.release.shift()!()

      assert.deepEqual(abandoned, [id])
      assert.deepEqual([attempts[0]!.id, attempts[0]!.attempt], [id, 1])
    })

    it('runs middleware around enqueues and attempts', async () => {
      const seen: string[] = []
      await boot(engine, {
        prepare: (rage) =>
          rage.deferred.use({
            enqueue: (_job, next) => {
              seen.push('enqueue')
              return next()
            },
            perform: async (_job, next) => {
              seen.push('before')
              await next()
              seen.push('after')
            },
          }),
      })

      await Quick.enqueue({ text: 'a' })
      await until(() => seen.length === 3)

      assert.deepEqual(seen, ['enqueue', 'before', 'after'])
    })

    it('delivers events to deferred subscribers', async () => {
      const { rage } = await boot(engine)
      OnPlaced.seen = []

      await rage.events.publish(new Placed(7))
      await until(() => OnPlaced.seen.length > 0)

      assert.deepEqual(OnPlaced.seen, [7])
    })
  })
}

for (const engine of testEngines.filter(({ name }) => name !== 'log')) {
  describe.skipIf(!engine.isThere)(`deferred on ${engine.name}, an engine`, () => {
    it('keeps a job of a task that this process does not know, and reports that once', async () => {
      const { rage, lines, queue } = await boot(engine, { without: [Quick] })
      const { rage: other } = await boot(engine, { queue, without: [FailsTwice] })
      // Only the first one takes jobs.
      await other.deferred.service.drain(AbortSignal.abort())
      const kind = await engineAlone(engine, queue)
      await kind.add([storedQuick('a:1'), storedQuick('a:2')], null)

      await until(async () => (await rage.deferred.count()).delayed === 2)
      await kind.close()

      const reports = lines.filter(
        ({ err }) => (err as { code?: string })?.code === 'RAGE_DEFERRED_UNKNOWN_TASK',
      )
      assert.equal(reports.length, 1)
      assert.deepEqual(await rage.deferred.count(), { ...idle, delayed: 2 })
    })

    it('keeps a job of a newer version', async () => {
      const { rage, lines, queue } = await boot(engine)
      const kind = await engineAlone(engine, queue)
      await kind.add([{ ...storedQuick('a:1'), v: 2 as 1 }], null)

      await until(async () => (await rage.deferred.count()).delayed === 1)
      await kind.close()

      assert.ok(lines.some(({ err }) => (err as { code?: string })?.code === 'RAGE_DEFERRED_UNREADABLE_JOB'))
      assert.deepEqual(Quick.texts, [])
    })

    it('hands out the jobs of smaller priority first', async () => {
      const { queue } = await boot(engine, { concurrency: 1 })
      await Held.enqueue()
      await until(() => Held.running === 1)
      for (const [text, priority] of [
        ['later', 10],
        ['usual', 0],
        ['first', -10],
      ] as const)
        await Quick.enqueue({ text }, { priority })
      Held.release.shift()!()
      await until(() => Quick.texts.length === 3)

      assert.ok(queue)
      assert.deepEqual(Quick.texts, ['first', 'usual', 'later'])
    })

    it('tries a dead job again as a new one, and forgets another', async () => {
      const { rage } = await boot(engine)
      const { id } = await AlwaysFails.enqueue({ orderId: '7' })
      const { id: other } = await GivesUp.enqueue()
      await until(async () => (await rage.deferred.count()).dead === 2)

      const answers = [
        await rage.deferred.retryDead(id),
        await rage.deferred.discardDead(other),
        await rage.deferred.retryDead('nope'),
        await rage.deferred.discardDead(other),
      ]
      await until(() => attempts.length === 4)
      await until(async () => (await rage.deferred.count()).dead === 1)

      assert.deepEqual(answers, [true, true, false, false])
      assert.deepEqual(
        attempts.map((one) => [one.id, one.attempt]),
        [
          [id, 1],
          [id, 2],
          [id, 1],
          [id, 2],
        ],
      )
    })

    it('refuses at registration what it cannot do for a task', async () => {
      class Unique extends Task {
        static override unique = true
        perform() {}
      }
      class Limited extends Task {
        static override rateLimit = { max: 1, per: 1 }
        perform() {}
      }
      class Keeps extends Task {
        static override keepResults = 60
        perform() {}
      }
      class Elsewhere extends Task {
        static override queue = 'crm'
        perform() {}
      }
      const { rage } = makeRage({ deferred: { engine: engine.kind(queueName()) } })

      class OneInAWhile extends Task {
        static override uniqueFor = 60
        perform() {}
      }
      for (const task of [Unique, Limited, Keeps, Elsewhere, OneInAWhile])
        assert.throws(() => rage.register(task), { code: 'RAGE_DEFERRED_ENGINE_UNSUPPORTED' }, task.name)
    })

    it('refuses options that it would not heed, unless they say what is so anyway', () => {
      const refused: DeferredOptions[] = [
        { queues: { crm: { concurrency: 2 } } },
        { highWater: 100 },
        { lowWater: 10 },
        { pushTimeoutMs: 100 },
        { maxQueued: 5 },
        { durability: 'memory' },
        { resultLimit: 5 },
      ]
      for (const option of refused)
        assert.throws(
          () => createRage({ deferred: { engine: engine.kind(queueName()), ...option } }),
          { code: 'RAGE_DEFERRED_ENGINE_UNSUPPORTED' },
          JSON.stringify(option),
        )
      createRage({ deferred: { engine: engine.kind(queueName()), durability: 'sync', maxQueued: 1_000_000 } })
    })

    it('names the call that it does not know', async () => {
      const { rage } = await boot(engine)

      await assert.rejects(rage.deferred.list(), /cannot list jobs\. Ask its own API or board/)
    })

    it('says which calls need an answer of the server', async () => {
      const { rage } = await boot(engine)

      assert.throws(() => rage.deferred.stats(), { code: 'RAGE_DEFERRED_ENGINE_UNSUPPORTED' })
      assert.throws(() => rage.deferred.dead(), { code: 'RAGE_DEFERRED_ENGINE_UNSUPPORTED' })
    })
  })
}
