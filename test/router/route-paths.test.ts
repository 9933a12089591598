/** The declaration of route names that the compiler checks `rage.path` against. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import { routeTypes } from '../../src/router'
import { drawing } from './draw-support'

describe('router: the types of routes', () => {
  it('declare each name with its parameters, optional ones as such', () => {
    const draw = drawing()
    draw.draw((r) => {
      r.root(() => {})
      r.get('/orders/:id(.:format)', () => {}, { as: 'order' })
      r.get('/files/*path', () => {}, { as: 'file' })
    })

    assert.equal(
      routeTypes(draw.paths),
      `// Written by rage.routeTypes(): the names of the routes and their parameters.
import 'rage-js'

declare module 'rage-js' {
  interface RoutePaths {
    root: object
    order: { id: string | number; format?: string | number }
    file: { path: string | number }
  }
}
`,
    )
  })
})
