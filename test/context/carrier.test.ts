import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  type Carrier,
  Context,
  type CurrentSpan,
  dumpCarrier,
  encodeCarrier,
  loadCarrier,
  setTraceSource,
} from '../../src/context'
import { Scope } from '../../src/kernel'

const scope = new Scope()
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`

const request = (headers: Record<string, string> = {}): Context =>
  new Context({ kind: 'request', scope, requestId: 'r1', request: { headers } })
const load = (carrier: Carrier): Promise<Context> =>
  loadCarrier(carrier, { kind: 'job', scope, currentClasses: [] })

describe('context: what travels with a job', () => {
  it('is the request id alone, while nobody has asked for a trace', () => {
    assert.equal(encodeCarrier(dumpCarrier(request())), '{"id":"r1"}')
  })

  it('is the trace that came in, with this unit as the parent, its state and its baggage', async () => {
    const context = request({ traceparent, tracestate: 'foo=1', baggage: 'tenant=a%20b;p=1' })

    const carrier = JSON.parse(encodeCarrier(dumpCarrier(context))) as Carrier
    const job = await load(carrier)

    assert.deepEqual(carrier, {
      id: 'r1',
      traceparent: `00-${traceId}-${context.trace.spanId}-01`,
      tracestate: 'foo=1',
      baggage: 'tenant=a%20b;p=1',
    })
    assert.equal(job.trace.traceId, traceId)
    assert.equal(job.trace.parentSpanId, context.trace.spanId)
    assert.notEqual(job.trace.spanId, context.trace.spanId)
    assert.equal(job.trace.state, 'foo=1')
    assert.equal(job.baggage?.get('tenant')?.value, 'a b')
  })

  it('goes on through jobs of jobs', async () => {
    const first = await load(dumpCarrier(request({ traceparent })))

    const second = await load(dumpCarrier(first))

    assert.equal(second.trace.traceId, traceId)
    assert.equal(second.trace.parentSpanId, first.trace.spanId)
  })

  it('puts jobs of a request that never asked into the same trace all the same', async () => {
    const context = request()
    const job = await load(dumpCarrier(context))

    assert.equal(job.trace.traceId, context.trace.traceId)
  })

  it('names the span of a tracing system, where there is one', () => {
    const own = new Scope()
    const span: CurrentSpan = { traceId, spanId: '1111111111111111', sampled: true, state: null }
    setTraceSource(own, () => span)

    const carrier = dumpCarrier(new Context({ kind: 'request', scope: own, requestId: 'r1' }))

    assert.equal(carrier.traceparent, `00-${traceId}-1111111111111111-01`)
  })

  it('is not sampled where the tracing system leaves the unit out', () => {
    const context = request({ traceparent })
    context.span = { ids: null, run: (work) => work() }

    assert.match(dumpCarrier(context).traceparent!, /-00$/)
  })

  it.each([
    ['an id only', { id: 'r1' }],
    ['a trace as earlier versions wrote it', { id: 'r1', traceparent, tracestate: 'foo=1' }],
    ['a trace that is none', { id: 'r1', traceparent: 'broken', baggage: ',' }],
    ['tags', { id: 'r1', tags: ['api'] }],
  ])('is loaded from %s', async (_, carrier) => {
    const context = await load(carrier)

    assert.equal(context.requestId, 'r1')
    assert.equal(
      context.trace.traceId,
      'traceparent' in carrier && carrier.traceparent === traceparent ? traceId : request().trace.traceId,
    )
  })
})
