import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Controller } from '../../src/controller'
import { serve } from './support/serve'

class Api extends Controller {
  static {
    this.beforeAction('requireToken', { except: ['open', 'admin'] })
    this.httpBasicAuthenticateWith({ name: 'ann', password: 's:cret', realm: 'Ad"min', only: 'admin' })
  }
  user: string | null = null
  requireToken() {
    return this.authenticateOrRequestWithHttpToken(async (token, { nonce }) => {
      this.user = token === 'abc=' ? `ann ${nonce ?? '-'}` : null
      return this.user
    })
  }
  show() {
    return { user: this.user }
  }
  open() {
    return { found: this.authenticateWithHttpToken((token) => token) }
  }
  admin() {
    return { admin: true }
  }
}

const show = serve(Api, 'show')
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`

describe('controller: authentication', () => {
  it.each([
    ['Bearer abc=', 'ann -'],
    ['Token token="abc=", nonce="n1"', 'ann n1'],
    ['Token abc=; nonce=n2', 'ann n2'],
  ])('lets in "%s"', async (authorization, user) => {
    assert.deepEqual((await show.get('/').set('Authorization', authorization)).body, { user })
  })

  it.each([undefined, '', 'Bearer', 'Bearer  ', 'Token token=""', 'Bearer abd', basic('abc=:')])(
    'answers 401 with a challenge to %s',
    async (authorization) => {
      const request = show.get('/')
      if (authorization !== undefined) request.set('Authorization', authorization)
      const res = await request

      assert.equal(res.status, 401)
      assert.equal(res.headers['www-authenticate'], 'Token realm="Application"')
      assert.equal(res.text, 'HTTP Token: Access denied.\n')
    },
  )

  it('leaves the answer to the action where nothing is required', async () => {
    assert.deepEqual((await serve(Api, 'open').get('/')).body, { found: null })
    assert.deepEqual((await serve(Api, 'open').get('/').set('Authorization', 'Bearer x')).body, {
      found: 'x',
    })
  })

  it('checks one name and password; a password may hold colons', async () => {
    const admin = serve(Api, 'admin')

    assert.equal((await admin.get('/').set('Authorization', basic('ann:s:cret'))).status, 200)
    for (const wrong of [basic('ann:s'), basic('bob:s:cret'), basic('ann'), 'Basic !', 'Bearer abc=']) {
      const res = await admin.get('/').set('Authorization', wrong)

      assert.equal(res.status, 401, wrong)
      assert.equal(res.headers['www-authenticate'], 'Basic realm="Admin"')
    }
  })

  it('refuses a password that is missing, where it is declared', () => {
    assert.throws(
      () =>
        class extends Controller {
          static {
            this.httpBasicAuthenticateWith({ name: 'ann', password: process.env.NOT_SET as never })
          }
        },
      { code: 'RAGE_KERNEL_INVALID_OPTION' },
    )
  })
})

describe('controller: an asynchronous login that its callback does not return', () => {
  class Forgetful extends Controller {
    static {
      this.beforeAction('authenticate')
    }
    authenticate() {
      this.authenticateOrRequestWithHttpToken(async (token) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        if (token === 'broken') throw new Error('no database')
        return token === 'good'
      })
    }
    show() {
      return 'secret'
    }
  }

  for (const [token, status] of [
    ['good', 200],
    ['bad', 401],
    ['broken', 500],
  ] as const)
    it(`is waited for: ${token}`, async () => {
      const res = await serve(Forgetful, 'show').get('/').set('Authorization', `Bearer ${token}`)

      assert.equal(res.status, status)
      if (status !== 200) assert.doesNotMatch(res.text, /secret/)
    })
})
