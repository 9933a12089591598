/** Handlers that take everything below a path. */
import assert from 'node:assert'
import express from 'express'
import express4 from 'express4'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { BadMountError, type Mapper, MisplacedCallError } from '../../src/router'
import { drawn, treeOf } from './draw-support'

const handler = (): void => {}

interface Stack {
  readonly stack: readonly { match(path: string): unknown }[]
}

describe('router: a mount', () => {
  it('meets its path and what lies below, with every method, behind all routes', () => {
    const tree = treeOf((r) => {
      r.get('/a', handler)
      r.mount('/Admin/', handler)
      r.mount('/t/:tenant', handler)
    })

    assert.equal(tree.find('GET', '/admin')?.prefix, '/admin')
    assert.equal(tree.find('DELETE', '/ADMIN/x/y')?.prefix, '/ADMIN')
    assert.equal(tree.find('GET', '/admin//x')?.prefix, '/admin')
    assert.equal(tree.find('GET', '/administrator'), null)
    assert.equal(tree.find('GET', '/%61dmin'), null)
    assert.deepEqual({ ...tree.find('GET', '/t/a%20b/x')?.params }, { tenant: 'a b' })
    assert.equal(tree.find('GET', '/t/%zz')?.malformed?.param, 'tenant')
    assert.equal(tree.find('GET', '/a')?.prefix, undefined)
    assert.equal(tree.matches('/admin/x'), true)
  })

  it('can ask for more than a path', () => {
    const tree = treeOf((r) => r.mount('/admin', handler, { constraints: { host: 'a.test' } }))

    assert.equal(tree.find('GET', '/admin', { headers: { host: 'b.test' } } as never), null)
    assert.notEqual(tree.find('GET', '/admin', { headers: { host: 'a.test' } } as never), null)
  })

  const paths = fc
    .array(
      fc.constantFrom(
        '/',
        'admin',
        'ADMIN',
        '%61dmin',
        'x',
        '..',
        '.',
        ';v=1',
        '%2F',
        '%',
        '\u00a0',
        'panel',
      ),
      {
        maxLength: 6,
      },
    )
    .map((pieces) => `/${pieces.join('')}`)

  for (const [major, framework] of [
    ['4', express4],
    ['5', express],
  ] as const) {
    it(`meets no path that app.use of Express ${major} would not`, () => {
      const tree = treeOf((r) => r.mount('/admin', handler))
      const router = framework.Router().use('/admin', handler) as unknown as Stack

      fc.assert(
        fc.property(paths, (path) => {
          if (tree.find('GET', path) !== null) assert.ok(router.stack[0]!.match(path), path)
        }),
      )
    })
  }

  const wrong: readonly (readonly [string, (r: Mapper) => void])[] = [
    [
      'over a route drawn before',
      (r) => {
        r.get('/admin/x', handler)
        r.mount('/admin', handler)
      },
    ],
    [
      'over a route drawn after',
      (r) => {
        r.mount('/admin', handler)
        r.get('/ADMIN/:id', handler)
      },
    ],
    [
      'in one place with another',
      (r) => {
        r.mount('/admin', handler)
        r.mount('/admin', handler)
      },
    ],
    ['with a wildcard', (r) => r.mount('/admin/*rest', handler)],
    ['of no handler', (r) => r.mount('/admin', {} as never)],
  ]
  for (const [what, draw] of wrong) {
    it(`is refused ${what}`, () => {
      assert.throws(
        () => treeOf(draw),
        (error: unknown) => error instanceof BadMountError && /mount-table\.test\.ts:\d+/.test(error.message),
      )
    })
  }

  it('is refused after drawing has ended', () => {
    let kept: Mapper | undefined
    drawn((r) => {
      kept = r
    })

    assert.throws(() => kept!.mount('/admin', handler), MisplacedCallError)
  })
})

describe('router: the prefixes of owned routes', () => {
  it('are the text that routes begin with', () => {
    const tree = treeOf((r) => {
      r.root(handler)
      r.get('/:page', handler)
      r.get('/orders/:id/lines', handler)
      r.get('/api/v1/users', handler)
      r.get('/v:major.:minor/x', handler)
    })

    assert.deepEqual(
      ['/orders', '/ORDERS/', '/orders/7/x', '/api/v1/users/7'].map((path) => tree.ownsPrefix(path)),
      [true, true, true, true],
    )
    assert.deepEqual(
      ['/', '/about', '/ordersx', '/api', '/api/v1', '/api/v1/teams', '/v1.2/y'].map((path) =>
        tree.ownsPrefix(path),
      ),
      [false, false, false, false, false, false, false],
    )
  })
})
