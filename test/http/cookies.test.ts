import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import fc from 'fast-check'
import supertest from 'supertest'
import { afterEach, describe, it, vi } from 'vitest'
import { Controller } from '../../src/controller'
import {
  type CookieOptions,
  Cookies,
  CookieTooLargeError,
  CookieTooLateError,
  InvalidCookieError,
  type Request,
  type Response,
  Secrets,
  SecretsMissingError,
} from '../../src/http'
import { InvalidOptionError, UnknownOptionError } from '../../src/kernel'
import { majors } from '../adapters/express/support/majors'
import { cookieHandler, cookieServer, oldSecret, secret, sentBack, setCookies } from './support/cookie-server'

class Pages extends Controller {
  read() {
    const { cookies } = this
    return { theme: cookies.get('theme') ?? null, other: cookies.get('other') ?? null }
  }
  set() {
    this.cookies.set('theme', 'dark; or "light"')
    return this.cookies.get('theme')
  }
  remove() {
    this.cookies.delete('theme', { path: '/shop' })
    return { theme: this.cookies.get('theme') ?? null }
  }
  several() {
    this.res.setHeader('Set-Cookie', ['theme=others', 'before=1'])
    this.cookies.set('theme', 'one')
    this.cookies.set('theme', 'elsewhere', { path: '/shop' })
    this.cookies.set('theme', 'wide', { domain: 'example.com' })
    this.res.appendHeader('Set-Cookie', 'after=1')
    this.cookies.set('theme', 'two')
    this.cookies.delete('theme', { path: '/shop' })
  }
  late() {
    this.res.write('begun')
    this.cookies.set('theme', 'dark')
  }
  login() {
    this.cookies.signed.set('user', { id: 1 })
    this.cookies.encrypted.set('card', ['4111'])
    return { user: this.cookies.signed.get('user'), card: this.cookies.encrypted.get('card') }
  }
  who() {
    const { signed, encrypted } = this.cookies
    return { user: signed.get('user') ?? null, card: encrypted.get('card') ?? null }
  }
}

afterEach(() => void vi.useRealTimers())

/** Cookies of a request that only has a header, and the lines they set. */
function cookiesOf(header?: string, secrets: readonly string[] = [secret], facts: object = {}) {
  const headers: Record<string, string[]> = {}
  const res = {
    headersSent: false,
    getHeader: (name: string) => headers[name],
    setHeader: (name: string, value: string[]) => void (headers[name] = value),
  }
  const req = { headers: { cookie: header }, socket: {}, ...facts }
  const cookies = new Cookies(
    req as unknown as Request,
    res as unknown as Response,
    secrets.length === 0 ? null : new Secrets(secrets),
  )
  return { cookies, lines: () => headers['Set-Cookie'] ?? [] }
}

/** What a browser has after these lines. */
const headerOf = (lines: readonly string[]) => lines.map((line) => line.split(';')[0]).join('; ')

describe('http: plain cookies', () => {
  it('are read, decoded, the first of one name', async () => {
    const { agent } = cookieServer(Pages)

    const answer = await agent.get('/read').set('Cookie', 'theme=%22dark%22; x; theme=light; other=%zz')

    assert.deepEqual(answer.body, { theme: '"dark"', other: '%zz' })
  })

  it('are set with safe attributes, and read back in the same request', async () => {
    const answer = await cookieServer(Pages).agent.get('/set')

    assert.equal(answer.body, 'dark; or "light"')
    assert.deepEqual(setCookies(answer), ['theme=dark%3B%20or%20%22light%22; Path=/; HttpOnly; SameSite=Lax'])
  })

  it('are deleted by path and domain', async () => {
    const answer = await cookieServer(Pages).agent.get('/remove').set('Cookie', 'theme=dark')

    assert.deepEqual(answer.body, { theme: null })
    assert.deepEqual(setCookies(answer), [
      'theme=; Path=/shop; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
    ])
  })

  it('replace an own one of the same name, path and domain, and leave the rest', async () => {
    const answer = await cookieServer(Pages).agent.get('/several')

    assert.deepEqual(setCookies(answer), [
      'theme=others',
      'before=1',
      'theme=wide; Domain=example.com; Path=/; HttpOnly; SameSite=Lax',
      'after=1',
      'theme=two; Path=/; HttpOnly; SameSite=Lax',
      'theme=; Path=/shop; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
    ])
  })

  it('are refused once the headers have gone', async () => {
    const answer = await cookieServer(Pages).agent.get('/late')

    assert.ok(answer.text.startsWith('begunRAGE_HTTP_COOKIE_TOO_LATE: The cookie "theme"'), answer.text)
  })

  it('carry the attributes they are given', () => {
    vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] })
    const { cookies, lines } = cookiesOf()

    cookies.set('a', '1', { maxAgeSeconds: 60, sameSite: 'strict', httpOnly: false, secure: true })
    cookies.set('b', '1', { expires: new Date(Date.UTC(2031, 0, 1)), domain: 'example.com', path: '/b' })

    assert.deepEqual(lines(), [
      'a=1; Max-Age=60; Path=/; Expires=Tue, 01 Jan 2030 00:01:00 GMT; Secure; SameSite=Strict',
      'b=1; Domain=example.com; Path=/b; Expires=Wed, 01 Jan 2031 00:00:00 GMT; HttpOnly; SameSite=Lax',
    ])
  })

  it.each([
    ['an encrypted socket', { socket: { encrypted: true } }, {}, 'a', true],
    ['a request the host calls secure', { secure: true }, {}, 'a', true],
    [
      'one the host does not call secure, whatever the socket',
      { secure: false, socket: { encrypted: true } },
      {},
      'a',
      false,
    ],
    ['secure: false', { secure: true }, { secure: false }, 'a', false],
    ['sameSite none', {}, { sameSite: 'none' }, 'a', true],
    ['partitioned', {}, { partitioned: true }, 'a', true],
    ['the prefix __Host-', {}, {}, '__Host-a', true],
    ['the prefix __Secure-', {}, {}, '__Secure-a', true],
  ] as [string, object, CookieOptions, string, boolean][])(
    'are Secure or not: %s',
    (_, facts, options, name, isSecure) => {
      const { cookies, lines } = cookiesOf(undefined, [], facts)

      cookies.set(name, '1', options)

      assert.equal(lines()[0]!.includes('; Secure'), isSecure)
    },
  )

  it.each([
    ['', '1', {}, InvalidCookieError, 'not a token'],
    ['a b', '1', {}, InvalidCookieError, 'not a token'],
    ['a\r\nSet-Cookie: b', '1', {}, InvalidCookieError, 'not a token'],
    ['a', 7, {}, InvalidCookieError, 'its value is of type number'],
    ['a', '\ud800', {}, InvalidCookieError, 'URI malformed'],
    ['a', '1', { path: '/;x=1' }, InvalidCookieError, 'path is invalid'],
    ['a', '1', { domain: 'a;b' }, InvalidCookieError, 'domain is invalid'],
    ['a', '1', { sameSite: 'none', secure: false }, InvalidCookieError, 'demands secure'],
    ['__Host-a', '1', { path: '/b' }, InvalidCookieError, 'demands path "/" and no domain'],
    ['a', '1', { path: 'b' }, InvalidOptionError, 'a path that begins with "/"'],
    ['a', '1', { expires: new Date(Number.NaN) }, InvalidOptionError, 'a valid Date'],
    ['a', '1', { maxAgeSeconds: 86_400_000 }, InvalidOptionError, 'a whole number from 0 to 34560000'],
    ['a', '1', { maxAgeSeconds: 1.5 }, InvalidOptionError, 'a whole number'],
    ['a', '1', { httpOnly: 'yes' }, InvalidOptionError, 'true or false'],
    ['a', '1', { maxAge: 1000 }, UnknownOptionError, 'There is no option "cookie.maxAge"'],
  ])('refuse %j = %j with %j', (name, value, options, type, message) => {
    const { cookies, lines } = cookiesOf()

    assert.throws(
      () => cookies.set(name, value as string, options as CookieOptions),
      (error: Error) => error instanceof type && error.message.includes(message),
    )
    assert.deepEqual(lines(), [])
    assert.equal(cookies.get(name), undefined)
  })

  it('take 4096 bytes with name and attributes, and not one more', () => {
    const { cookies, lines } = cookiesOf()
    const rest = 'a=; Path=/; HttpOnly; SameSite=Lax'.length

    cookies.set('a', 'x'.repeat(4096 - rest))

    assert.equal(lines()[0]!.length, 4096)
    assert.throws(
      () => cookies.set('a', 'x'.repeat(4097 - rest)),
      (error: Error) => error instanceof CookieTooLargeError && error.message.includes('takes 4097 bytes'),
    )
  })

  it('survive as any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (value) => {
        const { cookies, lines } = cookiesOf()
        cookies.set('a', value)
        assert.equal(cookiesOf(headerOf(lines())).cookies.get('a'), value)
      }),
    )
  })
})

describe.each(majors)('http: cookies in %s', (_name, express) => {
  it('are Secure where the app trusts a proxy that says https', async () => {
    const app = express()
    app.set('trust proxy', true)
    app.use((_req, res, next) => {
      res.cookie('before', '1')
      next()
    })
    app.use(cookieHandler(Pages).handle)

    const answer = await supertest(app).get('/set').set('X-Forwarded-Proto', 'https')

    assert.deepEqual(setCookies(answer), [
      'before=1; Path=/',
      'theme=dark%3B%20or%20%22light%22; Path=/; HttpOnly; Secure; SameSite=Lax',
    ])
  })
})

describe('http: signed and encrypted cookies', () => {
  it('hold JSON values and are read back in the same request and the next', async () => {
    const { agent } = cookieServer(Pages)

    const login = await agent.get('/login')
    const who = await agent.get('/who').set('Cookie', sentBack(login))

    assert.deepEqual(login.body, { user: { id: 1 }, card: ['4111'] })
    assert.deepEqual(who.body, { user: { id: 1 }, card: ['4111'] })
    assert.ok(setCookies(login).every((line) => line.endsWith('; Path=/; HttpOnly; SameSite=Lax')))
  })

  it('are undefined when they are not ours', async () => {
    const { agent } = cookieServer(Pages)
    const [user, card] = setCookies(await agent.get('/login')).map(
      (line) => line.split(';')[0]!.split('=')[1],
    )

    for (const header of [
      `user=${card}; card=${user}`,
      'user=s%3A1.Hc5V; card=1',
      'user={"id":1}; card=["4111"]',
      `user=${user!.slice(0, -1)}; card=${card}A`,
    ])
      assert.deepEqual(
        (await agent.get('/who').set('Cookie', header)).body,
        { user: null, card: null },
        header,
      )
  })

  it('survive as any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('signed', 'encrypted'), (value, purpose) => {
        const expected = JSON.parse(JSON.stringify(value), (key, member) =>
          key === '__proto__' ? undefined : member,
        )
        const { cookies, lines } = cookiesOf()
        try {
          cookies[purpose as 'signed'].set('a', value)
        } catch (error) {
          return assert.ok(error instanceof CookieTooLargeError)
        }
        assert.deepEqual(cookiesOf(headerOf(lines())).cookies[purpose as 'signed'].get('a'), expected)
      }),
      {
        examples: [
          [null, 'signed'],
          [JSON.parse('{"a":{"__proto__":{"b":1}}}'), 'encrypted'],
          [{ toString: 1 }, 'signed'],
        ],
      },
    )
  })

  it.each(['signed', 'encrypted'] as const)(
    'are undefined with any one bit changed on the way: %s',
    (purpose) => {
      const { cookies, lines } = cookiesOf()
      cookies[purpose].set('a', { id: 1 })
      const header = Buffer.from(headerOf(lines()), 'latin1')

      for (let bit = 0; bit < header.length * 8; bit += 1) {
        const changed = Buffer.from(header)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const { cookies } = cookiesOf(changed.toString('latin1'))
        assert.equal(cookies[purpose].get('a'), undefined, changed.toString('latin1'))
      }
    },
  )

  it('are read in a WebSocket handshake, which has no response to set any', () => {
    const { cookies, lines } = cookiesOf()
    cookies.signed.set('a', 1)
    const req = { headers: { cookie: headerOf(lines()) }, socket: {} } as unknown as Request
    const handshake = new Cookies(req, null, new Secrets([secret]))

    assert.equal(handshake.signed.get('a'), 1)
    assert.throws(() => handshake.set('b', '1'), CookieTooLateError)
  })

  it('end when their time is over, whatever the browser keeps', () => {
    vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] })
    const { cookies, lines } = cookiesOf()
    cookies.signed.set('a', 1, { maxAgeSeconds: 60 })
    cookies.encrypted.set('b', 1, { expires: new Date(Date.UTC(2030, 0, 1, 0, 1)) })
    cookies.signed.set('c', 1)
    const read = () => {
      const { signed, encrypted } = cookiesOf(headerOf(lines())).cookies
      return [signed.get('a'), encrypted.get('b'), signed.get('c')]
    }

    vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 0, 59, 999))
    assert.deepEqual(read(), [1, 1, 1])

    vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 1))
    assert.deepEqual(read(), [undefined, undefined, 1])
  })

  it('are read under every secret and written under the newest', () => {
    const before = cookiesOf(undefined, [oldSecret])
    before.cookies.signed.set('a', 1)
    const { cookies, lines } = cookiesOf(headerOf(before.lines()), [secret, oldSecret])

    assert.equal(cookies.signed.get('a'), 1)
    assert.deepEqual(lines(), [], 'a plain read writes nothing: nobody knows the attributes')

    cookies.signed.set('a', 2)
    assert.equal(cookiesOf(headerOf(lines()), [secret]).cookies.signed.get('a'), 2)
  })

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    [
      'a cycle',
      (() => {
        const a: unknown[] = []
        a.push(a)
        return a
      })(),
    ],
    ['a BigInt', 1n],
  ])('refuse %s', (_, value) => {
    const { cookies, lines } = cookiesOf()

    assert.throws(
      () => cookies.signed.set('a', value),
      /RAGE_HTTP_INVALID_COOKIE: .*its value has no JSON form/,
    )
    assert.deepEqual(lines(), [])
  })

  it('say how to make a secret where there is none', () => {
    const { cookies } = cookiesOf(undefined, [])

    for (const read of [() => cookies.signed, () => cookies.encrypted])
      assert.throws(
        read,
        (error: Error) => error instanceof SecretsMissingError && error.message.includes('randomBytes(48)'),
      )
    cookies.set('plain', 'works')
  })
})

describe('http: hostile Cookie headers', () => {
  const shape = fc.array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(';', '=', '; ', '%', '"', '__proto__=1', 'constructor=x', 'a=1.', '%00', '\\', ','),
    ),
  )

  it('never throw, and never reach a prototype', () => {
    fc.assert(
      fc.property(shape, (parts) => {
        const { cookies } = cookiesOf(parts.join(''))
        for (const name of ['a', '__proto__', 'constructor', 'toString', '']) {
          const value = cookies.get(name)
          assert.ok(value === undefined || typeof value === 'string')
          assert.equal(cookies.signed.get(name), undefined)
          assert.equal(cookies.encrypted.get(name), undefined)
        }
        assert.equal(({} as Record<string, unknown>).a, undefined)
      }),
    )
  })

  it('are served as long as Node takes them: thousands of names, and bytes that are no text', async () => {
    const server = createServer(
      cookieHandler(Pages).handle as (req: IncomingMessage, res: ServerResponse) => void,
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const many = Array.from({ length: 2000 }, (_, index) => `c${index}=`).join(';')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.write(
      Buffer.from(
        `GET /read HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: ${many}\r\nCookie: other=\xff%ff\r\nCookie: __proto__=1; theme=b\r\n\r\n`,
        'latin1',
      ),
    )

    let text = ''
    for await (const chunk of socket) text += chunk
    server.close()

    assert.ok(text.startsWith('HTTP/1.1 200'), text)
    assert.ok(text.endsWith('{"theme":"b","other":"ÿ%ff"}'), text.slice(-60))
  })
})
