/** The names we write are those of the registry of semantic conventions, which is too big to depend on at run time. */
import assert from 'node:assert'
import type { IncomingMessage } from 'node:http'
import * as stable from '@opentelemetry/semantic-conventions'
import * as all from '@opentelemetry/semantic-conventions/incubating'
import { describe, it } from 'vitest'
import { methodName, requestAttributes } from '../../../adapters/opentelemetry/http-attributes'
import { filesIn, read } from '../../support/repository'

function valuesOf(registry: object, prefix: string): Set<unknown> {
  return new Set(
    Object.entries(registry).flatMap(([name, value]) => (name.startsWith(prefix) ? [value] : [])),
  )
}

function request(given: object): IncomingMessage {
  return { method: 'GET', url: '/', httpVersion: '1.1', headers: {}, socket: {}, ...given } as IncomingMessage
}

describe('opentelemetry: the attributes of spans', () => {
  it('are in the registry, or begin with rage', () => {
    const known = valuesOf(all, 'ATTR_')
    const written = filesIn('adapters/opentelemetry', '.ts').flatMap((path) =>
      [...read(path).matchAll(/'((?:[a-z_]+\.)+[a-z_]+)'(?:\]? ?[:=]|, )/g)].map(([, name]) => name!),
    )

    const strangers = written.filter(
      (name) => !known.has(name) && !/^(rage|sse|cutover|core|deferred|events|cable|controller)\./.test(name),
    )
    assert.deepEqual(strangers, [])
    assert.ok(written.includes('http.request.method') && written.includes('messaging.message.id'))
  })

  it('of a request are stable ones', () => {
    const known = valuesOf(stable, 'ATTR_')
    const headers = { host: 'a:1', 'user-agent': 'b' }
    const socket = { remoteAddress: '::1', remotePort: 1 }

    const names = Object.keys(requestAttributes(request({ headers, socket, method: 'FOO' }), 'id'))

    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      ['rage.request_id'],
    )
  })

  it('know the methods that the registry knows', () => {
    const methods = [...valuesOf(all, 'HTTP_REQUEST_METHOD_VALUE_')].filter((name) => name !== '_OTHER')

    assert.deepEqual(
      methods.map((method) => methodName(request({ method }))),
      methods,
    )
  })

  it('tell host and port apart', () => {
    const serverOf = (host: string): unknown[] => {
      const attributes = requestAttributes(request({ headers: { host } }), 'id')
      return [attributes['server.address'], attributes['server.port']]
    }

    assert.deepEqual(serverOf('example.com'), ['example.com', undefined])
    assert.deepEqual(serverOf('example.com:8080'), ['example.com', 8080])
    assert.deepEqual(serverOf('[::1]'), ['[::1]', undefined])
    assert.deepEqual(serverOf('[::1]:3000'), ['[::1]', 3000])
    assert.deepEqual(serverOf('odd:port'), ['odd', undefined])
  })

  it('heed the proxies that the app trusts, which says so by req.ip and req.protocol', () => {
    const attributes = requestAttributes(
      request({ socket: { remoteAddress: '10.0.0.1' }, ip: '203.0.113.9', protocol: 'https' }),
      'id',
    )

    assert.deepEqual(
      [attributes['client.address'], attributes['network.peer.address'], attributes['url.scheme']],
      ['203.0.113.9', '10.0.0.1', 'https'],
    )
  })
})
