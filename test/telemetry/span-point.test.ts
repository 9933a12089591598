import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { type SpanListener, Telemetry } from '../../src/telemetry'
import { facts, pointWith, troubleOf } from './support/handlers'

type Listener = SpanListener<'deferred.task.process'>

function pointHeardBy(...listeners: Partial<Listener>[]) {
  const telemetry = new Telemetry()
  const point = telemetry.point('deferred.task.process')
  listeners.forEach((listener, index) => {
    telemetry.listen({ name: `l${index}`, spans: ['deferred.task.process'], ...listener } as Listener)
  })
  telemetry.compile()
  return point
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('telemetry: a span point', () => {
  it('is idle without a listener for its name', () => {
    assert.equal(pointHeardBy().idle, true)
    assert.equal(pointHeardBy({ spans: ['cable.*'] }).idle, true)
    assert.equal(pointHeardBy({ end: () => undefined }).idle, false)
  })

  it('tells a listener the start before the operation, and the end before its caller goes on', () => {
    const order: unknown[] = []
    const point = pointHeardBy({
      start: (span) => {
        order.push(span.attributes.task)
        return 'state'
      },
      end: (span, result, state) => void order.push([span.name, result.error, state]),
    })

    const value = point.run({ ...facts }, () => order.push('work'))
    order.push('caller')

    assert.equal(value, 2)
    assert.deepEqual(order, ['Mail', 'work', ['deferred.task.process', null, 'state'], 'caller'])
  })

  it('tells each what none before it can have changed', async () => {
    const told: unknown[] = []
    const spoil = async (_span: unknown, next: () => Promise<unknown>): Promise<void> => {
      const result = (await next()) as { outcome: { end: string } | string; durationMs: unknown }
      told.push([(result.outcome as { end: string }).end, typeof result.durationMs])
      ;(result.outcome as { end: string }).end = 'spoilt'
      result.outcome = 'spoilt'
      result.durationMs = 'spoilt'
    }
    const point = pointWith(spoil, spoil)

    point.run(
      { ...facts },
      () => 1,
      () => ({ end: 'done' }),
    )
    await turn()

    assert.deepEqual(told, [
      ['done', 'number'],
      ['done', 'number'],
    ])
  })

  it('gives back the very promise of the operation, and hears its end', async () => {
    const ends: unknown[] = []
    const point = pointHeardBy({ end: (_span, { error, outcome }) => void ends.push([error, outcome]) })
    const promise = Promise.resolve(42)
    const failure = new Error('boom')
    const failing = Promise.reject(failure)

    const returned = point.run(
      { ...facts },
      () => promise,
      (value) => ({ end: value === 42 ? 'done' : 'dead' }),
    )
    assert.equal(returned, promise)
    assert.deepEqual(ends, [])
    await returned
    await assert.rejects(
      point.run({ ...facts }, () => failing),
      failure,
    )
    await turn()

    assert.deepEqual(ends, [
      [null, { end: 'done' }],
      [failure, {}],
    ])
  })

  it('runs the query of a query builder once', async () => {
    let queries = 0
    const builder = {
      // biome-ignore lint/suspicious/noThenProperty: this is what query builders are
      then(resolve: (rows: string[]) => void) {
        queries += 1
        resolve(['row'])
      },
    }
    const point = pointWith(async (_span, next) => void (await next()))

    const rows = await (point.run({ ...facts }, () => builder) as unknown as Promise<string[]>)

    assert.deepEqual(rows, ['row'])
    assert.equal(queries, 1)
  })

  it('throws what the operation throws, that very value', () => {
    const ends: unknown[] = []
    const point = pointHeardBy({ end: (_span, { error }) => void ends.push(error) })

    for (const thrown of [new Error('boom'), undefined, null, 'text']) {
      let caught: unknown = 'nothing'
      try {
        point.run({ ...facts }, () => {
          throw thrown
        })
      } catch (error) {
        caught = error
      }
      assert.equal(caught, thrown)
    }
    assert.equal(ends.length, 4)
  })

  it('puts listeners around each other: the first is entered first and told last', () => {
    const order: string[] = []
    const around = (name: string): Partial<Listener> => ({
      start: () => void order.push(`start ${name}`),
      within: (_span, _state, proceed) => {
        order.push(`into ${name}`)
        proceed()
        order.push(`out of ${name}`)
      },
      end: () => void order.push(`end ${name}`),
    })
    const point = pointHeardBy(around('a'), around('b'))

    point.run({ ...facts }, () => order.push('work'))

    assert.deepEqual(order, [
      'start a',
      'into a',
      'start b',
      'into b',
      'work',
      'end b',
      'end a',
      'out of b',
      'out of a',
    ])
  })

  it('goes on when a listener throws, at any place, and names it once', async () => {
    const fault = (): never => {
      throw new Error('mine')
    }
    const ends: string[] = []
    const bad = (name: string, part: object) => ({ name, ...part })
    const point = pointHeardBy(
      bad('BadStart', { start: fault }),
      bad('BadWithin', { within: fault }),
      bad('BadEnd', { end: fault }),
      bad('BadAfterwards', {
        within: (_span: unknown, _state: unknown, proceed: () => void) => {
          proceed()
          fault()
        },
      }),
      { end: () => void ends.push('heard') },
    )
    let runs = 0

    const { warnings, unhandled } = await troubleOf(() => {
      for (let time = 0; time < 3; time++) {
        assert.equal(
          point.run({ ...facts }, () => ++runs),
          time + 1,
        )
      }
    })

    assert.equal(runs, 3)
    assert.deepEqual(ends, ['heard', 'heard', 'heard'])
    assert.deepEqual(unhandled, [])
    assert.deepEqual(
      warnings.map(
        (warning) => /listener (\w+) threw on deferred\.task\.process: Error: mine/.exec(warning)?.[1],
      ),
      ['BadStart', 'BadWithin', 'BadEnd', 'BadAfterwards'],
    )
  })

  it('leaves the end to an operation that knows it better: the first end counts', () => {
    const ends: unknown[] = []
    const point = pointHeardBy({ end: (_span, { error, outcome }) => void ends.push([error, outcome]) })

    point.open({ ...facts }, (span) => {
      span.end(null, { end: 'retry' })
      span.end(new Error('late'), { end: 'dead' })
    })
    assert.throws(
      () =>
        point.open({ ...facts }, (span) => {
          try {
            throw new Error('boom')
          } finally {
            span.end('boom', { end: 'released' })
          }
        }),
      /boom/,
    )

    assert.deepEqual(ends, [
      [null, { end: 'retry' }],
      ['boom', { end: 'released' }],
    ])
  })

  it('measures the operation, not those who listen', async () => {
    const durations: number[] = []
    const point = pointHeardBy(
      { end: (_span, { durationMs }) => void durations.push(durationMs) },
      { start: () => block(30) },
    )

    point.run({ ...facts }, () => undefined)
    await point.run({ ...facts }, () => new Promise((resolve) => setTimeout(resolve, 25)))
    await turn()

    assert.ok(durations[0]! < 15, `${durations[0]} ms for nothing`)
    assert.ok(durations[1]! >= 24, `${durations[1]} ms for 25 ms`)
  })

  it('allocates nothing while nobody listens', () => {
    const point = pointHeardBy()
    const work = (): number => 1
    const call = (): number => (point.idle ? work() : point.run({ ...facts }, work))
    for (let warm = 0; warm < 20_000; warm++) call()

    const before = process.memoryUsage().heapUsed
    for (let time = 0; time < 100_000; time++) call()
    const grown = process.memoryUsage().heapUsed - before

    // One object of two words each time would be 2.4 MB.
    assert.ok(grown < 500_000, `${grown} bytes`)
  })
})

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
