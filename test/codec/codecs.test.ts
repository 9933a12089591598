import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import { describe, it } from 'vitest'
import { Codecs, Fault } from '../../src/codec'

class Money {
  readonly cents: bigint
  constructor(cents: bigint) {
    this.cents = cents
  }
}
class Order {
  id = '7'
}
class Tip extends Money {}

const money = {
  type: Money,
  encode: ({ cents }: Money) => cents,
  decode: (cents: bigint) => new Money(cents),
}

function faultOf(value: unknown, codecs = new Codecs()): string {
  try {
    codecs.encode(value)
  } catch (error) {
    assert.ok(error instanceof Fault)
    return `value${error.path} ${error.problem}`
  }
  return 'not refused'
}

describe('codec: plain values', () => {
  const plain: readonly unknown[] = [
    { orderId: '7', lines: [{ sku: 'a', quantity: 2.5 }], note: null, gift: false },
    'a\n"b"\u2028 🚀 \ud800',
    0,
    null,
    [],
    { $date: 'mine', $map: 1 },
    { $date: 'mine' },
    { nested: [{ $undefined: null }] },
    '#1 {"$date":null}',
    Object.assign(Object.create(null), { a: 1 }),
    JSON.parse('{"__proto__":{"isAdmin":true}}'),
    runInNewContext('({ a: [1] })'),
  ]
  for (const value of plain) {
    it(`are the text that JSON makes of them: ${JSON.stringify(value)}`, () => {
      const text = new Codecs().encode(value)

      assert.equal(text, JSON.stringify(value))
      assert.deepEqual(new Codecs().decode(text), JSON.parse(JSON.stringify(value)))
    })
  }
})

describe('codec: values that JSON would change', () => {
  const tagged: readonly (readonly [unknown, string])[] = [
    [new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)), '{"$date":"2026-01-02T03:04:05.678Z"}'],
    [new Date(8.64e15), '{"$date":"+275760-09-13T00:00:00.000Z"}'],
    [
      new Map<unknown, unknown>([
        ['tea', 7n],
        [new Date(0), null],
      ]),
      '{"$map":[["tea",{"$bigint":"7"}],[{"$date":"1970-01-01T00:00:00.000Z"},null]]}',
    ],
    [new Set([1, new Set()]), '{"$set":[1,{"$set":[]}]}'],
    [Buffer.from('é'), '{"$buffer":"w6k="}'],
    [Uint8Array.of(0, 255).subarray(1), '{"$bytes":"/w=="}'],
    [new URL('https://example.com/a?b'), '{"$url":"https://example.com/a?b"}'],
    [-12_345_678_901_234_567_890n, '{"$bigint":"-12345678901234567890"}'],
    [Number.NaN, '{"$number":"NaN"}'],
    [Number.POSITIVE_INFINITY, '{"$number":"Infinity"}'],
    [Number.NEGATIVE_INFINITY, '{"$number":"-Infinity"}'],
    [-0, '{"$number":"-0"}'],
    [{ note: undefined, list: [undefined] }, '{"note":{"$undefined":null},"list":[{"$undefined":null}]}'],
    [
      { a: undefined, mine: { $date: 'x' }, twice: { $$x: 1 }, two: { $map: 1, b: 2 } },
      '{"a":{"$undefined":null},"mine":{"$$date":"x"},"twice":{"$$$x":1},"two":{"$map":1,"b":2}}',
    ],
  ]
  for (const [value, text] of tagged) {
    it(`are written with tags, byte for byte: ${text}`, () => {
      assert.equal(new Codecs().encode(value), `#1 ${text}`)
    })

    it(`come back as they were: ${text}`, () => {
      const back = new Codecs().decode(`#1 ${text}`)

      assert.deepStrictEqual(back, value)
      assert.ok(Object.is(typeof back === 'number' ? back : 0, typeof value === 'number' ? value : 0))
    })
  }

  it('may be a date that is none', () => {
    const text = new Codecs().encode(new Date(Number.NaN))

    assert.equal(text, '#1 {"$date":null}')
    assert.equal(String(new Codecs().decode(text)), 'Invalid Date')
  })

  it('are known in whatever realm they were made', () => {
    assert.equal(
      new Codecs().encode(runInNewContext('[new Date(0), new Map(), new Set()]')),
      '#1 [{"$date":"1970-01-01T00:00:00.000Z"},{"$map":[]},{"$set":[]}]',
    )
  })

  it('keep a key named __proto__ as a key', () => {
    const value = JSON.parse('{"at":1,"__proto__":{"isAdmin":true}}')
    value.at = new Date(0)

    const back = new Codecs().decode(new Codecs().encode(value)) as { isAdmin?: boolean }

    assert.equal(back.isAdmin, undefined)
    assert.deepEqual(Object.keys(back), ['at', '__proto__'])
    assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined)
  })
})

describe('codec: values that cannot be written', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = { inner: new Map([['cycle', cycle]]) }
  const refused: readonly (readonly [unknown, string])[] = [
    [{ order: new Order() }, 'value.order is an Order'],
    [{ pattern: /a+$/ }, 'value.pattern is a RegExp'],
    [{ at: new (class Later extends Date {})() }, 'value.at is a Later'],
    [{ words: new Uint16Array(1) }, 'value.words is an Uint16Array'],
    [{ done: () => 1 }, 'value.done is a function'],
    [new Map([[{ a: Symbol('x') }, 1]]), 'value.keys()[0].a is a symbol'],
    [{ at: new Date(0), 'content-type': Symbol('x') }, 'value["content-type"] is a symbol'],
    [{ [Symbol('hidden')]: 1 }, 'value has the key Symbol(hidden)'],
    // biome-ignore lint/suspicious/noSparseArray: that is the case
    [{ list: [1, , 3] }, 'value.list has nothing at [1], not even undefined'],
    [{ wrapped: new Number(1) }, 'value.wrapped is a Number'],
    [{ later: Promise.resolve(1) }, 'value.later is a Promise'],
    [cycle, 'value.self.inner.values()[0] refers back to an object around it'],
    [{ toJSON: () => 1 }, 'value.toJSON is a function'],
  ]
  for (const [value, sentence] of refused) {
    it(`are refused with their path: ${sentence}`, () => {
      assert.equal(faultOf(value), sentence)
    })
  }

  it('are refused when nested without end, instead of running out of stack', () => {
    let deep: unknown = 1
    for (let level = 0; level < 100_000; level++) deep = [deep]

    assert.match(faultOf(deep), /is nested more than 500 levels deep$/)
  })
})

describe('codec: a declared class', () => {
  it('is written and made again by its codec, whose own values are written too', () => {
    const codecs = new Codecs()
    codecs.declare('Money', money)

    const text = codecs.encode({ price: new Money(250n) })

    assert.equal(text, '#1 {"price":{"$codec":["Money",{"$bigint":"250"}]}}')
    const { price } = codecs.decode(text) as { price: Money }
    assert.ok(price instanceof Money)
    assert.equal(price.cents, 250n)
  })

  it('does not stand for its subclasses', () => {
    const codecs = new Codecs()
    codecs.declare('Money', money)

    assert.equal(faultOf([new Tip(1n)], codecs), 'value[0] is a Tip')
  })

  it('says where its codec threw, and keeps what it threw', () => {
    const codecs = new Codecs()
    const broken = new Error('no cents')
    codecs.declare('Money', {
      ...money,
      encode: () => {
        throw broken
      },
    })

    assert.throws(
      () => codecs.encode({ price: new Money(1n) }),
      (error) =>
        error instanceof Fault &&
        error.cause === broken &&
        error.message === '.price cannot be written by the codec "Money"',
    )
  })

  it('is refused when it is no class, has a codec already, or comes after boot', () => {
    const codecs = new Codecs()
    codecs.declare('Money', money)

    assert.throws(() => codecs.declare('Other', money), /must be a class without a codec/)
    assert.throws(() => codecs.declare('Money', { ...money, type: Order as never }), {
      code: 'RAGE_KERNEL_DUPLICATE_NAME',
    })
    assert.throws(() => codecs.declare('', money), /must be a string that is not empty/)
    assert.throws(() => codecs.declare('Any', { ...money, type: Object as never }), /must be a class/)
    assert.throws(() => codecs.declare('Half', { type: Order } as never), /codec\("Half"\)\.encode/)
    codecs.close()
    assert.throws(() => codecs.declare('Tip', { ...money, type: Tip }), {
      code: 'RAGE_KERNEL_REGISTRATION_CLOSED',
    })
  })
})

describe('codec: a text that cannot be read', () => {
  const texts: readonly (readonly [string, RegExp])[] = [
    ['#2 {"a":1}', /its format is "#2 .*, known is #1/],
    ['#1 {"a":{"$future":1}}', /its tag \$future is not known to this version/],
    ['#1 {"$codec":["Money",1]}', /its codec "Money" is not declared/],
    ['#1 {"$codec":"Money"}', /what follows its tag \$codec is not a codec/],
    ['#1 {"$date":"soon"}', /what follows its tag \$date is not a date/],
    ['#1 {"$date":[2026]}', /what follows its tag \$date is not a date/],
    ['#1 {"$map":[1]}', /what follows its tag \$map is not a map/],
    ['#1 {"$set":{}}', /what follows its tag \$set is not a set/],
    ['#1 {"$bigint":"0x1"}', /what follows its tag \$bigint is not a bigint/],
    ['#1 {"$number":"1"}', /what follows its tag \$number is not a number/],
    ['#1 {"$buffer":7}', /what follows its tag \$buffer is not a buffer/],
    ['#1 {"$url":"nowhere"}', /Invalid URL/],
    ['#1 {"$__proto__":{"isAdmin":true}}', /its tag \$__proto__ is not known/],
    ['#1 {"$constructor":1}', /its tag \$constructor is not known/],
    ['#1 [', /JSON/],
    [`#1 ${'['.repeat(100_000)}${']'.repeat(100_000)}`, /call stack/],
  ]
  for (const [text, problem] of texts) {
    it(`says what is wrong: ${text.slice(0, 40)}`, () => {
      assert.throws(() => new Codecs().decode(text), problem)
    })
  }
})

describe('codec: where a fault is', () => {
  it('is clipped when nobody would read it', () => {
    let deep: object = {}
    for (let level = 0; level < 20_000; level++) deep = { aStepWithALongName: deep }

    const [byDepth, byKey] = [faultOf(deep), faultOf({ ['k'.repeat(50_000)]: { why: /x/ } })]

    assert.match(
      byDepth,
      /^value\.aStepWithALongName\.aStep.* … .*aStepWithALongName is nested more than 500 levels deep$/,
    )
    assert.match(byKey, /^value\.kkk.* … k+\.why is a RegExp$/)
    for (const fault of [byDepth, byKey]) assert.ok(fault.length < 250, String(fault.length))
  })
})
