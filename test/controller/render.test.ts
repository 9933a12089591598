import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Controller } from '../../src/controller'
import { serve } from './support/serve'

class Pages extends Controller {
  json() {
    this.render({ json: { ok: true }, status: 'created' })
  }
  text() {
    this.render({ text: 'plain' })
  }
  html() {
    this.render({ html: '<p>hi</p>' })
  }
  bytes() {
    this.res.setHeader('Content-Type', 'image/png')
    this.render({ body: Buffer.from([1, 2, 3]) })
  }
  value() {
    return { answer: 42 }
  }
  async later() {
    return [1, 2]
  }
  nothing() {}
  gone() {
    this.head('gone')
  }
  away() {
    this.redirectTo('/näch?x=%20')
  }
  twice() {
    this.render({ text: 'one' })
    this.render({ text: 'two' })
  }
  empty() {
    this.render({})
  }
  cycle() {
    const value: Record<string, unknown> = {}
    value.self = value
    return value
  }
  direct() {
    this.res.statusCode = 418
    this.res.end('by hand')
    return 'ignored'
  }
}

describe('controller: what an action renders', () => {
  it('json, with its status by name', async () => {
    const res = await serve(Pages, 'json').get('/')

    assert.equal(res.status, 201)
    assert.equal(res.headers['content-type'], 'application/json; charset=utf-8')
    assert.equal(res.text, '{"ok":true}')
  })

  it('text and html with their types', async () => {
    assert.equal((await serve(Pages, 'text').get('/')).headers['content-type'], 'text/plain; charset=utf-8')
    assert.equal((await serve(Pages, 'html').get('/')).headers['content-type'], 'text/html; charset=utf-8')
  })

  it('bytes with the type set on the response', async () => {
    const res = await serve(Pages, 'bytes').get('/')

    assert.equal(res.headers['content-type'], 'image/png')
    assert.deepEqual([...res.body], [1, 2, 3])
  })

  it('a returned value as JSON, also of an async action', async () => {
    assert.deepEqual((await serve(Pages, 'value').get('/')).body, { answer: 42 })
    assert.deepEqual((await serve(Pages, 'later').get('/')).body, [1, 2])
  })

  it('204 when it renders and returns nothing', async () => {
    const res = await serve(Pages, 'nothing').get('/')

    assert.equal(res.status, 204)
    assert.equal(res.headers['content-length'], undefined)
  })

  it('a bare status', async () => {
    const res = await serve(Pages, 'gone').get('/')

    assert.equal(res.status, 410)
    assert.equal(res.text, '')
  })

  it('a redirect with an encoded location', async () => {
    const res = await serve(Pages, 'away').get('/')

    assert.equal(res.status, 302)
    assert.equal(res.headers.location, '/n%C3%A4ch?x=%20')
  })

  it('what was answered on the response directly, and nothing more', async () => {
    const res = await serve(Pages, 'direct').get('/')

    assert.equal(res.status, 418)
    assert.equal(res.text, 'by hand')
  })

  it.each([
    ['twice', 'DoubleRenderError: RAGE_CONTROLLER_DOUBLE_RENDER: Pages#twice'],
    ['empty', 'NothingToRenderError: RAGE_CONTROLLER_RENDER_OPTIONS'],
    ['cycle', 'UnserializableError: RAGE_CONTROLLER_UNSERIALIZABLE: Pages#cycle'],
  ])('refuses %s with a coded error', async (action, message) => {
    const res = await serve(Pages, action).get('/')

    assert.equal(res.status, 500)
    assert.ok(res.text.startsWith(message), res.text)
  })
})
