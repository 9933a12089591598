import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import { describe, it } from 'vitest'
import { Channel, Connection } from '../../src/cable'
import { bootCable, until } from './cable-world'

class Room extends Channel {}
const room = '{"channel":"Room"}'

describe('cable: who may connect', () => {
  class Members extends Connection {
    static {
      this.identifiedBy('user', 'tenant')
    }
    user!: { id: string }
    tenant!: string
    override async connect() {
      const name = this.params.get('name')
      await new Promise((resolve) => setImmediate(resolve))
      if (name === null) return this.reject()
      if (name === 'broken') throw new Error('no database')
      this.user = { id: name }
      this.tenant = String(this.headers['x-tenant'])
    }
    override disconnect() {
      this.logger.info(`bye ${this.user.id}`)
    }
  }

  it('is decided by connect, whose identifiers channels read and the log names', async () => {
    class WhoAmI extends Channel<Members> {
      override subscribed() {
        this.transmit([this.connection.user.id, this.connection.tenant])
      }
    }
    const { join, lines, cable } = await bootCable([WhoAmI], { connection: Members })
    const client = await join({ query: '?name=ada', headers: { 'X-Tenant': 'acme' } })

    client.subscribe('{"channel":"WhoAmI"}')
    await client.next('{"identifier":"{\\"channel\\":\\"WhoAmI\\"}","message":["ada","acme"]}')
    client.ws.close()
    await until(() => cable.stats().connections === 0)

    const opened = lines.find(({ msg }) => msg === 'cable connection opened')!
    assert.deepEqual(opened.identifiers, { user: 'ada', tenant: 'acme' })
    assert.equal(lines.filter(({ msg }) => msg === 'bye ada').length, 1)
    assert.equal(lines.filter(({ msg }) => msg === 'cable connection closed').length, 1)
  })

  it('is told "unauthorized" for good when rejected; commands already sent and disconnect() do not run', async () => {
    const { connect, cable, lines } = await bootCable([Room], { connection: Members })
    const client = connect()
    client.ws.on('open', () => client.subscribe(room))

    await client.next('{"type":"disconnect","reason":"unauthorized","reconnect":false}')

    assert.deepEqual(await client.closed, { code: 1008, reason: 'unauthorized' })
    await until(() => cable.stats().connections === 0)
    assert.equal(lines.filter(({ msg }) => msg.startsWith('bye')).length, 0)
  })

  it('is told to come back when connect fails, and the error is reported', async () => {
    class BrokenConstructor extends Connection {
      readonly broken = JSON.parse('{')
    }
    const failing = await bootCable([Room], { connection: Members })
    const client = failing.connect({ query: '?name=broken' })
    await client.next('{"type":"disconnect","reason":"server_error","reconnect":true}')
    assert.equal((await client.closed).code, 1011)
    assert.deepEqual(failing.reported.map(String), ['Error: no database'])

    const broken = await bootCable([Room], { connection: BrokenConstructor })
    await broken.connect().next('{"type":"disconnect","reason":"server_error","reconnect":true}')
    assert.equal(broken.reported.length, 1)
  })

  it('waits with commands sent before the welcome', async () => {
    const { connect } = await bootCable([Room], { connection: Members })
    const client = connect({ query: '?name=ada' })
    client.ws.on('open', () => client.subscribe(room))

    await client.next('{"type":"welcome"}')
    await client.next('{"identifier":"{\\"channel\\":\\"Room\\"}","type":"confirm_subscription"}')
  })

  it('is nobody while no Connection class is registered, which is said once', async () => {
    const { connect, lines } = await bootCable([Room], { connection: null })

    for (let attempt = 0; attempt < 3; attempt++) {
      const refused = await connect().refused
      assert.deepEqual([refused.status, refused.body], [403, 'RAGE_CABLE_NO_CONNECTION'])
    }

    const said = lines.filter(({ code }) => code === 'RAGE_CABLE_NO_CONNECTION')
    assert.equal(said.length, 1)
    assert.match(said[0]!.msg, /Register one \(class AppConnection extends Connection/)
  })

  it('is everybody when allowAnonymous is set', async () => {
    const { join } = await bootCable([Room], { connection: null, options: { allowAnonymous: true } })

    await (await join()).subscribed(room)
  })
})

describe('cable: which pages may connect', () => {
  const attempt = async (
    allowedOrigins: 'all' | 'same-host' | (string | RegExp)[],
    origin: string,
    host = 'app.test',
  ) => {
    const { connect } = await bootCable([Room], { options: { allowedOrigins } })
    const client = connect({ origin, headers: { Host: host } })
    return Promise.race([client.next(), client.refused.then(({ status, body }) => `${status} ${body}`)])
  }
  const welcome = '{"type":"welcome"}'
  const refused = '403 RAGE_CABLE_ORIGIN'

  it('those of the same host, with any scheme and its own port', async () => {
    assert.equal(await attempt('same-host', 'http://app.test'), welcome)
    assert.equal(await attempt('same-host', 'https://app.test', 'APP.test:443'), welcome)
    assert.equal(await attempt('same-host', 'http://app.test:8080', 'app.test:8080'), welcome)
    assert.equal(await attempt('same-host', 'http://app.test:8080'), refused)
    assert.equal(await attempt('same-host', 'http://app.test.attacker.net'), refused)
    assert.equal(await attempt('same-host', 'http://attacker.net'), refused)
    assert.equal(await attempt('same-host', 'null'), refused)
  })

  it('those listed, compared whole', async () => {
    const allowed = ['https://web.test', /https:\/\/\w+\.preview\.test/]

    assert.equal(await attempt(allowed, 'https://web.test'), welcome)
    assert.equal(await attempt(allowed, 'http://app.test'), welcome)
    assert.equal(await attempt(allowed, 'https://pr7.preview.test'), welcome)
    assert.equal(await attempt(allowed, 'https://web.test.attacker.net'), refused)
    assert.equal(await attempt(allowed, 'https://pr7.preview.test.attacker.net'), refused)
    assert.equal(await attempt('all', 'https://anywhere.test'), welcome)
  })

  it('clients that send no Origin are let in: they are not browsers', async () => {
    const { join } = await bootCable([Room])

    await join()
  })

  it('options that are no origins are refused', async () => {
    await assert.rejects(
      bootCable([], { options: { allowedOrigins: ['web.test'] } }),
      /RAGE_KERNEL_INVALID_OPTION/,
    )
    await assert.rejects(bootCable([], { options: { path: 'cable' } }), /RAGE_KERNEL_INVALID_OPTION/)
  })
})

describe('cable: the handshake', () => {
  it('chooses a protocol that both speak, whatever else is offered', async () => {
    const { join } = await bootCable([Room])

    const client = await join({ protocols: ['token-abc', 'actioncable-v1-json'] })

    assert.equal(client.ws.protocol, 'actioncable-v1-json')
  })

  it('is refused with 400 when there is none', async () => {
    const { connect } = await bootCable([Room])

    for (const protocols of [['graphql-ws'], []]) {
      const refused = await connect({ protocols }).refused
      assert.deepEqual([refused.status, refused.body], [400, 'RAGE_CABLE_PROTOCOL'])
    }
  })

  it('waits while the runtime boots', async () => {
    const { cable, connect, sockets } = await bootCable([Room], { serve: false })
    const client = connect()
    await until(() => sockets.length === 1)

    await cable.service.boot()
    cable.service.serve()

    await client.next('{"type":"welcome"}')
  })

  it('is answered 503 when booting takes too long, and while draining', async () => {
    const { cable, connect, clock, sockets } = await bootCable([Room], { serve: false })
    const early = connect()
    await until(() => sockets.length === 1)
    await clock.advance(10_000)
    assert.equal((await early.refused).body, 'RAGE_CABLE_UNAVAILABLE')

    await cable.service.boot()
    cable.service.serve()
    await cable.service.drain(AbortSignal.timeout(1_000))
    const late = await connect().refused

    assert.deepEqual([late.status, late.headers['retry-after']], [503, '5'])
  })

  it.each([
    'GET /cable HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'GET /cable HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: actioncable-v1-json\r\n\r\n',
    'POST /cable HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: actioncable-v1-json\r\n\r\n',
  ])('answers one that breaks the standard, and keeps nothing of it (%#)', async (request) => {
    const { url, cable, join } = await bootCable([Room])
    const socket = connectTcp(Number(new URL(url).port), '127.0.0.1')
    socket.write(request)

    const answer = await new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (chunk) => {
        text += String(chunk)
      })
      socket.on('close', () => resolve(text))
      socket.on('end', () => socket.end())
    })

    assert.match(answer, /^HTTP\/1\.1 4\d\d /)
    assert.equal(cable.stats().connections, 0)
    await join()
  })

  it('survives clients that hang up in the middle of it', async () => {
    const { url, join, cable, sockets } = await bootCable([Room])
    const port = Number(new URL(url).port)
    for (let n = 0; n < 20; n++) {
      const socket = connectTcp(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(
        'GET /cable HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${n % 2 ? 'x' : 'actioncable-v1-json'}\r\n\r\n`,
        () => socket.resetAndDestroy(),
      )
    }

    await until(() => sockets.length === 20)
    await until(() => cable.stats().connections === 0)

    await join()
  })
})
