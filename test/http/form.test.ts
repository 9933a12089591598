import assert from 'node:assert/strict'
import { parse } from 'qs'
import { describe, it } from 'vitest'
import { parseExtendedQuery, parseForm } from '../../src/http'

const limits = { maxDepth: 4, maxParams: 200 }

const codeOf = (source: string, charset?: 'iso-8859-1'): string | undefined => {
  try {
    parseForm(source, limits, charset)
    return undefined
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('http: a form', () => {
  it.each([
    ['', {}],
    ['a=1&a=2', { a: ['1', '2'] }],
    ['a[b]=1&a[c][]=2&a[c][]=3', { a: { b: '1', c: ['2', '3'] } }],
    ['a[1]=x&a[0]=y', { a: ['y', 'x'] }],
    ['a%5Bb%5D=1', { a: { b: '1' } }],
    ['a=1+2%2B3&b=%C3%A9&c', { a: '1 2+3', b: 'é', c: '' }],
    ['toString=1&a[hasOwnProperty]=2', { toString: '1', a: { hasOwnProperty: '2' } }],
  ])('%j is nested as express.urlencoded({ extended: true }) nests it', (source, expected) => {
    assert.deepEqual(parseForm(source, limits), expected)
    assert.deepEqual(parse(source, { allowPrototypes: true }), expected)
  })

  it('as a query is parsed as by Express, which keeps what is broken', () => {
    assert.deepEqual(parseExtendedQuery('a[b]=1&c=%&__proto__[d]=1', 20), { a: { b: '1' }, c: '%' })
  })

  it('makes an object of places beyond the end of an array', () => {
    assert.deepEqual(parseForm('a[99999999]=1', limits), { a: { 99999999: '1' } })
  })

  it.each([
    ['a=%', 'RAGE_HTTP_MALFORMED_BODY'],
    ['a=%zz', 'RAGE_HTTP_MALFORMED_BODY'],
    ['a=%FF', 'RAGE_HTTP_MALFORMED_BODY'],
    ['%E0%A4=1', 'RAGE_HTTP_MALFORMED_BODY'],
    ['a=%00', 'RAGE_HTTP_MALFORMED_BODY'],
    ['a%00b=1', 'RAGE_HTTP_MALFORMED_BODY'],
    ['a[b][c][d][e][f]=1', 'RAGE_HTTP_PARAMS_TOO_DEEP'],
    [`a${'[b]'.repeat(5000)}=1`, 'RAGE_HTTP_PARAMS_TOO_DEEP'],
    ['a&'.repeat(200), 'RAGE_HTTP_TOO_MANY_PARAMS'],
    ['__proto__=1', 'RAGE_HTTP_POLLUTING_PARAMS'],
    ['__proto__[admin]=1', 'RAGE_HTTP_POLLUTING_PARAMS'],
    ['a[__proto__][admin]=1', 'RAGE_HTTP_POLLUTING_PARAMS'],
    ['a%5B__pro%74o__%5D=1', 'RAGE_HTTP_POLLUTING_PARAMS'],
  ])('%j is refused', (source, code) => {
    assert.equal(codeOf(source), code)
    assert.equal(({} as { admin?: unknown }).admin, undefined)
  })

  it('in ISO-8859-1 is decoded byte by byte', () => {
    assert.deepEqual(parseForm('a=%E9%FF+%41', limits, 'iso-8859-1'), { a: 'éÿ A' })
    assert.equal(codeOf('a=%E', 'iso-8859-1'), 'RAGE_HTTP_MALFORMED_BODY')
  })
})
