import assert from 'node:assert/strict'
import { describe, it, onTestFinished } from 'vitest'
import {
  type Carrier,
  Context,
  CurrentAttributes,
  type CurrentSpan,
  dumpCarrier,
  encodeCarrier,
  loadCarrier,
  registerCurrent,
  runInContext,
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

describe('context: what is too large to travel with every job', () => {
  const limitBytes = 16 * 1024
  class Current extends CurrentAttributes<Record<string, unknown>> {}
  registerCurrent(Current, scope)

  /** What travels of a unit with these attributes, by name. */
  const travelling = (context: Context): readonly string[] => {
    const text = encodeCarrier(dumpCarrier(context))
    assert.ok(Buffer.byteLength(text) <= limitBytes, `${Buffer.byteLength(text)} bytes`)
    return Object.keys((JSON.parse(text) as Carrier).attributes?.Current ?? {})
  }

  it('stays behind, with one warning that names it, and what fits travels', async () => {
    const warnings = heardWarnings()
    const context = request()
    runInContext(context, () => Current.set({ user: 7, page: 'x'.repeat(20_000), tenant: 'acme' }))

    const first = travelling(context)
    const second = travelling(context)

    assert.deepEqual(
      [first, second],
      [
        ['user', 'tenant'],
        ['user', 'tenant'],
      ],
    )
    await warned()
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]!, /^RAGE_W004 Attribute "page" of Current stayed behind .* 16 KiB/)
  })

  it('is counted in bytes as they are written', async () => {
    const warnings = heardWarnings()
    const context = request()
    runInContext(context, () =>
      Current.set({ euros: '€'.repeat(4_000), quotes: '"'.repeat(4_000), plain: 'x'.repeat(8_000) }),
    )

    assert.deepEqual(travelling(context), ['euros'])
    await warned()
    assert.equal(warnings.length, 2)
  })

  it('is counted together: attributes have their place first, then tags, then baggage', async () => {
    const warnings = heardWarnings()
    const baggage = Array.from({ length: 8 }, (_, at) => `b${at}=${'v'.repeat(1_000)}`).join()
    const context = request({ traceparent, tracestate: 'foo=1', baggage })
    context.tags = ['api', 't'.repeat(8_000), 'web']
    runInContext(context, () => Current.set({ cart: 'c'.repeat(10_000) }))

    assert.deepEqual(travelling(context), ['cart'])
    const carrier = dumpCarrier(context)
    assert.equal(carrier.id, 'r1')
    assert.match(carrier.traceparent!, new RegExp(traceId))
    assert.deepEqual(carrier.tags, ['api', 'web'])
    assert.deepEqual(
      carrier.baggage!.split(',').map((member) => member.slice(0, 2)),
      ['b0', 'b1', 'b2', 'b3'],
    )
    await warned()
    assert.deepEqual(
      warnings.map((warning) => warning.split(' stayed')[0]),
      ['RAGE_W004 A log tag', 'RAGE_W004 A part of the baggage'],
    )
  })

  it('leaves room for the longest id and trace that come in', () => {
    const tracestate = Array.from({ length: 4 }, (_, at) => `k${at}=${'"'.repeat(120)}`).join()
    const headers = { 'x-request-id': 'i'.repeat(300), traceparent, tracestate, baggage: 'tenant=acme' }
    const context = new Context({ kind: 'request', scope, request: { headers } })
    context.tags = ['api']
    runInContext(context, () => Current.set({ filling: 'x'.repeat(14_250) }))

    assert.deepEqual(travelling(context), ['filling'])
    const carrier = dumpCarrier(context)
    assert.deepEqual(carrier, {
      id: 'i'.repeat(255),
      traceparent: carrier.traceparent,
      tracestate,
      baggage: 'tenant=acme',
      tags: ['api'],
      attributes: { Current: { filling: 'x'.repeat(14_250) } },
    })
  })

  it('is loaded all the same where an earlier version wrote it', async () => {
    const attributes = { Current: { page: 'x'.repeat(20_000) } }

    const context = await loadCarrier(
      { id: 'r1', attributes },
      { kind: 'job', scope, currentClasses: [Current] },
    )

    assert.equal(
      runInContext(context, () => Current.get('page')),
      attributes.Current.page,
    )
  })
})

/** Node hands out warnings a little later. */
function warned(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Code and text of warnings, as they come. */
function heardWarnings(): string[] {
  const heard: string[] = []
  const listen = (warning: Error & { code?: string }): void =>
    void heard.push(`${warning.code} ${warning.message}`)
  process.on('warning', listen)
  onTestFinished(() => void process.off('warning', listen))
  return heard
}
