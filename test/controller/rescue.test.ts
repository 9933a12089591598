import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Controller } from '../../src/controller'
import { serve } from './support/serve'

class NotFound extends Error {}
class OrderNotFound extends NotFound {}

class Base extends Controller {
  static {
    this.rescueFrom([NotFound, TypeError], 'missing')
  }
  missing(error: Error) {
    this.render({ text: `base: ${error.message}`, status: 404 })
  }
}

class Orders extends Base {
  static {
    this.rescueFrom(OrderNotFound, () => ({ own: true }))
    this.rescueFrom(RangeError, () => {
      throw new SyntaxError('from the handler')
    })
  }
  known() {
    throw new OrderNotFound('order')
  }
  async inherited() {
    throw new NotFound('page')
  }
  afterRender() {
    this.render({ text: 'half' })
    throw new TypeError('late')
  }
  failing() {
    throw new RangeError('x')
  }
  foreign() {
    throw new EvalError('nobody')
  }
}

describe('controller: rescueFrom', () => {
  it('prefers the nearest declaration; a returned value is rendered', async () => {
    const res = await serve(Orders, 'known').get('/')

    assert.deepEqual(res.body, { own: true })
  })

  it('is inherited and catches rejections', async () => {
    const res = await serve(Orders, 'inherited').get('/')

    assert.equal(res.status, 404)
    assert.equal(res.text, 'base: page')
  })

  it('replaces what the action had rendered before it failed', async () => {
    const res = await serve(Orders, 'afterRender').get('/')

    assert.equal(res.text, 'base: late')
  })

  it('lets pass what its handler throws, and what nobody rescues', async () => {
    assert.equal((await serve(Orders, 'failing').get('/')).text, 'SyntaxError: from the handler')
    assert.equal((await serve(Orders, 'foreign').get('/')).text, 'EvalError: nobody')
  })
})
