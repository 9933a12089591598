import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { decodeArgs, encodeArgs } from '../../src/deferred/args'

class Order {
  id = '7'
}

const oneMiB = 1_048_576

function refusalOf(args: unknown): string {
  try {
    encodeArgs('SendReceipt', args, oneMiB)
  } catch (error) {
    return (error as Error).message
  }
  return 'not refused'
}

describe('deferred: arguments that JSON keeps', () => {
  const kept: readonly (readonly [string, unknown])[] = [
    ['an object', { orderId: '7', lines: [{ sku: 'a', quantity: 2 }], note: null, gift: false }],
    ['text with newlines, quotes and emoji', { text: 'a\n"b"\u2028 🚀' }],
    ['a plain number', 7],
    ['null', null],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 })],
    ['one object in two places', [[1], [1]]],
  ]
  for (const [name, args] of kept) {
    it(`come back as they were: ${name}`, () => {
      const json = encodeArgs('SendReceipt', args, oneMiB)

      assert.deepEqual(decodeArgs(json), JSON.parse(JSON.stringify(args)))
    })
  }

  it('lose properties that are undefined, as JSON does', () => {
    assert.equal(encodeArgs('SendReceipt', { a: 1, b: undefined }, oneMiB), '{"a":1}')
  })

  it('are nothing at all when the task takes none', () => {
    assert.equal(encodeArgs('SendReceipt', undefined, oneMiB), '')
    assert.equal(decodeArgs(''), undefined)
  })

  it('may hold the same object twice, but not inside itself', () => {
    const line = { sku: 'a' }

    assert.equal(encodeArgs('SendReceipt', [line, line], oneMiB), '[{"sku":"a"},{"sku":"a"}]')
  })
})

describe('deferred: arguments that JSON would change', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = { inner: cycle }
  const refused: readonly (readonly [unknown, string])[] = [
    [{ user: { createdAt: new Date(0) } }, 'args.user.createdAt is a Date'],
    [{ tags: new Map() }, 'args.tags is a Map'],
    [{ order: new Order() }, 'args.order is an Order'],
    [{ ids: [1, undefined] }, 'args.ids[1] is undefined'],
    // biome-ignore lint/suspicious/noSparseArray: that is the case
    [[1, , 3], 'args[1] is undefined'],
    [{ price: Number.NaN }, 'args.price is NaN'],
    [{ price: Number.NEGATIVE_INFINITY }, 'args.price is -Infinity'],
    [{ id: 7n }, 'args.id is a bigint'],
    [{ done: () => 1 }, 'args.done is a function'],
    [{ 'content-type': Symbol('x') }, 'args["content-type"] is a symbol'],
    [{ [Symbol('hidden')]: 1 }, 'args has the key Symbol(hidden)'],
    [Buffer.from('x'), 'args is a Buffer'],
    [cycle, 'args.self.inner refers back to an object around it'],
  ]
  for (const [args, sentence] of refused) {
    it(`are refused: ${sentence}`, () => {
      const message = refusalOf(args)

      assert.ok(
        message.startsWith('RAGE_DEFERRED_INVALID_ARGS: SendReceipt.enqueue() cannot store its arguments'),
      )
      assert.ok(message.includes(`${sentence}.`), message)
    })
  }

  it('are refused when nested without end, instead of running out of stack', () => {
    let deep: unknown = 1
    for (let level = 0; level < 100_000; level++) deep = [deep]

    assert.ok(refusalOf(deep).includes('is nested more than 500 levels deep'))
  })
})

describe('deferred: arguments larger than the limit', () => {
  it('are measured in bytes, not characters', () => {
    assert.equal(encodeArgs('SendReceipt', 'éé', 6), '"éé"')
    assert.throws(() => encodeArgs('SendReceipt', 'ééé', 6), {
      code: 'RAGE_DEFERRED_ARGS_TOO_LARGE',
      facts: { task: 'SendReceipt', bytes: 8, limit: 6 },
    })
  })
})
