/** Bodies that a middleware before the mount has read: taken as they are, never read again, never waited for. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import bodyParser2 from 'body-parser'
import express5 from 'express'
import fileUpload from 'express-fileupload'
import express4 from 'express4'
import multer from 'multer'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Controller, createRage } from '../../src'

type Parser = (req: never, res: never, next: never) => void
type AnyExpress = typeof express5

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rage-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the action sees. */
class EchoController extends Controller {
  show() {
    const { body } = this.req
    return {
      params: Object.fromEntries(Object.entries(this.params).map(([name, value]) => [name, brief(value)])),
      body: Buffer.isBuffer(body) ? `bytes: ${body}` : body === undefined ? 'undefined' : body,
    }
  }
}

function brief(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(brief)
  const file = value as { originalname?: string; name?: string; size?: number }
  const name = file?.originalname ?? file?.name
  return name !== undefined && file.size !== undefined ? `${name}: ${file.size}` : value
}

async function ask(
  makeApp: AnyExpress,
  parsers: readonly Parser[],
  request: RequestInit,
): Promise<{ params: unknown; body: unknown }> {
  const rage = createRage({ root: folder, signals: false, logger: { level: 'silent' } })
  rage.routes((r) => {
    r.post('/echo', [EchoController, 'show'])
    r.get('/echo', [EchoController, 'show'])
  })
  const app = makeApp()
  for (const parser of parsers) app.use(parser as never)
  app.use(rage.mount())
  const server = createServer(app as RequestListener)
  await rage.boot()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/echo`
    const res = await fetch(url, { ...request, signal: AbortSignal.timeout(5_000) })
    assert.equal(res.status, 200, await res.clone().text())
    return (await res.json()) as { params: unknown; body: unknown }
  } finally {
    server.closeAllConnections()
    await Promise.all([new Promise((resolve) => server.close(resolve)), rage.stop()])
  }
}

const sent = (type: string, body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': type },
  body,
})
const json = sent('application/json', '{"a":{"b":1}}')
const form = sent('application/x-www-form-urlencoded', 'a[b]=1')

function upload(): RequestInit {
  const body = new FormData()
  body.append('title', 'x')
  body.append('avatar', new Blob(['four']), 'a.png')
  return { method: 'POST', body }
}

const none = { params: {}, body: 'undefined' }

describe.each([
  { major: 4, makeApp: express4 as unknown as AnyExpress },
  { major: 5, makeApp: express5 },
])('http: behind Express $major, a body', ({ major, makeApp }) => {
  it.each<[string, readonly Parser[], RequestInit, { params: unknown; body: unknown }]>([
    ['of json()', [makeApp.json()], json, { params: { a: { b: 1 } }, body: { a: { b: 1 } } }],
    ['of body-parser 2', [bodyParser2.json()], json, { params: { a: { b: 1 } }, body: { a: { b: 1 } } }],
    [
      'of urlencoded()',
      [makeApp.urlencoded({ extended: true })],
      form,
      { params: { a: { b: '1' } }, body: { a: { b: '1' } } },
    ],
    [
      'of urlencoded(), not extended',
      [makeApp.urlencoded({ extended: false })],
      form,
      { params: { 'a[b]': '1' }, body: { 'a[b]': '1' } },
    ],
    ['of raw()', [makeApp.raw({ type: '*/*' })], json, { params: {}, body: 'bytes: {"a":{"b":1}}' }],
    ['of text()', [makeApp.text({ type: '*/*' })], json, { params: {}, body: '{"a":{"b":1}}' }],
    [
      'of several parsers',
      [makeApp.json(), makeApp.urlencoded({ extended: true }), bodyParser2.json()],
      json,
      { params: { a: { b: 1 } }, body: { a: { b: 1 } } },
    ],
    [
      'that json() left alone is read here',
      [makeApp.json()],
      form,
      { params: { a: { b: '1' } }, body: { a: { b: '1' } } },
    ],
    ['that nobody read is read here', [], json, { params: { a: { b: 1 } }, body: { a: { b: 1 } } }],
    [
      'that there is not, after json()',
      [makeApp.json()],
      { method: 'GET' },
      major === 4 ? { params: {}, body: {} } : none,
    ],
    ['that there is not', [], { method: 'POST' }, none],
    ['that is empty, after json()', [makeApp.json()], sent('application/json', ''), { params: {}, body: {} }],
    [
      'of multer single()',
      [multer().single('avatar') as Parser],
      upload(),
      { params: { title: 'x', avatar: 'a.png: 4' }, body: { title: 'x' } },
    ],
    [
      'of multer array()',
      [multer({ dest: tmpdir() }).array('avatar') as Parser],
      upload(),
      { params: { title: 'x', avatar: ['a.png: 4'] }, body: { title: 'x' } },
    ],
    [
      'of multer fields()',
      [multer().fields([{ name: 'avatar' }]) as Parser],
      upload(),
      { params: { title: 'x', avatar: ['a.png: 4'] }, body: { title: 'x' } },
    ],
    [
      'of express-fileupload',
      [fileUpload() as unknown as Parser],
      upload(),
      { params: { title: 'x', avatar: 'a.png: 4' }, body: { title: 'x' } },
    ],
  ])('%s', async (_, parsers, request, expected) => {
    assert.deepEqual(await ask(makeApp, parsers, request), expected)
  })

  it.each([
    ['on the route', []],
    ['before the mount', [makeApp.raw({ type: 'application/json' })]],
    [
      'kept by json()',
      [makeApp.json({ verify: (req, _res, bytes) => Object.assign(req, { rawBody: bytes }) })],
    ],
    ['eaten by json()', [makeApp.json()]],
  ])('keeps its bytes for a signature where a parser does: %s', async (where, parsers) => {
    const body = '{ "type":"paid" , "n":1.0 }'
    class Webhooks extends Controller {
      create() {
        const { body, rawBody } = this.req
        const bytes = Buffer.isBuffer(body) ? body : rawBody
        return { params: this.params, bytes: Buffer.isBuffer(bytes) ? String(bytes) : null }
      }
    }
    const rage = createRage({ root: folder, signals: false, logger: { level: 'silent' } })
    rage.routes((r) => {
      r.post('/hooks/:from', [makeApp.raw({ type: 'application/json' }), [Webhooks, 'create']])
    })
    const app = makeApp()
    for (const parser of parsers) app.use(parser as never)
    app.use(rage.mount())
    const res = await supertest(app).post('/hooks/shop?a=1').type('json').send(body)
    await rage.stop()

    assert.deepEqual(
      res.body,
      where === 'on the route' || where === 'before the mount'
        ? { params: { a: '1', from: 'shop' }, bytes: body }
        : {
            params: { a: '1', type: 'paid', n: 1, from: 'shop' },
            bytes: where === 'kept by json()' ? body : null,
          },
    )
  })

  it.each(['data', 'readable'])(
    'that an earlier middleware has begun to read by "%s" is an error, not a wait',
    async (event) => {
      const taking: Parser = ((
        req: { once(event: string, listener: () => void): void },
        _: unknown,
        next: () => void,
      ) => {
        req.once(event, () => undefined)
        next()
      }) as Parser

      await assert.rejects(ask(makeApp, [taking], json), /RAGE_HTTP_BODY_TAKEN/)
    },
  )
})

describe('a body without Express around', () => {
  it.each(['data', 'readable'])(
    'that middleware of the route has begun to read by "%s" is an error, not a wait',
    async (event) => {
      const rage = createRage({ root: folder, signals: false, logger: { level: 'silent' } })
      rage.routes((r) => {
        r.use((req, _res, next) => {
          req.on(event, () => undefined)
          next()
        })
        r.post('/echo', [EchoController, 'show'])
      })

      const { status, body } = await supertest(rage.handler()).post('/echo').send({ a: 1 })

      assert.deepEqual([status, body.code], [500, 'RAGE_HTTP_BODY_TAKEN'])
      await rage.stop()
    },
  )
})
