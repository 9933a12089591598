import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Controller } from '../../src/controller'
import { serve } from './support/serve'

class Orders extends Controller {
  static {
    this.wrapParameters('order')
  }
  create() {
    return this.params
  }
}
class Included extends Orders {
  static {
    this.wrapParameters('order', { include: ['sku'], format: ['json', 'url_encoded_form'] })
  }
}
class Excluded extends Orders {
  static {
    this.wrapParameters('item', { exclude: 'admin' })
  }
}
class Off extends Orders {
  static {
    this.wrapParameters(false)
  }
}

describe('controller: wrapParameters', () => {
  it('repeats the members of a JSON body under the name; path and query stay outside', async () => {
    const res = await serve(Orders, 'create', { id: '7' }).post('/?page=1').send({ sku: 'a', id: 'evil' })

    assert.deepEqual(res.body, { page: '1', sku: 'a', id: '7', order: { sku: 'a', id: 'evil' } })
  })

  it('leaves a name the client sent, forms, arrays and requests without a body', async () => {
    const own = await serve(Orders, 'create')
      .post('/')
      .send({ order: { sku: 'b' }, sku: 'a' })
    const form = await serve(Orders, 'create').post('/').type('form').send({ sku: 'a' })
    const list = await serve(Orders, 'create').post('/').send([1])

    assert.deepEqual(own.body, { order: { sku: 'b' }, sku: 'a' })
    assert.deepEqual(form.body, { sku: 'a' })
    assert.deepEqual(list.body, { _json: [1] })
    assert.deepEqual((await serve(Orders, 'create').get('/')).body, {})
  })

  it('takes include, exclude and format', async () => {
    const body = { sku: 'a', admin: true }
    const form = await serve(Included, 'create').post('/').type('form').send({ sku: 'a', admin: '1' })

    assert.deepEqual((await serve(Included, 'create').post('/').send(body)).body.order, { sku: 'a' })
    assert.deepEqual((await serve(Excluded, 'create').post('/').send(body)).body.item, { sku: 'a' })
    assert.deepEqual(form.body.order, { sku: 'a' })
  })

  it('is inherited, and taken back by false', async () => {
    class Child extends Orders {}

    assert.deepEqual((await serve(Child, 'create').post('/').send({ a: 1 })).body, { a: 1, order: { a: 1 } })
    assert.deepEqual((await serve(Off, 'create').post('/').send({ a: 1 })).body, { a: 1 })
  })
})
