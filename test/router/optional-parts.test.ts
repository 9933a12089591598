/** Patterns with optional parts stand for several patterns without. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import { BadPatternError } from '../../src/router'
import { withoutOptionalParts } from '../../src/router/optional-parts'
import { drawing, drawn, treeOf } from './draw-support'

const handler = (): void => {}

describe('router: optional parts', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['/orders', ['/orders']],
    ['/orders(/:page)', ['/orders/:page', '/orders']],
    ['/orders/:id(.:format)', ['/orders/:id.:format', '/orders/:id']],
    ['/a(/:b(/:c))', ['/a/:b/:c', '/a/:b', '/a']],
    ['/(:locale)/orders', ['/:locale/orders', '/orders']],
    ['/(:locale)', ['/:locale', '/']],
    ['/n/:id(\\d+)(/:page(\\d+))', ['/n/:id(\\d+)/:page(\\d+)', '/n/:id(\\d+)']],
    ['/n/:id((?:a|b)\\))', ['/n/:id((?:a|b)\\))']],
  ]
  for (const [pattern, variants] of cases) {
    it(`make of ${pattern} ${variants.length} patterns`, () => {
      assert.deepEqual(withoutOptionalParts(pattern, 'here:1'), variants)
    })
  }

  for (const pattern of ['/a(/b', '/a(/b)(/c)(/d)(/e)(/f)', '/a(/b))', '/a//b(/c)']) {
    it(`are refused in ${pattern}`, () => {
      assert.throws(() => drawn((r) => r.get(pattern, handler)), BadPatternError)
    })
  }

  it('match with and without', () => {
    const tree = treeOf((r) => r.get('/orders(/:page)', handler, { defaults: { page: '1' } }))

    assert.deepEqual({ ...tree.find('GET', '/orders')?.params }, { page: '1' })
    assert.deepEqual({ ...tree.find('GET', '/orders/3')?.params }, { page: '3' })
    assert.equal(tree.find('GET', '/orders/3/4'), null)
  })

  it('are filled in a path as far as parameters are given', () => {
    const draw = drawing()
    draw.draw((r) => r.get('/(:locale)/orders/:id(.:format)', handler, { as: 'order' }))

    assert.equal(draw.paths.pathFor('order', { id: 7 }), '/orders/7')
    assert.equal(draw.paths.pathFor('order', { id: 7, format: 'csv' }), '/orders/7.csv')
    assert.equal(draw.paths.pathFor('order', { id: 7, locale: 'de', page: 2 }), '/de/orders/7?page=2')
  })
})
