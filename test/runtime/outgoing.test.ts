/** What other services receive: asked of real servers, with Node's fetch and with that of the package undici. */
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as undici from 'undici'
import { describe, it } from 'vitest'
import type { RageOptions } from '../../src'
import { Context, currentContext, type Effect, type EffectGate, runInContext } from '../../src/context'
import { InvalidOptionError, Scope } from '../../src/kernel'
import { FetchStoppedError } from '../../src/runtime'
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

async function service(): Promise<{ url: string; received: IncomingHttpHeaders[]; methods: string[] }> {
  const received: IncomingHttpHeaders[] = []
  const methods: string[] = []
  const server = createServer((req, res) => {
    received.push(req.headers)
    methods.push(req.method!)
    res.end('ok')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, methods }
}

/** Lets nothing happen, and remembers what would have. */
class Recording implements EffectGate {
  readonly effects: Effect[] = []
  pass<Result>(effect: Effect<Result>): Result {
    this.effects.push(effect)
    return effect.held()
  }
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

  it('asks the gate of the unit of work, which may stop it', async () => {
    const { rage } = makeRage({ context: { fetch } })
    const { url, methods } = await service()
    const gate = new Recording()
    const { host } = new URL(url)
    const post = new OwnRequest(`${url}/orders`, { method: 'POST', body: 'of a request' })

    await asRequest(async () => {
      currentContext()!.gate = gate
      for (const stopped of [
        () => rage.fetch(`http://user:secret@${host}/orders?key=secret`, { method: 'post', body: 'a' }),
        () => rage.fetch(post),
        () => rage.fetch(new URL(`${url}/orders/7`), { method: 'DELETE' }),
        () => rage.fetch(url, { method: 'patch' }),
        // For fetch, a method of that name.
        () => rage.fetch(url, { method: null as unknown as string }),
      ])
        await assert.rejects(stopped, (error) => {
          assert.ok(error instanceof FetchStoppedError)
          assert.equal(error.code, 'RAGE_RUNTIME_FETCH_STOPPED')
          assert.doesNotMatch(error.message, /secret/)
          return true
        })
    })

    assert.deepEqual(methods, [])
    assert.deepEqual(
      gate.effects.map(({ kind, target, payload }) => [kind, target, payload]),
      [
        [
          'fetch',
          `POST ${url}/orders`,
          { method: 'POST', url: `http://user:secret@${host}/orders?key=secret`, body: 'a' },
        ],
        ['fetch', `POST ${url}/orders`, { method: 'POST', url: `${url}/orders`, body: null }],
        ['fetch', `DELETE ${url}/orders/7`, { method: 'DELETE', url: `${url}/orders/7`, body: null }],
        ['fetch', `PATCH ${url}/`, { method: 'PATCH', url, body: null }],
        ['fetch', `NULL ${url}/`, { method: 'NULL', url, body: null }],
      ],
    )
  })

  it('asks no gate where it changes nothing', async () => {
    const { rage } = makeRage({ context: { fetch } })
    const { url, methods } = await service()
    const gate = new Recording()

    await asRequest(async () => {
      currentContext()!.gate = gate
      await rage.fetch(url)
      await rage.fetch(new OwnRequest(url, { method: 'POST' }), { method: 'head' })
      await rage.fetch(new OwnRequest(url, { method: 'OPTIONS' }))
    })

    assert.deepEqual([methods, gate.effects], [['GET', 'HEAD', 'OPTIONS'], []])
  })

  it('is sent at once in a transaction, with the headers of its unit, as its caller waits', async () => {
    const { rage } = makeRage({ context: { fetch } })
    const { url, received } = await service()
    const send = async () => (await rage.fetch(url, { method: 'POST', body: 'x' })).text()

    const answer = await asRequest(() => rage.inTransaction(send))
    const outside = await rage.inTransaction(send)

    assert.deepEqual([answer, outside], ['ok', 'ok'])
    assert.equal(received[0]!['x-request-id'], 'r1')
    assert.match(String(received[0]!.traceparent), new RegExp(`^00-${traceId}-`))
    assert.notEqual(received[1]!['x-request-id'], undefined)
  })

  it('is stopped in a transaction, too, where the unit around it lets nothing happen', async () => {
    const { rage } = makeRage({ context: { fetch } })
    const { url, methods } = await service()
    const gate = new Recording()

    await asRequest(async () => {
      currentContext()!.gate = gate
      await assert.rejects(
        rage.inTransaction(() => rage.fetch(url, { method: 'PUT' })),
        { code: 'RAGE_RUNTIME_FETCH_STOPPED' },
      )
    })

    assert.deepEqual([methods, gate.effects.length], [[], 1])
  })

  it('rejects whatever it is given, and never throws', async () => {
    const { rage } = makeRage()
    const { url } = await service()

    await asRequest(async () => {
      for (const odd of [[null], [{}], ['no url'], [url, { headers: 'x' }]])
        await assert.rejects(rage.fetch(...(odd as unknown as Parameters<typeof rage.fetch>)), TypeError)
    })
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
