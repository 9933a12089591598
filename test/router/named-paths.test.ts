/** Paths from names: what comes out is what the route would match again. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import { BadPathParamError, UnknownRouteNameError } from '../../src/router'
import { drawing } from './draw-support'

const draw = drawing()
draw.draw((r) => {
  r.root(() => {})
  r.get('/articles/:slug', () => {}, { as: 'article' })
  r.get('/n/:id(\\d+)', () => {}, { as: 'number' })
  r.get('/files/*path', () => {}, { as: 'file' })
  r.get('/v:major.:minor', () => {}, { as: 'version' })
})
const { paths } = draw

describe('router: the path of a name', () => {
  it('has the parameters in it, encoded', () => {
    assert.equal(paths.pathFor('root'), '/')
    assert.equal(paths.pathFor('article', { slug: 'a/b c?é%' }), '/articles/a%2Fb%20c%3F%C3%A9%25')
    assert.equal(paths.pathFor('number', { id: 42 }), '/n/42')
    assert.equal(paths.pathFor('version', { major: 1, minor: 2 }), '/v1.2')
  })

  it('keeps the slashes of a wildcard', () => {
    assert.equal(paths.pathFor('file', { path: 'a b/c#d' }), '/files/a%20b/c%23d')
  })

  it('has what is left over as its query', () => {
    assert.equal(paths.pathFor('article', { slug: 'a', page: 2, q: 'x y' }), '/articles/a?page=2&q=x+y')
  })

  const unusable: readonly unknown[] = [undefined, null, '', '.', '..', Number.NaN, { a: 1 }]
  for (const slug of unusable) {
    it(`is refused with ${JSON.stringify(slug) ?? 'nothing'} for a parameter`, () => {
      assert.throws(() => paths.pathFor('article', { slug: slug as string }), BadPathParamError)
    })
  }

  it('is refused with a value the route would not match', () => {
    assert.throws(() => paths.pathFor('number', { id: 'x' }), BadPathParamError)
    assert.throws(() => paths.pathFor('file', { path: 'a/../b' }), BadPathParamError)
  })

  it('is refused for a name nobody has, with the nearest', () => {
    assert.throws(
      () => paths.pathFor('artcle', { slug: 'a' }),
      (error: unknown) =>
        error instanceof UnknownRouteNameError && /Did you mean "article"/.test(error.message),
    )
    assert.throws(() => paths.pathFor('toString'), UnknownRouteNameError)
  })
})
