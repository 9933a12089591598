/** Sentences of W3C Baggage. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { type Baggage, formatBaggage, parseBaggage } from '../../src/context'

const values = (baggage: Baggage | null) =>
  baggage === null ? null : Object.fromEntries([...baggage].map(([name, { value }]) => [name, value]))

describe('context: baggage', () => {
  it.each([
    ['SomeKey=SomeValue', { SomeKey: 'SomeValue' }],
    ['SomeKey \t = \t SomeValue \t , other=2', { SomeKey: 'SomeValue', other: '2' }],
    ['empty=', { empty: '' }],
    ['k=a=b==', { k: 'a=b==' }],
    ['k=%20%22%2C%3B%5C%E2%82%AC', { k: ' ",;\\€' }],
    ['k=%E2%82', { k: '\uFFFD' }],
    ['k=100%25', { k: '100%' }],
    ['k=100%', { k: '100%' }],
    ['k=1,k=2', { k: '2' }],
    [['a=1', 'b=2'], { a: '1', b: '2' }],
  ])('%j is read as %j', (header, expected) => {
    assert.deepEqual(values(parseBaggage(header)), expected)
  })

  it('leaves out members that are none, and keeps the others', () => {
    assert.deepEqual(values(parseBaggage('a=1,,novalue,=2,b c=3,d="4",e=ü,f=5;p q,g=6')), { a: '1', g: '6' })
  })

  it('hands properties on as they came', () => {
    const baggage = parseBaggage('k=v; p1 = 1 ;p2')

    assert.equal(baggage?.get('k')?.properties, 'p1 = 1;p2')
    assert.equal(formatBaggage(baggage), 'k=v;p1 = 1;p2')
  })

  it('writes values so that every receiver reads them', () => {
    const baggage = new Map([['k', { value: '100% "ü", \\;', properties: null }]])

    assert.equal(formatBaggage(baggage), 'k=100%25%20%22%C3%BC%22%2C%20%5C%3B')
  })

  it('reads and writes 64 members, not more', () => {
    const header = Array.from({ length: 65 }, (_, n) => `k${n}=1`).join(',')

    assert.equal(parseBaggage(header)?.size, 64)
    const many = new Map(Array.from({ length: 65 }, (_, n) => [`k${n}`, { value: '1', properties: null }]))
    assert.equal(formatBaggage(many).split(',').length, 64)
  })

  it('reads and writes 8192 bytes, not more', () => {
    const exact = `k=${'v'.repeat(8190)}`
    assert.equal(formatBaggage(parseBaggage(exact)), exact)
    assert.equal(parseBaggage(`${exact}v`), null)
    assert.deepEqual(Object.keys(values(parseBaggage(`a=1,b=${'v'.repeat(8186)}`))!), ['a', 'b'])
    assert.deepEqual(Object.keys(values(parseBaggage(`a=1,b=${'v'.repeat(8187)}`))!), ['a'])

    const grown = new Map([['k', { value: '%'.repeat(4000), properties: null }]])
    assert.equal(formatBaggage(grown), '')
  })

  it.each([[''], [undefined], [7], [{}], [',,,'], ['é=1']])('is none with %j', (header) => {
    assert.equal(parseBaggage(header), null)
  })

  it('comes back as it was, whatever the value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (value) => {
        const header = formatBaggage(new Map([['k', { value, properties: null }]]))
        assert.equal(parseBaggage(header)?.get('k')?.value, Buffer.from(value).toString())
      }),
    )
  })

  it('is never a reason to throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.anything()), (header) => {
        formatBaggage(parseBaggage(header))
      }),
    )
  })
})
