import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Controller, Renderers } from '../../src/controller'
import { serve } from './support/serve'

const renderers = new Renderers()
renderers.add('csv', (rows) => ({ body: (rows as string[]).join(','), contentType: 'text/csv' }))

class Orders extends Controller {
  index() {
    this.respondTo({
      json: () => ['a', 'b'],
      html: () => '<p>a</p>',
      csv: () => ['a', 'b'],
      'application/vnd.api+json': () => ({ data: [] }),
    })
  }
  later() {
    return this.respondTo({ json: async () => ({ later: true }) })
  }
  any() {
    this.respondTo({ html: () => '<p>', any: () => this.head('no_content') })
  }
}

const ask = (accept: string | null, params = {}) => {
  const request = serve(Orders, 'index', params, { renderers }).get('/')
  return accept === null ? request.unset('Accept') : request.set('Accept', accept)
}

describe('controller: respondTo', () => {
  it.each([
    [null, 'application/json'],
    ['*/*', 'application/json'],
    ['text/*', 'text/html'],
    ['text/csv', 'text/csv'],
    ['application/json;q=0.5, text/csv', 'text/csv'],
    ['text/html;q=0, text/*', 'text/csv'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['application/vnd.api+json', 'application/vnd.api+json'],
  ])('chooses for Accept: %s', async (accept, type) => {
    const res = await ask(accept)

    assert.equal(res.status, 200)
    assert.equal(res.headers['content-type']!.split(';')[0], type)
    assert.equal(res.headers.vary, 'Accept')
  })

  it('answers 406 when nothing is acceptable, varying as well', async () => {
    const res = await ask('image/png')

    assert.equal(res.status, 406)
    assert.match(res.text, /RAGE_HTTP_NOT_ACCEPTABLE/)
    assert.equal(res.headers.vary, 'Accept')
  })

  it('follows the extension of the path, whatever Accept says', async () => {
    const csv = await ask('application/json', { format: 'csv' })

    assert.equal(csv.text, 'a,b')
    assert.equal(csv.headers.vary, undefined)
    assert.equal((await ask('*/*', { format: 'pdf' })).status, 406)
  })

  it('does not take a field of the query for the extension', async () => {
    const res = await serve(Orders, 'index', {}, { renderers })
      .get('/?format=csv')
      .set('Accept', 'application/json')

    assert.deepEqual(res.body, ['a', 'b'])
  })

  it('renders what an async answer resolves to, and runs `any` for the rest', async () => {
    assert.deepEqual((await serve(Orders, 'later').get('/')).body, { later: true })
    assert.equal((await serve(Orders, 'any').get('/').set('Accept', 'image/png')).status, 204)
  })
})
