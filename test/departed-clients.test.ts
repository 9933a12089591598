/**
 * Clients that go before they have their answer, or before they have sent their body: what handlers and controllers hear
 * of it, wherever the runtime stands. `close` of the request says nothing (nodejs/node#38924), that of the response does.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createGunzip } from 'node:zlib'
import express from 'express'
import { describe, it } from 'vitest'
import { Controller } from '../src'
import { majors } from './adapters/express/support/majors'
import { atEnd, eventually, makeRage } from './runtime/support/runtimes'

// biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript would write them.
type Loose = any
type Draw = (r: Loose) => void

// It comes without types.
const compression: Loose = createRequire(import.meta.url)('compression')

function owning(draw: Draw): Loose {
  const { rage } = makeRage({ logger: { requests: false, level: 'silent' } })
  return rage.routes(draw)
}

const places: readonly [string, (draw: Draw) => RequestListener][] = [
  ['standalone', (draw) => owning(draw).handler()],
  ...majors.flatMap(([name, createApp]): [string, (draw: Draw) => RequestListener][] => [
    [
      `under the mount in ${name}`,
      (draw) => createApp().use(owning(draw).mount()) as unknown as RequestListener,
    ],
    [`in front of ${name}`, (draw) => owning(draw).front(createApp() as Loose)],
  ]),
]

/** A client that has sent this, and leaves when told. */
async function client(listener: RequestListener, sent: string): Promise<Socket> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(sent)
  return socket
}

const asking = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: shop.test\r\nAccept-Encoding: gzip\r\n\r\n`
const halfPosted =
  'POST /tea HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"tea":'

describe.each(places)('departed clients, %s', (_name, serve) => {
  it('a handler hears of it by "close" of the response, without "finish"', async () => {
    const heard: string[] = []
    const listener = serve((r) =>
      r.get('/tea', (_req: Loose, res: Loose) => {
        heard.push('begun')
        res.on('finish', () => heard.push('finish'))
        res.on('close', () => heard.push(`close, finished: ${res.writableFinished}`))
      }),
    )

    const socket = await client(listener, asking('/tea'))
    await eventually(() => heard.length === 1)
    socket.destroy()
    await eventually(() => heard.length === 2)

    assert.deepEqual(heard, ['begun', 'close, finished: false'])
  })

  it('a handler that reads no body hears "aborted" as well', async () => {
    const heard: string[] = []
    const listener = serve((r) =>
      r.get('/tea', (req: Loose) => {
        heard.push('begun')
        req.on('aborted', () => heard.push(`aborted: ${req.aborted}`))
      }),
    )

    const socket = await client(listener, asking('/tea'))
    await eventually(() => heard.length === 1)
    socket.destroy()
    await eventually(() => heard.length === 2)

    assert.deepEqual(heard, ['begun', 'aborted: true'])
  })

  it('a handler behind a parser hears nothing of the request any more', async () => {
    const heard: string[] = []
    const listener = serve((r) => {
      r.use(express.json())
      r.post('/tea', (req: Loose, res: Loose) => {
        heard.push(`begun: ${req.body.tea}`)
        req.on('aborted', () => heard.push('aborted'))
        res.on('close', () => heard.push(`close, finished: ${res.writableFinished}`))
      })
    })

    const socket = await client(listener, `${halfPosted.replace('100', '15')}"green"}`)
    await eventually(() => heard.length === 1)
    socket.destroy()
    await eventually(() => heard.length === 2)

    assert.deepEqual(heard, ['begun: green', 'close, finished: false'])
  })

  it('a handler that reads the body hears "aborted" and sees req.aborted', async () => {
    const heard: unknown[] = []
    const listener = serve((r) =>
      r.post('/tea', (req: Loose) => {
        req.on('data', () => heard.push('data'))
        req.on('aborted', () => heard.push('aborted', req.aborted, req.complete))
        req.on('error', (error: Loose) => heard.push(error.code))
      }),
    )

    const socket = await client(listener, halfPosted)
    await eventually(() => heard.length === 1)
    socket.destroy()
    await eventually(() => heard.length === 5)

    assert.deepEqual(heard, ['data', 'aborted', true, false, 'ECONNRESET'])
  })

  it('an answer that is complete is no departure', async () => {
    const heard: string[] = []
    const listener = serve((r) =>
      r.get('/tea', (req: Loose, res: Loose) => {
        req.on('aborted', () => heard.push('aborted'))
        res.on('close', () => heard.push(`close, finished: ${res.writableFinished}`))
        res.send('tea')
      }),
    )

    const socket = await client(listener, asking('/tea'))
    await once(socket, 'data')
    await eventually(() => heard.length === 1)
    socket.destroy()

    assert.deepEqual(heard, ['close, finished: true'])
  })

  it('the signal of a controller fires, and no action runs for half a body', async () => {
    const heard: string[] = []
    class Tea extends Controller {
      async show() {
        heard.push('begun')
        await once(this.signal, 'abort')
        heard.push((this.signal.reason as { code: string }).code)
      }
      create() {
        heard.push('created')
      }
    }
    const listener = serve((r) => {
      r.get('/tea', [Tea, 'show'])
      r.post('/tea', [Tea, 'create'])
    })

    const posting = await client(listener, halfPosted)
    setTimeout(() => posting.destroy(), 20)
    await once(posting, 'close')
    const socket = await client(listener, asking('/tea'))
    await eventually(() => heard.length === 1)
    socket.destroy()
    await eventually(() => heard.length === 2)

    assert.deepEqual(heard, ['begun', 'RAGE_HTTP_CLIENT_GONE'])
  })
})

describe.each(places)('streams behind compression, %s', (_name, serve) => {
  it('reach the client piece by piece: each one is flushed', async () => {
    let more: () => void = () => undefined
    const asked = new Promise<void>((resolve) => {
      more = resolve
    })
    class Tea extends Controller {
      static {
        this.use(compression({ threshold: 0 }))
      }
      show() {
        this.res.setHeader('Content-Type', 'text/plain')
        return this.render({
          stream: (async function* () {
            yield 'first '
            // Only the client, once it has read the first, brings the second.
            await asked
            yield 'second'
          })(),
        })
      }
    }
    const socket = await client(
      serve((r) => r.get('/tea', [Tea, 'show'])),
      asking('/tea').replace('HTTP/1.1', 'HTTP/1.0').replace('Host', 'Connection: close\r\nHost'),
    )
    const unzipped = createGunzip()
    let text = ''
    unzipped.on('data', (piece) => {
      text += piece
    })
    let isHead = true
    socket.on('data', (piece: Buffer) => {
      const at = isHead ? piece.indexOf('\r\n\r\n') + 4 : 0
      isHead = false
      if (at < piece.length) unzipped.write(piece.subarray(at))
    })

    await eventually(() => text === 'first ', 'the first piece')
    more()
    await eventually(() => text === 'first second', 'the second piece')
  })
})
