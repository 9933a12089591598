/** Routes that send clients elsewhere. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import { BadRedirectError, redirect } from '../../src/router'

/** What the redirect answers: status and location. */
function answer(handler: ReturnType<typeof redirect>, params: Record<string, string> = {}): unknown[] {
  const headers: Record<string, string> = {}
  const res = {
    statusCode: 200,
    setHeader: (name: string, value: string) => void (headers[name] = value),
    end() {},
  }
  handler({ params } as never, res as never)
  return [res.statusCode, headers.Location]
}

describe('router: redirect', () => {
  it('answers 301 to a path, with the parameters of the route', () => {
    assert.deepEqual(answer(redirect('/articles/:slug'), { slug: 'a b/c' }), [301, '/articles/a%20b/c'])
    assert.deepEqual(answer(redirect('/new', { status: 307 })), [307, '/new'])
    assert.deepEqual(answer(redirect('https://example.com/x/:id'), { id: '7' }), [
      301,
      'https://example.com/x/7',
    ])
  })

  it('never leads to another host by what a client sends', () => {
    assert.deepEqual(answer(redirect('/*rest'), { rest: '/evil.test/x' }), [301, '/evil.test/x'])
    assert.deepEqual(answer(redirect('/*rest'), { rest: '\\evil.test' }), [301, '/%5Cevil.test'])
    assert.deepEqual(answer(redirect('/:a'), { a: 'x\r\nSet-Cookie: a=b' }), [
      301,
      '/x%0D%0ASet-Cookie%3A%20a%3Db',
    ])
  })

  for (const to of ['new', '', 'javascript:alert(1)', '/a b', 7]) {
    it(`refuses ${JSON.stringify(to)}`, () => {
      assert.throws(() => redirect(to as string), BadRedirectError)
    })
  }

  it('refuses a status that is no redirect', () => {
    assert.throws(() => redirect('/a', { status: 200 as 301 }), BadRedirectError)
  })
})
