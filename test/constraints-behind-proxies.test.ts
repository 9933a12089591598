/** Constraints see the host that Express's `req.hostname` and `req.subdomains` say, by the same settings, wherever the runtime stands. */
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import connect from 'connect'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller } from '../src'
import { majors } from './adapters/express/support/majors'
import { makeRage } from './runtime/support/runtimes'

// biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript would write them.
type Loose = any
type Settings = Readonly<Record<string, unknown>>

class Pages extends Controller {
  shop() {
    return 'shop'
  }
  api() {
    return 'api'
  }
  any() {
    return 'any'
  }
}

function owning(settings: Settings = {}): Loose {
  const { rage } = makeRage({ connect: { settings }, logger: { requests: false } })
  return rage.routes((r) => {
    r.constraints({ host: 'shop.test' }, (inner) => inner.get('/host', [Pages, 'shop']))
    r.constraints({ subdomain: 'api' }, (inner) => inner.get('/subdomain', [Pages, 'api']))
    r.constraints({ subdomain: 'v1.api' }, (inner) => inner.get('/deep', [Pages, 'api']))
    r.constraints(
      (req: Loose) => req.hostname === 'shop.test' && req.get('Accept') !== undefined,
      (inner) => inner.get('/asked', [Pages, 'any']),
    )
    r.get('/free', (req: Loose, res: Loose) => res.json([Object.keys(req).includes('app'), req.hostname]))
  })
}

/** Each place, with settings as they are made there. */
const places: readonly [string, (settings: Settings) => RequestListener][] = [
  ['rage.handler()', (settings) => owning(settings).handler()],
  [
    'rage.front of a plain handler',
    (settings) => owning(settings).front((_req: Loose, res: Loose) => missed(res)),
  ],
  [
    'rage.mount() in Connect',
    (settings) =>
      connect()
        .use(owning(settings).mount())
        .use((_req: Loose, res: Loose) => missed(res)),
  ],
  ...majors.flatMap(([name, express]): [string, (settings: Settings) => RequestListener][] => [
    [`rage.front of ${name}`, (settings) => owning().front(settled(express(), settings))],
    [
      `rage.mount() in ${name}`,
      (settings) => settled(express(), settings).use(owning().mount()) as unknown as RequestListener,
    ],
  ]),
]

function settled(app: Loose, settings: Settings): Loose {
  for (const [name, value] of Object.entries(settings)) app.set(name, value)
  return app
}

function missed(res: Loose): void {
  res.statusCode = 404
  res.end()
}

async function status(
  listener: RequestListener,
  path: string,
  headers: Record<string, string>,
): Promise<number> {
  const server = createServer(listener)
  return (
    await supertest(server)
      .get(path)
      .set({ Accept: '*/*', ...headers })
  ).status
}

const spoofed = { Host: 'other.test', 'X-Forwarded-Host': 'shop.test' }
const hidden = { Host: 'shop.test', 'X-Forwarded-Host': 'other.test' }

describe.each(places)('constraints behind proxies: %s', (_name, serve) => {
  it('does not believe a forwarded host unless told to', async () => {
    assert.equal(await status(serve({}), '/host', spoofed), 404)
    assert.equal(await status(serve({}), '/asked', spoofed), 404)
    assert.equal(await status(serve({}), '/host', hidden), 200)
    assert.equal(
      await status(serve({}), '/subdomain', { Host: 'other.test', 'X-Forwarded-Host': 'api.shop.test' }),
      404,
    )
  })

  it('believes proxies that "trust proxy" names', async () => {
    const settings = { 'trust proxy': 'loopback' }

    assert.equal(await status(serve(settings), '/host', spoofed), 200)
    assert.equal(await status(serve(settings), '/asked', spoofed), 200)
    assert.equal(await status(serve(settings), '/host', hidden), 404)
    assert.equal(
      await status(serve(settings), '/host', { ...spoofed, 'X-Forwarded-Host': 'SHOP.test:8080, proxy' }),
      200,
    )
  })

  it('does not believe others', async () => {
    const settings = { 'trust proxy': '10.0.0.1' }

    assert.equal(await status(serve(settings), '/host', spoofed), 404)
    assert.equal(await status(serve(settings), '/host', hidden), 200)
  })

  it('takes subdomains as "subdomain offset" says', async () => {
    const host = { Host: 'v1.api.shop.test' }

    assert.equal(await status(serve({}), '/deep', host), 200)
    assert.equal(await status(serve({ 'subdomain offset': 3 }), '/deep', host), 404)
    assert.equal(
      await status(serve({ 'subdomain offset': 3 }), '/subdomain', { Host: 'api.shop.co.test' }),
      200,
    )
    assert.equal(await status(serve({}), '/subdomain', { Host: '127.0.0.1' }), 404)
  })
})

describe('constraints: a look at a request', () => {
  it('leaves nothing on one that nobody takes', async () => {
    const keysAndPrototype: unknown[] = []
    const legacy = (req: Loose, res: Loose): void => {
      keysAndPrototype.push(Object.hasOwn(req, 'hostname'), req.hostname, req.app, req.get)
      res.end()
    }

    await supertest(createServer(owning().front(legacy))).get('/asked')

    assert.deepEqual(keysAndPrototype, [false, undefined, undefined, undefined])
  })
})
