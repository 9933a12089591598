import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, it } from 'vitest'
import { Context, CurrentAttributes, currentContext, runInContext } from '../../src/context'
import { type RunningJob, Task } from '../../src/deferred'
import { bootDeferred, type Line, settled, stopAll, until } from './support/boot-deferred'

interface User {
  readonly id: number
  readonly name: string
}

class Current extends CurrentAttributes<{ user: User; tenant: string }> {
  static readonly serializers = {
    user: {
      dump: (user: User) => user.id,
      load: async (id: number): Promise<User> => {
        if (id === 404) throw new Error('user 404 is gone')
        return { id, name: `user ${id}` }
      },
    },
  }
}

// The port is typed for classes whose attributes nobody looks at.
const currentClasses = [Current as unknown as abstract new () => CurrentAttributes<object>]

const seen: unknown[] = []
let work: (job: RunningJob) => unknown = () => undefined

class Probe extends Task {
  static override retryIn = (): number => 5

  override perform(_args: unknown, job: RunningJob): unknown {
    return work(job)
  }
}

class Impatient extends Probe {
  static override timeout = 2
}

afterEach(async () => {
  await stopAll()
  seen.length = 0
  work = () => undefined
})

function request(scope: Context['scope'], requestId = 'req-1'): Context {
  return new Context({ kind: 'request', scope, requestId, tags: ['tenant a'], traceparent: '00-1-2-01' })
}

describe('deferred: what perform runs in', () => {
  it('is the context of the request that enqueued it', async () => {
    const { scope } = await bootDeferred({ tasks: [Probe] })
    work = () => {
      const { kind, requestId, tags, traceparent } = currentContext()!
      seen.push({ kind, requestId, tags, traceparent })
    }

    await runInContext(request(scope), () => Probe.enqueue())
    await until(() => seen.length === 1)

    assert.deepEqual(seen, [
      { kind: 'job', requestId: 'req-1', tags: ['tenant a'], traceparent: '00-1-2-01' },
    ])
  })

  it('has the Current attributes, loaded again from what was dumped', async () => {
    const { scope } = await bootDeferred({ tasks: [Probe], currentClasses })
    work = () => seen.push(Current.get('user'), Current.get('tenant'))

    await runInContext(request(scope), () => {
      Current.set({ user: { id: 7, name: 'before' }, tenant: 'acme' })
      return Probe.enqueue()
    })
    await until(() => seen.length === 2)

    assert.deepEqual(seen, [{ id: 7, name: 'user 7' }, 'acme'])
  })

  it('fails the attempt when an attribute cannot be loaded', async () => {
    const { lines, scope } = await bootDeferred({ tasks: [Probe], currentClasses })
    work = () => seen.push('performed')

    await runInContext(request(scope), () => {
      Current.set({ user: { id: 404, name: 'gone' } })
      return Probe.enqueue()
    })
    await until(() => lines.some((line) => line.msg === 'job failed'))

    const line = lines.find((each) => each.msg === 'job failed')!
    assert.deepEqual([line.requestId, (line.err as Error).message, seen], ['req-1', 'user 404 is gone', []])
  })

  it('outside of any request has a request id of its own', async () => {
    const { lines } = await bootDeferred({ tasks: [Probe] })
    work = () => seen.push(currentContext()!.requestId)

    await Probe.enqueue()
    await until(() => lines.some((line) => line.msg === 'job finished'))

    assert.match(String(seen[0]), /^[\w-]{16}-\d+$/)
    assert.deepEqual(new Set(lines.map((line) => line.requestId)), new Set(seen))
  })

  it('is closed when perform is over', async () => {
    await bootDeferred({ tasks: [Probe] })
    let context: Context | null = null
    work = async () => {
      context = currentContext()
      await settled()
      seen.push(context!.closed)
    }

    await Probe.enqueue()
    await until(() => context?.closed === true)

    assert.deepEqual(seen, [false])
  })

  it('does not hold what else the waking request had in asynchronous storage', async () => {
    const storage = new AsyncLocalStorage<string>()
    await bootDeferred({ tasks: [Probe] })
    work = () => seen.push(storage.getStore())

    await storage.run('of the request', () => Probe.enqueue())
    await until(() => seen.length === 1)

    assert.deepEqual(seen, [undefined])
  })
})

describe('deferred: the lines of a job', () => {
  it('all carry the id of the request', async () => {
    const { lines, scope } = await bootDeferred({ tasks: [Probe] })

    const { id } = await runInContext(request(scope), () => Probe.enqueue())
    await until(() => lines.length === 3)

    const facts = lines.map(({ level, msg, requestId, job }: Line) => ({ level, msg, requestId, job }))
    assert.deepEqual(facts, [
      { level: 20, msg: 'job enqueued', requestId: 'req-1', job: id },
      { level: 20, msg: 'job started', requestId: 'req-1', job: id },
      { level: 30, msg: 'job finished', requestId: 'req-1', job: id },
    ])
    assert.equal(typeof lines[2]?.durationMs, 'number')
  })

  it('carry it too when perform waits and fails', async () => {
    const { lines, scope } = await bootDeferred({ tasks: [Probe] })
    work = async () => {
      await settled()
      throw new Error('late')
    }

    await runInContext(request(scope), () => Probe.enqueue())
    await until(() => lines.length === 3)

    assert.deepEqual([lines[2]?.msg, lines[2]?.requestId], ['job failed', 'req-1'])
  })
})

describe('deferred: what perform returns', () => {
  it('is waited for when it is a promise', async () => {
    const { deferred } = await bootDeferred({ tasks: [Probe] })
    let finish = (): void => undefined
    work = () =>
      new Promise<void>((resolve) => {
        finish = resolve
      })

    await Probe.enqueue()
    await until(() => deferred.stats().running === 1)
    await settled()
    assert.equal(deferred.stats().running, 1)

    finish()
    await until(() => deferred.stats().running === 0)
  })

  it('may be a query that begins when it is awaited: it begins inside the context', async () => {
    const { deferred, scope } = await bootDeferred({ tasks: [Probe] })
    work = () => ({
      // biome-ignore lint/suspicious/noThenProperty: query builders are like that
      then: (resolve: (value: unknown) => void) => {
        seen.push(currentContext()?.requestId)
        resolve(null)
      },
    })

    await runInContext(request(scope), () => Probe.enqueue())
    await until(() => seen.length === 1 && deferred.stats().running === 0)

    assert.deepEqual(seen, ['req-1'])
  })

  it('is ignored otherwise', async () => {
    const { disk } = await bootDeferred({ tasks: [Probe] })
    work = () => 42

    await Probe.enqueue()

    await until(() => disk.written.at(-1)?.type === 6)
  })

  it('does not matter when it throws something that is no error', async () => {
    const { lines } = await bootDeferred({ tasks: [Probe] })
    work = () => {
      throw 'a string'
    }

    await Probe.enqueue()
    await until(() => lines.some((line) => line.msg === 'job failed'))

    assert.equal(lines.at(-1)?.err, 'a string')
  })

  const unreadable: Record<string, () => unknown> = {
    'an object without prototype': () => Object.create(null),
    'an object that cannot be text': () => ({
      toString: () => {
        throw new Error('no text')
      },
    }),
    'an error whose message throws': () =>
      Object.defineProperty(new Error('?'), 'message', {
        get: () => {
          throw new Error('no message')
        },
      }),
    'a proxy of nothing but traps': () =>
      new Proxy(
        {},
        {
          getPrototypeOf: () => {
            throw new Error('trapped')
          },
        },
      ),
  }
  for (const [name, make] of Object.entries(unreadable)) {
    for (const way of ['throws', 'rejects with']) {
      it(`fails the attempt and nothing else when it ${way} ${name}`, async () => {
        const { deferred, lines } = await bootDeferred({ tasks: [Probe] })
        work = () => {
          if (way === 'throws') throw make()
          return Promise.reject(make())
        }

        await Probe.enqueue()
        await until(() => deferred.stats().delayed === 1)

        assert.equal(deferred.stats().running, 0)
        const { err } = lines.find((line) => line.msg === 'job failed')!
        assert.match((err as Error).message, /throws itself when it is read/)
      })
    }
  }
})

describe('deferred: an attempt that takes longer than its timeout', () => {
  it('is aborted and fails', async () => {
    const { clock, deferred, lines } = await bootDeferred({ tasks: [Impatient] })
    work = ({ signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const { id } = await Impatient.enqueue()
    await until(() => deferred.stats().running === 1)

    await clock.advance(1_999)
    assert.equal(deferred.stats().running, 1)
    await clock.advance(1)
    await until(() => deferred.stats().delayed === 1)

    const line = lines.find((each) => each.msg === 'job failed')!
    assert.match(
      (line.err as Error).message,
      new RegExp(`RAGE_DEFERRED_TASK_TIMEOUT: Job ${id} of Impatient .* 2 s`),
    )
    assert.equal(deferred.stats().running, 0)
  })

  it('keeps its slot until perform ends, and its late success counts for nothing', async () => {
    const { clock, deferred, disk } = await bootDeferred({ tasks: [Impatient] })
    let finish = (): void => undefined
    work = () =>
      new Promise<void>((resolve) => {
        finish = resolve
      })
    await Impatient.enqueue()
    await until(() => deferred.stats().running === 1)

    await clock.advance(2_000)
    assert.deepEqual([deferred.stats().running, deferred.stats().delayed], [1, 1])
    finish()
    await until(() => deferred.stats().running === 0)

    assert.deepEqual(
      disk.written.map((record) => record.type),
      [1, 2, 3],
    )
  })

  it('leaves no timer behind when it ends in time', async () => {
    const { clock, deferred } = await bootDeferred({ tasks: [Impatient] })

    await Impatient.enqueue()
    await until(() => deferred.stats().queued === 0 && deferred.stats().running === 0)

    assert.equal(clock.timers, 0)
  })
})
