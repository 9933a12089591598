/**
 * HTTP/2 through Node's own server, with HTTP/1.1 clients on the same port. Its requests and responses share no
 * prototype with those of HTTP/1.1; Express, which puts its own on them, brings the process down.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type ClientHttp2Session, connect, createSecureServer, type IncomingHttpHeaders } from 'node:http2'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import { describe, it } from 'vitest'
import { Controller, type Rage } from '../src'
import { atEnd, makeRage, temporaryFolder } from './runtime/support/runtimes'
import { certificate } from './support/certificate'

// biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript would write them.
type Loose = any

class Orders extends Controller {
  show() {
    return { id: this.params.id }
  }
  create() {
    return this.render({ json: { body: this.req.body }, status: 201 })
  }
  failing() {
    throw Object.assign(new Error('no tea'), { status: 418 })
  }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function open(listener: Loose): Promise<{ session: ClientHttp2Session; port: number }> {
  const server = createSecureServer({ ...certificate, allowHTTP1: true }, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  atEnd(() => {
    session.destroy()
    server.close()
  })
  return { session, port }
}

async function ask(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece)
  return { status: Number(answer[':status']), headers: answer, body: Buffer.concat(pieces).toString() }
}

function askPlainly(port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ port, path, host: '127.0.0.1', rejectUnauthorized: false, agent: false }, (res) => {
      let body = ''
      res.on('data', (piece) => {
        body += piece
      })
      res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, body }))
    })
      .on('error', reject)
      .end()
  })
}

function owning(express: 4 | 5, folder = temporaryFolder()): Rage {
  const { rage } = makeRage({ connect: { express }, logger: { requests: false } })
  rage.routes((r) => {
    r.get('/orders/:id', [Orders, 'show'])
    r.post('/orders', [Orders, 'create'])
    r.get('/failing', [Orders, 'failing'])
    r.get('/hello/:name', (req: Loose, res: Loose) =>
      res
        .status(201)
        .set('X-Host', req.hostname)
        .cookie('a', 'b')
        .json([req.params.name, req.query.loud, req.protocol, req.ip, req.httpVersion, req.get('accept')]),
    )
    r.get('/file', (_req: Loose, res: Loose) => res.sendFile('tea.txt', { root: folder }))
    r.get('/away', (_req: Loose, res: Loose) => res.redirect('/orders/1'))
    r.constraints({ host: 'shop.test' }, (shop) =>
      shop.get('/where', (_req: Loose, res: Loose) => res.send('in the shop')),
    )
  })
  return rage
}

describe.each([4, 5] as const)('HTTP/2 with rage.handler(), semantics of Express %s', (major) => {
  it('serves controllers: parameters, bodies without a length, errors, what is not there', async () => {
    const { session } = await open(owning(major).handler())
    const posted = { ':path': '/orders', ':method': 'POST', 'content-type': 'application/json' }

    const shown = await ask(session, { ':path': '/orders/7' })
    const created = await ask(session, posted, '{"tea":"green"}')
    const failed = await ask(session, { ':path': '/failing' })
    const missed = await ask(session, { ':path': '/nowhere' })

    assert.deepEqual([shown.status, shown.body], [200, '{"id":"7"}'])
    assert.deepEqual([created.status, created.body], [201, '{"body":{"tea":"green"}}'])
    assert.deepEqual([failed.status, JSON.parse(failed.body).detail], [418, 'no tea'])
    assert.deepEqual([missed.status, JSON.parse(missed.body).code], [404, 'RAGE_RUNTIME_ROUTE_NOT_FOUND'])
  })

  it('serves handlers in Express form', async () => {
    const { session } = await open(owning(major).handler())

    const { status, headers, body } = await ask(session, {
      ':path': '/hello/ada?loud=yes',
      ':authority': 'shop.test:8080',
      accept: 'text/plain',
    })

    assert.equal(status, 201)
    assert.deepEqual(JSON.parse(body), ['ada', 'yes', 'https', '127.0.0.1', '2.0', 'text/plain'])
    assert.equal(headers['x-host'], 'shop.test')
    assert.deepEqual(headers['set-cookie'], ['a=b; Path=/'])
  })

  it('sends files, and ranges of them', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'tea.txt'), 'tea and biscuits')
    const { session } = await open(owning(major, folder).handler())

    const whole = await ask(session, { ':path': '/file' })
    const part = await ask(session, { ':path': '/file', range: 'bytes=0-2' })

    assert.deepEqual([whole.status, whole.body], [200, 'tea and biscuits'])
    assert.deepEqual([part.status, part.body], [206, 'tea'])
  })

  it('redirects, and finds hosts in the authority', async () => {
    const { session } = await open(owning(major).handler())

    const away = await ask(session, { ':path': '/away' })
    const here = await ask(session, { ':path': '/where', ':authority': 'shop.test' })
    const elsewhere = await ask(session, { ':path': '/where', ':authority': 'other.test' })

    assert.deepEqual([away.status, away.headers.location], [302, '/orders/1'])
    assert.deepEqual([here.status, here.body], [200, 'in the shop'])
    assert.equal(elsewhere.status, 404)
  })

  it('serves HTTP/1.1 clients of the same port', async () => {
    const { port } = await open(owning(major).handler())

    const { status, body } = await askPlainly(port, '/hello/ada')

    assert.equal(status, 201)
    assert.deepEqual(JSON.parse(body).slice(0, 5), ['ada', null, 'https', '127.0.0.1', '1.1'])
  })
})

describe('HTTP/2 with rage.front(app)', () => {
  it('serves owned routes, handlers in Express form with the API of the runtime', async () => {
    const app = express()
    const { session, port } = await open(owning(5).front(app as Loose))

    const shown = await ask(session, { ':path': '/orders/7' })
    const hello = await ask(session, { ':path': '/hello/ada' })
    const plainly = await askPlainly(port, '/hello/ada')

    assert.deepEqual([shown.status, shown.body], [200, '{"id":"7"}'])
    assert.deepEqual([hello.status, JSON.parse(hello.body)[4]], [201, '2.0'])
    assert.deepEqual([plainly.status, JSON.parse(plainly.body)[4]], [201, '1.1'])
  })

  it('leaves the rest to the app, and asks for HTTP/1.1, which is all that Express takes', async () => {
    const app = express()
    app.get('/legacy', (_req, res) => void res.send('legacy'))
    const { session, port } = await open(owning(5).front(app as Loose))

    const { status, body } = await askPlainly(port, '/legacy')
    const refused = session.request({ ':path': '/legacy' })

    assert.deepEqual([status, body], [200, 'legacy'])
    await assert.rejects(once(refused, 'response'), /NGHTTP2_HTTP_1_1_REQUIRED/)
    assert.equal((await ask(session, { ':path': '/orders/7' })).status, 200)
  })
})
