import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { afterEach, describe, it, vi } from 'vitest'
import { Controller } from '../../src/controller'
import { Secrets } from '../../src/http'
import { cookieServer, oldSecret, secret, sentBack, setCookies } from './support/cookie-server'

class Account extends Controller {
  static {
    this.rescueFrom(RangeError, (_error, controller) => controller.render({ text: 'rescued' }))
  }

  show() {
    return this.session
  }
  nothing() {}
  login() {
    this.session.userId = 1
    this.session.cart = [{ id: 7 }]
    return this.session
  }
  deep() {
    const [first] = this.session.cart as { id: number }[]
    first!.id = 8
  }
  same() {
    this.session.userId = 2
    this.session.userId = 1
  }
  logout() {
    for (const name of Object.keys(this.session)) delete this.session[name]
  }
  async again() {
    await this.resetSession()
    this.session.userId = 2
  }
  async reset() {
    await this.resetSession()
    return this.session
  }
  json() {
    this.session.userId = 1
    this.res.setHeader('Content-Type', 'application/json')
    this.res.end('{}')
  }
  headed() {
    this.session.userId = 1
    this.cookies.set('plain', '1')
    this.res.writeHead(302, 'Elsewhere', { Location: '/', 'set-cookie': 'own=1' })
    this.res.end()
  }
  headedRaw() {
    this.session.userId = 1
    this.res.writeHead(200, ['Set-Cookie', 'own=1', 'X-A', '1', 'set-cookie', 'own=2'])
    this.res.end()
  }
  async piped() {
    this.session.userId = 1
    await new Promise((resolve) => Readable.from(['a', 'b', 'c']).pipe(this.res).on('finish', resolve))
  }
  streamed() {
    this.session.userId = 1
    this.render({ stream: Readable.from(['a', 'b']) })
  }
  async flushed() {
    this.session.userId = 1
    this.res.flushHeaders()
    await new Promise((resolve) => setImmediate(resolve))
    let problem = ''
    try {
      this.session.userId = 2
    } catch (error) {
      problem = (error as Error).name
    }
    this.res.end(problem)
  }
  lateRead() {
    this.res.write('user ')
    const { userId } = this.session
    let problem = ''
    try {
      this.session.userId = 3
    } catch (error) {
      problem = (error as Error).name
    }
    this.res.end(`${userId} ${problem}`)
  }
  large() {
    this.session.text = 'x'.repeat(4096)
  }
  async largeStream() {
    this.session.text = 'x'.repeat(4096)
    this.session.userId = 1
    await new Promise((resolve) => Readable.from(['a', 'b']).pipe(this.res).on('finish', resolve))
  }
  cycle() {
    this.session.self = this.session
  }
  poison() {
    const session = this.session as Record<string, Record<string, unknown>>
    const names = ['__proto__', 'constructor'] as const
    session[names[0]] = { admin: true }
    session[names[1]] = JSON.parse('{"__proto__":{"admin":true},"b":1}')
    return { own: Object.keys(session), polluted: ({} as Record<string, unknown>).admin ?? null }
  }
  scalar() {
    this.cookies.encrypted.set('_rage_session', [1])
  }
  fail() {
    this.session.userId = 1
    throw new RangeError('no')
  }
}

class Shop extends Controller {
  static {
    this.afterAction((controller) => void (controller.session.seen = true))
    this.rescueFrom(Error, async (error, controller) => {
      await controller.resetSession()
      controller.render({ text: error.message, status: 500 })
    })
  }
  show() {}
  large() {
    this.session.text = 'x'.repeat(4096)
  }
}

afterEach(() => void vi.useRealTimers())

/** What the server makes of these cookies. */
const sessionIn = async (cookie: string) =>
  (await cookieServer(Account).agent.get('/show').set('Cookie', cookie)).body

describe('http: the session in a cookie', () => {
  it('is written when it has changed and read by the next request', async () => {
    const { agent } = cookieServer(Account)

    const login = await agent.get('/login')

    assert.match(setCookies(login).join(), /^_rage_session=1\.[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.deepEqual(await sessionIn(sentBack(login)), { userId: 1, cart: [{ id: 7 }] })
    assert.deepEqual(setCookies(await agent.get('/deep').set('Cookie', sentBack(login))).length, 1)
  })

  it('is not written when it was not touched, only read, or changed and changed back', async () => {
    const { agent } = cookieServer(Account)
    const cookie = sentBack(await agent.get('/login'))

    for (const path of ['/nothing', '/show', '/same'])
      assert.deepEqual(setCookies(await agent.get(path).set('Cookie', cookie)), [], path)
    for (const path of ['/nothing', '/show', '/logout', '/reset'])
      assert.deepEqual(setCookies(await agent.get(path)), [], `${path} without a cookie`)
  })

  it('is deleted when it has become empty', async () => {
    const { agent } = cookieServer(Account)
    const cookie = sentBack(await agent.get('/login'))

    for (const path of ['/logout', '/reset'])
      assert.deepEqual(setCookies(await agent.get(path).set('Cookie', cookie)), [
        '_rage_session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
      ])
  })

  it('starts anew after a reset', async () => {
    const { agent } = cookieServer(Account)
    const cookie = sentBack(await agent.get('/login'))

    assert.deepEqual(await sessionIn(sentBack(await agent.get('/again').set('Cookie', cookie))), {
      userId: 2,
    })
  })

  it('is kept when an after-callback changes it, and when a rescue answers', async () => {
    assert.deepEqual(await sessionIn(sentBack(await cookieServer(Shop).agent.get('/show'))), { seen: true })
    assert.deepEqual(await sessionIn(sentBack(await cookieServer(Account).agent.get('/fail'))), { userId: 1 })
  })

  it.each(['json', 'piped', 'flushed', 'streamed'])(
    'is kept however the action answers: %s',
    async (action) => {
      const answer = await cookieServer(Account).agent.get(`/${action}`)

      assert.equal(answer.status, 200)
      assert.equal(setCookies(answer).length, 1)
      assert.deepEqual(await sessionIn(sentBack(answer)), { userId: 1 })
    },
  )

  it('is kept when writeHead is given cookies of its own', async () => {
    const headed = await cookieServer(Account).agent.get('/headed')
    const headedRaw = await cookieServer(Account).agent.get('/headedRaw')

    assert.equal(headed.headers.location, '/')
    assert.equal(setCookies(headed)[0], 'own=1')
    assert.deepEqual(await sessionIn(setCookies(headed)[1]!), { userId: 1 })
    assert.equal(headedRaw.headers['x-a'], '1')
    assert.deepEqual(setCookies(headedRaw).slice(0, 2), ['own=1', 'own=2'])
    assert.deepEqual(await sessionIn(setCookies(headedRaw)[2]!), { userId: 1 })
  })

  it('can be read when the headers have gone; a change throws then', async () => {
    const { agent } = cookieServer(Account)
    const cookie = sentBack(await agent.get('/login'))

    assert.equal((await agent.get('/lateRead').set('Cookie', cookie)).text, 'user 1 TypeError')
    assert.equal((await agent.get('/flushed')).text, 'TypeError')
  })

  it('holds any name without reaching a prototype', async () => {
    const { agent } = cookieServer(Account)

    const answer = await agent.get('/poison')

    assert.deepEqual(answer.body, { own: ['__proto__', 'constructor'], polluted: null })
    assert.deepEqual(await sessionIn(sentBack(answer)), { constructor: { b: 1 } })
  })

  it('is empty when its cookie is not ours, or holds something else', async () => {
    const { agent } = cookieServer(Account)

    const scalar = sentBack(await agent.get('/scalar'))
    const foreign = `_rage_session=${new Secrets([oldSecret]).encrypted.close('_rage_session', '[{"userId":1}]')}`
    const moved = `_rage_session=${new Secrets([secret]).encrypted.close('other', '[{"userId":1}]')}`

    for (const cookie of [scalar, foreign, moved, '_rage_session=x', '_rage_session='])
      assert.deepEqual(await sessionIn(cookie), {}, cookie)
  })
})

describe('http: a session that cannot be saved', () => {
  it('is an error with its size, and no cookie, when the action renders', async () => {
    const { agent, errors } = cookieServer(Account)

    const answer = await agent.get('/large')

    assert.equal(answer.status, 500)
    assert.match(
      answer.text,
      /^RAGE_HTTP_SESSION_NOT_SAVED: .* would take \d{4} bytes, and browsers drop those above 4096\./,
    )
    assert.deepEqual(setCookies(answer), [])
    assert.deepEqual(errors, [], 'said once')
  })

  it('is an error when it has no JSON form', async () => {
    const answer = await cookieServer(Account).agent.get('/cycle')

    assert.match(answer.text, /^RAGE_HTTP_SESSION_NOT_SAVED: .*circular structure/s)
  })

  it('can be mended by a rescue', async () => {
    const { agent } = cookieServer(Shop)

    const answer = await agent.get('/large')

    assert.match(answer.text, /^RAGE_HTTP_SESSION_NOT_SAVED/)
    assert.deepEqual(setCookies(answer), [])
  })

  it('is logged when a stream has begun the response, which goes on', async () => {
    const { agent, errors } = cookieServer(Account)

    const answer = await agent.get('/largeStream')

    assert.equal(answer.text, 'ab')
    assert.deepEqual(setCookies(answer), [])
    assert.deepEqual(
      errors.map((error) => (error as unknown as { err: { code: string } }).err.code),
      ['RAGE_HTTP_SESSION_NOT_SAVED'],
    )
  })

  it('is an error that says how to make a secret, where there is none', async () => {
    const { agent } = cookieServer(Account, { secrets: null })

    assert.match((await agent.get('/show')).text, /^RAGE_HTTP_SECRETS_MISSING: .*randomBytes/)
    assert.equal((await agent.get('/nothing')).status, 204)
  })
})

describe('http: secrets and options of the session', () => {
  it('a session of an old secret is read, and written anew under the newest', async () => {
    const old = sentBack(await cookieServer(Account, { secrets: [oldSecret] }).agent.get('/login'))

    const read = await cookieServer(Account, { secrets: [secret, oldSecret] })
      .agent.get('/show')
      .set('Cookie', old)

    assert.deepEqual(read.body, { userId: 1, cart: [{ id: 7 }] })
    assert.deepEqual(await sessionIn(sentBack(read)), { userId: 1, cart: [{ id: 7 }] })
  })

  it('name and attributes are those of the options', async () => {
    vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] })
    const session = {
      name: '__Secure-shop',
      maxAgeSeconds: 60,
      path: '/shop',
      domain: 'example.com',
      sameSite: 'strict',
    } as const

    const [line] = setCookies(await cookieServer(Account, { session }).agent.get('/login'))

    assert.equal(
      line!.replace(/=1\.[\w-]+/, '=...'),
      '__Secure-shop=...; Max-Age=60; Domain=example.com; Path=/shop; Expires=Tue, 01 Jan 2030 00:01:00 GMT; HttpOnly; Secure; SameSite=Strict',
    )
  })

  it('a session ends with maxAgeSeconds, whatever the browser keeps', async () => {
    vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] })
    const { agent } = cookieServer(Account, { session: { maxAgeSeconds: 60 } })
    const cookie = sentBack(await agent.get('/login'))

    vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 0, 59))
    assert.equal((await agent.get('/show').set('Cookie', cookie)).body.userId, 1)

    vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 1))
    assert.deepEqual((await agent.get('/show').set('Cookie', cookie)).body, {})
  })
})
