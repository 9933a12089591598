import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { type ConcreteController, Controller, compilePlan } from '../../src/controller'

const compile = (type: unknown) => compilePlan(type as ConcreteController, 'show', 'test')

class Orders extends Controller {
  show() {}
}

describe('controller: methods named like those of Controller', () => {
  it.each(
    Object.getOwnPropertyNames(Controller.prototype).filter(
      (name) => !['constructor', 'appendInfoToPayload'].includes(name),
    ),
  )('are refused when the action is compiled: %s', (name) => {
    class Shop extends Orders {}
    Object.defineProperty(Shop.prototype, name, { value() {} })

    assert.throws(() => compile(Shop), {
      code: 'RAGE_CONTROLLER_RESERVED_METHOD',
      message: new RegExp(`Shop defines "${name}"`),
    })
  })

  it('are refused as getters, as what instances hide, and in a base class, which is named', () => {
    class Base extends Controller {
      // @ts-expect-error: what is written in JavaScript
      get params() {
        return {}
      }
    }
    class Shop extends Base {
      show() {}
    }
    class Hidden extends Orders {}
    Object.defineProperty(Hidden.prototype, 'req', { value() {} })

    assert.throws(() => compile(Shop), { facts: { controller: 'Base', method: 'params' } })
    assert.throws(() => compile(Hidden), { facts: { controller: 'Hidden', method: 'req' } })
  })

  it('are taken where they are hooks, or names of objects in general', () => {
    class Shop extends Orders {
      override appendInfoToPayload() {}
      override toString() {
        return 'shop'
      }
      renderOrder() {}
      get order() {
        return 7
      }
    }

    assert.equal(compile(Shop).action, 'show')
  })
})
