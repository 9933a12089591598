import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, it } from 'vitest'
import type { SpanResult } from '../../src/telemetry'
import { type Call, facts, handlerOf, pointOf, pointWith, troubleOf } from './support/handlers'

const turn = () => new Promise((resolve) => setImmediate(resolve))
const mine = (): never => {
  throw new Error('mine')
}

describe('telemetry: a handler', () => {
  it('sees the attributes, and the outcome once the operation has ended', async () => {
    const seen: unknown[] = []
    const point = pointWith(async (span, next) => {
      const { error, outcome } = await next()
      seen.push(span.name, span.attributes, error, outcome)
    })

    const value = await point.run(
      { ...facts },
      async () => 42,
      () => ({ end: 'done' }),
    )
    await turn()

    assert.equal(value, 42)
    assert.deepEqual(seen, ['deferred.task.process', facts, null, { end: 'done' }])
  })

  it('is around those registered after it', () => {
    const order: string[] = []
    const note =
      (name: string): Call =>
      (_span, next) => {
        order.push(name)
        void next()
      }
    const point = pointWith(note('outer'), note('inner'))

    point.run({ ...facts }, () => order.push('work'))

    assert.deepEqual(order, ['outer', 'inner', 'work'])
  })

  it('can have the operation inside its own async context, with all that it awaits', async () => {
    const tracer = new AsyncLocalStorage<string>()
    const point = pointWith(
      (_span, next) => tracer.run('outer', next),
      async (_span, next) => {
        const result = await tracer.run(`${tracer.getStore()} > inner`, next)
        assert.equal(result.error, null)
      },
    )

    const seen = await point.run({ ...facts }, async () => {
      const before = tracer.getStore()
      await turn()
      return [before, tracer.getStore()]
    })

    assert.deepEqual(seen, ['outer > inner', 'outer > inner'])
    assert.equal(tracer.getStore(), undefined)
  })

  it('hears of the end of a synchronous operation too', async () => {
    const results: SpanResult[] = []
    const point = pointWith(async (_span, next) => void results.push(await next()))

    assert.equal(
      point.run({ ...facts }, () => 'value'),
      'value',
    )
    assert.throws(() => point.run({ ...facts }, mine), /mine/)
    await turn()

    assert.deepEqual(
      results.map(({ error }) => (error as Error | null)?.message ?? null),
      [null, 'mine'],
    )
  })
})

describe('telemetry: a handler that misbehaves', () => {
  const never = new Promise<never>(() => undefined)
  const twice: Call = async (_span, next) => {
    const results = await Promise.all([next(), next()])
    assert.equal(results[0], results[1])
  }
  const late: Call = async (_span, next) => {
    await turn()
    const { durationMs } = await next()
    assert.ok(durationMs >= 0)
  }
  const blocksBefore: Call = (_span, next) => {
    block(70)
    return next()
  }
  const blocksAfter: Call = async (_span, next) => {
    await next()
    block(70)
  }
  const unprintable: Call = () => {
    throw Object.create(null)
  }
  const badThenable: Call = () => ({
    // biome-ignore lint/suspicious/noThenProperty: a hostile answer
    get then(): never {
      return mine()
    },
  })
  const mutates: Call = (span) => {
    ;(span.attributes as Record<string, unknown>).task = 'changed'
  }

  it.each<[string, Call, RegExp | null]>([
    ['throws', mine, / threw on deferred\.task\.process: Error: mine\. /],
    ['throws what cannot be shown', unprintable, / threw on deferred\.task\.process: object\. /],
    ['answers something hostile', badThenable, / threw on .*mine/],
    ['throws after next()', (_span, next) => void next().then(mine()), / threw on .*mine/],
    [
      'rejects',
      () => Promise.reject(new Error('mine')),
      / rejected on deferred\.task\.process: Error: mine\. /,
    ],
    [
      'rejects once the operation is over',
      async (_span, next) => {
        await next()
        await turn()
        mine()
      },
      / rejected on .*mine/,
    ],
    ['changes the attributes', mutates, null],
    ['calls next twice', twice, / called next\(\) twice on /],
    ['calls next late', late, / called next\(\) on .* after it had waited/],
    ['blocks before next()', blocksBefore, / kept the process from all other work for \d+ ms on /],
    ['blocks after next()', blocksAfter, / kept the process from all other work for \d+ ms on /],
    ['blocks and never calls next()', () => block(70), / kept the process from all other work/],
    ['never calls next()', () => undefined, null],
    ['never ends', () => never, null],
    ['never ends after next()', (_span, next) => next().then(() => never), null],
  ])('leaves a synchronous and an asynchronous operation alone: one that %s', async (what, call, warned) => {
    const name = `Handler that ${what}`
    const heard: unknown[] = []
    const point = pointOf(
      handlerOf(call, name),
      handlerOf((span, next) => void next().then(({ error }) => heard.push([span.attributes, error]))),
    )
    let runs = 0
    let startedAtOnce = false
    const failure = new Error('of the operation')

    const { warnings, unhandled } = await troubleOf(async () => {
      // Twice: what is wrong every time is told once.
      for (let time = 0; time < 2; time++) {
        startedAtOnce = false
        const pending = point.run({ ...facts }, async () => {
          startedAtOnce = true
          runs += 1
          await turn()
          return 'result'
        })
        assert.ok(startedAtOnce)
        assert.equal(await pending, 'result')
        assert.equal(
          point.run({ ...facts }, () => ++runs),
          time * 2 + 2,
        )
      }
      await assert.rejects(
        point.run({ ...facts }, () => Promise.reject(failure)),
        failure,
      )
      await turn()
    })

    assert.equal(runs, 4)
    assert.equal(heard.length, 5)
    assert.deepEqual(heard[0], [facts, null])
    assert.deepEqual(unhandled, [])
    const own = warnings.filter((warning) => warning.includes(name))
    assert.deepEqual(
      own.map((warning) => warned?.test(warning)),
      warned === null ? [] : [true],
    )
  })

  it('is told of each kind of fault separately', async () => {
    let time = 0
    const point = pointOf(
      handlerOf((_span, next) => {
        time += 1
        if (time === 1) mine()
        void next()
        if (time === 2) void next()
        return time === 3 ? Promise.reject(new Error('mine')) : undefined
      }, 'Manifold'),
    )

    const { warnings } = await troubleOf(() => {
      for (let run = 0; run < 6; run++) point.run({ ...facts }, () => undefined)
    })

    assert.deepEqual(
      warnings.map((warning) => /handler Manifold (\w+)/.exec(warning)?.[1]),
      ['threw', 'called', 'rejected'],
    )
  })

  it('is not blamed for the time the operation takes', async () => {
    const point = pointOf(handlerOf(async (_span, next) => void (await next()), 'Innocent'))

    const { warnings } = await troubleOf(async () => {
      point.run({ ...facts }, () => block(70))
      await point.run({ ...facts }, async () => {
        await turn()
        block(70)
      })
    })

    assert.deepEqual(warnings, [])
  })
})

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
