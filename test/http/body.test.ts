import assert from 'node:assert/strict'
import { createServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import iconv from 'iconv-lite'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { hasUnreadBody, httpOptions, type Request, type Response, readBody } from '../../src/http'
import { resolveOptions } from '../../src/kernel'
import { type BodyServer, bodyServer } from './support/body-server'

let server: BodyServer
beforeAll(async () => {
  server = await bodyServer({ bodyLimitBytes: 64 })
})
afterAll(() => server.close())

interface Sent {
  readonly type?: string
  readonly encoding?: string
}

async function post(
  body: string | Buffer,
  { type = 'application/json', encoding }: Sent = {},
): Promise<{ status: number; text: string }> {
  const headers = {
    'content-type': type,
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
  }
  const res = await fetch(server.url, { method: 'POST', headers, body: new Uint8Array(Buffer.from(body)) })
  return { status: res.status, text: await res.text() }
}

const form = 'application/x-www-form-urlencoded'

describe('http: a body', () => {
  it.each([
    'application/json',
    'application/vnd.api+json',
    'Application/JSON ; charset=UTF-8',
    'application/json; charset="utf8"',
  ])('of %s is parsed', async (type) => {
    assert.deepEqual(JSON.parse((await post('{"a":[1,"é"]}', { type })).text), { a: [1, 'é'] })
  })

  it('of a form is parsed', async () => {
    const { text } = await post('a=1&b=2&b=3&c[d][]=%C3%A9&e=+', { type: form })

    assert.deepEqual(JSON.parse(text), { a: '1', b: ['2', '3'], c: { d: ['é'] }, e: ' ' })
  })

  it('that is empty is an empty object', async () => {
    const answer = await raw(
      server.port,
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    )

    assert.match(answer, /^HTTP\/1\.1 200 OK[\s\S]*\{\}$/)
  })

  it('of another type, or none, is left alone', async () => {
    assert.equal((await post('a,b', { type: 'text/csv' })).text, '"left alone"')
    assert.equal(await (await fetch(server.url)).text(), '"left alone"')
  })

  it.each([
    ['{"a":', 400, 'RAGE_HTTP_MALFORMED_BODY'],
    ['"a string"', 400, 'RAGE_HTTP_MALFORMED_BODY'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'RAGE_HTTP_MALFORMED_BODY'],
    [`{"a":"${'x'.repeat(80)}"}`, 413, 'RAGE_HTTP_BODY_TOO_LARGE'],
  ])('%j is refused', async (source, status, code) => {
    assert.deepEqual(await post(source), { status, text: code })
  })

  it('that grows over the limit without a length is cut off', async () => {
    const req = httpRequest({
      port: server.port,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    req.write(`{"a":"${'x'.repeat(50)}`)
    req.end(`${'x'.repeat(50)}"}`)

    const status = await new Promise((resolve) =>
      req.on('response', (res) => resolve(res.resume().statusCode)),
    )

    assert.equal(status, 413)
  })

  it('that says it waits for 100-continue is asked for', async () => {
    const req = httpRequest({
      port: server.port,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 7, expect: '100-continue' },
    })
    req.on('continue', () => req.end('{"a":1}'))
    req.flushHeaders()

    const status = await new Promise((resolve) =>
      req.on('response', (res) => resolve(res.resume().statusCode)),
    )

    assert.equal(status, 200)
  })

  it('that an earlier middleware set to text is parsed all the same', async () => {
    const own = await bodyServerWith((req) => req.setEncoding('utf8'))
    const res = await fetch(own.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":"é"}',
    })

    assert.deepEqual(await res.json(), { a: 'é' })
    own.close()
  })
})

describe('http: a body with a content encoding', () => {
  const source = '{"a":"é"}'

  it.each([
    ['gzip', gzipSync(source)],
    ['deflate', deflateSync(source)],
    ['br', brotliCompressSync(source)],
    ['GZIP', gzipSync(source)],
  ])('%s is inflated', async (encoding, body) => {
    assert.deepEqual(JSON.parse((await post(body, { encoding })).text), { a: 'é' })
  })

  it.each([
    ['gzip', gzipSync('x'.repeat(200)), 413, 'RAGE_HTTP_BODY_TOO_LARGE'],
    ['br', brotliCompressSync('x'.repeat(1_000_000)), 413, 'RAGE_HTTP_BODY_TOO_LARGE'],
    ['gzip', gzipSync('x'.repeat(300_000_000)), 413, 'RAGE_HTTP_BODY_TOO_LARGE'],
    // Members without content: nothing ever comes out.
    ['gzip', Buffer.concat(Array(2000).fill(gzipSync(''))), 413, 'RAGE_HTTP_BODY_TOO_LARGE'],
    ['gzip', Buffer.from('not gzip'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
    ['gzip', gzipSync(source).subarray(0, 20), 400, 'RAGE_HTTP_MALFORMED_BODY'],
    ['br', Buffer.from([255, 255, 255]), 400, 'RAGE_HTTP_MALFORMED_BODY'],
    ['compress', Buffer.from(source), 415, 'RAGE_HTTP_UNSUPPORTED_BODY'],
    ['gzip, br', Buffer.from(source), 415, 'RAGE_HTTP_UNSUPPORTED_BODY'],
  ])('%s that cannot be taken is refused', { timeout: 60_000 }, async (encoding, body, status, code) => {
    assert.deepEqual(await post(body, { encoding }), { status, text: code })
  })
})

describe('http: a body in a charset', () => {
  it.each(['utf-16', 'utf-16le', 'utf-16be', 'utf-32'])('%s of JSON is decoded', async (charset) => {
    const res = await post(iconv.encode('{"é":1}', charset), { type: `application/json; charset=${charset}` })

    assert.deepEqual(JSON.parse(res.text), { é: 1 })
  })

  it('with a byte order mark loses it', async () => {
    assert.deepEqual(JSON.parse((await post('\ufeff{"a":1}')).text), { a: 1 })
  })

  it('ISO-8859-1 of a form is decoded', async () => {
    const res = await post(Buffer.from('a=\xe9%E9', 'latin1'), { type: `${form}; charset=ISO-8859-1` })

    assert.deepEqual(JSON.parse(res.text), { a: 'éé' })
  })

  it.each([
    ['application/json', 'iso-8859-1'],
    ['application/json', 'utf-nonsense'],
    [form, 'utf-16'],
    [form, 'klingon'],
  ])('that %s may not have is refused: %s', async (type, charset) => {
    assert.deepEqual(await post('{}', { type: `${type}; charset=${charset}` }), {
      status: 415,
      text: 'RAGE_HTTP_UNSUPPORTED_BODY',
    })
  })
})

describe('http: a body whose client', () => {
  it('has gone before anybody read it is refused, not waited for', async () => {
    const refused = new Promise<unknown>((resolve) => {
      const own = createServer((req, res) => {
        req.once('close', () => {
          readBody(req as Request, res as Response, resolveOptions(httpOptions, {}, 'http')).catch(resolve)
          own.close()
        })
      }).listen(0, () => {
        const client = httpRequest({
          port: (own.address() as AddressInfo).port,
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-length': 20 },
        })
        client.on('error', () => undefined)
        client.write('{"a":')
        setTimeout(() => client.destroy(), 50)
      })
    })

    assert.equal(((await refused) as { code: string }).code, 'RAGE_HTTP_ABORTED_BODY')
  })

  it('falls silent is told so, and the connection ends', async () => {
    const slow = await bodyServer({ bodyTimeoutMs: 50 })
    const answer = await raw(
      slow.port,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a"',
    )

    assert.match(answer, /^HTTP\/1\.1 408 .*\r\n/)
    assert.match(answer, /Connection: close/)
    assert.match(answer, /RAGE_HTTP_SLOW_BODY$/)
    await slow.close()
  })

  it('goes on sending after a 413 is answered at once and cut off', async () => {
    const started = Date.now()
    const answer = await raw(
      server.port,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n',
    )

    assert.match(answer, /^HTTP\/1\.1 413 .*\r\n/)
    assert.match(answer, /Connection: close/)
    assert.ok(Date.now() - started < 900)
  })

  it('sends a little too much keeps its connection', async () => {
    const answer = await raw(
      server.port,
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1000)}` +
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )

    assert.match(answer, /^HTTP\/1\.1 413 [\s\S]*HTTP\/1\.1 200 OK[\s\S]*"left alone"$/)
  })
})

/** Everything the server answers on one connection until it closes it. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      answer += text
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}

async function bodyServerWith(before: (req: Request) => void): Promise<{ url: string; close: () => void }> {
  const settings = resolveOptions(httpOptions, {}, 'http')
  const own = createServer(async (incoming, res) => {
    const req = incoming as Request
    before(req)
    res.end(
      JSON.stringify(hasUnreadBody(req, settings) ? await readBody(req, res as Response, settings) : null),
    )
  })
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(own.address() as AddressInfo).port}`, close: () => own.close() }
}
