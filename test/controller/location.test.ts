import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Controller } from '../../src/controller'
import { locationFor } from '../../src/controller/location'
import type { Request } from '../../src/http'
import { serve } from './support/serve'

/** A request as Node and Express give it. */
function request(host: string | undefined, hostname?: string): Request {
  return { headers: { host }, hostname } as unknown as Request
}
const shop = request('shop.example:8080')
const rules = { where: 'Orders#show', allowOtherHost: false }

describe('controller: the address of a redirect', () => {
  it.each([
    ['/orders/7', '/orders/7'],
    ['orders/7', 'orders/7'],
    ['../', '../'],
    ['?page=2', '?page=2'],
    ['/näch?x=%20&y= ', '/n%C3%A4ch?x=%20&y=%20'],
    ['/a\r\nSet-Cookie: b', '/a%0D%0ASet-Cookie:%20b'],
    ['/\ud800', '/%EF%BF%BD'],
    ['http://shop.example/orders', 'http://shop.example/orders'],
    ['https://SHOP.example:9000/orders', 'https://SHOP.example:9000/orders'],
    [new URL('http://shop.example/a b'), 'http://shop.example/a%20b'],
  ])('may be %j', (url, location) => {
    assert.equal(locationFor(url, shop, rules), location)
  })

  it.each([
    'http://evil.example/',
    '//evil.example/',
    '///evil.example/',
    'http:evil.example',
    'HTTPS:/evil.example',
    'http://shop.example@evil.example/',
    'http://shop.example.evil.example/',
    'ftp://shop.example/',
    'javascript:alert(1)',
    'javascript://shop.example/%0aalert(1)',
    'data:text/html,x',
    'mailto:ann@shop.example',
  ])('may not be %j without being allowed', (url) => {
    assert.throws(() => locationFor(url, shop, rules), { code: 'RAGE_CONTROLLER_UNSAFE_REDIRECT' })
  })

  it.each(['/\\evil.example/', '/\t/evil.example', '\\\\evil.example', ' //evil.example'])(
    'is a path once %j is escaped',
    (url) => {
      const sent = locationFor(url, shop, rules)

      assert.equal(new URL(sent, 'https://shop.example/a/b').host, 'shop.example')
    },
  )

  it.each([undefined, null, '', 7, {}, 'http://', 'http://a b/'])('is refused as none: %j', (given) => {
    for (const allowOtherHost of [false, true])
      assert.throws(() => locationFor(given as string, shop, { ...rules, allowOtherHost }), {
        code: 'RAGE_CONTROLLER_INVALID_REDIRECT',
      })
  })

  it('is compared with the host that Express believes, else with the header', () => {
    const behindProxy = request('internal:3000', 'shop.example')

    assert.equal(locationFor('http://shop.example/', behindProxy, rules), 'http://shop.example/')
    assert.throws(() => locationFor('http://internal/', behindProxy, rules))
    const overHttp2 = { headers: {}, authority: 'shop.example' } as unknown as Request
    assert.equal(locationFor('https://shop.example/', overHttp2, rules), 'https://shop.example/')
    assert.equal(locationFor('http://[::1]:9000/a', request('[::1]:80'), rules), 'http://[::1]:9000/a')
    for (const host of [undefined, '', ' ', '/'])
      assert.throws(() => locationFor('http://shop.example/', request(host), rules))
  })
})

describe('controller: redirectTo', () => {
  class Pages extends Controller {
    path() {
      this.redirectTo('/next', { status: 'see_other' })
    }
    param() {
      this.redirectTo(String(this.params.to))
    }
    unset() {
      this.redirectTo((this.params as { to?: string }).to!)
    }
    allowed() {
      this.redirectTo('https://login.example/', { allowOtherHost: true })
    }
  }

  it('answers with status and address', async () => {
    const res = await serve(Pages, 'path').get('/')

    assert.equal(res.status, 303)
    assert.equal(res.headers.location, '/next')
  })

  it('goes to another host only where that is allowed', async () => {
    const refused = await serve(Pages, 'param').get('/?to=https://evil.example/')

    assert.equal(refused.status, 500)
    assert.equal(refused.headers.location, undefined)
    assert.match(refused.text, /RAGE_CONTROLLER_UNSAFE_REDIRECT: Pages#param redirected to another host/)
    assert.equal((await serve(Pages, 'allowed').get('/')).headers.location, 'https://login.example/')
  })

  it('says that it was given nothing', async () => {
    const res = await serve(Pages, 'unset').get('/')

    assert.equal(res.headers.location, undefined)
    assert.match(res.text, /RAGE_CONTROLLER_INVALID_REDIRECT: Pages#unset redirected to undefined\./)
  })
})
