import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { buildParams, ParamsTooDeepError, type Request } from '../../src/http'

const request = (facts: { url?: string; query?: unknown }): Request => facts as unknown as Request

describe('http: params', () => {
  it('let the path win over the body, and the body over the query', () => {
    const params = buildParams(
      { id: '1' },
      request({ query: { id: '3', a: 'q', b: 'q' } }),
      { id: '2', a: 'body' },
      5,
    )

    assert.deepEqual({ ...params }, { id: '1', a: 'body', b: 'q' })
  })

  it('parse the query where no host has', () => {
    assert.deepEqual(
      { ...buildParams({}, request({ url: '/x?a=1&a=2&b=%20' }), undefined, 5) },
      { a: ['1', '2'], b: ' ' },
    )
  })

  it('hold an array body under _json', () => {
    assert.deepEqual({ ...buildParams({}, request({ url: '/' }), [1, 2], 5) }, { _json: [1, 2] })
  })

  it('drop __proto__ at every depth and leave the rest of the value', () => {
    const body = JSON.parse(
      '{"__proto__":{"admin":true},"a":{"__proto__":{"admin":true},"b":[{"__proto__":1,"c":2}]}}',
    )

    const params = buildParams({}, request({ url: '/' }), body, 5)

    assert.deepEqual({ ...params }, { a: { b: [{ c: 2 }] } })
    assert.equal((params.a as { admin?: boolean }).admin, undefined)
    assert.ok(!Object.hasOwn(params.a as object, '__proto__'))
  })

  it('refuse data nested deeper than the limit', () => {
    let deep: unknown = 1
    for (let i = 0; i < 6; i++) deep = { deep }

    assert.throws(
      () => buildParams({}, request({ url: '/' }), deep, 5),
      (error) => error instanceof ParamsTooDeepError,
    )
  })
})
