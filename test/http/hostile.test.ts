/**
 * What no honest client sends, byte by byte, to owned routes behind a mount in both majors of Express. Each case
 * ends with a 4xx and, where the request gets as far as us, a stable code; the action never runs, and the process
 * goes on serving.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import express5 from 'express'
import express4 from 'express4'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Controller, createRage } from '../../src'

type AnyExpress = typeof express5
type ErrorHandler = (
  error: { status?: number; code?: string },
  req: never,
  res: AnyResponse,
  next: never,
) => void
type AnyResponse = { status(status: number): { send(text: string): void } }

let reached = 0

class InboxController extends Controller {
  show() {
    const { params } = this
    reached += 1
    return { names: Object.keys(params).length }
  }
}

const json = 'application/json'
const form = 'application/x-www-form-urlencoded'
const multipart = 'multipart/form-data; boundary=b'
const file = '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'

interface Headers {
  readonly [name: string]: string | number
}

/** A request with a body and its length. */
function post(type: string, body: string | Buffer, headers: Headers = {}): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body, 'latin1')
  return Buffer.concat([head({ 'Content-Type': type, 'Content-Length': bytes.length, ...headers }), bytes])
}

function head(headers: Headers, start = 'POST /inbox HTTP/1.1'): Buffer {
  const lines = Object.entries({ Host: 'a', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${start}\r\n${lines.join('')}\r\n`, 'latin1')
}

const get = (path: string): Buffer => head({}, `GET ${path} HTTP/1.1`)
const chunked = (type: string, body: string): Buffer =>
  Buffer.concat([head({ 'Content-Type': type, 'Transfer-Encoding': 'chunked' }), Buffer.from(body, 'latin1')])

/** `null` = refused by Node before any handler runs, so without a code of ours. */
const cases: readonly (readonly [string, Buffer, number, string | null])[] = [
  ['JSON that is cut off', post(json, '{"a":[1,2'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['JSON that is text', post(json, 'hello'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['JSON with a raw NUL', post(json, '{"a":"\0"}'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['JSON that is no UTF-8', post(json, '{"a":"\xff\xfe"}'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['JSON with half a character', post(json, '{"a":"\xe2\x82"}'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  [
    'UTF-16 that says it is UTF-8',
    post(json, Buffer.from('{"a":1}', 'utf16le')),
    400,
    'RAGE_HTTP_MALFORMED_BODY',
  ],
  [
    'JSON nested 50,000 deep',
    post(json, '['.repeat(50_000) + ']'.repeat(50_000)),
    400,
    'RAGE_HTTP_PARAMS_TOO_DEEP',
  ],
  [
    'JSON nested 40 deep',
    post(json, `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`),
    400,
    'RAGE_HTTP_PARAMS_TOO_DEEP',
  ],
  ['JSON that never closes', post(json, '['.repeat(100_000)), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['JSON with __proto__', post(json, '{"__proto__":{"polluted":1}}'), 400, 'RAGE_HTTP_POLLUTING_PARAMS'],
  [
    'JSON with an escaped __proto__',
    post(json, '{"a":{"\\u005f_proto__":{"polluted":1}}}'),
    400,
    'RAGE_HTTP_POLLUTING_PARAMS',
  ],
  [
    'JSON with constructor.prototype',
    post(json, '{"constructor":{"prototype":{"polluted":1}}}'),
    400,
    'RAGE_HTTP_POLLUTING_PARAMS',
  ],
  ['JSON beyond the limit', post(json, `{"a":"${'x'.repeat(102_400)}"}`), 413, 'RAGE_HTTP_BODY_TOO_LARGE'],
  [
    'a length beyond the limit',
    head({ 'Content-Type': json, 'Content-Length': 9e15 }),
    413,
    'RAGE_HTTP_BODY_TOO_LARGE',
  ],
  [
    'chunks beyond the limit',
    chunked(json, `1a000\r\n${'['.repeat(0x1a000)}\r\n0\r\n\r\n`),
    413,
    'RAGE_HTTP_BODY_TOO_LARGE',
  ],
  ['chunks that stop', chunked(json, '5\r\n{"a":'), 408, 'RAGE_HTTP_SLOW_BODY'],
  ['a body that stops', head({ 'Content-Type': json, 'Content-Length': 10 }), 408, 'RAGE_HTTP_SLOW_BODY'],
  [
    'a multipart body that stops',
    head({ 'Content-Type': multipart, 'Content-Length': 10 }),
    408,
    'RAGE_HTTP_SLOW_BODY',
  ],
  [
    'a bomb of gzip',
    post(json, gzipSync('['.repeat(50_000_000)), { 'Content-Encoding': 'gzip' }),
    413,
    'RAGE_HTTP_BODY_TOO_LARGE',
  ],
  [
    'a bomb of br',
    post(form, brotliCompressSync('a'.repeat(50_000_000)), { 'Content-Encoding': 'br' }),
    413,
    'RAGE_HTTP_BODY_TOO_LARGE',
  ],
  [
    'gzip that is none',
    post(json, '{"a":1}', { 'Content-Encoding': 'gzip' }),
    400,
    'RAGE_HTTP_MALFORMED_BODY',
  ],
  [
    'gzip that is cut off',
    post(json, gzipSync('{"a":1}').subarray(0, 15), { 'Content-Encoding': 'gzip' }),
    400,
    'RAGE_HTTP_MALFORMED_BODY',
  ],
  [
    'an unknown content encoding',
    post(json, '{}', { 'Content-Encoding': 'x-evil' }),
    415,
    'RAGE_HTTP_UNSUPPORTED_BODY',
  ],
  ['an unknown charset', post(`${json}; charset=x-evil`, '{}'), 415, 'RAGE_HTTP_UNSUPPORTED_BODY'],
  ['a charset of another kind', post(`${form}; charset=utf-7`, 'a=1'), 415, 'RAGE_HTTP_UNSUPPORTED_BODY'],
  ['10,000 parameters', post(form, 'a=1&'.repeat(10_000)), 400, 'RAGE_HTTP_TOO_MANY_PARAMS'],
  ['a form nested deep', post(form, `a${'[b]'.repeat(5_000)}=1`), 400, 'RAGE_HTTP_PARAMS_TOO_DEEP'],
  ['a form with a broken escape', post(form, 'a=%zz'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['a form that is no UTF-8', post(form, 'a=%ff'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['a form of raw bytes', post(form, 'a=\xff'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['a form with NUL', post(form, 'a=%00'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['a form with __proto__', post(form, 'a[__proto__][polluted]=1'), 400, 'RAGE_HTTP_POLLUTING_PARAMS'],
  [
    'a form with constructor.prototype',
    post(form, 'constructor[prototype][polluted]=1'),
    400,
    'RAGE_HTTP_POLLUTING_PARAMS',
  ],
  ['a query with NUL', get('/inbox?a=%00'), 400, 'RAGE_HTTP_MALFORMED_PARAMS'],
  ['a path with NUL', get('/inbox/%00'), 400, 'RAGE_HTTP_MALFORMED_PARAMS'],
  ['a path with a broken escape', get('/inbox/%E0%A4%A'), 400, 'RAGE_ROUTER_MALFORMED_PATH'],
  ['a multipart body without a boundary', post('multipart/form-data', 'x'), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['a multipart body that is cut off', post(multipart, `${file}x`), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  ['a multipart body that is none', post(multipart, 'x'.repeat(10_000)), 400, 'RAGE_HTTP_MALFORMED_BODY'],
  [
    'a file beyond the limit',
    post(multipart, `${file}${'x'.repeat(2_000_000)}\r\n--b--`),
    413,
    'RAGE_HTTP_FILE_TOO_LARGE',
  ],
  [
    'files beyond the number allowed',
    post(multipart, `${`${file}x\r\n`.repeat(20)}--b--`),
    400,
    'RAGE_HTTP_TOO_MANY_FILES',
  ],
  [
    'fields beyond the number allowed',
    post(multipart, `${'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'.repeat(2_000)}--b--`),
    400,
    'RAGE_HTTP_TOO_MANY_PARAMS',
  ],
  [
    'a multipart name with __proto__',
    post(multipart, '--b\r\nContent-Disposition: form-data; name="__proto__[polluted]"\r\n\r\nx\r\n--b--'),
    400,
    'RAGE_HTTP_POLLUTING_PARAMS',
  ],
  ['two lengths', head({ 'Content-Type': json, 'Content-Length': '2\r\nContent-Length: 3' }), 400, null],
  [
    'a length and chunks',
    head({ 'Content-Type': json, 'Content-Length': 2, 'Transfer-Encoding': 'chunked' }),
    400,
    null,
  ],
  [
    'two transfer encodings',
    head({ 'Content-Type': json, 'Transfer-Encoding': 'chunked, chunked' }),
    400,
    null,
  ],
  ['a negative length', head({ 'Content-Type': json, 'Content-Length': -1 }), 400, null],
  ['a chunk of no length', chunked(json, 'xyz\r\n{}'), 400, null],
  [
    'headers without end',
    Buffer.from(`GET /inbox HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`),
    431,
    null,
  ],
]

describe.each([
  { major: 4, makeApp: express4 as unknown as AnyExpress, isOwnHandler: true },
  { major: 5, makeApp: express5, isOwnHandler: true },
  // Express's last handler, which waits for the request to end before it answers.
  { major: 4, makeApp: express4 as unknown as AnyExpress, isOwnHandler: false },
  { major: 5, makeApp: express5, isOwnHandler: false },
])(
  'http: hostile input behind Express $major (error handler of the app: $isOwnHandler)',
  ({ makeApp, isOwnHandler }) => {
    let folder: string
    let server: Server
    let port: number
    let stop: () => Promise<void>

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'rage-test-'))
      const rage = createRage({
        root: folder,
        signals: false,
        logger: { level: 'silent' },
        http: { bodyTimeoutMs: 100, uploads: { folder: join(folder, 'uploads'), fileLimitBytes: 1_000_000 } },
      })
      rage.routes((r) => {
        r.post('/inbox', [InboxController, 'show'])
        r.get('/inbox', [InboxController, 'show'])
        r.get('/inbox/:id', [InboxController, 'show'])
      })
      const app = makeApp()
      app.set('env', 'test')
      app.use(rage.mount())
      const handler: ErrorHandler = (error, _req, res, _next) =>
        res.status(error.status ?? 500).send(error.code ?? 'no code')
      if (isOwnHandler) app.use(handler as never)
      await rage.boot()
      server = createServer(app as RequestListener)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      port = (server.address() as AddressInfo).port
      stop = () => rage.stop()
    })
    afterAll(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await stop()
      rmSync(folder, { recursive: true, force: true })
    })

    it.each(cases)('%s is refused', async (_, bytes, status, code) => {
      const before = reached
      const answer = await exchange(port, bytes)

      assert.equal(Number(answer.slice(9, 12)), status, answer.slice(0, 400))
      if (code !== null) assert.ok(answer.includes(code), `${code} in ${answer}`)
      assert.equal(reached, before)
      assert.equal(({} as { polluted?: unknown }).polluted, undefined)
      assert.ok((await exchange(port, get('/inbox?a=1'))).startsWith('HTTP/1.1 200'))
    })

    it('leaves no file', () => {
      const files = readdirSync(join(folder, 'uploads'), { recursive: true, withFileTypes: true })

      assert.deepEqual(
        files.filter((entry) => entry.isFile()).map((entry) => entry.name),
        [],
      )
    })

    it('of a client that never stops sending ends with an answer and the connection', async () => {
      const { answer, sent } = await pour(port, head({ 'Content-Type': json, 'Content-Length': 9e15 }))

      assert.match(answer, /^HTTP\/1\.1 413 [\s\S]*Connection: close/)
      // What the kernel holds, not what the client has.
      assert.ok(sent < 50_000_000, `${sent} bytes`)
    })

    it('of a client that sends chunks for ever ends with an answer and the connection', async () => {
      const chunk = `10000\r\n${'['.repeat(0x10000)}\r\n`
      const { answer, sent } = await pour(
        port,
        head({ 'Content-Type': json, 'Transfer-Encoding': 'chunked' }),
        chunk,
      )

      assert.match(answer, /^HTTP\/1\.1 413 [\s\S]*Connection: close/)
      assert.ok(sent < 50_000_000, `${sent} bytes`)
    })
  },
)

/** The first answer to these bytes. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const timer = setTimeout(() => fail('no answer in time'), 10_000)
    let answer = ''
    const finish = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const fail = (reason: string): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(new Error(`${reason}: ${answer}`))
    }
    readText(socket, (text) => {
      answer += text
      if (isWhole(answer)) finish()
    })
    socket.on('close', () => (answer === '' ? fail('closed without an answer') : finish()))
  })
}

/** Sends as fast as the server takes it, until the connection ends. */
function pour(
  port: number,
  start: Buffer,
  chunk = '['.repeat(65_536),
): Promise<{ answer: string; sent: number }> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(start)
      push()
    })
    const push = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', push)
    readText(socket, (text) => {
      answer += text
    })
    socket.on('close', () => resolve({ answer, sent: socket.bytesWritten }))
  })
}

function readText(socket: Socket, take: (text: string) => void): void {
  socket.setEncoding('latin1')
  socket.on('data', (text) => take(String(text)))
  // Reset while we were sending: what was answered before counts.
  socket.on('error', () => undefined)
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /content-length: (\d+)/i.exec(answer.slice(0, end))?.[1]
  return length !== undefined && answer.length >= end + 4 + Number(length)
}
