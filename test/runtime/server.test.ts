import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { describe, it } from 'vitest'
import WebSocket from 'ws'
import { Channel, Connection, Controller, type RageOptions } from '../../src'
import { atEnd, eventually, makeRage } from './support/runtimes'

function slow(options: RageOptions = {}) {
  const { rage, lines } = makeRage(options)
  let finish = (): void => undefined
  let isRunning = false
  class Page extends Controller {
    index() {
      return 'page'
    }
    async slow() {
      isRunning = true
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return 'done'
    }
  }
  rage.routes((r) => {
    r.get('/', [Page, 'index'])
    r.get('/slow', [Page, 'slow'])
  })
  return { rage, lines, finish: () => finish(), started: () => eventually(() => isRunning) }
}

function answer(port: number, path: string, agent?: Agent): Promise<IncomingMessage & { text: string }> {
  return new Promise((resolve, reject) => {
    get({ port, path, host: '127.0.0.1', agent: agent ?? false }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      res.on('end', () => resolve(Object.assign(res, { text })))
    }).on('error', reject)
  })
}

describe('server: rage.listen()', () => {
  it('boots, serves on a free port, and closes', async () => {
    const { rage } = slow()

    const { port, close } = await rage.listen(0, '127.0.0.1')

    assert.equal((await answer(port, '/')).text, '"page"')
    await close()
    await assert.rejects(answer(port, '/'), { code: 'ECONNREFUSED' })
  })

  it('says which port is taken', async () => {
    const { rage } = slow()
    const { port } = await rage.listen(0, '127.0.0.1')

    await assert.rejects(rage.listen(port, '127.0.0.1'), (error: Error & { code: string }) => {
      assert.equal(error.code, 'RAGE_RUNTIME_LISTEN')
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}: another process listens there`))
      return true
    })
  })

  it('sets its limits', async () => {
    const { rage } = slow({ server: { requestTimeoutMs: 30_000, maxConnections: 9 } })

    const { server } = await rage.listen(0, '127.0.0.1')

    assert.equal(server.requestTimeout, 30_000)
    assert.equal(server.headersTimeout, 15_000)
    assert.equal(server.keepAliveTimeout, 65_000)
    assert.equal(server.maxHeadersCount, 200)
    assert.equal(server.maxRequestsPerSocket, 0)
    assert.equal(server.maxConnections, 9)
  })

  it('answers 431 to a head that is too large', async () => {
    const { rage } = slow({ server: { maxHeaderBytes: 2_048 } })
    const { port } = await rage.listen(0, '127.0.0.1')

    const socket = connect(port, '127.0.0.1')
    socket.end(`GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(3_000)}\r\n\r\n`)
    const [chunk] = await once(socket, 'data')

    assert.match(String(chunk), /^HTTP\/1.1 431 /)
  })

  it('answers 408 to a client that never ends its head', async () => {
    const { rage } = slow({ server: { headersTimeoutMs: 100 } })
    const { port } = await rage.listen(0, '127.0.0.1')

    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n')
    const [chunk] = await once(socket, 'data')

    assert.match(String(chunk), /^HTTP\/1.1 408 /)
  })

  it('brings up the cable, whose sockets do not hold up its end', async () => {
    class AppConnection extends Connection {}
    class NewsChannel extends Channel {}
    const { rage } = makeRage({ cable: { drainSpreadMs: 0 } })
    rage.register(AppConnection, NewsChannel)
    const { port, server } = await rage.listen(0, '127.0.0.1')

    const client = new WebSocket(`ws://127.0.0.1:${port}/cable`, 'actioncable-v1-json')
    atEnd(() => client.terminate())
    const [data] = await once(client, 'message', { signal: AbortSignal.timeout(5_000) })
    await rage.stop()

    assert.deepEqual(JSON.parse(String(data)), { type: 'welcome' })
    assert.equal(server.listening, false)
  })

  it('refuses after stop', async () => {
    const { rage } = slow()
    await rage.stop()

    await assert.rejects(rage.listen(0), { code: 'RAGE_KERNEL_LIFECYCLE' })
  })
})

describe('server: a drain', () => {
  it('finishes the request under way, and closes idle connections and the port', async () => {
    const { rage, finish, started } = slow()
    const { port, server } = await rage.listen(0, '127.0.0.1')
    const agent = new Agent({ keepAlive: true })
    atEnd(() => agent.destroy())
    await answer(port, '/', agent)
    const underWay = answer(port, '/slow')
    await started()

    const stopping = rage.stop()
    await assert.rejects(answer(port, '/'), { code: 'ECONNREFUSED' })
    finish()

    assert.equal((await underWay).text, '"done"')
    await stopping
    assert.equal(server.listening, false)
  })

  it('asks clients on open connections to leave', async () => {
    const { rage, finish, started } = slow()
    const { port } = await rage.listen(0, '127.0.0.1')
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    // A request has begun: the connection is not idle.
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n')
    const underWay = answer(port, '/slow')
    await started()

    const stopping = rage.stop()
    socket.write('\r\n')
    const [chunk] = await once(socket, 'data')

    assert.match(String(chunk), /^HTTP\/1.1 503 /)
    assert.match(String(chunk), /\r\nConnection: close\r\n/)
    assert.match(String(chunk), /\r\nRetry-After: 5\r\n/)
    finish()
    await underWay
    await stopping
  })

  it('does not wait for ever: connections are cut at the deadline', async () => {
    const { rage, started } = slow({ drainMs: 100 })
    const { port } = await rage.listen(0, '127.0.0.1')
    const underWay = answer(port, '/slow')
    underWay.catch(() => undefined)
    await started()

    const report = await rage.drain()

    assert.deepEqual(report.abandoned, ['1 requests', 'connections of 1 servers'])
    await assert.rejects(underWay, { code: 'ECONNRESET' })
  })
})
