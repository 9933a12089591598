/**
 * Apps that use what Express's own suites test, each with requests. `express-transparency.test.ts` runs them with and
 * without mounts and compares every byte. JavaScript, because half of what they do is not in the types.
 *
 * `t.express()` makes an app with the variant's mount in front; `t.mount(target, path)` adds one elsewhere;
 * `t.probe(label)` is a middleware that writes down all it can see; `t.note` writes down anything.
 */
import { join } from 'node:path'

const views = join(import.meta.dirname, 'views')
const files = join(import.meta.dirname, 'public')

export const cases = []

/** An app that `arrange` fills; what it returns is used in its place. */
function add(name, arrange, requests, options = {}) {
  const app = (t) => {
    const made = t.express()
    return arrange(made, t) ?? made
  }
  cases.push({ name, app, requests: [requests].flat(), ...options })
}
/** Requests that are lists of lines. */
const lines = (...parts) => [parts]
const text = (value) => (_req, res) => res.send(value)
const say = (req, res) =>
  res.json({ url: req.url, base: req.baseUrl, original: req.originalUrl, params: req.params, path: req.path })

// --- Routing ---------------------------------------------------------------------------------------------------

for (const method of [
  'get',
  'post',
  'put',
  'patch',
  'delete',
  'options',
  'head',
  'propfind',
  'purge',
  'lock',
  'search',
  'm-search',
  'report',
]) {
  add(`app.${method}`, (app) => app[method]('/x', text(method)) && undefined, [
    `${method.toUpperCase()} /x`,
    'TRACE /x',
    'GET /y',
  ])
}
add('app.all', (app) => void app.all('/x', say), [
  'GET /x',
  'POST /x',
  'OPTIONS /x',
  'HEAD /x',
  'DELETE /x/y',
])
add('app.route', (app) => void app.route('/x').get(text('get')).post(text('post')).all(text('all')), [
  'GET /x',
  'POST /x',
  'PUT /x',
  'OPTIONS /x',
  'HEAD /x',
])
add('parameters', (app) => void app.get('/u/:id/:action', say), [
  'GET /u/1/edit',
  'GET /u/a%2Fb/c%20d',
  'GET /u//edit',
  'GET /u/1',
  'GET /u/%E0%A4%A/x',
  'GET /u/a%252Fb/c',
  'GET /u/1/edit/',
])
add('optional parameters', (app) => void app.get('/u/:id?', say), ['GET /u', 'GET /u/1', 'GET /u/'], {
  only: 4,
})
add('optional parts', (app) => void app.get('/u{/:id}', say), ['GET /u', 'GET /u/1', 'GET /u/'], { only: 5 })
add(
  'wildcards',
  (app) => void app.get('/f/*', say),
  ['GET /f/a/b', 'GET /f/', 'GET /f/../x', 'GET /f/%2e%2e/x'],
  { only: 4 },
)
add(
  'wildcards',
  (app) => void app.get('/f/*rest', say),
  ['GET /f/a/b', 'GET /f/', 'GET /f/../x', 'GET /f/%2e%2e/x'],
  { only: 5 },
)
add('regular expressions', (app) => void app.get(/^\/r(\d+)(?:\/(\w+))?$/, say), [
  'GET /r1',
  'GET /r22/x',
  'GET /rx',
])
add('arrays of paths', (app) => void app.get(['/a', /^\/b/, '/c/:d'], say), [
  'GET /a',
  'GET /bb',
  'GET /c/1',
  'GET /d',
])
add('patterns of Express 4', (app) => void app.get('/ab?c+d', say), ['GET /acd', 'GET /abccd', 'GET /abd'], {
  only: 4,
})
add('parameters with expressions', (app) => void app.get('/u/:id(\\d+)', say), ['GET /u/1', 'GET /u/x'], {
  only: 4,
})
add(
  'two handlers, next()',
  (app) =>
    void app.get(
      '/x',
      (req, _res, next) => {
        req.a = 1
        next()
      },
      (req, res) => res.json(req.a),
    ),
  'GET /x',
)
add(
  'arrays of handlers',
  (app) => void app.get('/x', [(_q, _s, n) => n(), [(_q, _s, n) => n()]], text('end')),
  'GET /x',
)
add(
  "next('route')",
  (app) => {
    app.get('/x', (_q, _s, next) => next('route'), text('skipped'))
    app.get('/x', text('second'))
  },
  'GET /x',
)
add(
  "next('router')",
  (app, t) => {
    const router = t.express.Router()
    router.use((_q, _s, next) => next('router'))
    router.get('/x', text('skipped'))
    app.use(router)
    app.get('/x', text('outer'))
  },
  ['GET /x', 'GET /y'],
)
add(
  "next('router') of the app",
  (app) => {
    app.use((_q, _s, next) => next('router'))
    app.get('/x', text('skipped'))
  },
  'GET /x',
)
add(
  'strict routing',
  (app) => {
    app.enable('strict routing')
    app.get('/a', text('a'))
    app.get('/b/', text('b'))
    app.use('/c', text('c'))
  },
  ['GET /a', 'GET /a/', 'GET /b', 'GET /b/', 'GET /c', 'GET /c/'],
)
add(
  'case sensitive routing',
  (app) => {
    app.enable('case sensitive routing')
    app.get('/a', text('a'))
    app.use('/c', text('c'))
  },
  ['GET /a', 'GET /A', 'GET /c', 'GET /C'],
)
add(
  'settings made after the first route',
  (app) => {
    app.get('/a', text('a'))
    app.enable('case sensitive routing')
    app.enable('strict routing')
    app.set('query parser', false)
    app.get('/b', (req, res) => res.json(req.query))
  },
  ['GET /A/', 'GET /B/?a[b]=1'],
)
for (const parser of ['simple', 'extended', false, true, (source) => ({ length: (source || '').length })]) {
  add(
    `query parser ${parser}`,
    (app) => {
      app.set('query parser', parser)
      app.get('/q', (req, res) => res.json(req.query))
    },
    ['GET /q', 'GET /q?a=1&a=2&b[c]=3', 'GET /q?%zz', 'GET /q?a=1#x'],
  )
}
add(
  'routers with options',
  (app, t) => {
    for (const [path, options] of [
      ['/s', { strict: true }],
      ['/c', { caseSensitive: true }],
      ['/n', {}],
    ]) {
      const router = t.express.Router(options)
      router.get('/x', say)
      app.use(path, router)
    }
  },
  ['GET /s/x', 'GET /s/x/', 'GET /s/X', 'GET /c/X', 'GET /c/x/', 'GET /C/x', 'GET /n/X/'],
)
add(
  'mergeParams',
  (app, t) => {
    for (const mergeParams of [true, false]) {
      const router = t.express.Router({ mergeParams })
      router.get('/:b/:a', say)
      app.use(`/${mergeParams}/:a/:c`, router)
    }
  },
  ['GET /true/1/2/3/4', 'GET /false/1/2/3/4'],
)
add(
  'app.param',
  (app) => {
    app.param('id', (req, _res, next, id) => {
      ;(req.ids ??= []).push(id)
      next()
    })
    app.get('/u/:id', (_q, _s, next) => next())
    app.get('/u/:id', (req, res) => res.json(req.ids))
    app.get('/u/:id/:other', (req, res) => res.json(req.ids))
  },
  ['GET /u/1', 'GET /u/1/2', 'GET /u/%zz'],
)
add(
  'app.param that fails',
  (app, t) => {
    app.param('id', (_q, _s, next, id) =>
      id === 'throw' ? raise(t.boom('thrown')) : next(t.boom('passed', 418)),
    )
    app.get('/u/:id', text('never'))
  },
  ['GET /u/throw', 'GET /u/pass'],
)
add(
  "app.param and next('route')",
  (app) => {
    app.param('id', (_q, _s, next) => next('route'))
    app.get('/u/:id', text('never'))
    app.get('/u/:name', text('other'))
  },
  'GET /u/1',
)
add(
  'app.param in routers',
  (app, t) => {
    const router = t.express.Router()
    router.param('id', (req, _res, next) => {
      req.seen = true
      next()
    })
    router.get('/:id', (req, res) => res.json(req.seen))
    app.use('/r', router)
    app.get('/:id/:x', (req, res) => res.json(req.seen === undefined))
  },
  ['GET /r/1', 'GET /s/1'],
)
add(
  'unusual paths',
  (app) => {
    app.use('/admin', text('guard'))
    app.get('/u/:id', say)
    app.use(say)
  },
  [
    'GET //admin',
    'GET /%61dmin',
    'GET /admin%2Fx',
    'GET /admin;v=1',
    'GET /x/../admin',
    'GET /./admin',
    'GET /ADMIN',
    'GET /admin/',
    'GET /admin//',
    'GET /admin/..;/x',
    'GET http://h/admin',
    'GET http://h//admin',
    'GET http://h',
    'GET /u/a%2Fb',
    'GET /u/%E0%A4%A',
    'GET /?',
    'GET /?a=?b',
    'GET /a\\b',
    `GET /${'x'.repeat(5_000)}`,
    'OPTIONS *',
    'GET /u/\u00e9',
    "GET /u/'",
    'GET /u/a|b',
    'GET /u/a%00b',
    'GET ?x=1',
    'GET /admin?x=/',
    'GET /u/a:b@c',
  ],
)
add(
  'many middlewares in a row',
  (app) => {
    for (let n = 0; n < 250; n++) app.use((_q, _s, next) => next())
    app.get('/x', text('end'))
  },
  ['GET /x', 'GET /y'],
)
add(
  'many routes',
  (app) => {
    for (let n = 0; n < 300; n++) app.get(`/n${n}`, text(`${n}`))
  },
  ['GET /n0', 'GET /n299', 'GET /n300'],
)

// --- req.url, routers and sub-apps ---------------------------------------------------------------------------------

add(
  'nested routers',
  (app, t) => {
    const outer = t.express.Router()
    const inner = t.express.Router()
    inner.get('/c', t.probe('inner'), say)
    outer.use('/b', inner)
    app.use('/a', outer)
    app.use(say)
  },
  ['GET /a/b/c', 'GET /a/b/d?x=1', 'GET /a/b', 'GET /a?x', 'GET /A/B/C/'],
)
add(
  'sub-apps',
  (app, t) => {
    const sub = t.express()
    const deep = t.express()
    deep.get('/c', t.probe('deep'), (req, res) =>
      res.json([req.url, req.baseUrl, deep.mountpath, deep.path(), sub.path()]),
    )
    sub.use('/b', deep)
    app.use('/a', sub)
    app.use(t.probe('after'), say)
  },
  ['GET /a/b/c', 'GET /a/b/d', 'GET /a/', 'GET /ab'],
)
add(
  'sub-apps at several paths',
  (app, t) => {
    const sub = t.express()
    sub.get('/x', (_req, res) => res.json(sub.mountpath))
    app.use(['/a', '/b/:id'], sub)
  },
  ['GET /a/x', 'GET /b/1/x', 'GET /c/x'],
)
add(
  'an app mounted through a router',
  (app, t) => {
    const router = t.express.Router()
    const sub = t.express()
    sub.get('/x', t.probe('sub'), say)
    router.use('/sub', sub)
    app.use('/r', router)
    app.use(t.probe('after'), say)
  },
  ['GET /r/sub/x', 'GET /r/sub/y'],
)
add(
  'inherited settings of sub-apps',
  (app, t) => {
    const sub = t.express()
    app.set('json spaces', 2)
    app.set('trust proxy', true)
    app.disable('x-powered-by')
    app.use('/s', sub)
    sub.get('/x', (req, res) =>
      res.json({ ip: req.ip, a: sub.get('trust proxy'), b: sub.enabled('x-powered-by') }),
    )
    app.get('/x', (req, res) => res.json({ ip: req.ip }))
  },
  [...lines('GET /s/x', 'X-Forwarded-For: 1.2.3.4'), 'GET /x'],
)
add(
  'a mount event',
  (app, t) => {
    const sub = t.express()
    sub.on('mount', (parent) => t.note('mounted', parent === app, sub.mountpath, sub.parent === app))
    app.use('/s', sub)
  },
  'GET /s',
)
add(
  'an url rewritten by middleware',
  (app) => {
    app.use((req, _res, next) => {
      if (req.url === '/old?q=1') req.url = '/new?q=2'
      next()
    })
    app.get('/new', (req, res) => res.json([req.query, req.url, req.originalUrl]))
  },
  ['GET /old?q=1', 'GET /new?q=3'],
)
add(
  'an url rewritten in a router',
  (app, t) => {
    const router = t.express.Router()
    router.use((req, _res, next) => {
      req.url = '/target'
      next()
    })
    app.use('/found', router)
    app.use(say)
  },
  ['GET /found', 'GET /found/', 'GET /found/x', 'GET /found?x=1'],
)
add(
  'a method rewritten by middleware',
  (app) => {
    app.use((req, _res, next) => {
      req.method = 'PUT'
      next()
    })
    app.put('/x', text('put'))
  },
  ['POST /x', 'OPTIONS /x'],
)
add(
  'middleware at paths',
  (app, t) => {
    app.use('/a', t.probe('a'), (_q, _s, next) => next())
    app.use(['/b', '/c'], say)
    app.use('/:p/:q', say)
    app.use(/^\/re\d/, say)
  },
  ['GET /a', 'GET /b/x', 'GET /c', 'GET /1/2/3', 'GET /re1/x', 'GET /'],
)
add(
  'req.route and req.params after routes',
  (app, t) => {
    app.get('/u/:id', (_q, _s, next) => next())
    app.use((req, res) => res.json([req.route?.path, req.params]))
    t.note(app.path())
  },
  'GET /u/1',
)
add(
  'a router as the server',
  (_app, t) => {
    const router = t.express.Router()
    t.mount(router)
    router.get('/x', (req, res) => res.end(JSON.stringify([req.url, req.baseUrl, req.params])))
    return (req, res) =>
      router(req, res, (error) => {
        res.statusCode = error ? 500 : 404
        res.end('done')
      })
  },
  ['GET /x', 'GET /y', 'OPTIONS /x'],
)
add(
  'an app called by a function',
  (app) => {
    app.get('/x', say)
    return (req, res) => {
      res.setHeader('X-Before', '1')
      app(req, res)
    }
  },
  ['GET /x', 'GET /y'],
)
add(
  'an app called with a callback',
  (app) => {
    app.get('/x', say)
    return (req, res) => app(req, res, (error) => res.end(`callback ${error}`))
  },
  ['GET /x', 'GET /y'],
)

// --- Mounts in other places ---------------------------------------------------------------------------------------

add(
  'a mount in a router',
  (app, t) => {
    const router = t.express.Router({ mergeParams: true })
    t.mount(router)
    router.get('/x', t.probe('x'), say)
    app.use('/r/:id', router)
    app.use(t.probe('after'), say)
  },
  ['GET /r/1/x', 'GET /r/1/y', 'OPTIONS /r/1/x', 'POST /r/1/x'],
)
add(
  'a mount under a prefix',
  (app, t) => {
    t.mount(app, '/api')
    app.get('/api/x', t.probe('x'), say)
    app.get('/apix', say)
    app.use(say)
  },
  ['GET /api/x', 'GET /api', 'GET /api/', 'GET /apix', 'GET /API/x?q=1', 'GET http://h/api/x'],
)
add(
  'a mount under a prefix with a parameter',
  (app, t) => {
    t.mount(app, '/:tenant/api')
    app.get('/:tenant/api/x', say)
  },
  ['GET /t/api/x', 'GET /%zz/api/x', 'GET /t/api'],
)
add(
  'a mount in a sub-app',
  (app, t) => {
    const sub = t.express()
    t.mount(sub, '/deep')
    sub.get('/deep/x', t.probe('x'), say)
    app.use('/sub', sub)
    app.get('/sub/y', say)
  },
  ['GET /sub/deep/x', 'GET /sub/y', 'GET /sub/deep'],
)
add(
  'mounts between routes',
  (app, t) => {
    app.get('/a', text('a'))
    t.mount(app, '/m')
    app.get('/m/b', text('b'))
    t.mount(app, '/n')
    app.use(t.probe('end'), say)
  },
  ['GET /a', 'GET /m/b', 'GET /n/c', 'OPTIONS /a'],
)

// --- Errors ------------------------------------------------------------------------------------------------------

const handler = (label) => (error, _req, res, _next) =>
  res.status(error?.status ?? 500).send(`${label}: ${error?.message ?? error}`)
for (const [name, fail] of [
  ['a thrown error', (t) => () => raise(t.boom('thrown'))],
  ['next(error)', (t) => (_q, _s, next) => next(t.boom('passed', 418))],
  ['an error later', (t) => (_q, _s, next) => void setTimeout(next, 2, t.boom('later', 409))],
  ['a thrown string', () => () => raise('text')],
  ['next(0)', () => (_q, _s, next) => next(0)],
  ['a number as error', () => (_q, _s, next) => next(17)],
  [
    'an error with headers',
    (t) => (_q, _s, next) => next(Object.assign(t.boom('teapot', 418), { headers: { 'X-Tea': 'green' } })),
  ],
  ['an error with a bad status', (t) => (_q, _s, next) => next(t.boom('odd', 200))],
  [
    'an error after the head',
    (t) => (_q, res, next) => {
      res.write('part')
      next(t.boom('broken'))
    },
  ],
]) {
  add(`${name}, final handler`, (app, t) => void app.get('/x', fail(t)), ['GET /x', 'HEAD /x', 'POST /x'])
  if (name === 'an error after the head') continue
  add(
    `${name}, error middleware`,
    (app, t) => {
      app.get('/x', fail(t))
      app.use(text('not an error'))
      app.use(handler('first'))
      app.use(handler('second'))
    },
    ['GET /x', 'GET /y'],
  )
  add(
    `${name} in a router`,
    (app, t) => {
      const router = t.express.Router()
      t.mount(router)
      router.get('/x', fail(t))
      router.use((error, _req, _res, next) => next(error))
      app.use('/r', router)
      app.use('/r', (error, req, _res, next) => {
        t.note(req.url, req.baseUrl, req.originalUrl)
        next(error)
      })
    },
    'GET /r/x',
  )
}
for (const rejection of ['an error', 'nothing']) {
  add(
    `a rejection with ${rejection}`,
    (app, t) => {
      app.get('/x', () => Promise.reject(rejection === 'nothing' ? undefined : t.boom('rejected')))
      app.use(async (_q, _s, next) => next())
      app.use(() => Promise.reject(t.boom('second', 400)))
      app.use((error, _req, res, _next) => res.send(error.message))
    },
    ['GET /x', 'GET /y'],
    { only: 5 },
  )
}
add(
  'error middleware that fails',
  (app, t) => {
    app.get('/x', () => raise(t.boom('first')))
    app.use((_error, _req, _res, _next) => raise(t.boom('second')))
    app.use((error, _req, _res, next) => next(Object.assign(error, { status: 444 })))
  },
  'GET /x',
)
add(
  'error middleware that recovers',
  (app, t) => {
    app.get('/x', (_q, _s, next) => next(t.boom('first')))
    app.use((_error, _req, _res, next) => next())
    app.use(text('recovered'))
  },
  'GET /x',
)
add(
  'error middleware in routes and sub-apps',
  (app, t) => {
    const sub = t.express()
    sub.get(
      '/x',
      (_q, _s, next) => next(t.boom('first')),
      (error, _req, _res, next) => next(t.boom(`${error.message}, route`)),
    )
    sub.use((error, _req, _res, next) => next(t.boom(`${error.message}, sub`)))
    app.use('/s', sub)
    app.use(handler('app'))
  },
  ['GET /s/x', 'GET /s/y'],
)
add(
  'a natural stack',
  (app) =>
    void app.get('/x', () => {
      throw new Error('as it comes')
    }),
  'GET /x',
  { notContext: true },
)
add(
  'production',
  (app, t) => {
    app.set('env', 'production')
    app.get('/x', (_q, _s, next) => next(t.boom('secret')))
    app.get('/y', (_q, _s, next) => next(t.boom('shown', 422)))
  },
  ['GET /x', 'GET /y', 'GET /z'],
)
add(
  'next() after an answer',
  (app) => {
    app.get('/x', (_req, res, next) => {
      res.send('once')
      next()
    })
    app.use((_q, _s, next) => next())
  },
  'GET /x',
)
add(
  'nothing but an answer of the final handler',
  () => undefined,
  ['GET /<b>', 'POST /x', 'HEAD /', 'OPTIONS /'],
  { only: 5 },
)
add('the final handler', (app) => void app.use((_q, _s, next) => next()), [
  'GET /<b>"&',
  'POST /x',
  'HEAD /',
  'OPTIONS /',
  'DELETE /a%20b',
  `GET /${'long/'.repeat(300)}`,
  ...lines('POST /x', 'Content-Type: text/plain', '', 'unread body'),
])

// --- HEAD and OPTIONS ---------------------------------------------------------------------------------------------

add(
  'HEAD',
  (app) => {
    app.get('/x', text('body'))
    app.head('/y', (_req, res) => res.set('X-Head', '1').end())
    app.get('/y', text('y'))
    app.get('/z', text('z'))
    app.head('/z', (_req, res) => res.set('X-Never', '1').end())
  },
  ['HEAD /x', 'HEAD /y', 'HEAD /z', 'HEAD /none'],
)
add(
  'OPTIONS',
  (app, t) => {
    app.get('/x', text('x'))
    app.post('/x', text('x'))
    app.options('/y', (_req, res) => res.send('own'))
    app.all('/z', (_q, _s, next) => next())
    app.get('/z', text('z'))
    const router = t.express.Router()
    t.mount(router)
    router.put('/x', text('put'))
    app.use('/', router)
    app.use('/r', router)
  },
  ['OPTIONS /x', 'OPTIONS /y', 'OPTIONS /z', 'OPTIONS /none', 'OPTIONS /r/x', 'OPTIONS *'],
)
add(
  'OPTIONS with middleware',
  (app) => {
    app.use((req, res, next) => {
      res.set('X-Mw', req.method)
      next()
    })
    app.get('/x', text('x'))
    app.use(handler('never'))
  },
  ['OPTIONS /x', 'OPTIONS /y'],
)
add(
  'OPTIONS and an error',
  (app, t) => {
    app.get('/x', text('x'))
    app.use((_q, _s, next) => next(t.boom('after', 400)))
  },
  'OPTIONS /x',
)

// --- Responses ----------------------------------------------------------------------------------------------------

add(
  'res: trailers',
  (app) =>
    void app.get('/x', (_req, res) => {
      res.setHeader('Trailer', 'X-T')
      res.write('a')
      res.addTrailers({ 'X-T': '1' })
      res.end()
    }),
  'GET /x',
)

const responses = {
  'send text': (res) => res.send('text'),
  'send html': (res) => res.send('<p>é</p>'),
  'send object': (res) => res.send({ a: 1 }),
  'send null': (res) => res.send(null),
  'send nothing': (res) => res.send(),
  'send buffer': (res) => res.send(Buffer.from('bytes')),
  'send true': (res) => res.send(true),
  'send large': (res) => res.send('x'.repeat(100_000)),
  'send with type': (res) => res.type('text').send('a'),
  'send 204': (res) => res.status(204).send('gone'),
  'send 205': (res) => res.status(205).send('reset'),
  'send 304': (res) => res.status(304).send('same'),
  json: (res) => res.json({ b: [1, null, 'é'] }),
  'json null': (res) => res.json(null),
  'json text': (res) => res.json('s'),
  jsonp: (res) => res.jsonp({ a: '\u2028<' }),
  status: (res) => res.status(201).end(),
  sendStatus: (res) => res.sendStatus(418),
  redirect: (res) => res.redirect('/x?a=1&b=é'),
  'redirect 301': (res) => res.redirect(301, 'http://example.com/"<'),
  location: (res) => res.location('/a b').end(),
  set: (res) =>
    res
      .set({ 'X-A': 'a', 'x-b': ['1', '2'] })
      .set('Content-Type', 'text/plain')
      .end('s'),
  append: (res) => res.append('X-A', '1').append('X-A', ['2', '3']).append('Set-Cookie', 'a=b').end(),
  vary: (res) => res.vary('Accept').vary(['Origin', 'accept']).end(),
  links: (res) => res.links({ next: '/n', last: '/l' }).end(),
  type: (res) => res.type('json').end('{}'),
  'type js': (res) => res.type('.js').end(''),
  attachment: (res) => res.attachment('é "x".pdf').end(),
  cookie: (res) =>
    res
      .cookie('a', 'é b', { maxAge: 0, httpOnly: true, path: '/p', sameSite: 'lax' })
      .cookie('o', { j: 1 })
      .end(),
  clearCookie: (res) => res.clearCookie('a', { path: '/p' }).end(),
  format: (res) =>
    res.format({ text: () => res.send('t'), html: () => res.send('<h>'), json: () => res.send({ j: 1 }) }),
  'format default': (res) => res.format({ 'image/png': () => res.send('t'), default: () => res.send('d') }),
  'format none': (res) => res.format({ 'image/png': () => res.send('t') }),
  sendFile: (res) => res.sendFile(join(files, 'page.txt')),
  'sendFile root': (res) => res.sendFile('page.txt', { root: files, maxAge: '1d', headers: { 'X-F': '1' } }),
  'sendFile missing': (res) =>
    res.sendFile('none.txt', { root: files }, (error) => res.status(404).send(error.code)),
  'sendFile above': (res) =>
    res.sendFile('../x', { root: files }, (error) => res.status(error.status).send('above')),
  'sendFile hidden': (res) =>
    res.sendFile('.secret', { root: files }, (error) => res.status(error.status).send('hidden')),
  download: (res) => res.download(join(files, 'page.txt'), 'é.txt'),
  writeHead: (res) => {
    res.writeHead(202, 'Fine', { 'X-W': '1' })
    res.end('w')
  },
  'raw end': (res) => res.end('raw'),
  chunks: (res) => {
    res.write('a')
    setTimeout(() => res.end('b'), 3)
  },
  flushHeaders: (res) => {
    res.flushHeaders()
    res.end('f')
  },
  'lowercase and odd headers': (res) => {
    res.setHeader('x-LOWER', '1')
    res.removeHeader('X-Powered-By')
    res.end()
  },
  statusMessage: (res) => {
    res.statusMessage = 'Custom'
    res.end()
  },
  'invalid header': (res) => {
    try {
      res.set('X\n', '1')
    } catch (error) {
      res.send(error.code)
    }
  },
  locals: (res) => {
    res.locals.a = 1
    res.json([Object.getPrototypeOf(res.locals) === null, res.locals, res.app === res.req.app])
  },
  earlyHints: (res) => {
    res.writeEarlyHints({ link: '</a>; rel=preload' })
    res.end('h')
  },
}
for (const [name, respond] of Object.entries(responses)) {
  add(
    `res: ${name}`,
    (app, t) => {
      app.get('/x', (_req, res) => void respond(res))
      app.use((error, _req, res, _next) => {
        t.note(error.message)
        res.status(error.status || 500).send(error.message)
      })
    },
    [
      'GET /x',
      'HEAD /x',
      ...lines(
        'GET /x?callback=cb',
        'Accept: text/html, application/json;q=0.5',
        'Range: bytes=1-2',
        'If-None-Match: *',
      ),
    ],
  )
}
for (const etag of ['weak', 'strong', false, true, () => '"mine"']) {
  add(
    `etag ${etag}, set after the mount`,
    (app) => {
      app.get('/x', text('tagged'))
      app.set('etag', etag)
    },
    [
      'GET /x',
      'HEAD /x',
      'POST /x',
      ...lines('GET /x', 'If-None-Match: "mine", W/"6-pyXvF2DhX1Fbl0WKgr0Y1B1DKQ0"'),
      ...lines('GET /x', 'If-None-Match: *', 'Cache-Control: no-cache'),
    ],
  )
}
add(
  'JSON settings, set after the mount',
  (app) => {
    app.get('/x', (_req, res) => res.json({ b: '<&>', a: [1], secret: 1 }))
    app.set('json spaces', 3)
    app.set('json escape', true)
    app.set('json replacer', (key, value) => (key === 'secret' ? undefined : value))
    app.set('jsonp callback name', 'fn')
  },
  'GET /x',
)
add(
  'x-powered-by',
  (app, t) => {
    app.disable('x-powered-by')
    const sub = t.express()
    sub.get('/x', say)
    app.use('/s', sub)
    app.get('/x', say)
  },
  ['GET /x', 'GET /s/x', 'GET /y'],
)
add(
  'headers that middleware adds and removes',
  (app) => {
    app.use((_req, res, next) => {
      res.removeHeader('X-Powered-By')
      res.setHeader('B', '1')
      res.setHeader('A', '2')
      next()
    })
    app.get('/x', (_req, res) => {
      res.setHeader('b', '3')
      res.json(res.getHeaderNames())
    })
  },
  ['GET /x', 'GET /y'],
)
add(
  'patched writeHead, write and end',
  (app, t) => {
    app.use((_req, res, next) => {
      for (const name of ['writeHead', 'write', 'end', 'setHeader']) {
        const original = res[name]
        res[name] = function (...args) {
          t.note(name)
          return original.apply(this, args)
        }
      }
      next()
    })
    app.get('/x', (_req, res) => res.send('patched'))
  },
  ['GET /x', 'GET /y'],
)

// --- Requests -----------------------------------------------------------------------------------------------------

const ask = (req, res) =>
  res.json({
    get: [req.get('referrer'), req.header('X-A')],
    ip: req.ip,
    ips: req.ips,
    protocol: req.protocol,
    secure: req.secure,
    hostname: req.hostname,
    host: req.host,
    subdomains: req.subdomains,
    xhr: req.xhr,
    fresh: req.fresh,
    stale: req.stale,
    accepts: req.accepts('json', 'html'),
    encodings: req.acceptsEncodings(),
    charsets: req.acceptsCharsets(),
    languages: req.acceptsLanguages('en', 'de'),
    is: req.is('text/*'),
    range: req.range(100),
    path: req.path,
    query: req.query,
  })
for (const trust of [
  false,
  true,
  1,
  'loopback',
  '10.0.0.0/8',
  ['loopback', '1.2.3.4'],
  (_ip, hop) => hop < 2,
]) {
  add(
    `trust proxy ${trust}, set after the mount`,
    (app) => {
      app.get('/x', ask)
      app.set('trust proxy', trust)
    },
    [
      'GET /x?a=1',
      ...lines(
        'GET /x',
        'X-Forwarded-For: 9.9.9.9, 1.2.3.4, 10.0.0.1',
        'X-Forwarded-Proto: https, http',
        'X-Forwarded-Host: a.b.example.org:8080',
        'X-Requested-With: XMLHttpRequest',
      ),
      ...lines(
        'GET /x',
        'Host: [::1]:3000',
        'Accept: text/html;q=0.5',
        'Accept-Language: de',
        'Range: bytes=0-5',
        'Referer: r',
      ),
    ],
  )
}
add(
  'subdomain offset',
  (app) => {
    app.set('subdomain offset', 3)
    app.get('/x', ask)
  },
  [...lines('GET /x', 'Host: a.b.c.d.e'), ...lines('GET /x', 'Host: 127.0.0.1')],
)
add(
  'req.query rewritten',
  (app) => {
    app.use((req, _res, next) => {
      try {
        req.query = { mine: 1 }
      } catch (error) {
        req.failure = error.name
      }
      next()
    })
    app.get('/x', (req, res) => res.json([req.query, req.failure]))
  },
  'GET /x?a=1',
)
add(
  'duplicate and odd headers',
  (app) => void app.get('/x', (req, res) => res.json([req.headers, req.rawHeaders])),
  lines('GET /x', 'X-A: 1', 'x-a: 2', 'Cookie: a=1', 'Cookie: b=2', 'Content-Type: a', 'Content-Type: b'),
)
add(
  'own keys, prototypes and listeners',
  (app, t) => {
    app.use(t.probe('first'))
    app.get('/x', t.probe('route'), say)
    app.use(t.probe('last'))
  },
  ['GET /x', 'POST /y', 'HEAD /x', 'OPTIONS /x'],
)
add(
  'prototypes that the app extends',
  (app) => {
    app.request.hello = function () {
      return `hello ${this.path}`
    }
    app.response.shout = function (value) {
      return this.send(String(value).toUpperCase())
    }
    app.get('/x', (req, res) => res.shout(req.hello()))
  },
  'GET /x',
)
add(
  'prototypes that middleware replaces',
  (app, t) => {
    app.use((req, res, next) => {
      Object.setPrototypeOf(req, Object.create(Object.getPrototypeOf(req), { extra: { value: 'req' } }))
      Object.setPrototypeOf(res, Object.create(Object.getPrototypeOf(res), { extra: { value: 'res' } }))
      next()
    })
    t.mount(app, '/api')
    app.use((req, res) => res.json([req.extra, res.extra]))
  },
  ['GET /x', 'GET /api/x'],
)
add(
  'a frozen request',
  (app, t) => {
    app.get('/x', (req, res) => {
      t.note(Object.isExtensible(req), Reflect.ownKeys(req).length > 0)
      res.end()
    })
  },
  'GET /x',
)

// --- Bodies -------------------------------------------------------------------------------------------------------

const echo = (req, res) => {
  let body = ''
  req
    .on('data', (chunk) => {
      body += chunk
    })
    .on('end', () => res.json({ body, flowing: req.readableFlowing }))
}
const post = (...headers) => [['POST /x', ...headers, '', '{"a":[1,2],"b":"é"}']]
add('a body read by hand', (app, t) => void app.post('/x', t.probe('before'), echo), [
  ...post(),
  ...post('Content-Type: application/json'),
  ...post('Expect: 100-continue'),
])
add('a body read late', (app) => void app.post('/x', (req, res) => void setTimeout(echo, 20, req, res)), [
  ...post(),
  { pieces: ['POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 6\r\n\r\n', 'abc', 'def'] },
  {
    pieces: [
      'POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n',
      '3\r\nabc\r\n',
      '3\r\ndef\r\n0\r\n\r\n',
    ],
  },
])
add('a body nobody reads', (app) => void app.post('/x', text('unread')), [
  ...post(),
  { pieces: ['POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 6\r\n\r\n', 'abc', 'def'] },
])
for (const parser of ['json', 'urlencoded', 'raw', 'text']) {
  add(
    `express.${parser}()`,
    (app, t) => {
      app.use(t.express[parser](parser === 'urlencoded' ? { extended: true } : {}))
      app.post('/x', (req, res) =>
        res.json({
          body: Buffer.isBuffer(req.body) ? req.body.toString() : req.body,
          own: Object.hasOwn(req, 'body'),
        }),
      )
      app.use((error, _req, res, _next) => res.status(error.status).send(error.type))
    },
    [
      ...post(),
      ...post('Content-Type: application/json'),
      ...post('Content-Type: text/plain; charset=utf-8'),
      ...post('Content-Type: application/octet-stream'),
      ...lines('POST /x', 'Content-Type: application/x-www-form-urlencoded', '', 'a[b]=1&c=%20'),
      ...lines('POST /x', 'Content-Type: application/json', '', '{bad'),
      ...lines('POST /x', 'Content-Type: application/json; charset=utf-99', '', '{}'),
      ...lines('POST /x', 'Content-Type: application/json', 'Content-Encoding: gzip', '', 'x'),
      'POST /x',
    ],
  )
}
add(
  'for await',
  (app) =>
    void app.post('/x', async (req, res) => {
      let size = 0
      for await (const chunk of req) size += chunk.length
      res.json(size)
    }),
  post(),
)
add(
  'pause, setEncoding, pipe',
  (app) =>
    void app.post('/x', (req, res) => {
      req.setEncoding('latin1')
      req.pause()
      setTimeout(() => req.pipe(res), 2)
    }),
  post(),
)
add(
  'keep-alive with several requests',
  (app, t) => {
    app.use(t.probe('each'))
    app.post('/x', echo)
    app.get('/x', say)
  },
  [
    {
      pieces: [
        'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc',
        'GET /x HTTP/1.1\r\nHost: h\r\n\r\nGET /none HTTP/1.1\r\nHost: h\r\n\r\n',
        'GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
      ],
    },
  ],
)
add('HTTP/1.0', (app) => void app.get('/x', text('old')), { pieces: ['GET /x HTTP/1.0\r\n\r\n'] })
add(
  'the order of events',
  (app, t) => {
    app.use((req, res, next) => {
      for (const event of ['end', 'close', 'aborted']) req.on(event, () => t.note('req', event))
      for (const event of ['prefinish', 'finish', 'close', 'pipe']) res.on(event, () => t.note('res', event))
      next()
      t.note('returned')
    })
    app.get('/x', text('x'))
    app.post('/x', echo)
  },
  ['GET /x', 'GET /none', ...post()],
)

// --- Views and files ----------------------------------------------------------------------------------------------

add(
  'views',
  (app) => {
    app.engine('tpl', (path, options, callback) =>
      callback(null, `${path.endsWith('hello.tpl')} ${options.name} ${Object.keys(options).sort()}`),
    )
    app.set('views', views)
    app.set('view engine', 'tpl')
    app.locals.name = 'locals'
    app.get('/x', (_req, res) => {
      res.locals.mine = 1
      res.render('hello')
    })
    app.get('/y', (_req, res) =>
      res.render('hello', { name: 'given' }, (_error, html) => res.send(`<${html}>`)),
    )
    app.get('/z', (_req, res) =>
      res.render('none', (error) => res.status(500).send(error.message.slice(0, 30))),
    )
  },
  ['GET /x', 'GET /y', 'GET /z'],
)
add(
  'views of sub-apps',
  (app, t) => {
    const sub = t.express()
    app.engine('tpl', (_path, options, callback) =>
      callback(null, `app ${options.settings === app.settings}`),
    )
    app.set('views', views)
    app.set('view engine', 'tpl')
    app.use('/s', sub)
    sub.get('/x', (_req, res) => res.render('hello'))
  },
  'GET /s/x',
)
for (const options of [
  {},
  { index: false, redirect: false },
  { fallthrough: false },
  { dotfiles: 'allow', etag: false, lastModified: false },
]) {
  add(
    `static files ${JSON.stringify(options)}`,
    (app, t) => {
      app.use('/f', t.express.static(files, options))
      app.use((error, _req, res, _next) => res.status(error.status).send(error.message))
    },
    [
      'GET /f/page.txt',
      'HEAD /f/page.txt',
      'GET /f',
      'GET /f/',
      'GET /f/folder',
      'GET /f/none',
      'GET /f/.secret',
      'GET /f/../package.json',
      'GET /f/%2e%2e/x',
      'GET /f/%zz',
      'POST /f/page.txt',
      'OPTIONS /f/page.txt',
      ...lines('GET /f/page.txt', 'Range: bytes=1-2'),
      ...lines('GET /f/page.txt', 'Range: bytes=99-'),
      ...lines('GET /f/page.txt', 'If-None-Match: *'),
      'GET /f//page.txt',
      'GET //f/page.txt',
      'GET /f/page.txt?v=1',
    ],
  )
}

function raise(error) {
  throw error
}
