/** The route list as `rage routes` shows it. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import { formatRoutes, routeTable } from '../../src/router'
import { drawn } from './draw-support'

class Articles {
  show(): void {}
}

function health(): void {}

describe('router: the route table', () => {
  it('has a row per route with its method, path, target, name and place', () => {
    const routes = drawn((r) => {
      r.get('/articles/:id', [Articles, 'show'], { as: 'article' })
      r.post('/articles', 'articles#create')
      r.get('/health', health)
      r.get('/x/:y', () => {})
    })

    const rows = routeTable(routes)

    assert.deepEqual(
      rows.map(({ method, pattern, target, name }) => [method, pattern, target, name]),
      [
        ['GET', '/articles/:id', 'Articles#show', 'article'],
        ['POST', '/articles', 'articles#create', 'articles'],
        ['GET', '/health', 'health', 'health'],
        ['GET', '/x/:y', '(handler)', null],
      ],
    )
    assert.match(rows[0]!.source, /^test\/router\/table\.test\.ts:\d+$/)
  })

  it('counts middlewares, lists constraints, and has one row for all variants of a pattern', () => {
    const routes = drawn((r) => {
      r.use(health)
      r.get('/a/:id(/:page)', [Articles, 'show'], {
        constraints: { id: /\d+/, host: 'a.example', headers: { 'X-Version': /^2/ } },
      })
      r.mount('/jobs', [health][0]!)
    })

    assert.deepEqual(
      routeTable(routes).map(({ method, pattern, constraints, middlewares }) => [
        method,
        pattern,
        constraints,
        middlewares,
      ]),
      [
        ['GET', '/a/:id(/:page)', [':id /\\d+/', "host: 'a.example'", 'header x-version: /^2/'], 1],
        ['*', '/jobs', [], 1],
      ],
    )
  })

  it('is text in columns', () => {
    const rows = routeTable(
      drawn((r) => {
        r.get('/articles/:id', [Articles, 'show'], { as: 'article' })
        r.post('/articles', [health, 'articles#create'])
      }),
    ).map((row) => ({ ...row, source: 'routes.js:1' }))

    assert.equal(
      formatRoutes(rows),
      [
        '    Name  Verb  Pattern        Target                Source',
        ' article  GET   /articles/:id  Articles#show         routes.js:1',
        'articles  POST  /articles      (+1) articles#create  routes.js:1',
        '',
      ].join('\n'),
    )
  })
})
