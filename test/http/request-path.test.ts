import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { pathnameOf } from '../../src/http/request-path'

describe('request path', () => {
  it.each([
    ['/orders/7', '/orders/7'],
    ['/orders?a=b?c', '/orders'],
    ['/', '/'],
    ['?a', ''],
    ['*', '*'],
    ['//orders', '//orders'],
    ['/%2e%2e/x', '/%2e%2e/x'],
    ['/http://host/x', '/http://host/x'],
    ['http://host/orders/7?page=2', '/orders/7'],
    ['HTTPS://shop.example.com:8443/orders', '/orders'],
    ['http://host', '/'],
    ['http://host?a=b', '/'],
    ['http://host//orders', '//orders'],
    ['http://host/a/../b', '/a/../b'],
  ])('of %s is %s', (url, path) => {
    assert.equal(pathnameOf(url), path)
  })

  it.each([
    'http://user@host/orders',
    'http://host/orders#x',
    'http://host\\orders',
    'http://[::1]/orders',
    'ftp://host/orders',
    'host:80',
    'http:/orders',
    'http://host/a b',
    'http://host/é',
  ])('of %s is none that begins with a slash, because Express reads it in a way of its own', (url) => {
    assert.equal(pathnameOf(url), url)
  })
})
