import assert from 'node:assert/strict'
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { type Ask, both, type Loose, standalone } from './support/sides'

/** What a handler reads, as JSON; what it throws, by message. */
const reading = (read: (req: Loose, res: Loose) => unknown) => (req: Loose, res: Loose) => {
  let value: unknown
  try {
    value = read(req, res)
  } catch (error) {
    value = { threw: (error as Error).message }
  }
  res.setHeader('Content-Type', 'application/json')
  res.end(JSON.stringify({ value, type: typeof value }))
}

type Case = [
  name: string,
  read: (req: Loose, res: Loose) => unknown,
  given?: Ask,
  settings?: Record<string, unknown>,
]

/** The value of `then`, once the first is done. */
const after = <T>(_first: unknown, then: () => T): T => then()

const forwarded: Ask = {
  headers: {
    'X-Forwarded-For': '10.0.0.1, 10.0.0.2',
    'X-Forwarded-Proto': 'https, http',
    'X-Forwarded-Host': 'a.b.example.com:99, proxy',
  },
}
const trusting = { 'trust proxy': true }
const addresses = (req: Loose) => [
  req.ip,
  req.ips,
  req.protocol,
  req.secure,
  req.hostname,
  req.host,
  req.subdomains,
]
const accept = (header: string): Ask => ({ headers: { Accept: header } })

const cases: readonly Case[] = [
  [
    'get',
    (req) => [req.get('host'), req.header('HOST'), req.get('nope'), req.get('Referrer')],
    { headers: { Referer: 'r' } },
  ],
  ['get without a name', (req) => req.get()],
  ['get of no string', (req) => req.get(42)],
  ['accepts: all', (req) => req.accepts(), accept('text/html;q=0.5, application/json')],
  [
    'accepts: one',
    (req) => [req.accepts('json'), req.accepts('html', 'json'), req.accepts(['png']), req.accepts('text/*')],
    accept('text/html;q=0.5, application/json'),
  ],
  ['accepts without a header', (req) => req.accepts('json', 'html')],
  [
    'acceptsEncodings',
    (req) => [req.acceptsEncodings(), req.acceptsEncodings('gzip', 'br')],
    { headers: { 'Accept-Encoding': 'br, gzip;q=0.5' } },
  ],
  [
    'acceptsCharsets',
    (req) => [req.acceptsCharsets(), req.acceptsCharsets('utf-8', 'x')],
    { headers: { 'Accept-Charset': 'utf-8' } },
  ],
  [
    'acceptsLanguages',
    (req) => [req.acceptsLanguages(), req.acceptsLanguages('de', 'en')],
    { headers: { 'Accept-Language': 'en;q=0.5, de' } },
  ],
  [
    'is',
    (req) => [req.is('json'), req.is('html', 'application/*'), req.is(['text'])],
    { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json; charset=utf-8' } },
  ],
  ['is without a body', (req) => req.is('json'), { headers: { 'Content-Type': 'application/json' } }],
  [
    'range',
    (req) => [req.range(100), req.range(3), req.range(100)?.type],
    { headers: { Range: 'bytes=0-4,90-99' } },
  ],
  ['range: unsatisfiable', (req) => req.range(10), { headers: { Range: 'bytes=50-60' } }],
  ['range: malformed', (req) => req.range(10), { headers: { Range: 'x' } }],
  ['range: combined', (req) => req.range(100, { combine: true }), { headers: { Range: 'bytes=0-4,3-9' } }],
  ['range without a header', (req) => req.range(10)],
  ['query: nested', (req) => req.query, { path: '/x?a=1&b[c]=2&d[]=3&d[]=4&a=5&e' }],
  ['query: none', (req) => [req.query, Object.keys(req.query)]],
  ['query: extended', (req) => req.query, { path: '/x?a[b][c]=1' }, { 'query parser': 'extended' }],
  [
    'query: many of one name',
    (req) => req.query,
    { path: `/x?${'a=1&'.repeat(25)}` },
    { 'query parser': 'extended' },
  ],
  ['query: simple', (req) => req.query, { path: '/x?a[b]=1' }, { 'query parser': 'simple' }],
  ['query: off', (req) => req.query, { path: '/x?a=1' }, { 'query parser': false }],
  [
    'query: own function',
    (req) => req.query,
    { path: '/x?a=1' },
    { 'query parser': (text: string) => ({ text }) },
  ],
  [
    'query: __proto__',
    (req) => [req.query.polluted, req.query],
    { path: '/x?__proto__[polluted]=1&constructor[prototype][p]=2' },
  ],
  [
    'path, url, originalUrl, baseUrl',
    (req) => [req.path, req.url, req.originalUrl, req.baseUrl],
    { path: '/x?a=b?c' },
  ],
  ['params', (req) => [Object.keys(req.params)]],
  ['addresses without trust', addresses, forwarded],
  ['addresses with trust', addresses, forwarded, trusting],
  ['addresses with one hop', addresses, forwarded, { 'trust proxy': 1 }],
  ['addresses with names', addresses, forwarded, { 'trust proxy': 'loopback, 10.0.0.2' }],
  [
    'addresses with a function',
    addresses,
    forwarded,
    { 'trust proxy': (_address: string, hop: number) => hop < 1 },
  ],
  ['addresses with a list', addresses, forwarded, { 'trust proxy': ['loopback'] }],
  ['host: IPv6', (req) => [req.hostname, req.host], { headers: { Host: '[::1]:80' } }],
  ['subdomains', (req) => req.subdomains, { headers: { Host: 'a.b.example.com' } }],
  [
    'subdomains: offset',
    (req) => req.subdomains,
    { headers: { Host: 'a.b.example.com' } },
    { 'subdomain offset': 1 },
  ],
  ['subdomains of an address', (req) => req.subdomains, { headers: { Host: '127.0.0.1' } }],
  ['xhr', (req) => req.xhr, { headers: { 'X-Requested-With': 'XMLHttpRequest' } }],
  ['not xhr', (req) => req.xhr],
  [
    'fresh by tag',
    (req, res) => after(res.set('ETag', '"a"'), () => [req.fresh, req.stale]),
    { headers: { 'If-None-Match': 'W/"a"' } },
  ],
  [
    'fresh: tag and date differ',
    (req, res) =>
      after(res.set({ ETag: '"a"', 'Last-Modified': new Date(2e12).toUTCString() }), () => req.fresh),
    { headers: { 'If-None-Match': '"a"', 'If-Modified-Since': new Date(1e12).toUTCString() } },
  ],
  ['fresh: any tag', (req) => req.fresh, { headers: { 'If-None-Match': '*' } }],
  [
    'fresh: reload',
    (req, res) => after(res.set('ETag', '"a"'), () => req.fresh),
    { headers: { 'If-None-Match': '"a"', 'Cache-Control': 'no-cache' } },
  ],
  [
    'fresh: not for POST',
    (req, res) => after(res.set('ETag', '"a"'), () => req.fresh),
    { method: 'POST', headers: { 'If-None-Match': '"a"' } },
  ],
  [
    'fresh: not for 404',
    (req, res) => after(res.status(404).set('ETag', '"a"'), () => [req.fresh, res.status(200) === res]),
    { headers: { 'If-None-Match': '"a"' } },
  ],
  [
    'fresh by date',
    (req, res) => after(res.set('Last-Modified', new Date(1e12).toUTCString()), () => req.fresh),
    { headers: { 'If-Modified-Since': new Date(1e12).toUTCString() } },
  ],
  [
    'res, next, app',
    (req, res) => [
      req.res === res,
      res.req === req,
      typeof req.next,
      typeof req.app.get,
      req.app === res.app,
    ],
  ],
  [
    'app settings',
    (req) => [
      req.app.get('etag'),
      req.app.enabled('etag'),
      req.app.disabled('json spaces'),
      req.app.get('subdomain offset'),
      typeof req.app.get('trust proxy fn'),
      req.app.settings['jsonp callback name'],
    ],
  ],
  [
    'app.locals',
    (req) => [Object.getPrototypeOf(req.app.locals) === null, req.app.locals.settings === req.app.settings],
  ],
  [
    'own keys that handlers see',
    (req) => ['res', 'next', 'params', 'originalUrl', 'baseUrl'].map((key) => Object.hasOwn(req, key)),
  ],
]

describe.each([4, 5] as const)('connect request, semantics of Express %s', (major) => {
  it.each(cases)('%s', async (_name, read, given, settings) => {
    const { express, rage } = await both(major, reading(read), given, settings)

    assert.deepEqual(JSON.parse(rage.body), JSON.parse(express.body))
    assert.equal(rage.status, 200)
  })
})

describe('connect request: what only Express 4 has', () => {
  it.each<Case>([
    ['acceptsEncoding', (req) => req.acceptsEncoding('gzip'), { headers: { 'Accept-Encoding': 'gzip' } }],
    ['acceptsCharset', (req) => req.acceptsCharset('utf-8')],
    ['acceptsLanguage', (req) => req.acceptsLanguage('de')],
    [
      'param',
      (req) => [req.param('a'), req.param('b', 'standard'), req.param('toString')],
      { path: '/x?a=1' },
    ],
    ['assigning the query', (req) => Object.assign(req, { query: { mine: 1 } }).query, { path: '/x?a=1' }],
  ])('%s', async (_name, read, given) => {
    const { express, rage } = await both(4, reading(read), given)

    assert.deepEqual(JSON.parse(rage.body), JSON.parse(express.body))
  })
})

describe('connect request: the query', () => {
  it('is writable with the semantics of 5 too, and follows a rewritten URL until it is written', async () => {
    const { rage } = await both(
      5,
      reading((req) => {
        const first = req.query.a
        req.url = '/x?a=2'
        const second = req.query.a
        req.query.a = 'cleaned'
        const third = req.query.a
        req.query = { a: 'mine' }
        return [first, second, third, req.query.a]
      }),
      { path: '/x?a=1' },
    )

    assert.deepEqual(JSON.parse(rage.body).value, ['1', '2', 'cleaned', 'mine'])
  })
})

describe.each([4, 5] as const)(
  'connect request: a server with classes of its own, semantics of Express %s',
  (major) => {
    it('keeps their members', async () => {
      class Tenanted extends IncomingMessage {
        get tenant(): string {
          return 'acme'
        }
      }
      class Counted extends ServerResponse {
        count(): string {
          return 'one'
        }
      }
      const listener = standalone(major, [
        (req, res) => res.json([req.tenant, res.count(), req.hostname, req instanceof Tenanted]),
      ])
      const server = createServer({ IncomingMessage: Tenanted, ServerResponse: Counted } as object, listener)

      const { body } = await supertest(server).get('/x').set('Host', 'shop.test')

      assert.deepEqual(body, ['acme', 'one', 'shop.test', true])
    })
  },
)
