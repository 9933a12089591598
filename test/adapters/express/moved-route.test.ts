/**
 * The table "What changes when a route moves" in migration-guide/controller.md: each row is sent to a handler of Express
 * and to an action that does the same.
 */
import assert from 'node:assert/strict'
import { brotliCompressSync } from 'node:zlib'
import type express5 from 'express'
import type { Express, NextFunction, Request, Response } from 'express'
import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { Controller } from '../../../src'
import { makeRage } from '../../runtime/support/runtimes'
import { read } from '../../support/repository'
import { majors } from './support/majors'

type AnyExpress = typeof express5
type Agent = ReturnType<typeof supertest>
type Action = (this: Controller<Request, Response>) => unknown

interface Scenario {
  /** Before the handler and before the mount; `'parsers'`: Express's before the handler, ours behind the mount. */
  readonly before?: ((app: Express, express: AnyExpress) => void) | 'parsers'
  readonly handler: (req: Request, res: Response) => unknown
  readonly action: Action
  readonly ask: (agent: Agent) => supertest.Test
  /** What of the answer the table shows. Default: status, and text. */
  readonly show?: (res: supertest.Response) => string
}

const json = (text: string) => (agent: Agent) => agent.post('/x').type('json').send(text)
const form = (text: string) => (agent: Agent) => agent.post('/x').type('form').send(text)
const get =
  (url = '/x') =>
  (agent: Agent) =>
    agent.get(url)
const header = (name: string) => (res: supertest.Response) =>
  String(res.headers[name.toLowerCase()] ?? 'none')

const parsers = (app: Express, express: AnyExpress) =>
  void app.use(express.json(), express.urlencoded({ extended: true }))
const echoBody = {
  handler: (req: Request, res: Response) => res.json(req.body ?? null),
  action(this: Controller<Request, Response>) {
    return this.params
  },
}
const echoQuery = {
  handler: (req: Request, res: Response) => res.json(req.query),
  action(this: Controller<Request, Response>) {
    return this.params
  },
}
const parsed = { before: parsers, ...echoBody }
/** Express's parsers against ours: the app of the owned route has none. */
const ownParser = { before: 'parsers' as const, ...echoBody }
const hello = {
  handler: (_req: Request, res: Response) => void res.json({ a: 1 }),
  action: () => ({ a: 1 }),
}
const many = Array.from({ length: 1_001 }, (_, n) => `p${n}=1`).join('&')
const deep = `a${'[b]'.repeat(40)}=1`

const scenarios: Record<string, Scenario> = {
  'a value is returned': {
    handler: () => ({ a: 1 }),
    action: () => ({ a: 1 }),
    ask: get(),
  },
  'nothing is answered': { handler: () => undefined, action: () => undefined, ask: get() },
  'text is answered': {
    handler: (_req, res) => res.send('<p>'),
    action() {
      this.render({ html: '<p>' })
    },
    ask: get(),
    show: header('Content-Type'),
  },
  'an async function rejects': {
    handler: async () => {
      throw new Error('broken')
    },
    action: async () => {
      throw new Error('broken')
    },
    ask: get(),
  },
  'the handler throws': {
    handler: () => {
      throw new Error('broken')
    },
    action: () => {
      throw new Error('broken')
    },
    ask: get(),
  },
  'it throws `undefined`': {
    handler: () => {
      throw undefined
    },
    action: () => {
      throw undefined
    },
    ask: get(),
    show: (res) => String(res.status),
  },
  'it answers twice': {
    handler: (_req, res) => {
      res.json(1)
      res.json(2)
    },
    action() {
      this.render({ json: 1 })
      this.render({ json: 2 })
    },
    ask: get(),
  },
  'JSON, no parser before': { ...echoBody, ask: json('{"a":1}') },
  'a form, no parser before': { ...echoBody, ask: form('a[b]=1') },
  'a multipart form, no parser before': {
    ...echoBody,
    ask: (agent) => agent.post('/x').field('title', 'x'),
  },
  'a body in `br`': {
    ...ownParser,
    ask: (agent) => {
      const asking = agent.post('/x').type('json').set('Content-Encoding', 'br')
      asking.write(brotliCompressSync('{"a":1}') as never)
      return asking
    },
  },
  'JSON that is malformed': { ...ownParser, ask: json('{"a":') },
  'JSON that is neither object nor array': { ...ownParser, ask: json('7') },
  'an empty JSON body': { ...ownParser, ask: json('') },
  'a body above 100 KiB': { ...ownParser, ask: json(`{"a":"${'x'.repeat(102_400)}"}`) },
  'JSON in `charset=latin1`': {
    ...ownParser,
    ask: (agent) => agent.post('/x').set('Content-Type', 'application/json; charset=latin1').send('{}'),
    show: (res) => String(res.status),
  },
  'a body in an unknown `Content-Encoding`': {
    ...ownParser,
    ask: (agent) => agent.post('/x').type('json').set('Content-Encoding', 'lzw').send('{}'),
    show: (res) => String(res.status),
  },
  'more than 1,000 fields in a form': { ...ownParser, ask: form(many) },
  'a form nested 40 deep': { ...ownParser, ask: form(deep), show: (res) => String(res.status) },
  '`__proto__` in a JSON body': { ...parsed, ask: json('{"__proto__":{"a":1}}') },
  'text/plain': {
    ...ownParser,
    action() {
      return this.req.body ?? null
    },
    ask: (agent) => agent.post('/x').type('text/plain').send('hi'),
  },
  'a query with brackets': { ...echoQuery, ask: get('/x?a[b]=1') },
  'a query with a repeated name': { ...echoQuery, ask: get('/x?a=1&a=2') },
  'a broken escape in the query': { ...echoQuery, ask: get('/x?a=%zz') },
  'NUL in the query': { ...echoQuery, ask: get('/x?a=%00') },
  HEAD: {
    ...hello,
    ask: (agent) => agent.head('/x'),
    show: (res) => `${res.status}, ${res.headers['content-length']} bytes`,
  },
  OPTIONS: { ...hello, ask: (agent) => agent.options('/x'), show: (res) => String(res.status) },
  'a method nobody declared': {
    ...hello,
    ask: (agent) => agent.delete('/x'),
    show: (res) => String(res.status),
  },
  ETag: { ...hello, ask: get(), show: header('ETag') },
  'a fresh copy': {
    ...hello,
    ask: (agent) => agent.get('/x').set('If-None-Match', 'W/"7-n4nHQM60bXQYySSnisV5QdXpZSA"'),
    show: (res) => String(res.status),
  },
  'JSON, as the app is set': {
    before: (app) => void app.set('json spaces', 1),
    ...hello,
    ask: get(),
  },
  'Content-Type of JSON': { ...hello, ask: get(), show: header('Content-Type') },
  headers: {
    ...hello,
    ask: get(),
    show: (res) =>
      Object.keys(res.headers)
        .filter((name) => !['date', 'connection', 'keep-alive'].includes(name))
        .sort()
        .join(', '),
  },
  '`req.params`': {
    handler: (req, res) => res.json(req.params),
    action() {
      return this.req.params
    },
    ask: get('/with/7'),
  },
  '`res.locals`': {
    before: (app) =>
      void app.use((_req, res, next) => {
        res.locals.user = 'ann'
        next()
      }),
    handler: (_req, res) => res.json(res.locals.user),
    action() {
      return this.res.locals.user
    },
    ask: get(),
  },
  'a header set by middleware': {
    before: (app) =>
      void app.use((_req, res, next) => void next(res.set('X-Frame-Options', 'DENY') && undefined)),
    ...hello,
    ask: get(),
    show: header('X-Frame-Options'),
  },
  'a redirect to another host': {
    handler: (_req, res) => res.redirect('https://other.example/'),
    action() {
      this.redirectTo('https://other.example/')
    },
    ask: get(),
    show: (res) => String(res.status),
  },
  'a cookie without options': {
    handler: (_req, res) => {
      res.cookie('a', '1')
      res.end()
    },
    action() {
      this.cookies.set('a', '1')
    },
    ask: get(),
    show: header('Set-Cookie'),
  },
  '`app.param`': {
    before: (app) =>
      void app.param('id', (req, _res, next) => void next(Object.assign(req, { loaded: true }) && undefined)),
    handler: (req, res) => res.json((req as { loaded?: true }).loaded ?? false),
    action() {
      return (this.req as { loaded?: true }).loaded ?? false
    },
    ask: get('/with/7'),
  },
  'an error with `status: 418`': {
    handler: () => {
      throw Object.assign(new Error('teapot'), { status: 418 })
    },
    action: () => {
      throw Object.assign(new Error('teapot'), { status: 418 })
    },
    ask: get(),
  },
}

const rows = rowsOf(read('migration-guide/controller.md'))

describe('a moved route: the table', () => {
  it('has a row for each of these, and no other', () => {
    expect(rows.map(({ title }) => title)).toEqual(Object.keys(scenarios))
  })
})

describe.each(majors)('a moved route: %s', (name, express) => {
  const column = name === 'Express 4' ? 'four' : 'five'

  it.each(rows.map((row) => [row.title, row] as const))(
    'does what the table says: %s',
    async (title, row) => {
      const scenario = scenarios[title]!
      const legacy = await observed(scenario, row[column], (app) => {
        if (scenario.before === 'parsers') parsers(app, express)
        app.get('/x', scenario.handler)
        app.post('/x', scenario.handler)
        app.get('/with/:id', scenario.handler)
      })
      const owned = await observed(scenario, row.owned, async (app) => {
        const { rage } = makeRage()
        class Moved extends Controller<Request, Response> {}
        Object.defineProperty(Moved.prototype, 'run', { value: scenario.action })
        rage.routes((r) => {
          for (const draw of [r.get, r.post]) draw('/x', [Moved, 'run'] as never)
          r.get('/with/:id', [Moved, 'run'] as never)
        })
        app.use(rage.mount())
        await rage.boot()
      })

      assert.equal(legacy, row[column])
      if (row.owned === 'the same') assert.equal(owned, legacy)
      else assert.equal(owned, row.owned)
    },
  )

  /** Rejections that nobody handles are Express 4's way. */
  async function observed(
    scenario: Scenario,
    expected: string,
    arrange: (app: Express) => void | Promise<void>,
  ): Promise<string> {
    const app = express()
    const unhandled: unknown[] = []
    const note = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', note)
    if (typeof scenario.before === 'function') scenario.before(app, express)
    await arrange(app)
    app.use(
      (
        error: Error & { status?: number; type?: string; code?: string },
        _req: Request,
        res: Response,
        next: NextFunction,
      ) => {
        if (res.headersSent) return next(error)
        res.status(error.status ?? 500).send(error.type ?? error.code ?? error.message)
      },
    )
    try {
      const res = await scenario
        .ask(supertest(app))
        .timeout(expected.startsWith('no answer') ? 200 : 10_000)
        .redirects(0)
        .ok(() => true)
      return (scenario.show ?? shown)(res)
    } catch (error) {
      if ((error as { timeout?: number }).timeout === undefined) throw error
      return unhandled.length > 0 ? 'no answer, unhandled rejection' : 'no answer'
    } finally {
      process.off('unhandledRejection', note)
    }
  }
})

function shown(res: supertest.Response): string {
  return `${res.status} ${res.text ?? ''}`.trim().replace(/\s+/g, ' ')
}

function rowsOf(page: string) {
  const table = /<!-- moved -->([\s\S]*?)<!-- end -->/.exec(page)![1]!
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => {
      const [, title, four, five, owned] = line.split('|').map((cell) => cell.trim())
      const code = (cell: string | undefined) => cell!.replace(/`/g, '')
      return { title: title!, four: code(four), five: code(five), owned: code(owned) }
    })
}
