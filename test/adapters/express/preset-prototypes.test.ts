import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, IncomingMessage, request, type Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { describe, it } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { exchangeIsSlow } from '../../../adapters/express/preset-prototypes'
import type { Rage } from '../../../src'
import { atEnd, makeRage } from '../../runtime/support/runtimes'
import { majors } from './support/majors'

/** What Node made, before anybody has seen it. */
interface Born {
  readonly request: object
  readonly response: object
}

/** Elsewhere nothing is done to servers. */
const itWhereSlow = it.skipIf(!exchangeIsSlow)

const nodes: Born = { request: IncomingMessage.prototype, response: ServerResponse.prototype }

async function listening(server: Server): Promise<string> {
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  if (!server.listening) await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Prototypes of the messages of one request to the server, as Node announces them. */
async function bornAt(url: string, server: Server): Promise<Born> {
  const born: Born[] = []
  const note = (message: unknown): void => {
    const { request, response, server: of } = message as Born & { server: unknown }
    if (of !== server) return
    born.push({ request: Object.getPrototypeOf(request), response: Object.getPrototypeOf(response) })
  }
  subscribe('http.server.request.start', note)
  await fetch(`${url}/hello`).then((response) => response.text())
  unsubscribe('http.server.request.start', note)
  assert.equal(born.length, 1)
  return born[0]!
}

if (!exchangeIsSlow)
  console.warn(
    `skipped: prototypes are not set from the start on V8 ${process.versions.v8}, which exchanges them well`,
  )

describe.each(majors)('express: prototypes set from the start, in %s', (_name, express) => {
  const appWith = (rage: Rage, options = {}): Express => {
    const app = express()
    app.use(rage.mount(options))
    app.get('/hello', (req, res) => void res.json({ ip: req.ip !== undefined }))
    return app
  }
  const served = async (app: Express, arrange?: (server: Server) => void) => {
    const server = createServer(app)
    arrange?.(server)
    server.listen(0)
    return { server, url: await listening(server) }
  }

  itWhereSlow('has the server make requests and responses of the app', async () => {
    const app = appWith(makeRage().rage)
    const { server, url } = await served(app)

    assert.deepEqual(await bornAt(url, server), { request: app.request, response: app.response })
    assert.deepEqual(await fetch(`${url}/hello`).then((response) => response.json()), { ip: true })
  })

  itWhereSlow('has them also behind a front', async () => {
    const app = express()
    app.get('/hello', (_req, res) => void res.json({}))
    const server = createServer(makeRage().rage.front(app))
    server.listen(0)

    const born = await bornAt(await listening(server), server)
    assert.deepEqual(born, { request: app.request, response: app.response })
  })

  it('leaves the server alone when told to', async () => {
    const { server, url } = await served(appWith(makeRage().rage, { presetPrototypes: false }))

    assert.deepEqual(await bornAt(url, server), nodes)
  })

  it('leaves a server alone that does more than call the app', async () => {
    const listener = (): void => undefined
    const { server, url } = await served(appWith(makeRage().rage), (more) => more.on('request', listener))

    assert.deepEqual(await bornAt(url, server), nodes)
  })

  it('gives way to a listener that comes later', async () => {
    const { server, url } = await served(appWith(makeRage().rage))
    const seen: object[] = []
    server.prependListener('request', (req) => void seen.push(Object.getPrototypeOf(req)))

    assert.deepEqual(await bornAt(url, server), nodes)
    assert.deepEqual(seen, [IncomingMessage.prototype])
  })

  it('leaves classes of the server’s own alone', async () => {
    class OwnResponse extends ServerResponse {}
    const server = createServer({ ServerResponse: OwnResponse }, appWith(makeRage().rage))
    server.listen(0)

    const born = await bornAt(await listening(server), server)
    assert.deepEqual(born, { request: IncomingMessage.prototype, response: OwnResponse.prototype })
  })

  it('leaves a server alone whose app would be in the way of what Node assigns', async () => {
    const app = appWith(makeRage().rage)
    Object.defineProperty(app.request, 'method', { get: () => 'BREW', configurable: true })
    const { server, url } = await served(app)

    assert.deepEqual(await bornAt(url, server), nodes)
    assert.equal((await fetch(`${url}/hello`)).status, 200)
  })

  for (const when of ['before', 'after']) {
    it(`gives listeners for upgrades Node’s own request, added ${when} it listens`, async () => {
      const seen: object[] = []
      const sockets = new WebSocketServer({ noServer: true })
      const onUpgrade = (req: IncomingMessage, socket: never, head: Buffer): void => {
        seen.push(Object.getPrototypeOf(req))
        // What Express has as a getter can be assigned, as on any request of Node's.
        Object.assign(req, { query: {}, ip: '::1' })
        sockets.handleUpgrade(req, socket, head, (client) => client.close(4000))
      }
      const add = (server: Server): void => void server.on('upgrade', onUpgrade as never)
      const { server, url } = await served(appWith(makeRage().rage), when === 'before' ? add : undefined)
      if (when === 'after') add(server)

      const client = new WebSocket(url.replace('http', 'ws'))
      const [code] = await once(client, 'close')

      assert.equal(code, 4000)
      assert.deepEqual(seen, [IncomingMessage.prototype])
    })
  }

  it('leaves handshakes to the app again when the last listener for upgrades goes', async () => {
    const { server, url } = await served(appWith(makeRage().rage))
    const onUpgrade = (): void => undefined
    server.on('upgrade', onUpgrade)
    server.off('upgrade', onUpgrade)

    assert.equal(server.listenerCount('upgrade'), 0)
    const handshake = request(`${url}/hello`, { headers: { connection: 'upgrade', upgrade: 'x' } })
    handshake.end()
    const [response] = (await once(handshake, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, 200)
  })

  itWhereSlow('takes everything back when the runtime stops, and when the server closes', async () => {
    const { rage } = makeRage()
    const { server, url } = await served(appWith(rage))
    const events = (): unknown => server.eventNames().filter((name) => String(name).endsWith('Listener'))
    assert.deepEqual(events(), ['newListener', 'removeListener'])

    await rage.stop()

    assert.deepEqual(events(), [])
    assert.deepEqual(await bornAt(url, server), nodes)
  })
})
