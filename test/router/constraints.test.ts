/** What a route asks of a request besides method and path. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import {
  BadConstraintError,
  BadPatternError,
  ConstraintFailedError,
  type ConstraintRequest,
  type Constraints,
  DuplicateRouteError,
} from '../../src/router'
import { drawn, treeOf } from './draw-support'

const handler = (): void => {}

/** As much of a request as constraints look at. */
function request(headers: Record<string, string>, members: object = {}): ConstraintRequest {
  return { headers, ...members } as unknown as ConstraintRequest
}

function meets(constraints: Constraints, given: ConstraintRequest): boolean {
  const tree = treeOf((r) => r.get('/a', handler, { constraints }))
  return tree.find('GET', '/a', given) !== null
}

describe('router: a constraint', () => {
  const api = request({ host: 'API.example.com:8080', 'x-version': '2.1' })

  it('compares the host without port, in lower case', () => {
    assert.equal(meets({ host: 'api.example.com' }, api), true)
    assert.equal(meets({ host: 'API.Example.com' }, api), true)
    assert.equal(meets({ host: /^api\./ }, api), true)
    assert.equal(meets({ host: 'example.com' }, api), false)
    assert.equal(meets({ host: 'api.example.com' }, request({})), false)
    assert.equal(meets({ host: '[::1]' }, request({ host: '[::1]:3000' })), true)
  })

  it('takes the host that Express trusts, where there is one', () => {
    const proxied = request({ host: 'inner' }, { hostname: 'api.example.com' })

    assert.equal(meets({ host: 'api.example.com' }, proxied), true)
    assert.equal(meets({ host: 'inner' }, proxied), false)
  })

  it('compares the subdomain: what is in front of the last two labels', () => {
    assert.equal(meets({ subdomain: 'api' }, api), true)
    assert.equal(meets({ subdomain: 'a.b' }, request({ host: 'a.b.example.com' })), true)
    assert.equal(meets({ subdomain: '' }, request({ host: 'example.com' })), true)
    assert.equal(meets({ subdomain: '' }, request({ host: '10.0.0.1' })), true)
    assert.equal(meets({ subdomain: '10.0' }, request({ host: '10.0.0.1' })), false)
  })

  it('compares headers, each of which has to be there', () => {
    assert.equal(meets({ headers: { 'X-Version': '2.1' } }, api), true)
    assert.equal(meets({ headers: { 'x-version': /^2\./ } }, api), true)
    assert.equal(meets({ headers: { 'x-version': /^3\./ } }, api), false)
    assert.equal(meets({ headers: { 'x-version': /^2\./, 'x-beta': /./ } }, api), false)
    assert.equal(meets({ headers: { 'x-beta': /^/ } }, api), false)
    assert.equal(meets({ headers: { host: 'API.example.com:8080' } }, api), true)
  })

  it('is a function of the request', () => {
    assert.equal(
      meets((given) => given.headers['x-version'] === '2.1', api),
      true,
    )
    assert.equal(meets({ request: (given) => given.headers['x-version'] === '3' }, api), false)
  })

  it('says what a parameter may be, in the raw path', () => {
    const tree = treeOf((r) => r.get('/a/:id', handler, { constraints: { id: /\d+/ } }))

    assert.deepEqual({ ...tree.find('GET', '/a/42')?.params }, { id: '42' })
    assert.equal(tree.find('GET', '/a/42x'), null)
    assert.equal(tree.find('GET', '/a/4%32'), null)
  })

  it('is not met without a request', () => {
    const tree = treeOf((r) => r.get('/a', handler, { constraints: () => true }))

    assert.equal(tree.find('GET', '/a'), null)
  })

  it('is left aside where the question is whether a path could be ours', () => {
    const tree = treeOf((r) => r.get('/a', handler, { constraints: () => false }))

    assert.equal(tree.matches('/a'), true)
    assert.equal(tree.find('GET', '/a', api), null)
    assert.deepEqual(tree.allowedMethods('/a', api), [])
  })

  const failing: readonly (readonly [string, () => boolean])[] = [
    [
      'throws',
      () => {
        throw new Error('no database')
      },
    ],
    ['answers with a promise', (async () => true) as unknown as () => boolean],
  ]
  for (const [what, check] of failing) {
    it(`that ${what} gives the request an error, and no other route`, () => {
      const tree = treeOf((r) => {
        r.get('/a', handler, { constraints: check })
        r.get('/a', handler)
        r.get('/:any', handler)
      })

      const match = tree.find('GET', '/a', api)

      assert.ok(match?.failure instanceof ConstraintFailedError)
      assert.equal(match.failure.facts.pattern, '/a')
      assert.match(match.failure.facts.source, /constraints\.test\.ts:\d+$/)
    })
  }
})

describe('router: constraints that are refused', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['a text', 'api'],
    ['a host that is a number', { host: 7 }],
    ['an empty host', { host: '' }],
    ['a misspelt name', { subdomian: 'api' }],
    ['an expression with a memory', { host: /a/g }],
    ['a check that is no function', { request: true }],
    ['headers that are a text', { headers: 'x-version' }],
    ['a parameter that the route does not have', { ids: /\d+/ }],
    ['flags of a parameter', { id: /[a-z]/i }],
  ]
  for (const [what, constraints] of cases) {
    it(`are ${what}`, () => {
      assert.throws(
        () => drawn((r) => r.get('/a/:id', handler, { constraints: constraints as Constraints })),
        (error: unknown) =>
          error instanceof BadConstraintError && /constraints\.test\.ts:\d+/.test(error.message),
      )
    })
  }

  it('are anchors, as a parameter is always matched whole', () => {
    assert.throws(
      () => drawn((r) => r.get('/a/:id', handler, { constraints: { id: /^\d+$/ } })),
      BadPatternError,
    )
  })

  it('are parameters that no route of a block has', () => {
    assert.throws(
      () => drawn((r) => r.constraints({ ids: /\d+/ }, (r) => r.get('/a/:id', handler))),
      BadConstraintError,
    )
  })
})

describe('router: constraints of blocks', () => {
  it('add up, from outside to inside', () => {
    const routes = drawn((r) => {
      r.constraints({ subdomain: 'api', id: /\d+/ }, (r) => {
        r.scope('/v2', { constraints: { headers: { 'x-version': '2' } } }, (r) => {
          r.get('/a/:id', handler, { constraints: { host: 'api.example.com' } })
        })
        r.get('/b', handler)
      })
      r.get('/c', handler)
    })

    assert.deepEqual(
      routes.map(({ pattern, conditions }) => [pattern, conditions.map(({ text }) => text)]),
      [
        ['/v2/a/:id', ["subdomain: 'api'", "header x-version: '2'", "host: 'api.example.com'"]],
        ['/b', ["subdomain: 'api'"]],
        ['/c', []],
      ],
    )
  })

  it('of resources hold for members and, under the longer name, for what is nested', () => {
    class Orders {
      index(): void {}
      show(): void {}
    }
    const tree = treeOf((r) =>
      r.resources('orders', Orders, { constraints: { id: /\d+/ } }, (r) => r.get('lines', handler)),
    )

    assert.notEqual(tree.find('GET', '/orders'), null)
    assert.notEqual(tree.find('GET', '/orders/7'), null)
    assert.equal(tree.find('GET', '/orders/x'), null)
    assert.deepEqual({ ...tree.find('GET', '/orders/7/lines')?.params }, { order_id: '7' })
    assert.equal(tree.find('GET', '/orders/x/lines'), null)
  })
})

describe('router: routes of one place with different constraints', () => {
  const tree = treeOf((r) => {
    r.get('/a/:id', handler, { constraints: { host: 'one.test' }, defaults: { by: 'one' } })
    r.get('/a/:slug', handler, { constraints: { host: /test$/ }, defaults: { by: 'any' } })
    r.get('/a/:key', handler, { defaults: { by: 'none' } })
    r.get('/b/fixed', handler, { constraints: { host: 'one.test' }, defaults: { by: 'text' } })
    r.get('/b/:free', handler, { defaults: { by: 'parameter' } })
    r.get('/b/*rest', handler, { defaults: { by: 'wildcard' } })
  })
  const params = (path: string, host: string): object => ({
    ...tree.find('GET', path, request({ host }))?.params,
  })

  it('are tried in the order they were drawn, each with its own parameters', () => {
    assert.deepEqual(params('/a/x', 'one.test'), { by: 'one', id: 'x' })
    assert.deepEqual(params('/a/x', 'two.test'), { by: 'any', slug: 'x' })
    assert.deepEqual(params('/a/x', 'elsewhere'), { by: 'none', key: 'x' })
  })

  it('leave a request that passes none to less specific routes', () => {
    assert.deepEqual(params('/b/fixed', 'one.test'), { by: 'text' })
    assert.deepEqual(params('/b/fixed', 'two.test'), { by: 'parameter', free: 'fixed' })
  })

  const unreachable: readonly (readonly [string, Constraints | undefined, Constraints | undefined])[] = [
    ['without constraints, in front of one with them', undefined, { host: 'a.test' }],
    ['with the same constraints', { host: 'a.test' }, { host: 'a.test' }],
    ['with fewer constraints, in front', { host: 'a.test' }, { host: 'a.test', subdomain: 'b' }],
  ]
  for (const [what, first, second] of unreachable) {
    it(`are refused where the second could not be reached: ${what}`, () => {
      const options = (constraints: Constraints | undefined): object => (constraints ? { constraints } : {})
      assert.throws(
        () =>
          treeOf((r) => {
            r.get('/a/:id', handler, options(first))
            r.get('/a/:slug', handler, options(second))
          }),
        DuplicateRouteError,
      )
    })
  }
})
