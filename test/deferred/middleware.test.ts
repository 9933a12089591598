import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { type JobMiddleware, Task } from '../../src/deferred'
import { createDeferred, stopAll, until } from './support/boot-deferred'

const seen: unknown[] = []
let work: () => unknown = () => undefined

class Greet extends Task<{ name: string }> {
  static override retryIn = (): false => false

  override perform(args: { name: string }): unknown {
    seen.push(args)
    return work()
  }
}

class Farewell extends Task<{ name: string }> {
  override perform(args: { name: string }): void {
    seen.push({ farewell: args.name })
  }
}

async function bootWith(...middlewares: readonly JobMiddleware[]) {
  const made = createDeferred({ tasks: [Greet, Farewell] })
  for (const middleware of middlewares) made.deferred.use(middleware)
  await made.deferred.service.boot()
  made.deferred.service.serve()
  return made
}

afterEach(async () => {
  await stopAll()
  seen.length = 0
  work = () => undefined
})

describe('deferred: middleware around enqueue', () => {
  it('is entered in the order it was added, and may change what is enqueued', async () => {
    const { clock, deferred } = await bootWith(
      {
        async enqueue(job, next) {
          seen.push(`outer ${job.task}`)
          await next()
          seen.push('outer after')
        },
      },
      {
        enqueue(job, next) {
          job.args = { ...(job.args as object), tenant: 'a' }
          job.options = { delay: 60 }
          return next()
        },
      },
    )

    const { runAt } = await Greet.enqueue({ name: 'Ada' })

    assert.equal(runAt, clock.now() + 60_000)
    assert.deepEqual(seen, ['outer Greet', 'outer after'])
    await clock.advance(60_000)
    await until(() => deferred.stats().delayed === 0 && seen.length === 3)
    assert.deepEqual(seen[2], { name: 'Ada', tenant: 'a' })
  })

  it('stops an enqueue by going no further, and the caller is told', async () => {
    const { disk } = await bootWith({ enqueue: () => undefined })

    await assert.rejects(Greet.enqueue({ name: 'Ada' }), { code: 'RAGE_DEFERRED_ENQUEUE_STOPPED' })
    await assert.rejects(Greet.enqueueMany([{ name: 'Ada' }]), { code: 'RAGE_DEFERRED_ENQUEUE_STOPPED' })
    assert.equal(disk.entries.size, 0)
  })

  it('goes on no more once it has ended without, and is told', async () => {
    let late: (() => Promise<unknown>) | null = null
    const { disk } = await bootWith({
      enqueue(_, next) {
        late = next
      },
    })
    await assert.rejects(Greet.enqueue({ name: 'Ada' }), { code: 'RAGE_DEFERRED_ENQUEUE_STOPPED' })

    await assert.rejects(late!, { code: 'RAGE_DEFERRED_LATE_NEXT' })
    assert.equal(disk.entries.size, 0)
  })

  it('makes the enqueue fail with what it throws', async () => {
    await bootWith({
      enqueue() {
        throw new Error('no tenant')
      },
    })

    await assert.rejects(Greet.enqueue({ name: 'Ada' }), /^Error: no tenant$/)
  })

  it('sees each job of enqueueMany, of a batch and of a chain', async () => {
    const { deferred } = await bootWith({
      enqueue(job, next) {
        seen.push(job.task)
        job.args = { name: `${(job.args as { name: string }).name}!` }
        return next()
      },
    })

    await Greet.enqueueMany([{ name: 'Ada' }, { name: 'Bob' }])
    await until(() => seen.length === 4)
    assert.deepEqual(seen.splice(0), ['Greet', 'Greet', { name: 'Ada!' }, { name: 'Bob!' }])

    await Greet.enqueue({ name: 'Ada' }, { followedBy: [Farewell.with({ name: 'Ada' })] })
    await until(() => seen.length === 4)
    assert.deepEqual(seen.splice(0), ['Greet', 'Farewell', { name: 'Ada!' }, { farewell: 'Ada!' }])

    await deferred.batch([Greet.with({ name: 'Ada' })], { followedBy: Farewell.with({ name: 'Bob' }) })
    await until(() => seen.length === 4)
    assert.deepEqual(seen.splice(0), ['Greet', 'Farewell', { name: 'Ada!' }, { farewell: 'Bob!' }])
  })

  it('does not let an enqueue happen twice, however often it goes on', async () => {
    const { disk } = await bootWith({
      async enqueue(_, next) {
        await Promise.all([next(), next()])
        await next()
      },
    })

    await Greet.enqueue({ name: 'Ada' }, { delay: 60 })

    assert.equal(disk.entries.size, 1)
  })
})

describe('deferred: middleware around perform', () => {
  it('surrounds it, and knows task, arguments and job', async () => {
    await bootWith({
      async perform({ task, args, job }, next) {
        seen.push([task, args, job.attempt])
        const result = await next()
        seen.push(['returned', result])
      },
    })
    work = async () => 7

    await Greet.enqueue({ name: 'Ada' })
    await until(() => seen.length === 3)

    assert.deepEqual(seen, [['Greet', { name: 'Ada' }, 1], { name: 'Ada' }, ['returned', 7]])
  })

  it('fails the attempt with what it throws', async () => {
    const { deferred } = await bootWith({
      perform() {
        throw new Error('no connection')
      },
    })

    await Greet.enqueue({ name: 'Ada' })
    await until(() => deferred.dead().length === 1)

    assert.deepEqual([deferred.dead()[0]!.error.message, seen], ['no connection', []])
  })

  it('may answer for perform: what it catches is no failure', async () => {
    const { deferred, disk } = await bootWith({
      perform: (_, next) => next().catch((error: Error) => void seen.push(error.message)),
    })
    work = () => {
      throw new Error('caught')
    }

    await Greet.enqueue({ name: 'Ada' })
    await until(() => disk.entries.size === 0)

    assert.deepEqual([seen.at(-1), deferred.dead()], ['caught', []])
  })

  it('does not perform once it has ended without, and is told', async () => {
    let late: (() => Promise<unknown>) | null = null
    const { disk } = await bootWith({
      perform(_, next) {
        late = next
      },
    })
    await Greet.enqueue({ name: 'Ada' })
    await until(() => late !== null && disk.entries.size === 0)

    await assert.rejects(late!, { code: 'RAGE_DEFERRED_LATE_NEXT' })
    assert.deepEqual(seen, [])
  })

  it('does not end the attempt before perform, when it does not wait for it', async () => {
    const { deferred, disk } = await bootWith({ perform: (_, next) => void next() })
    let release = (): void => undefined
    work = () =>
      new Promise<void>((resolve) => {
        release = resolve
      })

    await Greet.enqueue({ name: 'Ada' })
    await until(() => seen.length === 1)
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([deferred.stats().running, disk.entries.size], [1, 1])

    release()
    await until(() => disk.entries.size === 0)
  })

  it('does not hide a failure by not waiting for it', async () => {
    const { deferred } = await bootWith({ perform: (_, next) => void next() })
    work = async () => {
      throw new Error('unseen')
    }

    await Greet.enqueue({ name: 'Ada' })
    await until(() => deferred.dead().length === 1)

    assert.equal(deferred.dead()[0]!.error.message, 'unseen')
  })

  it('runs in the order it was added, inside the context of the job', async () => {
    const layer = (name: string): JobMiddleware => ({
      async perform(_, next) {
        seen.push(`${name} in`)
        await next()
        seen.push(`${name} out`)
      },
    })
    await bootWith(layer('first'), layer('second'))

    await Greet.enqueue({ name: 'Ada' })
    await until(() => seen.length === 5)

    assert.deepEqual(seen, ['first in', 'second in', { name: 'Ada' }, 'second out', 'first out'])
  })
})

describe('deferred: use', () => {
  it('refuses what is no middleware, and anything after boot', async () => {
    const { deferred } = await bootWith()

    for (const wrong of [null, undefined, {}, { perfrom() {} }, { enqueue: 7 }, () => undefined])
      assert.throws(() => deferred.use(wrong as JobMiddleware), { code: 'RAGE_KERNEL_INVALID_OPTION' })
    assert.throws(() => deferred.use({ enqueue: (_, next) => next() }), {
      code: 'RAGE_KERNEL_REGISTRATION_CLOSED',
    })
  })
})
