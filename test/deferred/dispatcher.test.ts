import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'vitest'
import { type RunningJob, Task } from '../../src/deferred'
import { bootDeferred, crash, createDeferred, settled, stopAll, until } from './support/boot-deferred'
import { MemoryDisk } from './support/memory-log'

const started: string[] = []
let releases: { readonly name: string; readonly end: () => void }[] = []
/** What `perform` does instead of waiting. */
let work: ((name: string, job: RunningJob) => unknown) | null = null

class Wait extends Task<string> {
  override perform(name: string, job: RunningJob): unknown {
    started.push(name)
    if (work !== null) return work(name, job)
    return new Promise<void>((end) => releases.push({ name, end }))
  }
}

class Single extends Wait {
  static override concurrency = 1
}

class Mail extends Wait {
  static override queue = 'mail'
  static override priority = 5
}

class Limited extends Wait {
  static override rateLimit = { max: 2, per: 10 }
}

const tasks = [Wait, Single, Mail, Limited]

function release(name?: string): void {
  const left = releases
  releases = []
  for (const each of left) {
    if (name === undefined || each.name === name) each.end()
    else releases.push(each)
  }
}

function record(): void {
  work = () => undefined
}

afterEach(async () => {
  release()
  await stopAll()
  started.length = 0
  releases = []
  work = null
})

describe('deferred: queues', () => {
  it('are those of the classes, of enqueue and of the options; default without any', async () => {
    const { deferred } = await bootDeferred({ tasks, options: { queues: { reports: {} } } })
    await Wait.enqueue('a')
    await Mail.enqueue('b')
    await Wait.enqueue('c', { queue: 'ad hoc' })
    await Mail.enqueueMany(['d', 'e'], { queue: 'mail', delay: 60 })
    await until(() => started.length === 3)

    const idle = { queued: 0, running: 0, delayed: 0, paused: false, oldestMs: 0 }
    assert.deepEqual(deferred.stats().queues, {
      reports: idle,
      default: { ...idle, running: 1 },
      mail: { ...idle, running: 1, delayed: 2 },
      'ad hoc': { ...idle, running: 1 },
    })
  })

  it('take turns: a long one does not hold up a short one', async () => {
    record()
    const { deferred } = createDeferred({ tasks, options: { concurrency: 1 } })
    await deferred.service.boot()
    await Wait.enqueueMany(Array.from({ length: 50 }, (_, index) => `bulk ${index}`))
    await Mail.enqueueMany(['mail 0', 'mail 1'])

    deferred.service.serve()
    await until(() => started.length === 52)

    assert.deepEqual(started.slice(0, 5), ['bulk 0', 'mail 0', 'bulk 1', 'mail 1', 'bulk 2'])
  })

  it('run no more at once than their options say, below the limit for all', async () => {
    const { deferred } = await bootDeferred({
      tasks,
      options: { concurrency: 3, queues: { mail: { concurrency: 1 } } },
    })
    await Mail.enqueueMany(['mail 0', 'mail 1'])
    await Wait.enqueueMany(['a', 'b', 'c'])
    await settled()
    assert.deepEqual([...started].sort(), ['a', 'b', 'mail 0'])
    assert.equal(deferred.stats().running, 3)

    release('mail 0')
    await until(() => started.includes('mail 1'))
  })

  const refused: readonly (readonly [unknown, RegExp])[] = [
    [
      { mail: { concurency: 5 } },
      /no option "deferred\.queues\.mail\.concurency"\. Did you mean "concurrency"\?/,
    ],
    [
      { mail: { concurrency: 0 } },
      /"deferred\.queues\.mail\.concurrency" must be a whole number from 1, or null/,
    ],
    [
      { mail: { rateLimit: { max: 1 } } },
      /"deferred\.queues\.mail\.rateLimit" must be \{ max: 1 to 100000, per/,
    ],
    [{ '': {} }, /"deferred\.queues" must be names of queues/],
    [[], /"deferred\.queues" must be an object/],
    [{ mail: 5 }, /"deferred\.queues\.mail" must be an object/],
  ]
  for (const [queues, message] of refused) {
    it(`cannot be ${JSON.stringify(queues)}`, () => {
      assert.throws(() => createDeferred({ options: { queues: queues as Record<string, object> } }), message)
    })
  }
})

describe('deferred: priorities', () => {
  it('put the smallest first, and keep the order within one', async () => {
    record()
    const { deferred } = createDeferred({ tasks, options: { concurrency: 1 } })
    await deferred.service.boot()
    await Wait.enqueueMany(['a', 'b'])
    await Wait.enqueue('late', { priority: 7 })
    await Wait.enqueueMany(['urgent 0', 'urgent 1'], { priority: -7 })
    await Wait.enqueue('c')

    deferred.service.serve()
    await until(() => started.length === 6)

    assert.deepEqual(started, ['urgent 0', 'urgent 1', 'a', 'b', 'c', 'late'])
  })

  it('and queues survive a restart, as they were when the job was enqueued', async () => {
    const disk = new MemoryDisk()
    const before = createDeferred({ disk, tasks })
    await before.deferred.service.boot()
    await Mail.enqueue('mail')
    await Wait.enqueue('late', { priority: 3 })
    await Wait.enqueue('urgent', { priority: -3, queue: 'ops' })
    await Wait.enqueue('plain')
    await crash(before)
    record()

    const { deferred } = createDeferred({ disk, tasks, options: { concurrency: 1 } })
    await deferred.service.boot()
    const { default: plain, mail, ops } = deferred.stats().queues
    assert.deepEqual([plain?.queued, mail?.queued, ops?.queued], [2, 1, 1])
    deferred.service.serve()
    await until(() => started.length === 4)

    assert.deepEqual(started, ['mail', 'plain', 'urgent', 'late'])
  })

  const refused: readonly (readonly [object, RegExp])[] = [
    [{ priority: 1.5 }, /"Wait\.enqueue\.priority" must be a whole number from -1000 to 1000/],
    [{ priority: 1_001 }, /must be a whole number from -1000 to 1000/],
    [{ queue: '' }, /"Wait\.enqueue\.queue" must be a string of 1 to 100 characters/],
    [{ queue: 'x'.repeat(101) }, /must be a string of 1 to 100 characters/],
    [{ uniqueFor: -1 }, /"Wait\.enqueue\.uniqueFor" must be seconds from 0/],
    [{ unique: '' }, /"Wait\.enqueue\.unique" must be true, false, or a string of 1 to 500 characters/],
  ]
  for (const [options, message] of refused) {
    it(`cannot be said with ${JSON.stringify(options).slice(0, 40)}`, async () => {
      await bootDeferred({ tasks })

      await assert.rejects(Wait.enqueue('a', options), message)
    })
  }
})

describe('deferred: limits of a task', () => {
  it('let no more of it run at once than it says, while others go on', async () => {
    await bootDeferred({ tasks })
    await Single.enqueueMany(['one', 'two'])
    await Wait.enqueueMany(['a', 'b'])
    await settled()
    assert.deepEqual(started, ['one', 'a', 'b'])

    release('one')
    await until(() => started.includes('two'))
  })

  it('hold for jobs that are suspects after a crash, too', async () => {
    const disk = new MemoryDisk()
    const before = await bootDeferred({ disk, tasks })
    await Single.enqueue('one')
    await until(() => started.length === 1)
    await Single.enqueue('two')
    await crash(before)
    started.length = 0
    releases = []

    await bootDeferred({ disk, tasks })
    await settled()
    assert.equal(started.length, 1)

    release()
    await until(() => started.length === 2)
    assert.deepEqual([...started].sort(), ['one', 'two'])
  })

  it('limit how many begin in a time, by one timer, and none when nothing waits', async () => {
    record()
    const { clock, deferred } = await bootDeferred({ tasks })
    await Limited.enqueueMany(['a', 'b', 'c', 'd', 'e'])
    await Wait.enqueue('other')
    await settled()
    assert.deepEqual([started, clock.timers], [['a', 'b', 'other'], 1])

    await clock.advance(9_999)
    assert.equal(started.length, 3)
    await clock.advance(1)
    assert.deepEqual(started.slice(3), ['c', 'd'])

    await clock.advance(10_000)
    assert.deepEqual([started.length, clock.timers, deferred.stats().queued], [6, 0, 0])
  })

  it('arm no timer after a drain', async () => {
    record()
    const { clock, deferred } = await bootDeferred({ tasks })
    await Limited.enqueueMany(['a', 'b', 'c'])
    await settled()

    await deferred.service.drain(new AbortController().signal)

    assert.deepEqual([clock.timers, started], [0, ['a', 'b']])
  })

  const wrong: readonly (readonly [string, unknown])[] = [
    ['queue', ''],
    ['priority', '1'],
    ['concurrency', 0],
    ['rateLimit', { max: 10 }],
    ['unique', 'key'],
    ['uniqueFor', Number.NaN],
  ]
  for (const [option, value] of wrong) {
    it(`cannot be static ${option} = ${JSON.stringify(value)}`, () => {
      class Wrong extends Wait {}
      Object.assign(Wrong, { [option]: value })

      assert.throws(() => createDeferred({ tasks: [Wrong] }), new RegExp(`"Wrong\\.${option}" must be`))
    })
  }
})

describe('deferred: a job that asks its task to wait', () => {
  it('runs again first, as the same attempt, once the time has passed; others of its task wait too', async () => {
    const attempts: number[] = []
    let isRefused = true
    work = (name, job) => {
      attempts.push(job.attempt)
      if (name === 'a' && isRefused) {
        isRefused = false
        job.rateLimit(3)
      }
    }
    const { clock, disk } = await bootDeferred({ tasks, options: { concurrency: 1 } })
    await Single.enqueueMany(['a', 'b'])
    await Wait.enqueue('other')
    await settled()
    assert.deepEqual([started, disk.written.some(({ type }) => type === 3)], [['a', 'other'], false])

    await clock.advance(2_999)
    assert.equal(started.length, 2)
    await clock.advance(1)
    await until(() => started.length === 4)

    assert.deepEqual(
      [started.slice(2), attempts],
      [
        ['a', 'b'],
        [1, 1, 1, 1],
      ],
    )
  })

  it('may take the function out of the object, as with progress', async () => {
    let asked = 0
    work = (_name, { rateLimit }) => {
      if (++asked === 1) rateLimit(1)
    }
    const { clock, disk } = await bootDeferred({ tasks })
    await Wait.enqueue('a')
    await settled()

    await clock.advance(1_000)
    await until(() => disk.entries.size === 0)
    assert.equal(asked, 2)
  })

  it('goes back whatever it does with the throw', async () => {
    let asked = 0
    work = (_name, job) => {
      if (++asked > 1) return
      try {
        job.rateLimit(1)
      } catch {
        // Some handlers catch everything.
      }
    }
    const { clock, disk } = await bootDeferred({ tasks })
    await Wait.enqueue('a')
    await settled()
    assert.deepEqual([asked, disk.entries.size], [1, 1])

    await clock.advance(1_000)
    await until(() => disk.entries.size === 0)
    assert.equal(asked, 2)
  })

  it('gives back what was claimed of its task and has not begun', async () => {
    // Quick jobs are claimed ahead of the slots: many are on their way when one of them asks to wait.
    let isRefused = false
    const { clock, deferred, disk } = await bootDeferred({ tasks, options: { concurrency: 2 } })
    work = (name, job) => {
      if (!isRefused && name === '700') {
        isRefused = true
        job.rateLimit(5)
      }
    }
    await Wait.enqueueMany(Array.from({ length: 1_000 }, (_, index) => String(index)))
    await until(() => isRefused)
    await settled()
    const before = started.length
    assert.deepEqual([before, deferred.stats().queued], [701, 300])

    await clock.advance(5_000)
    await until(() => disk.entries.size === 0)

    assert.deepEqual(
      started.slice(before),
      Array.from({ length: 300 }, (_, index) => String(700 + index)),
    )
  })

  for (const seconds of [-1, 86_401, Number.NaN, '5']) {
    it(`cannot ask for ${JSON.stringify(seconds)}`, async () => {
      let error: unknown
      work = (_name, job) => {
        try {
          job.rateLimit(seconds as number)
        } catch (thrown) {
          error = thrown
        }
      }
      const { disk } = await bootDeferred({ tasks })

      await Wait.enqueue('a')
      await until(() => disk.entries.size === 0)

      assert.match(String(error), /"job\.rateLimit" must be seconds from 0 to 86400/)
    })
  }
})

describe('deferred: pause', () => {
  it('lets no job of the queue begin; running ones and other queues go on; resume takes it back', async () => {
    const { clock, deferred } = await bootDeferred({ tasks })
    await Mail.enqueue('running')
    await until(() => started.length === 1)

    await deferred.pause('mail')
    await Mail.enqueueMany(['mail 0', 'mail 1'])
    await Wait.enqueue('other')
    release('running')
    await settled()
    assert.deepEqual(started, ['running', 'other'])
    await clock.advance(4_000)
    const { mail } = deferred.stats().queues
    assert.deepEqual(mail, { queued: 2, running: 0, delayed: 0, paused: true, oldestMs: 4_000 })
    assert.equal(clock.timers, 0)

    await deferred.resume('mail')
    await until(() => started.length === 4)
  })

  it('without a name holds all queues, also new ones', async () => {
    const { deferred } = await bootDeferred({ tasks })
    await deferred.pause()
    await Wait.enqueue('a')
    await Wait.enqueue('b', { queue: 'new' })
    await settled()
    assert.deepEqual(started, [])

    await deferred.resume()
    await until(() => started.length === 2)
  })

  it('gives back what was claimed and has not begun', async () => {
    const { deferred, disk } = await bootDeferred({ tasks })
    disk.log.hold()
    const enqueued = Wait.enqueue('a')
    await settled()
    disk.log.release()
    await enqueued
    disk.log.hold()
    await until(() => disk.written.at(-1)?.type === 2)

    await deferred.pause()
    disk.log.release()
    await settled()
    assert.deepEqual([started, disk.written.at(-1)?.type, deferred.stats().queued], [[], 4, 1])

    await deferred.resume()
    await until(() => started.length === 1)
  })

  it('holds after a restart, for suspects of a crash too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pause-'))
    try {
      const disk = new MemoryDisk()
      const before = await bootDeferred({ disk, tasks, folder })
      await Mail.enqueue('suspect')
      await until(() => started.length === 1)
      await Mail.enqueue('mail')
      await before.deferred.pause('mail')
      await crash(before)
      started.length = 0
      releases = []

      const { deferred } = await bootDeferred({ disk, tasks, folder })
      await Wait.enqueue('other')
      await settled()
      assert.deepEqual(started, ['other'])
      assert.deepEqual(
        [deferred.stats().queues.mail?.paused, deferred.stats().queues.mail?.queued],
        [true, 2],
      )

      await deferred.resume('mail')
      await until(() => started.length === 3)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('before boot holds from the first job on', async () => {
    const { deferred } = createDeferred({ tasks })
    await deferred.pause('mail')

    await deferred.service.boot()
    deferred.service.serve()
    assert.equal(deferred.stats().queues.mail?.paused, true)
    await Mail.enqueue('a')
    await settled()

    assert.deepEqual(started, [])
  })

  it('with a file that cannot be read is reported, and boot goes on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pause-'))
    try {
      const { writeFileSync } = await import('node:fs')
      writeFileSync(join(folder, 'paused.json'), 'nonsense')

      const { reported } = await bootDeferred({ tasks, folder })
      await Wait.enqueue('a')
      await until(() => started.length === 1)

      assert.match(String(reported[0]), /SyntaxError/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('refuses what is not the name of a queue', async () => {
    const { deferred } = await bootDeferred({ tasks })

    await assert.rejects(deferred.pause(''), { code: 'RAGE_KERNEL_INVALID_OPTION' })
  })
})
