import assert from 'node:assert'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'vitest'
import { fullRoute } from '../../../adapters/opentelemetry/route'

function route(baseUrl: string | undefined, params: object, pattern: string): string {
  return fullRoute({ baseUrl, params } as unknown as IncomingMessage, pattern)
}

describe('opentelemetry: the whole pattern of an owned route', () => {
  it('is its own where the mount has no prefix', () => {
    assert.equal(route(undefined, {}, '/articles/:slug'), '/articles/:slug')
    assert.equal(route('', {}, '/'), '/')
  })

  it('begins with the prefix', () => {
    assert.equal(route('/api', {}, '/articles/:slug'), '/api/articles/:slug')
    assert.equal(route('/api', {}, '/'), '/api')
  })

  it('has the names of parameters of the prefix, never their values', () => {
    assert.equal(route('/tenants/42', { tenant: '42' }, '/a'), '/tenants/:tenant/a')
    assert.equal(route('/t/a%20b/c', { name: 'a b' }, '/'), '/t/:name/c')
    assert.equal(route('/7/7', { first: '7', second: '7' }, '/x'), '/:first/:second/x')
    assert.equal(route('/%zz/9', { id: '9' }, '/'), '/%zz/:id')
  })
})
