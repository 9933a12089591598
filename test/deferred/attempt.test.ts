import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, it } from 'vitest'
import { Context, CurrentAttributes, currentContext, runInContext } from '../../src/context'
import { type RunningJob, Task } from '../../src/deferred'
import { type Span, type SpanResult, TelemetryHandler, type TelemetryHandlerClass } from '../../src/telemetry'
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
        if (id === 504) return new Promise(() => undefined)
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

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

function request(scope: Context['scope'], requestId = 'req-1'): Context {
  const incoming = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
  return new Context({ kind: 'request', scope, requestId, tags: ['tenant a'], incoming })
}

describe('deferred: what perform runs in', () => {
  it('is the context of the request that enqueued it', async () => {
    const { scope } = await bootDeferred({ tasks: [Probe] })
    work = () => {
      const { kind, requestId, tags, trace } = currentContext()!
      seen.push({ kind, requestId, tags, traceId: trace.traceId })
    }

    await runInContext(request(scope), () => Probe.enqueue())
    await until(() => seen.length === 1)

    assert.deepEqual(seen, [{ kind: 'job', requestId: 'req-1', tags: ['tenant a'], traceId }])
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

  it.each([
    { task: Probe, seconds: 30, code: 'RAGE_DEFERRED_LOAD_TIMEOUT' },
    { task: Impatient, seconds: 2, code: 'RAGE_DEFERRED_TASK_TIMEOUT' },
  ])(
    'leaves a load that never ends after $seconds s, and its slot is free',
    async ({ task, seconds, code }) => {
      const { clock, deferred, lines, scope } = await bootDeferred({
        tasks: [Probe, Impatient],
        currentClasses,
        options: { concurrency: 1 },
      })
      work = () => seen.push('performed')
      await runInContext(request(scope), () => {
        Current.set({ user: { id: 504, name: 'hangs' } })
        return task.enqueue()
      })
      await until(() => deferred.stats().running === 1)
      await Probe.enqueue()

      await clock.advance(seconds * 1_000)
      await until(() => seen.length === 1)

      const line = lines.find((each) => each.msg === 'job failed')!
      assert.equal((line.err as { code?: string }).code, code)
      assert.equal(deferred.stats().running, 0)
    },
  )

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

describe('deferred: the span of an attempt', () => {
  type Process = 'deferred.task.process'
  const ends: unknown[] = []

  class Ends extends TelemetryHandler<Process> {
    static {
      this.handle('deferred.task.process')
    }
    override async call(span: Span<Process>, next: () => Promise<SpanResult<Process>>): Promise<void> {
      const { error, outcome } = await next()
      const { attempt, waitedMs } = span.attributes
      ends.push([attempt, waitedMs, outcome.end, (error as Error | null)?.message.slice(0, 30) ?? null])
    }
  }
  const boot = (task: typeof Probe) =>
    bootDeferred({ tasks: [task], currentClasses, handlers: [Ends as unknown as TelemetryHandlerClass] })

  afterEach(() => void ends.splice(0))

  it('says how long the job waited since it was due, and what became of it', async () => {
    const { clock, deferred } = await boot(Probe)
    work = ({ attempt }) => {
      if (attempt === 1) throw new Error('once')
    }
    await Probe.enqueue(undefined, { delay: 60 })
    await until(() => deferred.stats().delayed === 1)

    await clock.advance(60_000)
    await until(() => ends.length === 1)
    await clock.advance(5_000)
    await until(() => ends.length === 2)

    assert.deepEqual(ends, [
      [1, 0, 'retry', 'once'],
      [2, 0, 'done', null],
    ])
  })

  it('ends when the time is up, not when perform does', async () => {
    const { clock, deferred } = await boot(Impatient)
    let finish = (): void => undefined
    work = () =>
      new Promise<void>((resolve) => {
        finish = resolve
      })
    await Impatient.enqueue()
    await until(() => deferred.stats().running === 1)

    await clock.advance(2_000)
    await until(() => ends.length === 1)
    finish()
    await settled()

    assert.deepEqual(ends, [[1, 0, 'retry', 'RAGE_DEFERRED_TASK_TIMEOUT: Jo']])
  })

  it('is no failure when the job asks to wait', async () => {
    const { deferred } = await boot(Probe)
    work = ({ rateLimit }) => rateLimit(30)

    await Probe.enqueue()
    await until(() => ends.length === 1)

    assert.deepEqual(ends, [[1, 0, 'released', null]])
    assert.equal(deferred.stats().running, 0)
  })

  it('ends as released when the shutdown gives the job up', async () => {
    const { deferred } = await boot(Probe)
    work = () => new Promise(() => undefined)
    await Probe.enqueue()
    await until(() => deferred.stats().running === 1)

    await deferred.service.drain(AbortSignal.abort())
    await until(() => ends.length === 1)

    assert.deepEqual(ends, [[1, 0, 'released', 'RAGE_DEFERRED_DRAINING: Probe.']])
  })

  it('is there for one that fails before perform', async () => {
    const { scope } = await boot(Probe)

    await runInContext(request(scope), () => {
      Current.set({ user: { id: 404, name: 'gone' } })
      return Probe.enqueue()
    })
    await until(() => ends.length === 1)

    assert.deepEqual(ends, [[1, 0, 'retry', 'user 404 is gone']])
  })
})
