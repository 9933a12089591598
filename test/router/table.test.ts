/** The route list as `rage routes` shows it. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import { routeTable } from '../../src/router'
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
})
