import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller, createRage } from '../../src'
import { majors } from '../adapters/express/support/majors'
import { makeRage } from '../runtime/support/runtimes'
import { secret, sentBack, setCookies } from './support/cookie-server'

// The package brings no types.
const expressSession = createRequire(import.meta.url)('express-session') as (
  options: object,
) => RequestHandler

class SessionsController extends Controller {
  show() {
    return { userId: this.session.userId ?? null, same: this.session === this.req.session }
  }
  login() {
    this.session.userId = 1
    return { ok: true }
  }
  direct() {
    this.session.userId = 1
    ;(this.res.json as (value: unknown) => void)({ ok: true })
  }
  async renew() {
    await this.resetSession()
    this.session.userId = 2
    return { userId: this.session.userId }
  }
  async reset() {
    await this.resetSession()
  }
  fail() {
    this.session.userId = 1
    throw new Error('broken')
  }
}

const actions = ['show', 'login', 'direct', 'renew', 'reset', 'fail'] as const

describe.each(majors)('http: this.session in %s', (_name, express) => {
  const mounted = (before: ((req: Request, res: Response, next: NextFunction) => void)[], options = {}) => {
    const { rage } = makeRage(options)
    rage.routes((r) => {
      for (const action of actions) r.get(`/${action}`, [SessionsController, action])
    })
    const app = express()
    for (const one of before) app.use(one)
    app.use(rage.mount())
    app.get(
      '/legacy',
      (req, res) =>
        void res.json({
          userId: (req as unknown as { session: { userId?: number } }).session.userId ?? null,
        }),
    )
    app.use(
      (error: Error, _req: Request, res: Response, _next: NextFunction) =>
        void res.status(500).send(error.message),
    )
    return supertest(app)
  }
  const withExpressSession = () =>
    mounted([expressSession({ secret: 'shared', resave: false, saveUninitialized: false })])

  it('is that of express-session, which saves it; no secrets are needed', async () => {
    const agent = withExpressSession()

    const login = await agent.get('/login')

    assert.match(setCookies(login).join('\n'), /^connect\.sid=[^\n]+$/)
    assert.deepEqual((await agent.get('/legacy').set('Cookie', sentBack(login))).body, { userId: 1 })
    assert.deepEqual((await agent.get('/show').set('Cookie', sentBack(login))).body, {
      userId: 1,
      same: true,
    })
  })

  it('gets a new id from express-session when it is reset, and the old one is gone', async () => {
    const agent = withExpressSession()
    const login = sentBack(await agent.get('/login'))

    const renewed = await agent.get('/renew').set('Cookie', login)

    assert.notEqual(sentBack(renewed), login)
    assert.deepEqual((await agent.get('/legacy').set('Cookie', sentBack(renewed))).body, { userId: 2 })
    assert.deepEqual((await agent.get('/legacy').set('Cookie', login)).body, { userId: null })
  })

  it('rejects when express-session cannot make a new one', async () => {
    const agent = mounted([
      (req, _res, next) => {
        Object.assign(req, {
          session: { regenerate: (done: (error: Error) => void) => done(new Error('store down')) },
        })
        next()
      },
    ])

    assert.equal((await agent.get('/reset')).text, 'store down')
  })

  it('is any other object an earlier middleware put there, emptied by a reset', async () => {
    const session = { userId: 5 } as Record<string, unknown>
    const agent = mounted([
      (req, _res, next) => {
        Object.assign(req, { session })
        next()
      },
    ])

    assert.deepEqual((await agent.get('/show')).body, { userId: 5, same: true })
    await agent.get('/login')
    assert.deepEqual(session, { userId: 1 })
    await agent.get('/reset')
    assert.deepEqual(session, {})
  })

  it('is our own in an encrypted cookie without such a middleware, however the action answers', async () => {
    const agent = mounted([], { secrets: [secret] })

    for (const path of ['/login', '/direct', '/fail']) {
      const answer = await agent.get(path)
      assert.match(
        setCookies(answer).join('\n'),
        /^_rage_session=1\.[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/,
        path,
      )
      assert.equal((await agent.get('/show').set('Cookie', sentBack(answer))).body.userId, 1, path)
    }
  })

  it('names the missing secrets where there is neither', async () => {
    assert.match(
      (await mounted([]).get('/login')).text,
      /^RAGE_HTTP_SECRETS_MISSING: There are no secrets for/,
    )
  })
})

describe('http: createRage', () => {
  it('refuses secrets that are too short without showing them, and sessions that could not be kept', () => {
    assert.throws(
      () => createRage({ secrets: ['hunter2'] }),
      (error: Error) =>
        error.message.includes('secrets[0] has 7 characters') && !error.message.includes('hunter2'),
    )
    assert.throws(
      () => createRage({ secrets: 'hunter2' as unknown as string[] }),
      /secrets is of type string/,
    )
    assert.throws(
      () => createRage({ session: { name: 'a b' } }),
      /"createRage.session.name" must be the name of a cookie/,
    )
  })
})
