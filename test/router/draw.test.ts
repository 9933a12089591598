/** Drawing: in several callbacks, over targets that the runtime resolves. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import {
  BadPatternError,
  Draw,
  DuplicateRouteNameError,
  type Mapper,
  MisplacedCallError,
  type Route,
} from '../../src/router'
import { drawing } from './draw-support'

function handler(): void {}

describe('router: drawing', () => {
  it('hands each target to the runtime and returns what it made of it', () => {
    const asked: [unknown, Route][] = []
    const draw = new Draw<string>({
      resolve: (target, route) => {
        asked.push([target, route])
        return `compiled ${route.pattern}`
      },
      implementsAction: () => true,
    })

    const [first] = draw.draw((r) => r.get('/a', handler))

    assert.equal(first?.value, 'compiled /a')
    assert.deepEqual(asked, [[handler, first?.route]])
  })

  it('lets an error of the runtime pass', () => {
    const draw = new Draw({
      resolve: () => {
        throw new Error('no such controller')
      },
      implementsAction: () => true,
    })

    assert.throws(() => draw.draw((r) => r.get('/a', 'articles#index')), /no such controller/)
  })

  it('keeps the routes of all callbacks, in order', () => {
    const draw = drawing()

    draw.draw((r) => r.get('/a', handler))
    draw.draw((r) => r.get('/b', handler))

    assert.deepEqual(
      draw.routes.map(({ pattern }) => pattern),
      ['/a', '/b'],
    )
  })

  it('has ended when the callback returns', () => {
    let kept: Mapper | undefined
    drawing().draw((r) => {
      kept = r
    })

    assert.throws(() => kept?.get('/late', handler), MisplacedCallError)
  })

  it('refuses a bad pattern at the line it was written', () => {
    assert.throws(
      () => drawing().draw((r) => r.get('/:id?', handler)),
      (error: unknown) =>
        error instanceof BadPatternError && /^test\/router\/draw\.test\.ts:\d+$/.test(error.facts.source),
    )
  })

  it('refuses a name given to two paths, and gives up a name made from a path', () => {
    assert.throws(
      () =>
        drawing().draw((r) => {
          r.get('/a', handler, { as: 'same' })
          r.get('/b', handler, { as: 'same' })
        }),
      DuplicateRouteNameError,
    )
    const [, second] = drawing().draw((r) => {
      r.get('/a', handler, { as: 'b' })
      r.get('/b', handler)
    })
    assert.equal(second?.route.name, null)
  })
})
