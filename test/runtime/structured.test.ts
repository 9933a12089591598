import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { CurrentAttributes, TelemetryHandler } from '../../src'
import { makeRage } from './support/runtimes'

class Current extends CurrentAttributes<{ user: string }> {}

describe('runtime: rage.all', () => {
  it('runs pieces at once and answers their results in order', async () => {
    const { rage } = makeRage()
    const begun: string[] = []

    const results = await rage.all([
      async () => {
        begun.push('slow')
        await sleep(10)
        return 1
      },
      () => {
        begun.push('quick')
        return 'two'
      },
      Promise.resolve(true),
    ])

    assert.deepEqual(results, [1, 'two', true])
    assert.deepEqual(begun, ['slow', 'quick'])
    assert.deepEqual(await rage.all([]), [])
  })

  it('keeps the context of the unit in every piece', async () => {
    const { rage } = makeRage()

    const seen = await rage.run(async () => {
      Current.set({ user: 'ada' })
      return rage.all([
        () => Current.get('user'),
        async () => {
          await sleep(1)
          return Current.get('user')
        },
      ])
    })

    assert.deepEqual(seen, ['ada', 'ada'])
  })

  it('aborts the others with the first error, and waits until they have ended', async () => {
    const { rage, lines } = makeRage()
    const boom = new Error('boom')
    const log: string[] = []

    await assert.rejects(
      rage.all([
        async (signal) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          log.push(String((signal.reason as Error).message))
          await sleep(10)
          log.push('cleaned up')
        },
        async () => {
          await sleep(1)
          throw boom
        },
        (signal) => sleep(60_000, null, { signal }),
      ]),
      (error) => error === boom,
    )

    assert.deepEqual(log, ['boom', 'cleaned up'])
    assert.deepEqual(lines, [])
  })

  it('takes an error that is thrown at once like any other, and still begins the rest, aborted', async () => {
    const { rage } = makeRage()
    const seen: boolean[] = []

    await assert.rejects(
      rage.all([
        () => {
          throw new Error('at once')
        },
        (signal) => {
          seen.push(signal.aborted)
        },
      ]),
      /at once/,
    )

    assert.deepEqual(seen, [true])
  })

  it('reports further errors of their own, which the caller would not hear of', async () => {
    const { rage } = makeRage()
    const reported: unknown[] = []
    rage.errors.register({ report: (error: unknown) => void reported.push(error) } as never)
    const second = new Error('second')

    await assert.rejects(
      rage.all([
        async () => {
          throw new Error('first')
        },
        async () => {
          await sleep(1)
          throw second
        },
      ]),
      /first/,
    )
    await sleep(5)

    assert.deepEqual(reported, [second])
  })

  it('is aborted by the signal it is given, and does not begin when that is aborted already', async () => {
    const { rage } = makeRage()
    const stop = new AbortController()
    const running = rage.all([(signal) => sleep(60_000, null, { signal })], { signal: stop.signal })

    stop.abort(new Error('client gone'))

    await assert.rejects(running, /client gone/)
    let hasBegun = false
    await assert.rejects(
      rage.all(
        [
          () => {
            hasBegun = true
          },
        ],
        { signal: stop.signal },
      ),
      /client gone/,
    )
    assert.equal(hasBegun, false)
  })

  it('waits for promises that have begun when the signal is aborted already; their errors are reported', async () => {
    const { rage } = makeRage()
    const reported: unknown[] = []
    rage.errors.register((error) => void reported.push((error as Error).message))
    const late = sleep(5).then(() => assert.fail('late'))

    // An error that nobody hears would fail this file.
    await assert.rejects(rage.all([late], { signal: AbortSignal.abort(new Error('gone')) }), /gone/)

    assert.deepEqual(reported, ['late'])
  })

  it('has spans: one for the wait, one per piece', async () => {
    const spans: unknown[] = []
    class Note extends TelemetryHandler {
      static {
        this.handle('core.*')
      }
      async call(span: { name: string; attributes: object }, next: () => Promise<unknown>) {
        spans.push([span.name, span.attributes])
        await next()
      }
    }
    const { rage } = makeRage()
    rage.register(Note)
    await rage.boot()

    await rage.all([() => 1, async () => 2, Promise.resolve(3)])

    assert.deepEqual(spans, [
      ['core.task.await', { tasks: 3 }],
      ['core.task.spawn', { index: 0 }],
      ['core.task.spawn', { index: 1 }],
    ])
  })
})

describe('runtime: rage.run', () => {
  it('is a unit of work that ends with what it returns', async () => {
    const { rage } = makeRage()
    let later: (() => string | undefined) | null = null

    const user = await rage.run(async () => {
      Current.set({ user: 'ada' })
      later = rage.bind(() => Current.get('user'))
      await sleep(1)
      return Current.get('user')
    })

    assert.equal(user, 'ada')
    assert.equal(later!(), undefined)
    assert.throws(() =>
      rage.run(() => {
        throw new Error('script failed')
      }),
    )
  })
})

describe('runtime: rage.bind', () => {
  it('keeps this and arguments, and is the function itself outside of any unit', () => {
    const { rage } = makeRage()
    const work = (text: string): string => text
    assert.equal(rage.bind(work), work)

    const bound = rage.run(() =>
      rage.bind(function (this: { prefix: string }, a: string, b: string) {
        return this.prefix + a + b
      }),
    )

    assert.equal(bound.call({ prefix: '>' }, 'x', 'y'), '>xy')
  })
})
