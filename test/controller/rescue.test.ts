import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Controller } from '../../src/controller'
import { NotAcceptableError } from '../../src/http'
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

class Api extends Controller {
  static {
    this.rescueAsProblems()
    this.rescueFrom(RangeError, (_error, controller) => controller.head('conflict'))
  }
  ours() {
    throw new NotAcceptableError({ offered: ['json'], wanted: 'png' })
  }
  theirs() {
    throw Object.assign(new Error('no such order'), { status: 404, expose: true })
  }
  internal() {
    throw Object.assign(new Error('table orders'), { status: 404 })
  }
  server() {
    throw Object.assign(new Error('secret'), { status: 503, expose: true })
  }
  known() {
    throw Object.assign(new RangeError('x'), { status: 400 })
  }
}

describe('controller: rescueAsProblems', () => {
  it.each([
    ['ours', { title: 'Not Acceptable', status: 406, code: 'RAGE_HTTP_NOT_ACCEPTABLE' }],
    ['theirs', { title: 'Not Found', status: 404, detail: 'no such order' }],
    ['internal', { title: 'Not Found', status: 404 }],
  ])('describes client errors of any library: %s', async (action, problem) => {
    const res = await serve(Api, action).get('/').buffer(true)

    assert.equal(res.status, problem.status)
    assert.equal(res.headers['content-type'], 'application/problem+json; charset=utf-8')
    assert.deepEqual(JSON.parse(res.text ?? res.body.toString()), problem)
  })

  it('leaves server errors to the app, and nearer rescues their errors', async () => {
    assert.equal((await serve(Api, 'server').get('/')).text, 'Error: secret')
    assert.equal((await serve(Api, 'known').get('/')).status, 409)
  })
})
