/** The words of the routes block, and the routes they draw: as Rails draws them. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import {
  BadResourceError,
  BadTargetError,
  MisplacedCallError,
  MissingActionError,
  UnknownVerbError,
} from '../../src/router'
import { drawn, lines } from './draw-support'

class Articles {
  index(): void {}
  show(): void {}
  create(): void {}
  update(): void {}
  destroy(): void {}
  new(): void {}
  edit(): void {}
  favorite(): void {}
  unfavorite(): void {}
  search(): void {}
  preview(): void {}
}

class Comments {
  index(): void {}
  destroy(): void {}
}

class Profile {
  show(): void {}
  update(): void {}
}

function handler(): void {}

describe('router: a verb', () => {
  it('draws a route of its method, at the line it was written', () => {
    const [route] = drawn((r) => r.get('/articles/:slug', [Articles, 'show']))

    assert.equal(route?.method, 'GET')
    assert.equal(route?.pattern, '/articles/:slug')
    assert.deepEqual(route?.target, [Articles, 'show'])
    assert.match(route?.source ?? '', /^test\/router\/mapper\.test\.ts:\d+$/)
  })

  it('exists for each common method', () => {
    const routes = drawn((r) => {
      r.get('a', handler)
      r.post('a', handler)
      r.put('a', handler)
      r.patch('a', handler)
      r.delete('a', handler)
      r.options('a', handler)
      r.head('a', handler)
    })

    assert.deepEqual(
      routes.map(({ method, pattern }) => `${method} ${pattern}`),
      ['GET /a', 'POST /a', 'PUT /a', 'PATCH /a', 'DELETE /a', 'OPTIONS /a', 'HEAD /a'],
    )
  })

  it('takes an action, a name of one, or a handler, and passes it on', () => {
    const routes = drawn((r) => {
      r.get('/a', [Articles, 'show'])
      r.get('/b', 'articles#show')
      r.get('/c', handler)
    })

    assert.deepEqual(
      routes.map(({ target }) => target),
      [[Articles, 'show'], 'articles#show', handler],
    )
  })

  it('names its route after the path, where that is a word', () => {
    const routes = drawn((r) => {
      r.get('/about-us/team', handler)
      r.get('/articles/:slug', handler)
      r.get('/a', handler, { as: 'first' })
      r.get('/b/:id', handler, { as: 'second' })
    })

    assert.deepEqual(
      routes.map(({ name }) => name),
      ['about_us_team', null, 'first', 'second'],
    )
  })

  const noTargets: readonly unknown[] = [
    undefined,
    null,
    'show',
    Articles,
    [Articles],
    ['Articles', 'show'],
    '#x',
    {},
  ]
  for (const target of noTargets) {
    it(`refuses as a target ${typeof target === 'function' ? 'a class' : JSON.stringify(target)}`, () => {
      assert.throws(() => drawn((r) => r.get('/a', target as () => void)), BadTargetError)
    })
  }
})

describe('router: match', () => {
  it('draws a route for each method in via', () => {
    const routes = drawn((r) => r.match('/search', handler, { via: ['get', 'POST', 'm-search'] }))

    assert.deepEqual(
      routes.map(({ method }) => method),
      ['GET', 'POST', 'M-SEARCH'],
    )
  })

  it('draws them all with via: all, HEAD being served by GET', () => {
    const routes = drawn((r) => r.match('/any', handler, { via: 'all' }))

    assert.deepEqual(
      routes.map(({ method }) => method),
      ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    )
  })

  it('refuses what is not a method, and names the nearest', () => {
    assert.throws(
      () => drawn((r) => r.match('/a', handler, { via: ['pst'] })),
      (error: unknown) =>
        error instanceof UnknownVerbError && /'pst' at test.*Did you mean "POST"/.test(error.message),
    )
    assert.throws(() => drawn((r) => r.match('/a', handler, { via: [] })), UnknownVerbError)
    assert.throws(() => drawn((r) => r.match('/a', handler, {} as { via: 'all' })), UnknownVerbError)
    assert.throws(() => drawn((r) => r.match('/a', handler, { via: ['connect'] })), UnknownVerbError)
  })
})

describe('router: resources', () => {
  it('draws the RESTful routes that the controller implements', () => {
    assert.deepEqual(lines(drawn((r) => r.resources('articles', Articles))), [
      'GET /articles Articles#index articles',
      'POST /articles Articles#create articles',
      'GET /articles/:id Articles#show article',
      'PATCH /articles/:id Articles#update article',
      'PUT /articles/:id Articles#update article',
      'DELETE /articles/:id Articles#destroy article',
    ])
    assert.deepEqual(lines(drawn((r) => r.resources('comments', Comments))), [
      'GET /comments Comments#index comments',
      'DELETE /comments/:id Comments#destroy comment',
    ])
  })

  it('draws the pages with forms only when asked', () => {
    const routes = drawn((r) => r.resources('articles', Articles, { formActions: true, except: ['update'] }))

    assert.deepEqual(lines(routes), [
      'GET /articles Articles#index articles',
      'POST /articles Articles#create articles',
      'GET /articles/new Articles#new new_article',
      'GET /articles/:id/edit Articles#edit edit_article',
      'GET /articles/:id Articles#show article',
      'DELETE /articles/:id Articles#destroy article',
    ])
  })

  it('draws exactly what only says, and fails when the controller lacks it', () => {
    assert.deepEqual(lines(drawn((r) => r.resources('articles', Articles, { only: ['show', 'new'] }))), [
      'GET /articles/new Articles#new new_article',
      'GET /articles/:id Articles#show article',
    ])
    assert.throws(
      () => drawn((r) => r.resources('comments', Comments, { only: ['index', 'show'] })),
      (error: unknown) =>
        error instanceof MissingActionError &&
        error.facts.controller === 'Comments' &&
        error.facts.action === 'show' &&
        error.facts.source.startsWith('test/router/mapper.test.ts:'),
    )
  })

  it('take another parameter, path, name and singular', () => {
    const routes = drawn((r) => {
      r.resources('articles', Articles, { only: ['show'], param: 'slug', path: 'posts' })
      r.resources('staff', Articles, { only: ['index', 'show'], singular: 'staff' })
      r.resources('data-points', Articles, { only: ['show'], as: 'points' })
    })

    assert.deepEqual(lines(routes), [
      'GET /posts/:slug Articles#show article',
      'GET /staff Articles#index staff_index',
      'GET /staff/:id Articles#show staff',
      'GET /data-points/:id Articles#show point',
    ])
  })

  it('nest, with the parameter of the parent carrying its name', () => {
    const routes = drawn((r) =>
      r.resources('articles', Articles, { only: [], param: 'slug' }, (r) => {
        r.resources('comments', Comments, { formActions: true })
        r.get('preview')
      }),
    )

    assert.deepEqual(lines(routes), [
      'GET /articles/:article_slug/comments Comments#index article_comments',
      'DELETE /articles/:article_slug/comments/:id Comments#destroy article_comment',
      'GET /articles/:article_slug/preview Articles#preview article_preview',
    ])
  })

  it('have member and collection routes, of the method named like the path or another', () => {
    const routes = drawn((r) =>
      r.resources('articles', Articles, { only: [], param: 'slug' }, (r) => {
        r.member((r) => {
          r.post('favorite')
          r.delete('favorite', 'unfavorite')
        })
        r.collection((r) => r.get('search'))
      }),
    )

    assert.deepEqual(lines(routes), [
      'POST /articles/:slug/favorite Articles#favorite favorite_article',
      'DELETE /articles/:slug/favorite Articles#unfavorite favorite_article',
      'GET /articles/search Articles#search search_articles',
    ])
  })

  it('take the name of a controller, for the runtime to resolve', () => {
    const routes = drawn((r) =>
      r.resources('articles', 'articles', (r) => r.member((r) => r.post('favorite'))),
    )

    assert.deepEqual(lines(routes), [
      'GET /articles articles#index articles',
      'GET /articles/:id articles#show article',
      'POST /articles/:id/favorite articles#favorite favorite_article',
    ])
  })

  it('refuse what they cannot use', () => {
    const refused = (draw: Parameters<typeof drawn>[0]): void =>
      assert.throws(() => drawn(draw), BadResourceError)

    refused((r) => r.resources('/articles', Articles))
    refused((r) => r.resources('articles', undefined as unknown as string))
    refused((r) => r.resources('articles', Articles, { param: ':slug' }))
    refused((r) => r.resources('articles', Articles, { excpet: ['show'] } as object))
    refused((r) => r.resources('articles', Articles, { only: ['shwo' as 'show'] }))
    refused((r) => r.resource('profile', Profile, { only: ['index'] }))
  })

  it('know member and collection only directly inside', () => {
    assert.throws(() => drawn((r) => r.member(() => {})), MisplacedCallError)
    assert.throws(
      () => drawn((r) => r.resources('articles', Articles, (r) => r.member((r) => r.collection(() => {})))),
      MisplacedCallError,
    )
  })
})

describe('router: resource', () => {
  it('is one thing: no index, no parameter', () => {
    const routes = drawn((r) => r.resource('profile', Profile, (r) => r.resources('comments', Comments)))

    assert.deepEqual(lines(routes), [
      'GET /profile Profile#show profile',
      'PATCH /profile Profile#update profile',
      'PUT /profile Profile#update profile',
      'GET /profile/comments Comments#index profile_comments',
      'DELETE /profile/comments/:id Comments#destroy profile_comment',
    ])
  })
})

describe('router: scopes', () => {
  it('of a namespace prefix paths, names and named controllers', () => {
    const routes = drawn((r) =>
      r.namespace('admin', (r) => {
        r.root('articles#index')
        r.resources('articles', 'articles')
        r.resources('comments', Comments, { only: ['destroy'] })
      }),
    )

    assert.deepEqual(lines(routes), [
      'GET /admin admin/articles#index admin_root',
      'GET /admin/articles admin/articles#index admin_articles',
      'DELETE /admin/comments/:id Comments#destroy admin_comment',
    ])
  })

  it('of a path prefix paths, and the rest when asked', () => {
    const routes = drawn((r) => {
      r.scope('/api', (r) => r.get('/status', handler))
      r.scope('/:tenant', { as: 'tenant', module: 'v2' }, (r) => r.get('/list', 'articles#index'))
    })

    assert.deepEqual(lines(routes.slice(1)), ['GET /:tenant/list v2/articles#index tenant_list'])
    assert.equal(routes[0]?.pattern, '/api/status')
  })

  it('of a controller let a target be the name of an action', () => {
    const routes = drawn((r) => r.controller(Articles, (r) => r.get('/popular', 'index')))

    assert.deepEqual(lines(routes), ['GET /popular Articles#index popular'])
  })

  it('of defaults add parameters to the routes inside', () => {
    const [inner, outer] = drawn((r) => {
      r.defaults({ format: 'json', page: '1' }, (r) => r.get('/a', handler, { defaults: { page: '2' } }))
      r.get('/b', handler)
    })

    assert.deepEqual(inner?.defaults, { format: 'json', page: '2' })
    assert.deepEqual(outer?.defaults, {})
  })
})

describe('router: root', () => {
  it('is GET of the path of its scope', () => {
    assert.deepEqual(lines(drawn((r) => r.root([Articles, 'index']))), ['GET / Articles#index root'])
  })
})
