/** Threads load built JavaScript, so these tests run the built package. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeAll, describe, it } from 'vitest'
import type { Rage, RageOptions, Task } from '../../../src'
import { root } from '../../support/repository'

type AnyTask = typeof Task & (new () => Task<unknown>)
type Tasks = Record<
  | 'Asks'
  | 'Computes'
  | 'Double'
  | 'Enqueues'
  | 'Exits'
  | 'Fails'
  | 'Logs'
  | 'NeverEnds'
  | 'Reports'
  | 'Triple'
  | 'Unkept'
  | 'Waits',
  AnyTask
> & { hidden(): AnyTask }

const require = createRequire(join(root, 'package.json'))
const support = join(__dirname, 'support')
const tasksFile = join(support, 'tasks.cjs')

let createRage: (options: RageOptions) => Rage
let tasks: Tasks
const releases: (() => unknown)[] = []

beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
  createRage = require('rage-js').createRage
  tasks = require(tasksFile)
}, 120_000)

afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release()
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rage-threads-'))
  releases.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A file that a thread can write to at once, by its descriptor. */
function sharedFile(): { readonly file: number; readonly text: () => string } {
  const path = join(temporaryFolder(), 'out')
  const file = openSync(path, 'a')
  releases.push(() => closeSync(file))
  return { file, text: () => readFileSync(path, 'utf8') }
}

async function boot(registered: readonly AnyTask[], options: RageOptions['deferred'] = {}) {
  const reported: { readonly code?: string; readonly message: string }[] = []
  const rage = createRage({
    storage: temporaryFolder(),
    signals: false,
    drainMs: 500,
    logger: { level: 'silent' },
    deferred: options,
  })
  rage.errors.register((error) => void reported.push(error as never))
  rage.register(...registered)
  releases.push(() => rage.stop())
  await rage.boot()
  return { rage, reported }
}

async function eventually<T>(look: () => T | Promise<T>, seconds = 5): Promise<NonNullable<T>> {
  for (let left = seconds * 100; left > 0; left--) {
    const value = await look()
    if (value) return value as NonNullable<T>
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`it did not come true within ${seconds} s`)
}

async function perform(rage: Rage, task: AnyTask, args: unknown): Promise<unknown> {
  const { id } = await (task as unknown as { enqueue(args: unknown): Promise<{ id: string }> }).enqueue(args)
  return rage.deferred.result(id)
}

function dead(rage: Rage) {
  return rage.deferred.dead()
}

describe('deferred: a task on a thread', () => {
  it('performs with its arguments and what its job knows, and its result comes back', async () => {
    const { rage } = await boot([tasks.Double])

    const at = new Date(0)
    const result = (await perform(rage, tasks.Double, { number: 21, at })) as Record<string, unknown>

    const { id, ...rest } = result
    assert.match(String(id), /:/)
    assert.deepEqual(rest, { isMainThread: false, double: 42, at, attempt: 1, queue: 'default', retries: 0 })
  })

  it('may be of an ES module, named by import.meta.url', async () => {
    const { rage } = await boot([tasks.Triple])

    assert.deepEqual(await perform(rage, tasks.Triple, 2), { isMainThread: false, triple: 6 })
  })

  it('is done when what it returns cannot be kept, and that is reported', async () => {
    const { rage, reported } = await boot([tasks.Unkept])

    assert.equal(await perform(rage, tasks.Unkept, { throws: false }), undefined)
    assert.equal(await perform(rage, tasks.Unkept, { throws: true }), undefined)

    assert.deepEqual(
      reported.map((error) => [error.code, ((error as Error).cause as Error).message]),
      [
        ['RAGE_DEFERRED_INVALID_RESULT', 'result.at.save is a function'],
        ['RAGE_DEFERRED_INVALID_RESULT', 'Error: a getter'],
      ],
    )
    assert.deepEqual(dead(rage), [])
  })

  it('fails with what it throws: name, message, stack, fields and cause', async () => {
    const { rage, reported } = await boot([tasks.Fails])

    await (tasks.Fails as unknown as { enqueue(): Promise<unknown> }).enqueue()
    await eventually(() => dead(rage).length === 1)

    const error = reported[0] as Error & { code: string; at: Date }
    assert.deepEqual(
      [error.name, error.message, error.code, error.at],
      ['RangeError', 'out of range', 'E_RANGE', new Date(0)],
    )
    assert.match(error.stack!, /Fails\.perform .*tasks\.cjs/)
    assert.equal((error.cause as Error).message, 'why')
  })

  it('has the request id of its job, also in the lines that its code logs', async () => {
    const { rage } = await boot([tasks.Logs])
    const { file, text } = sharedFile()

    const { currentContext } = require(join(root, 'dist/src/context'))
    const expected = await rage.run(async () => {
      await perform(rage, tasks.Logs, { file })
      return currentContext().requestId
    })

    const { msg, requestId } = JSON.parse(text())
    assert.deepEqual([msg, requestId], ['from the thread', expected])
  })

  it('can ask its task to wait', async () => {
    const { rage } = await boot([tasks.Asks])

    assert.equal(await perform(rage, tasks.Asks, {}), 'done')
  })

  it('cannot enqueue, and says so', async () => {
    const { rage, reported } = await boot([tasks.Enqueues, tasks.Double])

    await (tasks.Enqueues as unknown as { enqueue(): Promise<unknown> }).enqueue()
    await eventually(() => dead(rage).length === 1)

    assert.equal(reported[0]!.code, 'RAGE_DEFERRED_ENQUEUE_ON_THREAD')
    assert.match(reported[0]!.message, /Double\.enqueue\(\) .* on the main thread\. .*followedBy/)
  })

  it('is refused progress that cannot be kept, where it reports it', async () => {
    const { rage, reported } = await boot([tasks.Reports])

    for (const what of ['bigint', 'large']) {
      const { id } = await (
        tasks.Reports as unknown as { enqueue(w: string): Promise<{ id: string }> }
      ).enqueue(what)
      await eventually(() => dead(rage).find((job) => job.id === id))
    }

    assert.deepEqual(
      reported.map(({ code }) => code),
      ['RAGE_DEFERRED_INVALID_PROGRESS', 'RAGE_DEFERRED_INVALID_PROGRESS'],
    )
  })

  it('that its file does not export fails with a code', async () => {
    const { rage, reported } = await boot([tasks.hidden()])

    await (tasks.hidden() as unknown as { enqueue(): Promise<unknown> }).enqueue()
    await eventually(() => dead(rage).length === 1)

    assert.equal(reported[0]!.code, 'RAGE_DEFERRED_THREAD_TASK')
  })
})

describe('deferred: threads', () => {
  it('are as many as deferred.threads at most, and the rest of the jobs waits', async () => {
    const { rage } = await boot([tasks.Waits], { threads: 2 })
    const startedAt = performance.now()

    const ids = await Promise.all([1, 2, 3, 4].map(() => perform(rage, tasks.Waits, { ms: 150 })))

    assert.equal(new Set(ids).size, 2)
    assert.ok(performance.now() - startedAt >= 300)
  })

  it('leave further jobs of a task in the queue, where no time is up', async () => {
    const { rage } = await boot([tasks.Waits], { threads: 1 })
    const { enqueueMany } = tasks.Waits as unknown as { enqueueMany(list: unknown[]): Promise<unknown> }

    await enqueueMany.call(tasks.Waits, [{ ms: 300 }, { ms: 0 }, { ms: 0 }])

    await eventually(() => rage.deferred.stats().running === 1)
    assert.equal(rage.deferred.stats().queued, 2)
  })

  it('are not waited for by a job whose time is up', async () => {
    const { rage, reported } = await boot([tasks.Waits, tasks.NeverEnds], { threads: 1 })
    const enqueue = (task: AnyTask, args: unknown) =>
      (task as unknown as { enqueue(a: unknown): Promise<unknown> }).enqueue(args)

    await enqueue(tasks.Waits, { ms: 2_000 })
    await eventually(() => rage.deferred.stats().running === 1)
    await enqueue(tasks.NeverEnds, {})
    await eventually(() => dead(rage).length === 1)

    assert.equal(reported[0]!.code, 'RAGE_DEFERRED_TASK_TIMEOUT')
    await eventually(() => rage.deferred.stats().running === 1)
  })

  it('report progress while they run', async () => {
    const { rage } = await boot([tasks.Waits])

    const { id } = await (tasks.Waits as unknown as { enqueue(a: unknown): Promise<{ id: string }> }).enqueue(
      {
        ms: 1_000,
      },
    )

    await eventually(async () => {
      const job = (await rage.deferred.find(id)) as { progress?: { threadId?: number } } | null
      return job?.progress?.threadId
    })
  })

  for (const [how, reason] of [
    ['exit', /worker exited with code: 3/],
    ['throw', /nobody catches this/],
  ] as const) {
    it(`that die fail their attempt, not the process, and others take the next job: ${how}`, async () => {
      const { rage, reported } = await boot([tasks.Exits, tasks.Double], { threads: 1 })

      await (tasks.Exits as unknown as { enqueue(a: unknown): Promise<unknown> }).enqueue({ how })
      const result = (await perform(rage, tasks.Double, { number: 2 })) as { double: number }

      assert.equal(result.double, 4)
      await eventually(() => dead(rage).length === 1)
      assert.equal(reported[0]!.code, 'RAGE_DEFERRED_THREAD_DIED')
      assert.match(reported[0]!.message, reason)
    })
  }

  it('that run out of memory fail their attempt, not the process', async () => {
    const program = join(temporaryFolder(), 'app.cjs')
    writeFileSync(
      program,
      `const { createRage } = require(${JSON.stringify(join(root, 'dist/src'))})
       const { EatsMemory, Double } = require(${JSON.stringify(tasksFile)})
       const rage = createRage({ storage: __dirname, signals: false, logger: { level: 'silent' } })
       rage.errors.register((error) => console.log(error.code))
       rage.register(EatsMemory, Double)
       rage.boot().then(async () => {
         await EatsMemory.enqueue()
         while (rage.deferred.stats().dead === 0) await new Promise((resolve) => setTimeout(resolve, 20))
         const { id } = await Double.enqueue({ number: 4 })
         console.log((await rage.deferred.result(id)).double)
         await rage.stop()
       })`,
    )

    const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=64', program], {
      timeout: 18_000,
    })

    assert.equal(stdout, 'RAGE_DEFERRED_THREAD_DIED\n8\n')
  })

  it('that are aborted can ask, even where they never yield', async () => {
    const { rage, reported } = await boot([tasks.Computes])
    const { file, text } = sharedFile()

    await (tasks.Computes as unknown as { enqueue(a: unknown): Promise<unknown> }).enqueue({ file })
    await eventually(() => text())

    assert.match(text(), /^aborted: RAGE_DEFERRED_TASK_TIMEOUT/)
    // The thread says it before its job has failed here.
    await eventually(() => reported.length > 0)
    assert.equal(reported[0]!.code, 'RAGE_DEFERRED_TASK_TIMEOUT')
    await eventually(() => rage.deferred.stats().running === 0)
  })

  it('that do not heed an abort are ended a second later, and free their slot', async () => {
    const { rage } = await boot([tasks.NeverEnds, tasks.Double], { threads: 1, concurrency: 1 })

    await (tasks.NeverEnds as unknown as { enqueue(): Promise<unknown> }).enqueue()
    const result = (await perform(rage, tasks.Double, { number: 3 })) as { double: number }

    assert.equal(result.double, 6)
  })

  it('end with the runtime, whatever they do', async () => {
    const { rage } = await boot([tasks.Waits])
    const enqueued = await (
      tasks.Waits as unknown as { enqueue(a: unknown): Promise<{ id: string }> }
    ).enqueue({ ms: 60_000 })
    await eventually(() => rage.deferred.stats().running === 1)

    const startedAt = performance.now()
    await rage.stop()

    assert.ok(enqueued.id)
    assert.ok(performance.now() - startedAt < 5_000)
  })
})

describe('deferred: without piscina', () => {
  // What Node answers where a package is not installed.
  const hidden = `const { Module } = require('node:module')
    const load = Module._load
    Module._load = (name, ...rest) => {
      if (name !== 'piscina') return load(name, ...rest)
      console.log('looked for piscina')
      throw Object.assign(new Error("Cannot find module 'piscina'"), { code: 'MODULE_NOT_FOUND' })
    }
    const { createRage, Task } = require(${JSON.stringify(join(root, 'dist/src'))})
    class Plain extends Task { perform() {} }
    class OnThread extends Task { static thread = __filename; perform() {} }
    const rage = createRage({ storage: __dirname, signals: false, logger: { level: 'silent' } })`

  async function run(task: string): Promise<string> {
    const program = join(temporaryFolder(), 'app.cjs')
    writeFileSync(
      program,
      `${hidden}
       rage.register(${task})
       rage.boot().then(() => rage.stop(), (error) => console.log(error.message))`,
    )
    return (await promisify(execFile)(process.execPath, [program], { timeout: 15_000 })).stdout
  }

  it('a runtime with a task on a thread does not boot, and says what to install', async () => {
    assert.equal(
      await run('OnThread'),
      'looked for piscina\nRAGE_KERNEL_MISSING_PACKAGE: A task with "static thread" needs packages that are not installed: piscina. ' +
        'Run "npm install piscina".\n',
    )
  })

  it('a runtime without one does not even look', async () => {
    assert.equal(await run('Plain'), '')
  })
})
