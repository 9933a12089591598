/** Which route a request meets, and that it is never one an Express guard in front would not have seen. */
import assert from 'node:assert'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { BadPatternError, DuplicateRouteError, type RouteTree } from '../../src/router'
import { treeOf } from './draw-support'

const handler = (): void => {}

/** `[route, params]` or `null`. */
function found(tree: RouteTree<string>, path: string, method = 'GET'): unknown {
  const match = tree.find(method, path)
  return match === null ? null : [match.store.value, { ...match.params }]
}

describe('router: a request', () => {
  const tree = treeOf((r) => {
    r.root(handler)
    r.get('/articles', handler)
    r.get('/articles/feed', handler)
    r.get('/articles/:slug', handler)
    r.get('/articles/:slug/comments/:id', handler)
    r.post('/articles', handler)
    r.get('/n/:id(\\d+)', handler)
    r.get('/v:major.:minor', handler)
    r.get('/@:name', handler)
    r.get('/files/*path', handler)
    r.get('/rest/*', handler)
  })

  it('meets the route of its path, with the parameters by name', () => {
    assert.deepEqual(found(tree, '/'), ['GET /', {}])
    assert.deepEqual(found(tree, '/articles'), ['GET /articles', {}])
    assert.deepEqual(found(tree, '/articles/a-b.c'), ['GET /articles/:slug', { slug: 'a-b.c' }])
    assert.deepEqual(found(tree, '/articles/a/comments/7'), [
      'GET /articles/:slug/comments/:id',
      { slug: 'a', id: '7' },
    ])
    assert.equal(found(tree, '/article'), null)
    assert.equal(found(tree, '/articles/a/comments'), null)
  })

  it('meets text before a parameter, whatever was drawn first', () => {
    assert.deepEqual(found(tree, '/articles/feed'), ['GET /articles/feed', {}])
  })

  it('meets a parameter only with a value its pattern allows', () => {
    assert.deepEqual(found(tree, '/n/42'), ['GET /n/:id(\\d+)', { id: '42' }])
    assert.equal(found(tree, '/n/42x'), null)
    assert.equal(found(tree, '/n/4%32'), null)
  })

  it('meets parameters within a segment', () => {
    assert.deepEqual(found(tree, '/v1.2'), ['GET /v:major.:minor', { major: '1', minor: '2' }])
    assert.deepEqual(found(tree, '/v1.2.3'), ['GET /v:major.:minor', { major: '1.2', minor: '3' }])
    assert.deepEqual(found(tree, '/@bob'), ['GET /@:name', { name: 'bob' }])
    assert.equal(found(tree, '/@'), null)
    assert.equal(found(tree, '/v1.'), null)
  })

  it('meets a wildcard with the rest of its path, as it was sent', () => {
    assert.deepEqual(found(tree, '/files/a/b'), ['GET /files/*path', { path: 'a/b' }])
    assert.deepEqual(found(tree, '/files/a/'), ['GET /files/*path', { path: 'a/' }])
    assert.deepEqual(found(tree, '/files/../../etc'), ['GET /files/*path', { path: '../../etc' }])
    assert.deepEqual(found(tree, '/rest/a'), ['GET /rest/*', { '*': 'a' }])
    assert.equal(found(tree, '/files/'), null)
    assert.equal(found(tree, '/files'), null)
  })

  it('meets a parameter of any length', () => {
    const slug = 'x'.repeat(10_000)

    assert.deepEqual(found(tree, `/articles/${slug}`), ['GET /articles/:slug', { slug }])
  })

  it('of a method that nobody drew meets nothing', () => {
    assert.equal(found(tree, '/articles', 'PATCH'), null)
    assert.equal(found(tree, '/articles', 'NONSENSE'), null)
    assert.equal(found(tree, '/articles', 'constructor'), null)
  })

  it('gets parameters that have no prototype', () => {
    const plain = tree.find('GET', '/articles/a')!.params
    const unusual = tree.find('GET', '/articles/%61')!.params

    assert.equal('toString' in plain, false)
    assert.equal('toString' in unusual, false)
  })
})

describe('router: HEAD', () => {
  it('is served by GET', () => {
    const tree = treeOf((r) => r.get('/a', handler))

    assert.deepEqual(found(tree, '/a', 'HEAD'), ['GET /a', {}])
  })

  it('is served by its own route where one was drawn', () => {
    const tree = treeOf((r) => {
      r.get('/a', handler)
      r.get('/b', handler)
      r.head('/a', handler)
    })

    assert.deepEqual(found(tree, '/a', 'HEAD'), ['HEAD /a', {}])
    assert.deepEqual(found(tree, '/b', 'HEAD'), ['GET /b', {}])
  })

  it('is among the allowed methods of a path that has GET', () => {
    const tree = treeOf((r) => {
      r.post('/a/:id', handler)
      r.get('/a/:id', handler)
      r.delete('/b', handler)
    })

    assert.deepEqual(tree.allowedMethods('/a/1'), ['POST', 'GET', 'HEAD'])
    assert.deepEqual(tree.allowedMethods('/b'), ['DELETE'])
    assert.deepEqual(tree.allowedMethods('/c'), [])
  })
})

describe('router: case and the slash at the end', () => {
  it('do not matter unless asked for, and leave parameters alone', () => {
    const tree = treeOf((r) => r.get('/Users/:id/', handler))

    assert.deepEqual(found(tree, '/users/AbC'), ['GET /Users/:id/', { id: 'AbC' }])
    assert.deepEqual(found(tree, '/USERS/AbC/'), ['GET /Users/:id/', { id: 'AbC' }])
    assert.equal(found(tree, '/users/AbC//'), null)
  })

  it('matter in a tree that is case sensitive and strict', () => {
    const tree = treeOf(
      (r) => {
        r.get('/Users/:id', handler)
        r.get('/teams/', handler)
        r.get('/teams/:id/', handler)
      },
      { caseSensitive: true, strict: true },
    )

    assert.deepEqual(found(tree, '/Users/1'), ['GET /Users/:id', { id: '1' }])
    assert.equal(found(tree, '/users/1'), null)
    assert.equal(found(tree, '/Users/1/'), null)
    assert.equal(found(tree, '/Users/'), null)
    assert.deepEqual(found(tree, '/teams/'), ['GET /teams/', {}])
    assert.equal(found(tree, '/teams'), null)
    assert.deepEqual(found(tree, '/teams/1/'), ['GET /teams/:id/', { id: '1' }])
    assert.equal(found(tree, '/teams/1'), null)
  })
})

describe('router: the raw path', () => {
  const tree = treeOf((r) => {
    r.get('/admin', handler)
    r.get('/admin/panel', handler)
    r.get('/u/:id', handler)
    r.get('/u/:id/private', handler)
    r.get('/caf%C3%A9', handler)
    r.get('/any/*rest', handler)
  })

  const passingGuards = [
    '/%61dmin',
    '/%61dmin/panel',
    '/admin/%70anel',
    '/u/1/privat%65',
    '/u//private',
    '//admin',
    '/admin//panel',
    '/admin//',
    '/./admin',
    '/x/../admin',
    '/admin;v=1',
    '/admin%2Fpanel',
    '/admin%00',
    '/admin#',
    '/admin#/panel',
    '/admin?x',
    'admin',
    '',
    'http://h/admin',
    '/admin\u0001',
    '/\u000161dmin',
    '/caf\u0001C3\u0001A9',
    '/caf\u00e9',
    '/admin\u00a0',
    '/\u212a/x',
  ]
  for (const path of passingGuards) {
    it(`does not meet a route with ${JSON.stringify(path)}`, () => {
      assert.equal(found(tree, path), null)
    })
  }

  it('meets a route that is written with an escape, in either case', () => {
    assert.deepEqual(found(tree, '/caf%C3%A9'), ['GET /caf%C3%A9', {}])
    assert.deepEqual(found(tree, '/CAF%c3%a9/'), ['GET /caf%C3%A9', {}])
  })

  it('is decoded once, in each parameter, after the match', () => {
    assert.deepEqual(found(tree, '/u/a%2Fb'), ['GET /u/:id', { id: 'a/b' }])
    assert.deepEqual(found(tree, '/u/a%252Fb'), ['GET /u/:id', { id: 'a%2Fb' }])
    assert.deepEqual(found(tree, '/u/%2e/private'), ['GET /u/:id/private', { id: '.' }])
    assert.deepEqual(found(tree, '/u/a+b'), ['GET /u/:id', { id: 'a+b' }])
    assert.deepEqual(found(tree, '/any/%C3%A9//x%2Fy/'), ['GET /any/*rest', { rest: 'é//x/y/' }])
  })

  it('with an escape that cannot be decoded is a match that says so', () => {
    const match = tree.find('GET', '/u/%E0%A4%A')

    assert.equal(match?.store.value, 'GET /u/:id')
    assert.deepEqual(match?.malformed, { param: 'id', value: '%E0%A4%A' })
    assert.equal(tree.find('GET', '/u/a%20b')?.malformed, undefined)
    assert.equal(tree.find('GET', '/u/a')?.malformed, undefined)
  })
})

describe('router: defaults', () => {
  it('stand in the parameters unless the path sets them', () => {
    const tree = treeOf((r) => {
      r.get('/feed', handler, { defaults: { format: 'rss' } })
      r.get('/feed/:format', handler, { defaults: { format: 'rss', page: '1' } })
    })

    assert.deepEqual(found(tree, '/feed'), ['GET /feed', { format: 'rss' }])
    assert.deepEqual(found(tree, '/feed/atom'), ['GET /feed/:format', { format: 'atom', page: '1' }])
  })
})

describe('router: two routes in one place', () => {
  const pairs = [
    ['/a/:id', '/a/:slug'],
    ['/a', '/A/'],
    ['/a/:id(\\d+)', '/A/:slug(\\d+)'],
    ['/a/*rest', '/a/*'],
  ] as const
  for (const [first, second] of pairs) {
    it(`are refused: ${first} and ${second}`, () => {
      assert.throws(
        () =>
          treeOf((r) => {
            r.get(first, handler)
            r.get(second, handler)
          }),
        (error: unknown) => {
          assert.ok(error instanceof DuplicateRouteError)
          assert.equal(error.facts.firstPattern, first)
          assert.match(error.facts.firstSource, /^test\/router\/tree\.test\.ts:\d+$/)
          assert.match(error.facts.source, /^test\/router\/tree\.test\.ts:\d+$/)
          assert.notEqual(error.facts.source, error.facts.firstSource)
          return true
        },
      )
    })
  }

  it('are told apart by the patterns of a parameter', () => {
    const tree = treeOf((r) => {
      r.get('/a/:id(\\d+)', handler)
      r.get('/a/:slug([a-z]+)', handler)
      r.get('/a/:code(\\D+)', handler)
    })

    assert.deepEqual(found(tree, '/a/42'), ['GET /a/:id(\\d+)', { id: '42' }])
    assert.deepEqual(found(tree, '/a/tea'), ['GET /a/:slug([a-z]+)', { slug: 'tea' }])
    assert.deepEqual(found(tree, '/a/-_'), ['GET /a/:code(\\D+)', { code: '-_' }])
    assert.equal(found(tree, '/a/4x'), null)
  })

  it('are allowed where method, text or pattern tell them apart', () => {
    const tree = treeOf((r) => {
      r.get('/a/:id', handler)
      r.post('/a/:id', handler)
      r.get('/a/:id(\\d+)', handler)
      r.get('/a/:file.json', handler)
      r.get('/a/:file.xml', handler)
    })

    assert.deepEqual(found(tree, '/a/1'), ['GET /a/:id(\\d+)', { id: '1' }])
    assert.deepEqual(found(tree, '/a/x'), ['GET /a/:id', { id: 'x' }])
    assert.deepEqual(found(tree, '/a/x.json'), ['GET /a/:file.json', { file: 'x' }])
    assert.deepEqual(found(tree, '/a/x.xml'), ['GET /a/:file.xml', { file: 'x' }])
  })

  it('are two in a case sensitive tree', () => {
    const tree = treeOf(
      (r) => {
        r.get('/a', handler)
        r.get('/A', handler)
      },
      { caseSensitive: true },
    )

    assert.deepEqual(found(tree, '/A'), ['GET /A', {}])
  })
})

describe('router: a parameter pattern that can run for ever', () => {
  it('is refused', () => {
    assert.throws(() => treeOf((r) => r.get('/:id((?:a+)+)', handler)), BadPatternError)
  })
})

/** Ours, Express 4's, Express 5's (`null`: it has no such pattern). */
const patterns: readonly (readonly [string, string, string | null])[] = [
  ['/', '/', '/'],
  ['/admin', '/admin', '/admin'],
  ['/admin/panel', '/admin/panel', '/admin/panel'],
  ['/admin/:section/', '/admin/:section/', '/admin/:section/'],
  ['/u/:id', '/u/:id', '/u/:id'],
  ['/u/:id/private', '/u/:id/private', '/u/:id/private'],
  ['/u/:id/private/:doc', '/u/:id/private/:doc', '/u/:id/private/:doc'],
  ['/:a/:b', '/:a/:b', '/:a/:b'],
  ['/caf%C3%A9', '/caf%C3%A9', '/caf%C3%A9'],
  ['/files/*path', '/files/*', '/files/*path'],
  ['/*all', '/*', '/*all'],
  ['/n/:id(\\d+)', '/n/:id(\\d+)', null],
  ['/v:major.:minor', '/v:major.:minor', '/v:major.:minor'],
  ['/:from-:to', '/:from-:to', '/:from-:to'],
  ['/@:name', '/@:name', '/@:name'],
  ['/:file.json', '/:file.json', '/:file.json'],
]
/** Patterns of text, whole segments and wildcards: matched where Express matches, not only never more. */
const plainPatterns = patterns.slice(0, 11)

const guards = ['/admin', '/u/:id/private'] as const

interface Answer {
  readonly outcome: 'match' | 'malformed' | 'none'
  readonly params: readonly unknown[]
  readonly guarded: readonly string[]
}

type Ask = (url: string) => Answer

const require = createRequire(__filename)

/** An app with the two guards and one route, asked without a socket. */
function expressApp(name: 'express' | 'express4', pattern: string, settings: Settings): Ask {
  const app = require(name)()
  app.disable('x-powered-by')
  app.set('case sensitive routing', settings.caseSensitive)
  app.set('strict routing', settings.strict)
  let guarded: string[] = []
  let params: unknown[] | null = null
  for (const guard of guards) {
    app.use(guard, (_req: unknown, _res: unknown, next: () => void) => {
      guarded.push(guard)
      next()
    })
  }
  app.all(pattern, (req: { params: Record<string, string | string[]> }) => {
    // Express 5 splits what a wildcard matched, Express 4 names it "0".
    params = Object.values(req.params).map((value) => (Array.isArray(value) ? value.join('/') : value))
  })
  return (url) => {
    guarded = []
    params = null
    let status = 0
    app.handle({ method: 'GET', url, headers: {} }, { setHeader() {} }, (error?: { status: number }) => {
      status = error === undefined ? 404 : error.status
    })
    assert.ok(params !== null || status === 404 || status === 400, `${name} said ${status} to ${url}`)
    const outcome = params !== null ? 'match' : status === 400 ? 'malformed' : 'none'
    return { outcome, params: params ?? [], guarded }
  }
}

interface Settings {
  readonly caseSensitive: boolean
  readonly strict: boolean
}

const words =
  `admin ADMIN Admin %61dmin adm%69n admin%2Fpanel admin;v=1 admin%00 panel %70anel u U %75 1 42 4%32
  42x n a%2Fb a%252Fb . .. %2e %2e%2e ..; private PRIVATE privat%65 private;x ; ;x files FILES file%73 % %zz %E0%A4%A
  caf%C3%A9 CAF%c3%a9 caf\u00e9 \u00c9 v1.2 V1.2 v1. v1..2 v1.2.3 1-2 1-2-3 a-- - -- -a x.json X.JSON .json a.json.json
  @bob @ @%62 %40bob :id * $ + ! ' ( ) , = & ~ %25 %2525 %2F %23 %3F`
    .split(/\s+/)
    .concat('')
const hostile = [
  '\u0001',
  'admin\u0001',
  '\u000161dmin',
  '#',
  'admin#x',
  '\u212a',
  '\u0130',
  'a b',
  '\u00a0',
  '\\',
]

const paths = (pool: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...pool), { maxLength: 5 }),
      fc.constantFrom('', '', '/', '//', '/.', '%2F', ';'),
      fc.constantFrom('/', '/', '/', '//', '/./'),
    )
    .map(([segments, end, start]) => start + segments.join('/') + end)

/** Paths that begin like a pattern does, so that many of them match. */
const likely = fc
  .tuple(
    fc.constantFrom(...patterns.map(([ours]) => ours)),
    fc.array(fc.constantFrom(...words), { minLength: 4, maxLength: 4 }),
    fc.constantFrom('', '', '/', '//'),
    fc.option(fc.tuple(fc.nat(30), fc.constantFrom('%', '/', ';', '.', '%61', 'A', '-')), { freq: 3 }),
  )
  .map(([pattern, values, end, change]) => {
    let next = 0
    const filled = pattern.replace(/:\w+(\(.*?\))?|\*\w*/g, () => values[next++]!) + end
    if (change === null) return filled
    const at = 1 + (change[0] % filled.length)
    return filled.slice(0, at) + change[1] + filled.slice(at)
  })

describe.each([
  { caseSensitive: false, strict: false },
  { caseSensitive: true, strict: false },
  { caseSensitive: false, strict: true },
  { caseSensitive: true, strict: true },
])(
  'router: with $caseSensitive, $strict for caseSensitive, strict, and Express 4 and 5 beside it',
  (settings) => {
    const apps = new Map<string, readonly Ask[]>()
    for (const [ours, four, five] of patterns) {
      const asks = [expressApp('express4', four, settings)]
      if (five !== null) asks.push(expressApp('express', five, settings))
      apps.set(ours, asks)
    }

    it('meets no route that Express would not meet, with the same parameters, behind the same guards', () => {
      const tree = treeOf((r) => {
        for (const [ours] of patterns) r.get(ours, handler)
      }, settings)
      let matches = 0

      fc.assert(
        fc.property(fc.oneof(likely, paths([...words, ...hostile])), (path) => {
          const match = tree.find('GET', path)
          if (match === null) return
          matches++
          const { pattern } = match.store.route
          for (const ask of apps.get(pattern)!) {
            const answer = ask(path)
            assert.equal(answer.outcome, match.malformed === undefined ? 'match' : 'malformed', pattern)
            if (match.malformed !== undefined) continue
            assert.deepEqual(answer.params, Object.values(match.params), pattern)
            for (const guard of guards) {
              if (pattern === guard || pattern.startsWith(`${guard}/`))
                assert.ok(answer.guarded.includes(guard))
            }
          }
        }),
        { numRuns: 3_000 },
      )
      assert.ok(matches > 500, `only ${matches} paths matched`)
    })

    it('meets text, whole segments and wildcards wherever both Express meet them', () => {
      for (const [ours] of plainPatterns) {
        const tree = treeOf((r) => r.get(ours, handler), settings)
        fc.assert(
          fc.property(fc.oneof(likely, paths(words)), (path) => {
            const outcomes = new Set(apps.get(ours)!.map((ask) => ask(path).outcome))
            const match = tree.find('GET', path)
            const outcome = match === null ? 'none' : match.malformed === undefined ? 'match' : 'malformed'
            if (outcomes.size === 1 && !outcomes.has('malformed'))
              assert.deepEqual([outcome], [...outcomes], ours)
          }),
          { numRuns: 400 },
        )
      }
    })
  },
)
