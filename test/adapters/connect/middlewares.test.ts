/** The middlewares Express apps use most, each in a real Express 5, under the mount and standalone: with equal results. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import bodyParser from 'body-parser'
import { doubleCsrf } from 'csrf-csrf'
import fileUpload from 'express-fileupload'
import { expressjwt } from 'express-jwt'
import { rateLimit } from 'express-rate-limit'
import { body as field, validationResult } from 'express-validator'
import helmet from 'helmet'
import { createProxyMiddleware } from 'http-proxy-middleware'
import jwt from 'jsonwebtoken'
import multer from 'multer'
import { pinoHttp } from 'pino-http'
import serveStatic from 'serve-static'
import { describe, it } from 'vitest'
import { CurrentAttributes } from '../../../src'
import { atEnd, temporaryFolder } from '../../runtime/support/runtimes'
import {
  type Ask,
  ask,
  type Loose,
  type LooseHandler,
  mounted,
  type Seen,
  standalone,
  underExpress,
} from './support/sides'

/** Those that have no types installed. */
const load = (name: string): Loose => createRequire(import.meta.url)(name)
const compression = load('compression')
const flash = load('connect-flash')
const timeout = load('connect-timeout')
const cookieParser = load('cookie-parser')
const cors = load('cors')
const errorhandler = load('errorhandler')
const session = load('express-session')
const hpp = load('hpp')
const methodOverride = load('method-override')
const morgan = load('morgan')
const passport = load('passport')
const { Strategy: LocalStrategy } = load('passport-local')
const responseTime = load('response-time')
const swaggerUi = load('swagger-ui-express')
const vhost = load('vhost')

interface Suite {
  /** Made anew for each side. `told` receives what the middleware writes elsewhere, such as log lines. */
  readonly handlers: (told: string[]) => readonly LooseHandler[] | Promise<readonly LooseHandler[]>
  /** One after the other; cookies travel. */
  readonly asks: readonly (Ask | ((before: Seen) => Ask))[]
  /** What Express shows, so that nothing is compared with nothing. */
  readonly expected: RegExp
  /** Values that differ from run to run. */
  readonly varying?: RegExp
}

const json = (value: unknown): Ask => ({
  method: 'POST',
  body: JSON.stringify(value),
  headers: { 'Content-Type': 'application/json' },
})
const form = (body: string): Ask => ({
  method: 'POST',
  body,
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
})
const upload = (): Ask => ({
  method: 'POST',
  headers: { 'Content-Type': 'multipart/form-data; boundary=cut' },
  body: '--cut\r\nContent-Disposition: form-data; name="title"\r\n\r\ntea\r\n--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--cut--\r\n',
})
const showing =
  (show: (req: Loose, res: Loose) => unknown): LooseHandler =>
  (req, res) =>
    res.json(show(req, res) ?? null)
/** Four parameters: for errors. */
const failed: Loose = (error: Loose, _req: Loose, res: Loose, _next: Loose): void =>
  void res.status(error.status ?? 500).send(`failed: ${error.message}`)
const withSession = () => session({ secret: 'tea', resave: false, saveUninitialized: false })

const suites: Readonly<Record<string, Suite>> = {
  cors: {
    handlers: () => [cors({ origin: 'http://a.test', credentials: true }), showing(() => 'ok')],
    asks: [
      { headers: { Origin: 'http://a.test' } },
      { method: 'OPTIONS', headers: { Origin: 'http://a.test', 'Access-Control-Request-Method': 'PUT' } },
    ],
    expected: /access-control-allow-credentials.*204/s,
  },
  helmet: {
    handlers: () => [helmet(), showing(() => 'ok')],
    asks: [{}],
    expected: /strict-transport-security/,
  },
  compression: {
    handlers: () => [compression({ threshold: 10 }), (_req, res) => res.send('tea '.repeat(500))],
    asks: [
      { headers: { 'Accept-Encoding': 'gzip' } },
      { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } },
      {},
    ],
    expected: /"content-encoding":"gzip"/,
  },
  'compression of a stream': {
    handlers: () => [
      compression({ threshold: 0 }),
      (_req, res) => {
        res.type('txt')
        res.write('first ')
        res.flush()
        setTimeout(() => res.end('second'), 5)
      },
    ],
    asks: [{ headers: { 'Accept-Encoding': 'gzip' } }],
    expected: /chunked/,
  },
  'cookie-parser': {
    handlers: () => [
      cookieParser('tea'),
      (req, res) => {
        res.cookie('signed', 'value', { signed: true })
        res.json([req.cookies, { ...req.signedCookies }])
      },
    ],
    asks: [{ headers: { Cookie: 'a=b; o=j%3A%7B%22x%22%3A1%7D' } }, {}],
    expected: /"x\\":1.*"signed\\":\\"value/s,
  },
  'express-session': {
    handlers: () => [
      withSession(),
      showing((req) => {
        req.session.visits = (req.session.visits ?? 0) + 1
        return req.session.visits
      }),
    ],
    asks: [{}, {}, {}],
    expected: /"body":"1".*"body":"2".*"body":"3"/s,
    varying: /connect\.sid=[^;"]+/g,
  },
  morgan: {
    handlers: (told) => [
      morgan(':method :url :status :res[content-length]', {
        stream: { write: (line: string) => void told.push(line) },
      }),
      showing(() => 'ok'),
    ],
    asks: [{ path: '/x?a=1' }],
    expected: /GET \/x\?a=1 200 4/,
  },
  'body-parser': {
    handlers: () => [
      bodyParser.json(),
      bodyParser.urlencoded({ extended: true }),
      showing((req) => req.body),
      failed,
    ],
    asks: [
      json({ a: [1] }),
      form('a[b]=1'),
      { method: 'POST', body: '{', headers: { 'Content-Type': 'application/json' } },
      {},
    ],
    expected: /\{\\"a\\":\[1\].*\\"b\\":\\"1.*400/s,
  },
  multer: {
    handlers: () => [
      multer({ storage: multer.memoryStorage() }).single('file'),
      showing((req) => [{ ...req.body }, req.file.originalname, req.file.buffer.toString()]),
    ],
    asks: [upload()],
    expected: /a\.txt.*hello/,
  },
  'serve-static': {
    handlers: () => {
      const folder = temporaryFolder()
      writeFileSync(join(folder, 'x'), 'a file')
      return [
        serveStatic(folder, { lastModified: false, etag: false }) as LooseHandler,
        showing(() => 'behind'),
      ]
    },
    asks: [{}, { headers: { Range: 'bytes=2-3' } }, { method: 'POST' }],
    expected: /a file.*206.*behind/s,
  },
  'express-rate-limit': {
    handlers: () => [
      rateLimit({ windowMs: 60_000, limit: 1, standardHeaders: true, legacyHeaders: false }),
      showing(() => 'ok'),
    ],
    asks: [{}, {}],
    expected: /"ratelimit-remaining":"0".*429.*Too many requests/s,
    varying: /"(?:ratelimit-reset|retry-after)":"\d+"/g,
  },
  passport: {
    handlers: () => {
      const own = new passport.Passport()
      own.use(
        new LocalStrategy((name: string, password: string, done: Loose) =>
          done(null, password === 'tea' ? { name } : false),
        ) as Loose,
      )
      own.serializeUser((user: Loose, done: Loose) => done(null, user.name))
      own.deserializeUser((name: string, done: Loose) => done(null, { name }))
      const login = own.authenticate('local', { failureRedirect: '/login' })
      return [
        withSession(),
        own.session(),
        bodyParser.urlencoded({ extended: false }),
        (req, res, next) => (req.method === 'POST' ? login(req, res, next) : next()),
        showing((req) => [req.isAuthenticated(), req.user ?? null]),
      ]
    },
    asks: [form('username=ada&password=no'), form('username=ada&password=tea'), {}],
    expected: /"location":"\/login".*true.*ada.*true.*ada/s,
    varying: /connect\.sid=[^;"]+/g,
  },
  'express-validator': {
    handlers: () => [
      bodyParser.json(),
      field('email').isEmail().normalizeEmail(),
      showing((req) => [validationResult(req).array(), req.body]),
    ],
    asks: [json({ email: 'no' }), json({ email: 'Ada@Example.COM' })],
    expected: /Invalid value.*ada@example\.com/s,
  },
  'method-override': {
    handlers: () => [methodOverride(), showing((req) => [req.method, req.originalMethod])],
    asks: [{ method: 'POST', headers: { 'X-HTTP-Method-Override': 'DELETE' } }],
    expected: /DELETE.*POST/,
  },
  'response-time': {
    handlers: () => [responseTime(), showing(() => 'ok')],
    asks: [{}],
    expected: /\(varies\)/,
    varying: /"x-response-time":"[\d.]+ms"/g,
  },
  'connect-timeout': {
    handlers: () => [timeout('20ms'), (_req, _res) => undefined, failed],
    asks: [{}],
    expected: /503.*failed: Response timeout/s,
  },
  hpp: {
    handlers: () => [
      bodyParser.urlencoded({ extended: true }),
      hpp(),
      showing((req) => [req.body, req.bodyPolluted]),
    ],
    asks: [form('a=1&a=2')],
    expected: /\\"a\\":\\"2\\"/,
  },
  errorhandler: {
    handlers: () => [
      () => {
        throw Object.assign(new Error('broken'), { status: 418 })
      },
      errorhandler({ log: false }) as LooseHandler,
    ],
    asks: [{ headers: { Accept: 'application/json' } }, { headers: { Accept: 'text/plain' } }],
    expected: /418.*broken/s,
    varying: /(?:\\+n\s+at [^"\\]*)+|"content-length":"\d+"|"etag":"W[^,}]*/g,
  },
  vhost: {
    handlers: () => [
      vhost('*.test', ((req: Loose, res: Loose) => res.end(`host ${req.vhost[0]}`)) as Loose) as LooseHandler,
      showing(() => 'another host'),
    ],
    asks: [{ headers: { Host: 'shop.test' } }, { headers: { Host: 'a.example' } }],
    expected: /host shop.*another host/s,
  },
  'express-jwt': {
    handlers: () => [
      expressjwt({ secret: 'tea', algorithms: ['HS256'] }),
      showing((req) => req.auth.sub),
      failed,
    ],
    asks: [
      { headers: { Authorization: `Bearer ${jwt.sign({ sub: 'ada' }, 'tea')}` } },
      { headers: { Authorization: 'Bearer x.y.z' } },
      {},
    ],
    expected: /ada.*401.*invalid token.*No authorization token/s,
  },
  'http-proxy-middleware': {
    handlers: async () => {
      const upstream = createServer((req, res) => {
        res.setHeader('X-Upstream', 'yes')
        res.setHeader('Date', 'none')
        req.pipe(res)
      }).listen(0, '127.0.0.1')
      await once(upstream, 'listening')
      atEnd(() => {
        upstream.closeAllConnections()
        upstream.close()
      })
      return [
        createProxyMiddleware({
          target: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
        }) as LooseHandler,
        showing(() => 'never'),
      ]
    },
    asks: [{ method: 'POST', body: 'echo', headers: { 'Content-Type': 'text/plain' } }],
    expected: /x-upstream.*echo/s,
  },
  'swagger-ui-express': {
    handlers: () => [
      ...(swaggerUi.serve as LooseHandler[]),
      swaggerUi.setup({ openapi: '3.0.0' }) as LooseHandler,
    ],
    asks: [{}],
    expected: /Swagger UI/,
  },
  'connect-flash': {
    handlers: () => [
      withSession(),
      flash(),
      showing((req) => (req.method === 'POST' ? req.flash('info', 'saved') : req.flash('info'))),
    ],
    asks: [{ method: 'POST' }, {}, {}],
    expected: /\[\\"saved\\"\].*\[\]/s,
    varying: /connect\.sid=[^;"]+/g,
  },
  'express-fileupload': {
    handlers: () => [
      fileUpload(),
      showing((req) => [{ ...req.body }, req.files.file.name, req.files.file.data.toString()]),
    ],
    asks: [upload()],
    expected: /a\.txt.*hello/,
  },
  'pino-http': {
    handlers: (told) => [
      pinoHttp({ genReqId: () => 'r1' }, { write: (line: string) => void told.push(summary(line)) }),
      showing((req) => {
        req.log.info('inside')
        return req.id
      }),
    ],
    asks: [{}],
    expected: /inside.*request completed GET \/x 200/s,
  },
  'csrf-csrf': {
    handlers: () => {
      const { generateCsrfToken, doubleCsrfProtection } = doubleCsrf({
        getSecret: () => 'tea',
        getSessionIdentifier: () => 'one',
        cookieName: 'csrf',
        cookieOptions: { secure: false },
      })
      return [
        cookieParser() as LooseHandler,
        doubleCsrfProtection as LooseHandler,
        (req, res) => res.send(req.method === 'GET' ? generateCsrfToken(req, res) : 'posted'),
        failed,
      ]
    },
    asks: [
      { method: 'POST' },
      {},
      (before) => ({ method: 'POST', headers: { 'X-CSRF-Token': before.body } }),
    ],
    expected: /403.*failed: invalid csrf token.*posted/s,
    varying: /[0-9a-f]{64}\.[0-9a-f]{64}|"etag":"W[^,}]*/g,
  },
}

function summary(line: string): string {
  const { msg, req, res } = JSON.parse(line)
  return [msg, req.method, req.url, res?.statusCode].join(' ')
}

async function run(
  suite: Suite,
  serve: (handlers: readonly LooseHandler[]) => RequestListener,
): Promise<string> {
  const told: string[] = []
  const listener = serve(await suite.handlers(told))
  const cookies = new Map<string, string>()
  const seen: Seen[] = []
  for (const step of suite.asks) {
    const given = typeof step === 'function' ? step(seen.at(-1)!) : step
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = cookie === '' ? given.headers : { Cookie: cookie, ...given.headers }
    const answer = await ask(listener, { ...given, ...(headers && { headers }) })
    for (const line of (answer.headers['set-cookie'] ?? []) as string[]) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      cookies.set(name!, value!)
    }
    seen.push(answer)
  }
  // Log lines are written when the response is closed.
  await new Promise((resolve) => setTimeout(resolve, 10))
  const text = JSON.stringify({ seen, told })
  return suite.varying === undefined ? text : text.replace(suite.varying, '(varies)')
}

describe('connect middlewares: in Express 5, under the mount and standalone alike', () => {
  it.each(Object.entries(suites))('%s', async (_name, suite) => {
    const express = await run(suite, (handlers) => underExpress(5, handlers))
    const mount = await run(suite, (handlers) => mounted(5, handlers))
    const alone = await run(suite, (handlers) => standalone(5, handlers))

    assert.match(express, suite.expected)
    assert.equal(mount, express)
    assert.equal(alone, express)
  })
})

describe('connect middlewares: the context of a request', () => {
  class Current extends CurrentAttributes<{ user: string }> {}

  it('is there behind a middleware that calls back from somewhere else', async () => {
    // Entered before the request, so that its callbacks run outside of it.
    const waiting: (() => void)[] = []
    const timer = setInterval(() => {
      for (const call of waiting.splice(0)) call()
    }, 5)
    atEnd(() => clearInterval(timer))
    const listener = standalone(5, [
      (_req, _res, next) => {
        Current.set({ user: 'ada' })
        next()
      },
      (_req, _res, next) => void waiting.push(next),
      showing(() => Current.get('user')),
    ])

    assert.equal((await ask(listener)).body, '"ada"')
  })
})
