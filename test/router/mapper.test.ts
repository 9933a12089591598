/** The words of the routes block, and the routes they draw: as Rails draws them. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import {
  BadConcernError,
  BadMiddlewareError,
  BadResourceError,
  BadTargetError,
  type Mapper,
  MisplacedCallError,
  MissingActionError,
  UnknownRouteOptionError,
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

/** Middlewares in front, target, and error handlers behind, by name. */
function chains(routes: ReturnType<typeof drawn>): string[] {
  return routes.map(({ pattern, middlewares, target, errorHandlers }) => {
    const shown = Array.isArray(target) ? `${target[0].name}#${target[1]}` : (target as { name: string }).name
    return `${pattern}: ${[...middlewares.map(({ name }) => name), shown, ...errorHandlers.map(({ name }) => name)].join(' ')}`
  })
}

function first(): void {}
function second(): void {}
function failed(_error: unknown, _req: unknown, _res: unknown, _next: unknown): void {}

describe('router: use', () => {
  it('puts middleware in front of what is drawn after it, in its block and those within', () => {
    const routes = drawn((r) => {
      r.get('/a', handler)
      r.use(first)
      r.namespace('admin', (r) => {
        r.get('/b', handler)
        r.use([second, [first]] as never)
        r.resources('articles', Articles, { only: ['show'] }, (r) => {
          r.use(second)
          r.member((r) => r.get('preview'))
        })
      })
      r.get('/c', handler)
    })

    assert.deepEqual(chains(routes), [
      '/a: handler',
      '/admin/b: first handler',
      '/admin/articles/:id: first second first Articles#show',
      '/admin/articles/:id/preview: first second first second Articles#preview',
      '/c: first handler',
    ])
  })

  it('puts what takes errors behind what was drawn before it in its block', () => {
    const routes = drawn((r) => {
      r.get('/a', handler)
      r.scope('/x', (r) => {
        r.use(first)
        r.get('/b', handler)
        r.use(failed)
        r.get('/c', handler)
      })
    })

    assert.deepEqual(chains(routes), [
      '/a: handler',
      '/x/b: first handler failed',
      '/x/c: first failed handler',
    ])
  })

  for (const given of [undefined, 'helmet', {}, [first, null], Articles]) {
    it(`refuses ${typeof given === 'function' ? 'a class' : JSON.stringify(given)}`, () => {
      assert.throws(
        () => drawn((r) => r.use(given as never)),
        (error: unknown) => error instanceof BadMiddlewareError && /mapper\.test\.ts:\d+/.test(error.message),
      )
    })
  }

  it('refuses a call without any', () => {
    assert.throws(() => drawn((r) => r.use()), BadMiddlewareError)
  })
})

describe('router: a list as target', () => {
  it('is middleware with a handler or an action at its end, and error handlers behind', () => {
    const routes = drawn((r) => {
      r.get('/a', [first, [second], handler] as never)
      r.get('/b', [first, [Articles, 'show']])
      r.get('/c', [first, handler, failed])
      r.get('/d', [first, failed, handler])
      r.get('/e', [handler])
      r.controller(Articles, (r) => r.get('/f', [first, second, 'show'] as never))
    })

    assert.deepEqual(chains(routes), [
      '/a: first second handler',
      '/b: first Articles#show',
      '/c: first handler failed',
      '/d: first failed handler',
      '/e: handler',
      '/f: first second Articles#show',
    ])
    assert.equal(drawn((r) => r.get('/a', [first, 'articles#show']))[0]?.target, 'articles#show')
  })

  for (const [what, target] of [
    ['nothing', []],
    ['only what takes errors', [failed]],
    ['a class', [first, Articles]],
    ['no function in front', ['x', handler]],
  ] as const) {
    it(`is refused with ${what}`, () => {
      assert.throws(() => drawn((r) => r.get('/a', target as never)), BadTargetError)
    })
  }
})

describe('router: concerns', () => {
  it('are drawn in each place that names them', () => {
    const routes = drawn((r) => {
      r.concern('commentable', (r) => r.resources('comments', Comments, { only: ['index'] }))
      r.concern('previewable', (r) => r.member((r) => r.get('preview')))
      r.resources('articles', Articles, { only: [], concerns: ['commentable', 'previewable'] })
      r.scope('/v2', (r) => r.concerns('commentable'))
      r.concern('guarded', (r) => {
        r.use(first)
        r.get('/inside', handler)
      })
      r.concerns('guarded')
      r.get('/outside', handler)
    })

    assert.deepEqual(chains(routes.slice(3)), ['/inside: first handler', '/outside: handler'])

    assert.deepEqual(lines(routes.slice(0, 3)), [
      'GET /articles/:article_id/comments Comments#index article_comments',
      'GET /articles/:id/preview Articles#preview preview_article',
      'GET /v2/comments Comments#index comments',
    ])
  })

  it('are refused where they are unknown or defined twice', () => {
    assert.throws(
      () =>
        drawn((r) => {
          r.concern('commentable', () => {})
          r.concerns('comentable')
        }),
      (error: unknown) =>
        error instanceof BadConcernError && /Did you mean "commentable"/.test(error.message),
    )
    assert.throws(
      () =>
        drawn((r) => {
          r.concern('a', () => {})
          r.concern('a', () => {})
        }),
      BadConcernError,
    )
  })
})

describe('router: shallow resources', () => {
  it('keep the collection nested, and put members at the path of the scope', () => {
    const routes = drawn((r) => {
      r.namespace('blog', (r) => {
        r.resources('articles', Articles, { only: ['show'], shallow: true }, (r) => {
          r.resources('comments', Comments, { only: ['index', 'destroy'] }, (r) => {
            r.resources('replies', Comments, { only: ['index', 'destroy'] })
          })
        })
      })
    })

    assert.deepEqual(lines(routes), [
      'GET /blog/articles/:id Articles#show blog_article',
      'GET /blog/articles/:article_id/comments Comments#index blog_article_comments',
      'DELETE /blog/comments/:id Comments#destroy blog_comment',
      'GET /blog/comments/:comment_id/replies Comments#index blog_comment_replies',
      'DELETE /blog/replies/:id Comments#destroy blog_reply',
    ])
  })

  it('can be one resource, or all of a block', () => {
    const only = { only: ['destroy'] } as const
    const one = drawn((r) =>
      r.resources('articles', Articles, { only: [] }, (r) =>
        r.resources('comments', Comments, { ...only, shallow: true }),
      ),
    )
    const block = drawn((r) =>
      r.shallow((r) =>
        r.resources('articles', Articles, { only: [] }, (r) => r.resources('comments', Comments, only)),
      ),
    )

    assert.deepEqual(lines(one), ['DELETE /comments/:id Comments#destroy comment'])
    assert.deepEqual(lines(block), ['DELETE /comments/:id Comments#destroy comment'])
  })
})

describe('router: options', () => {
  it('of resources prefix the names of controllers and set parameters', () => {
    const [route] = drawn((r) =>
      r.resources('articles', 'articles', { only: ['index'], module: 'admin', defaults: { format: 'json' } }),
    )

    assert.equal(route?.target, 'admin/articles#index')
    assert.deepEqual(route?.defaults, { format: 'json' })
  })

  const misspelt: readonly (readonly [string, (r: Mapper) => void])[] = [
    ['a verb', (r) => r.get('/a', handler, { constraint: {} } as never)],
    ['match', (r) => r.match('/a', handler, { via: 'all', name: 'a' } as never)],
    ['root', (r) => r.root(handler, { via: 'get' } as never)],
    ['scope', (r) => r.scope('/a', { moduel: 'a' } as never, () => {})],
    ['mount', (r) => r.mount('/a', handler, { at: '/b' } as never)],
  ]
  for (const [call, draw] of misspelt) {
    it(`that ${call} does not have are refused`, () => {
      assert.throws(
        () => drawn(draw as never),
        (error: unknown) =>
          error instanceof UnknownRouteOptionError && /mapper\.test\.ts:\d+/.test(error.message),
      )
    })
  }
})
