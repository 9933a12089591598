import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { challenge, parseBasic, parseToken, secureCompare } from '../../src/http'

describe('http: token auth', () => {
  // Source: Rails, http_token_authentication_test.rb.
  it.each<[string | undefined, string | null, Record<string, string>]>([
    [undefined, null, {}],
    ['', null, {}],
    ['Basic abc', null, {}],
    ['Token', null, {}],
    ['Token ', null, {}],
    ['Token token=""', null, {}],
    ['Token token=" "', null, {}],
    ['Tokenabc', null, {}],
    ['Bearer abc', 'abc', {}],
    ['bearer abc', 'abc', {}],
    ['Bearer  ab=c==', 'ab=c==', {}],
    ['Token token="rcHu+HzSFw89Ypyhn/896A==", nonce="def"', 'rcHu+HzSFw89Ypyhn/896A==', { nonce: 'def' }],
    ['Token token=a;nonce=b\tx=y', 'a', { nonce: 'b', x: 'y' }],
    ['Token token=", nonce="\\"q"', null, {}],
    ['Token "quote" pretty', 'quote" pretty', {}],
    ['Token a, b', 'a', { b: '' }],
    ['Token a, __proto__=x', 'a', JSON.parse('{"__proto__":"x"}')],
  ])('parses %j', (header, token, options) => {
    const found = parseToken(header)

    assert.equal(found?.token ?? null, token)
    if (found !== null) assert.deepEqual(Object.entries(found.options), Object.entries(options))
  })

  it('is not slowed down by long headers', () => {
    const started = performance.now()
    parseToken(`Token ${' '.repeat(16_000)}`)
    parseToken(`Token ${'a=,'.repeat(5_000)}`)
    parseBasic(`Basic ${'a'.repeat(16_000)} !`)

    assert.ok(performance.now() - started < 200)
  })

  it.each<[string | undefined, [string, string] | null]>([
    [undefined, null],
    ['Basic', null],
    ['Basic !', null],
    [`Basic ${Buffer.from('ann').toString('base64')}`, null],
    [`basic ${Buffer.from('ann:ü:b').toString('base64')}`, ['ann', 'ü:b']],
    [`Basic ${Buffer.from(':').toString('base64')}`, ['', '']],
  ])('parses basic %j', (header, pair) => {
    const found = parseBasic(header)

    assert.deepEqual(found === null ? null : [found.name, found.password], pair)
  })

  it('compares secrets of any length', () => {
    assert.equal(secureCompare('abc', 'abc'), true)
    assert.equal(secureCompare('abc', 'abd'), false)
    assert.equal(secureCompare('abc', 'abcd'), false)
    assert.equal(secureCompare('', ''), true)
  })

  it('lets no realm break the header', () => {
    assert.equal(challenge('Basic', 'a"b\r\nX: y\\'), 'Basic realm="abX: y"')
  })
})
