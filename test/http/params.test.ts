import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  buildParams,
  MalformedParamsError,
  ParamsTooDeepError,
  PollutingParamsError,
  type Request,
  TooManyParamsError,
} from '../../src/http'

const request = (facts: object): Request => ({ headers: {}, ...facts }) as unknown as Request
const limits = { maxDepth: 5, maxParams: 10 }
const multipart = { 'content-type': 'multipart/form-data; boundary=x' }

const throws = (type: abstract new (...args: never[]) => object, work: () => unknown): void =>
  assert.throws(work, (error) => error instanceof type)

describe('http: params', () => {
  it('let the path win over the body, and the body over the query', () => {
    const params = buildParams(
      { id: '1' },
      request({ query: { id: '3', a: 'q', b: 'q' } }),
      { id: '2', a: 'body' },
      limits,
    )

    assert.deepEqual({ ...params }, { id: '1', a: 'body', b: 'q' })
  })

  it('parse the query where no host has', () => {
    const params = buildParams({}, request({ url: '/x?a=1&a=2&b=%20&c[d]=3' }), undefined, limits)

    assert.deepEqual({ ...params }, { a: ['1', '2'], b: ' ', c: { d: '3' } })
  })

  it('take the query as the host has parsed it', () => {
    const params = buildParams({}, request({ url: '/x?a[b]=1', query: { 'a[b]': '1' } }), undefined, limits)

    assert.deepEqual({ ...params }, { 'a[b]': '1' })
  })

  it('hold an array body under _json', () => {
    assert.deepEqual({ ...buildParams({}, request({ url: '/' }), [1, 2], limits) }, { _json: [1, 2] })
  })

  it('leave bytes and text that a host has read to req.body', () => {
    assert.deepEqual({ ...buildParams({}, request({ url: '/' }), Buffer.from('a'), limits) }, {})
    assert.deepEqual({ ...buildParams({}, request({ url: '/' }), 'a', limits) }, {})
  })

  it.each([
    '{"__proto__":{"admin":true}}',
    '{"a":{"b":[{"__proto__":1}]}}',
    '[{"__proto__":1}]',
    '{"constructor":{"prototype":{"admin":true}}}',
    '{"a":[{"constructor":{"prototype":1}}]}',
  ])('that reach a prototype are refused: %s', (json) => {
    throws(PollutingParamsError, () => buildParams({}, request({ url: '/' }), JSON.parse(json), limits))
    throws(PollutingParamsError, () =>
      buildParams({}, request({ url: '/', query: { q: JSON.parse(json) } }), undefined, limits),
    )
    assert.equal(({} as { admin?: boolean }).admin, undefined)
  })

  it('may be called constructor or prototype', () => {
    const params = buildParams({}, request({ url: '/' }), { constructor: 'Honda', prototype: {} }, limits)

    assert.deepEqual({ ...params }, { constructor: 'Honda', prototype: {} })
  })

  it('nested deeper than the limit are refused', () => {
    let deep: unknown = 1
    for (let i = 0; i < 6; i++) deep = i % 2 === 0 ? { deep } : [deep]

    throws(ParamsTooDeepError, () => buildParams({}, request({ url: '/' }), deep, limits))
    throws(ParamsTooDeepError, () =>
      buildParams({}, request({ url: '/' }), JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)), limits),
    )
  })

  it('beyond the number allowed are refused', () => {
    throws(TooManyParamsError, () =>
      buildParams({}, request({ url: `/?${'a=1&'.repeat(10)}` }), undefined, limits),
    )
  })

  it('with NUL in the path or the query are refused', () => {
    throws(MalformedParamsError, () =>
      buildParams({ id: '1\0' }, request({ url: '/1%00' }), undefined, limits),
    )
    throws(MalformedParamsError, () =>
      buildParams({}, request({ url: '/?a=%00', query: { a: '\0' } }), undefined, limits),
    )
  })
})

describe('http: params of files that a middleware received', () => {
  const file = (fieldname: string) => ({ fieldname, originalname: 'a.txt', buffer: Buffer.from('a') })

  it('hold the one of single() under the name of its field', () => {
    const avatar = file('avatar')
    const params = buildParams(
      {},
      request({ url: '/', headers: multipart, file: avatar }),
      { a: '1' },
      limits,
    )

    assert.deepEqual({ ...params }, { a: '1', avatar })
  })

  it('hold lists of those of array() and any()', () => {
    const [one, two, other] = [file('photos'), file('photos'), file('cover')]
    const params = buildParams(
      {},
      request({ url: '/', headers: multipart, files: [one, two, other] }),
      {},
      limits,
    )

    assert.deepEqual({ ...params }, { photos: [one, two], cover: [other] })
  })

  it('hold those of fields() and of express-fileupload as they are', () => {
    const files = { avatar: [file('avatar')], cover: { name: 'c.png' } }
    const params = buildParams({}, request({ url: '/', headers: multipart, files }), {}, limits)

    assert.deepEqual({ ...params }, files)
  })

  it('are not looked for in requests of another type', () => {
    assert.deepEqual({ ...buildParams({}, request({ url: '/', file: file('a') }), {}, limits) }, {})
  })
})
