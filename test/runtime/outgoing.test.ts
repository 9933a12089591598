/** What other services receive: asked of real servers, with Node's fetch and with that of the package undici. */
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as undici from 'undici'
import { describe, it } from 'vitest'
import type { RageOptions } from '../../src'
import { Context, runInContext } from '../../src/context'
import { InvalidOptionError, Scope } from '../../src/kernel'
import { atEnd, makeRage } from './support/runtimes'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const incoming = {
  'x-request-id': 'r1',
  traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
  tracestate: 'foo=1',
  baggage: 'tenant=acme',
}

/** Runs `work` as a request with these headers would. */
function asRequest<T>(work: () => T, headers: Record<string, string> = incoming): T {
  return runInContext(new Context({ kind: 'request', scope: new Scope(), request: { headers } }), work)
}

async function service(): Promise<{ url: string; received: IncomingHttpHeaders[] }> {
  const received: IncomingHttpHeaders[] = []
  const server = createServer((req, res) => {
    received.push(req.headers)
    res.end('ok')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

type Fetch = NonNullable<NonNullable<RageOptions['context']>['fetch']>

describe.each<[string, Fetch | null, typeof Request, typeof Headers]>([
  ["Node's fetch", null, Request, Headers],
  ['undici', undici.fetch as unknown as Fetch, undici.Request as never, undici.Headers as never],
])('runtime: rage.fetch with %s', (_, fetch, OwnRequest, OwnHeaders) => {
  it('sends request id and trace, as the child of the unit of work', async () => {
    const { rage } = makeRage({ context: { fetch } })
    const { url, received } = await service()

    const response = await asRequest(() => rage.fetch(`${url}/stock`))

    assert.equal(await response.text(), 'ok')
    const [headers] = received
    assert.equal(headers!['x-request-id'], 'r1')
    assert.match(
      String(headers!.traceparent),
      new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`),
    )
    assert.equal(headers!.tracestate, 'foo=1')
  })

  it('sends baggage to listed origins only', async () => {
    const [listed, other] = [await service(), await service()]
    const { rage } = makeRage({ context: { fetch, baggageTo: [listed.url] } })

    await asRequest(() => Promise.all([rage.fetch(listed.url), rage.fetch(new URL(other.url))]))

    assert.equal(listed.received[0]!.baggage, 'tenant=acme')
    assert.equal(other.received[0]!.baggage, undefined)
  })

  it.each<[string, (url: string) => Parameters<Fetch>]>([
    ['an object', (url) => [url, { headers: { 'X-Request-Id': 'own', accept: 'text/csv' } }]],
    [
      'a list',
      (url) => [
        url,
        {
          headers: [
            ['x-request-id', 'own'],
            ['accept', 'text/csv'],
          ],
        },
      ],
    ],
    ['Headers', (url) => [url, { headers: new OwnHeaders({ 'x-request-id': 'own', accept: 'text/csv' }) }]],
    ['a Request', (url) => [new OwnRequest(url, { headers: { 'x-request-id': 'own', accept: 'text/csv' } })]],
    [
      'a Request whose headers are replaced',
      (url) => [
        new OwnRequest(url, { headers: { accept: 'x/y' } }),
        { headers: { 'x-request-id': 'own', accept: 'text/csv' } },
      ],
    ],
  ])('leaves headers of the call as they are, given as %s', async (_form, call) => {
    const { rage } = makeRage({ context: { fetch } })
    const { url, received } = await service()

    await asRequest(() => rage.fetch(...call(url)))

    assert.equal(received[0]!['x-request-id'], 'own')
    assert.equal(received[0]!.accept, 'text/csv')
    assert.match(String(received[0]!.traceparent), /^00-/)
  })

  it('keeps method, body and signal', async () => {
    const { rage } = makeRage({ context: { fetch } })
    const { url, received } = await service()
    const request = new OwnRequest(url, {
      method: 'POST',
      body: 'abc',
      headers: { 'content-type': 'text/x' },
    })

    await asRequest(() => rage.fetch(request))
    await assert.rejects(
      asRequest(() => rage.fetch(url, { signal: AbortSignal.abort() })),
      /abort/i,
    )

    assert.equal(received[0]!['content-length'], '3')
    assert.equal(received[0]!['content-type'], 'text/x')
    assert.equal(received.length, 1)
  })

  it('is fetch itself outside of any unit of work', async () => {
    const { rage } = makeRage({ context: { fetch } })
    const { url, received } = await service()

    await rage.fetch(url)

    assert.equal(received[0]!['x-request-id'], undefined)
    assert.equal(received[0]!.traceparent, undefined)
    await assert.rejects(async () => asRequest(() => rage.fetch('/relative')), TypeError)
    assert.equal(await (await asRequest(() => rage.fetch('data:,hello'))).text(), 'hello')
  })
})

describe('runtime: rage.headers', () => {
  it('are for other clients: id and trace, and baggage where the url may have it', () => {
    const { rage } = makeRage({ context: { baggageTo: ['https://stock.internal'] } })

    asRequest(() => {
      assert.deepEqual(Object.keys(rage.headers()), ['x-request-id', 'traceparent', 'tracestate'])
      assert.equal(rage.headers('https://stock.internal/items').baggage, 'tenant=acme')
      assert.equal(rage.headers('https://stock.internal.evil.example/').baggage, undefined)
      assert.equal(rage.headers('http://stock.internal/').baggage, undefined)
    })
    assert.deepEqual(rage.headers(), {})
  })

  it('begin a trace where none came in, the same for all calls of the unit', () => {
    const { rage } = makeRage()

    asRequest(() => {
      const first = rage.headers()
      assert.match(first.traceparent!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
      assert.deepEqual(rage.headers(), first)
    }, {})
  })

  it.each([['https://stock.internal/'], ['stock.internal'], ['*']])('refuse %s as an origin', (origin) => {
    assert.throws(
      () => makeRage({ context: { baggageTo: [origin] } }),
      (error) => error instanceof InvalidOptionError,
    )
  })
})
