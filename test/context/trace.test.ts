/** Sentences of W3C Trace Context, with the bytes that the test suite of its working group sends. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { Context, formatTraceparent, parseTraceparent, parseTracestate } from '../../src/context'
import { Scope } from '../../src/kernel'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const valid = `00-${traceId}-${spanId}-01`
const scope = new Scope()

const request = (headers: Record<string, string>): Context =>
  new Context({ kind: 'request', scope, request: { headers } })

describe('context: traceparent', () => {
  it('is read in version 00', () => {
    assert.deepEqual(parseTraceparent(valid), { traceId, spanId, sampled: true })
    assert.equal(parseTraceparent(`00-${traceId}-${spanId}-00`)?.sampled, false)
  })

  it.each([
    ['all flags', 'ff', true],
    ['flags unknown to version 00', '02', false],
    ['both', '03', true],
  ])('takes nothing but "sampled" from the flags: %s', (_, flags, sampled) => {
    const parent = parseTraceparent(`00-${traceId}-${spanId}-${flags}`)!

    assert.equal(parent.sampled, sampled)
    assert.equal(formatTraceparent(parent), `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`)
  })

  it.each([
    `01-${traceId}-${spanId}-01`,
    `cc-${traceId}-${spanId}-01-what-the-future-will-be-like`,
    `cc-${traceId}-${spanId}-01-`,
  ])('is read as far as it is known in later versions: %s', (header) => {
    assert.deepEqual(parseTraceparent(header), { traceId, spanId, sampled: true })
  })

  it.each([
    ['version ff', `ff-${traceId}-${spanId}-01`],
    ['a version that is no number', `.0-${traceId}-${spanId}-01`],
    ['a version in capitals', `CC-${traceId}-${spanId}-01`],
    ['a longer version', `000-${traceId}-${spanId}-01`],
    ['version 00 with more behind it', `${valid}-what-the-future-will-not-be-like`],
    ['version 00 with a dash behind it', `${valid}-`],
    ['a later version with more and no dash', `cc-${traceId}-${spanId}-01.more`],
    ['no trace id', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['no parent id', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['capitals in the trace id', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['a letter beyond f', `00-${traceId.replace('4', 'g')}-${spanId}-01`],
    ['a short trace id', `00-${traceId.slice(1)}-${spanId}-01`],
    ['a long parent id', `00-${traceId}-${spanId}0-01`],
    ['flags that are no number', `00-${traceId}-${spanId}-.1`],
    ['short flags', `00-${traceId}-${spanId}-1`],
    ['two headers, joined', `${valid}, ${valid}`],
    ['nothing', ''],
    ['two values', [valid, valid]],
    ['undefined', undefined],
  ])('is none with %s', (_, header) => {
    assert.equal(parseTraceparent(header), null)
  })

  it('is never a reason to throw, and what is read is written again', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => valid + text),
          fc.anything(),
        ),
        (header) => {
          const parent = parseTraceparent(header)
          if (parent !== null) assert.deepEqual(parseTraceparent(formatTraceparent(parent)), parent)
        },
      ),
    )
  })
})

describe('context: tracestate', () => {
  it.each([
    ['foo=1', 'foo=1'],
    ['foo=1,bar=2', 'foo=1,bar=2'],
    ['foo=1 , \tbar=2\t', 'foo=1,bar=2'],
    ['foo=1,,bar=2,', 'foo=1,bar=2'],
    [['foo=1', 'bar=2'], 'foo=1,bar=2'],
    ['foo@bar=1', 'foo@bar=1'],
    ['0a-_*/=~ !x', '0a-_*/=~ !x'],
  ])('%j is handed on as %j', (header, expected) => {
    assert.equal(parseTracestate(header), expected)
  })

  it.each([
    ['a key in capitals', 'FOO=1'],
    ['a key with a blank', 'foo =1'],
    ['a key that is too long', `${'z'.repeat(257)}=1`],
    ['two at-signs', 'foo@@bar=1'],
    ['nothing before the at-sign', '@foo=1'],
    ['a system that is too long', `t@${'v'.repeat(15)}=1`],
    ['no value', 'foo='],
    ['no equals sign', 'foo'],
    ['an equals sign in the value', 'foo=bar=baz'],
    ['a letter beyond ASCII', 'foo=ü'],
    ['the same key twice', 'foo=1,bar=2,foo=3'],
    ['33 members', Array.from({ length: 33 }, (_, n) => `k${n}=1`).join(',')],
    ['nothing', ''],
    ['a number', 7],
  ])('is none with %s', (_, header) => {
    assert.equal(parseTracestate(header), null)
  })

  it('has room for 32 members', () => {
    const header = Array.from({ length: 32 }, (_, n) => `bar${n}=1`).join(',')

    assert.equal(parseTracestate(header), header)
  })

  it('beyond 512 characters loses whole members: those of more than 128 first, then the last ones', () => {
    const long = `long=${'x'.repeat(200)}`
    const short = Array.from({ length: 12 }, (_, n) => `k${String(n).padStart(2, '0')}=${'y'.repeat(42)}`)

    const kept = parseTracestate([short[0], long, ...short.slice(1)].join(','))

    assert.equal(kept, short.slice(0, 10).join(','))
  })
})

describe('context: the trace of a unit of work', () => {
  it('continues the one that came in, as its child', () => {
    const { trace } = request({ traceparent: valid, tracestate: 'foo=1', baggage: 'tenant=acme' })

    assert.equal(trace.traceId, traceId)
    assert.equal(trace.parentSpanId, spanId)
    assert.match(trace.spanId, /^[0-9a-f]{16}$/)
    assert.notEqual(trace.spanId, spanId)
    assert.equal(trace.sampled, true)
    assert.equal(trace.state, 'foo=1')
    assert.equal(trace.baggage?.get('tenant')?.value, 'acme')
  })

  it('is the same at every look', () => {
    const context = request({})

    assert.equal(context.trace, context.trace)
  })

  it('begins anew without a valid traceparent, and then reads no tracestate', () => {
    const { trace } = request({ traceparent: `00-${'0'.repeat(32)}-${spanId}-01`, tracestate: 'foo=1' })

    assert.match(trace.traceId, /^(?!0{32})[0-9a-f]{32}$/)
    assert.equal(trace.parentSpanId, null)
    assert.equal(trace.state, null)
    assert.equal(trace.sampled, true)
  })

  it.each([
    ['a UUID', '0193f5a8-51d3-4aab-9b35-6b8c38a3a1de', '0193f5a851d34aab9b356b8c38a3a1de'],
    ['an id of nginx', 'A93f5a851d37aab9b356b8c38a3a1de0', 'a93f5a851d37aab9b356b8c38a3a1de0'],
    ['any other text', 'order-7', 'df8cf80227ec3237922df0ecd88385c5'],
    ['zeros', '0'.repeat(32), '84e0c0eafaa95a34c293f278ac52e45c'],
  ])(
    'that begins here has the id that follows from the request id, so that jobs without a trace share it: %s',
    (_, requestId, expected) => {
      const ids = ['request', 'job'].map(
        (kind) => new Context({ kind: kind as 'job', scope, requestId }).trace.traceId,
      )

      assert.equal(ids[0], ids[1])
      assert.equal(ids[0], expected)
    },
  )
})
