import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { describe, it } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { Channel, Connection, type Middleware, type Rage } from '../../../src'
import { atEnd, makeRage } from '../../runtime/support/runtimes'
import { majors } from './support/majors'

class AppConnection extends Connection {
  user: unknown = null
  static {
    this.identifiedBy('user')
  }
  override connect() {
    this.user = this.req.user ?? 'nobody'
  }
}

class WhoChannel extends Channel<AppConnection> {
  override subscribed() {
    this.transmit({ user: this.connection.user })
  }
}

function cabled(): Rage {
  const { rage } = makeRage({ cable: { drainSpreadMs: 0 } })
  return rage.register(AppConnection, WhoChannel)
}

async function listening(server: Server): Promise<string> {
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  if (!server.listening) await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The first message after the welcome of a client that subscribes to WhoChannel. */
async function whoAmI(url: string): Promise<unknown> {
  const client = new WebSocket(url, 'actioncable-v1-json')
  atEnd(() => client.terminate())
  const identifier = JSON.stringify({ channel: 'WhoChannel' })
  client.on('open', () => client.send(JSON.stringify({ command: 'subscribe', identifier })))
  for await (const [data] of messagesOf(client)) {
    const { message, type } = JSON.parse(String(data))
    if (type === undefined) return message.user
  }
  throw new Error('closed without an answer')
}

async function* messagesOf(client: WebSocket): AsyncGenerator<[unknown]> {
  for (;;) yield (await once(client, 'message', { signal: AbortSignal.timeout(5_000) })) as [unknown]
}

/** Status of a handshake that is answered by HTTP. */
async function refusal(url: string): Promise<number> {
  const client = new WebSocket(url, 'actioncable-v1-json')
  client.on('error', () => undefined)
  const [, res] = await once(client, 'unexpected-response')
  res.resume()
  return res.statusCode
}

describe.each(majors)('express: WebSocket handshakes in %s', (_name, express) => {
  it('reach the cable through app.listen', async () => {
    const app = express()
    app.use(cabled().mount())

    assert.equal(await whoAmI(`${await listening(app.listen(0))}/cable`), 'nobody')
  })

  it('pass the middleware before the mount, which may refuse them', async () => {
    const app = express()
    app.use((req, res, next) => {
      if (req.query.token !== 'secret') return void res.status(401).send('who are you?')
      ;(req as unknown as { user: string }).user = 'ada'
      next()
    })
    app.use(cabled().mount())
    const base = await listening(app.listen(0))

    assert.equal(await whoAmI(`${base}/cable?token=secret`), 'ada')
    assert.equal(await refusal(`${base}/cable`), 401)
  })

  it.each<[string, string, (app: Express, mount: Middleware) => unknown]>([
    ['below a prefix', '/api/cable', (app, mount) => app.use('/api', mount)],
    ['in a router', '/r/cable', (app, mount) => app.use('/r', express.Router().use(mount))],
    ['in a sub-app', '/sub/cable', (app, mount) => app.use('/sub', express().use(mount))],
  ])('find a mount %s', async (_where, path, arrange) => {
    const app = express()
    arrange(app, cabled().mount())

    assert.equal(await whoAmI(`${await listening(app.listen(0))}${path}`), 'nobody')
  })

  it('for other paths are answered by the app when nobody else listens for them', async () => {
    const app = express()
    app.use(cabled().mount())
    app.get('/other', (_req, res) => void res.status(418).end())
    const base = await listening(app.listen(0))

    assert.equal(await refusal(`${base}/other`), 418)
    assert.equal(await refusal(`${base}/nowhere/cable`), 404)
  })

  it('for other paths still reach other listeners, before and after ours', async () => {
    const app = express()
    app.use(cabled().mount())
    const server = createServer(app)
    const sockets = new WebSocketServer({ server, path: '/other' })
    atEnd(() => sockets.close())
    sockets.on('connection', (socket) => socket.send('other'))
    const base = await listening(server.listen(0))

    const client = new WebSocket(`${base}/other`)
    const [data] = await once(client, 'message')
    client.terminate()

    assert.equal(String(data), 'other')
    assert.equal(await whoAmI(`${base}/cable`), 'nobody')
  })

  it('reach the cable on a server handed to rage.attach', async () => {
    const app = express()
    const rage = cabled()
    app.use(rage.mount())
    const server = createServer((req, res) => app(req, res))
    rage.attach(server)

    assert.equal(await whoAmI(`${await listening(server.listen(0))}/cable`), 'nobody')
  })

  it('to a server nobody told us about are asked to come again, and then succeed', async () => {
    const app = express()
    app.use(cabled().mount())
    const base = await listening(createServer((req, res) => app(req, res)).listen(0))

    assert.equal(await refusal(`${base}/cable`), 426)
    assert.equal(await whoAmI(`${base}/cable`), 'nobody')
  })

  it('leave the server alone when no cable class is registered', async () => {
    const { rage } = makeRage()
    const app = express()
    app.use(rage.mount())
    const server = app.listen(0)
    await listening(server)

    assert.equal(server.listenerCount('upgrade'), 0)
    assert.ok(!Object.hasOwn(server, 'emit'))
  })

  it('leave no trace on the server once the runtime has stopped', async () => {
    const rage = cabled()
    const app = express()
    app.use(rage.mount())
    const server = app.listen(0)
    await whoAmI(`${await listening(server)}/cable`)

    await rage.stop()

    assert.equal(server.listenerCount('upgrade'), 0)
    assert.ok(!Object.hasOwn(server, 'emit'))
  })
})

describe.each(majors)('express: handshakes that are not ours in %s', (_name, express) => {
  const answered = (app: Express) => app.use((_req, res) => void res.status(404).end())

  it('are answered by the app, also with several runtimes on its server', async () => {
    const app = express()
    app.use('/one', cabled().mount())
    app.use('/two', cabled().mount())
    answered(app)
    const url = await listening(app.listen(0))

    assert.equal(await refusal(`${url}/elsewhere`), 404)
    assert.equal(await whoAmI(`${url}/one/cable`), 'nobody')
    assert.equal(await whoAmI(`${url}/two/cable`), 'nobody')
  })

  it('are answered by the app, also when its server listens again', async () => {
    const app = express()
    app.use(cabled().mount())
    answered(app)
    const server = createServer(app)
    server.listen(0)
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    server.listen(0)
    const url = await listening(server)

    assert.equal(server.listenerCount('upgrade'), 1)
    assert.equal(await refusal(`${url}/elsewhere`), 404)
    assert.equal(await whoAmI(`${url}/cable`), 'nobody')
  })
})
