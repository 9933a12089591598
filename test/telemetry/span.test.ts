import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  type Span,
  type SpanResult,
  Telemetry,
  TelemetryHandler,
  type TelemetryHandlerClass,
} from '../../src/telemetry'

type Call = (span: Span, next: () => Promise<SpanResult>) => unknown

function pointWith(...calls: Call[]) {
  const telemetry = new Telemetry()
  const point = telemetry.point('deferred.task.process')
  for (const call of calls) {
    class Handler extends TelemetryHandler {
      static {
        this.handle('deferred.*')
      }
      override call(span: Span, next: () => Promise<SpanResult>): unknown {
        return call(span, next)
      }
    }
    telemetry.register(Handler as unknown as TelemetryHandlerClass)
  }
  telemetry.compile()
  return point
}

describe('telemetry: a span point', () => {
  it('is idle without a handler for its name', () => {
    assert.equal(pointWith().idle, true)
    assert.equal(pointWith(() => undefined).idle, false)
  })

  it('shows a handler the attributes and the outcome', async () => {
    const seen: unknown[] = []
    const point = pointWith(async (span, next) => {
      const { error } = await next()
      seen.push(span.name, span.attributes, error)
    })

    assert.equal(await point.run({ task: 'A' }, async () => 42), 42)
    await assert.rejects(
      point.run({}, () => Promise.reject(new Error('boom'))),
      /boom/,
    )
    await new Promise((resolve) => setImmediate(resolve))

    assert.deepEqual(seen.slice(0, 3), ['deferred.task.process', { task: 'A' }, null])
    assert.equal((seen[5] as Error).message, 'boom')
  })

  it('runs handlers around each other in order of registration', () => {
    const order: string[] = []
    const note =
      (name: string): Call =>
      (_span, next) => {
        order.push(name)
        void next()
      }
    const point = pointWith(note('outer'), note('inner'))

    point.run({}, () => order.push('work'))

    assert.deepEqual(order, ['outer', 'inner', 'work'])
  })

  it.each<[string, Call]>([
    [
      'throws',
      () => {
        throw new Error('handler')
      },
    ],
    ['rejects', () => Promise.reject(new Error('handler'))],
    ['never calls next', () => undefined],
    [
      'calls next twice',
      (_span, next) => {
        void next()
        void next()
      },
    ],
    [
      'calls next late',
      async (_span, next) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        await next()
      },
    ],
    ['never ends', () => new Promise(() => undefined)],
  ])('runs the operation exactly once and at once when a handler %s', async (_name, call) => {
    let runs = 0
    const point = pointWith(call)

    const value = point.run({}, () => {
      runs += 1
      return 'result'
    })

    assert.equal(value, 'result')
    assert.equal(runs, 1)
  })
})
