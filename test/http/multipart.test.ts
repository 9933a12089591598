import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { type Response, UploadedFile } from '../../src/http'
import { type BodyServer, bodyServer } from './support/body-server'

const boundary = 'rage-test-boundary'
const type = `multipart/form-data; boundary=${boundary}`

let folder: string
let server: BodyServer
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rage-test-'))
})
afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const limits = {
  limitBytes: 5_000_000,
  fileLimitBytes: 4_000_000,
  files: 3,
  fields: 4,
  fieldLimitBytes: 1_000,
}

const serve = async (answer?: (body: never, res: Response) => unknown): Promise<void> => {
  server = await bodyServer({ uploads: { folder, ...limits } }, (body, _, res) =>
    answer === undefined ? describeFiles(body) : answer(body as never, res),
  )
}

/** Files of all processes' folders below the test's. */
const left = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)

/** Waits for what happens after the response was closed. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400 && !isTrue(); turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
  assert.ok(isTrue())
}

function describeFiles(value: unknown): unknown {
  if (value instanceof UploadedFile) {
    const { fieldName, originalName, filename, contentType, size } = value
    return {
      fieldName,
      originalName,
      filename,
      contentType,
      size,
      text: readFileSync(value.path, 'utf8').slice(0, 40),
    }
  }
  if (Array.isArray(value)) return value.map(describeFiles)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, describeFiles(member)]))
}

const part = (disposition: string, content: string, headers = ''): string =>
  `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${headers}\r\n${content}\r\n`
const end = `--${boundary}--\r\n`

async function post(
  body: FormData | string | Buffer,
  headers: Record<string, string> = typeof body === 'object' && body instanceof FormData
    ? {}
    : { 'content-type': type },
): Promise<{ status: number; text: string }> {
  const sent = body instanceof FormData ? body : new Uint8Array(Buffer.from(body as string))
  const res = await fetch(server.url, { method: 'POST', headers, body: sent })
  return { status: res.status, text: await res.text() }
}

const form = (entries: readonly (readonly [string, string | Blob, string?])[]): FormData => {
  const data = new FormData()
  for (const [name, value, filename] of entries) {
    if (typeof value === 'string') data.append(name, value)
    else data.append(name, value, filename)
  }
  return data
}
const blob = (content: string | Buffer, contentType = 'text/plain'): Blob =>
  new Blob([new Uint8Array(Buffer.from(content))], { type: contentType })

describe('http: a multipart body', () => {
  it('becomes nested parameters, files among them', async () => {
    await serve()
    const { text } = await post(
      form([
        ['order[title]', 'Fünf'],
        ['order[tags][]', 'a'],
        ['order[tags][]', 'b'],
        ['order[scan]', blob('%PDF', 'application/pdf'), 'räum.pdf'],
        ['photos', blob('1', 'image/png'), 'a.png'],
        ['photos', blob('22', 'image/png'), 'b.png'],
      ]),
    )

    const photo = (name: string, content: string) => ({
      fieldName: 'photos',
      originalName: name,
      filename: name,
      contentType: 'image/png',
      size: content.length,
      text: content,
    })
    assert.deepEqual(JSON.parse(text), {
      order: {
        title: 'Fünf',
        tags: ['a', 'b'],
        scan: {
          fieldName: 'order[scan]',
          originalName: 'räum.pdf',
          filename: 'räum.pdf',
          contentType: 'application/pdf',
          size: 4,
          text: '%PDF',
        },
      },
      photos: [photo('a.png', '1'), photo('b.png', '22')],
    })
  })

  it('leaves no file once the response is done', async () => {
    const paths: string[] = []
    await serve((body: { a: UploadedFile }) => {
      paths.push(body.a.path)
      // Nobody else on the machine may read it.
      assert.equal(statSync(body.a.path).mode & 0o777, 0o600)
      return readFileSync(body.a.path, 'utf8')
    })
    const { text } = await post(form([['a', blob('content'), 'a.txt']]))

    assert.equal(text, '"content"')
    assert.equal(paths.length, 1)
    await until(() => left().length === 0)
  })

  it('leaves a file that was moved, whose contents can be streamed', async () => {
    const kept = join(folder, 'kept.txt')
    await serve(async (body: { a: UploadedFile; b: UploadedFile }) => {
      await body.a.moveTo(kept)
      assert.equal(body.a.path, kept)
      await assert.rejects(body.b.moveTo(join(folder, 'missing', 'b')), { code: 'ENOENT' })
      let text = ''
      for await (const chunk of body.a.stream()) text += chunk
      return text
    })
    const { text } = await post(
      form([
        ['a', blob('content'), 'a.txt'],
        ['b', blob('b'), 'b.txt'],
      ]),
    )

    assert.equal(text, '"content"')
    await until(() => left().length === 1)
    assert.equal(readFileSync(kept, 'utf8'), 'content')
  })

  it('of several megabytes arrives whole', async () => {
    await serve((body: { a: UploadedFile }) =>
      createHash('sha256').update(readFileSync(body.a.path)).digest('hex'),
    )
    const content = randomBytes(3_900_000)
    const { text } = await post(form([['a', blob(content), 'a.bin']]))

    assert.equal(JSON.parse(text), createHash('sha256').update(content).digest('hex'))
  })

  it('may be compressed', async () => {
    await serve()
    const body = gzipSync(part('name="a"', '1') + part('name="f"; filename="x.txt"', 'zip') + end)
    const { text } = await post(body, { 'content-type': type, 'content-encoding': 'gzip' })

    assert.equal(JSON.parse(text).a, '1')
    assert.equal(JSON.parse(text).f.text, 'zip')
  })

  it('without a chosen file has no file', async () => {
    await serve()
    const { text } = await post(
      part('name="f"; filename=""', '', 'Content-Type: application/octet-stream\r\n') +
        part('name="a"', '1') +
        end,
    )

    assert.deepEqual(JSON.parse(text), { a: '1' })
  })

  it('is left alone where uploads are switched off', async () => {
    server = await bodyServer({ uploads: { folder, enabled: false } })

    assert.equal((await post(form([['a', '1']]))).text, '"left alone"')
  })
})

describe("http: an uploaded file's name", () => {
  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\\\temp\\\\a.txt', 'a.txt'],
    ['...', 'file'],
    ['.htaccess', 'htaccess'],
    ['a<b>:"c?.txt', 'a_b__'],
    ['\u202egpj.exe', '_gpj.exe'],
    [`${'é'.repeat(300)}.jpeg`, `${'é'.repeat(97)}.jpeg`],
  ])('%s is made safe', async (given, expected) => {
    await serve()
    const { text } = await post(part(`name="f"; filename="${given}"`, 'x') + end)

    assert.equal(JSON.parse(text).f.filename, expected)
  })
})

describe('http: a multipart body that cannot be taken', () => {
  const file = (name: string, content: string) => part(`name="${name}"; filename="${name}.txt"`, content)
  const fields = (count: number) =>
    Array.from({ length: count }, (_, i) => part(`name="f${i}"`, '1')).join('')

  it.each<[string, string, number, string]>([
    [
      'a file beyond the limit',
      file('ok', 'x') + file('a', 'x'.repeat(4_000_001)) + end,
      413,
      'RAGE_HTTP_FILE_TOO_LARGE',
    ],
    [
      'a body beyond the limit',
      file('a', 'x'.repeat(3_000_000)) + file('b', 'x'.repeat(2_500_000)) + end,
      413,
      'RAGE_HTTP_BODY_TOO_LARGE',
    ],
    [
      'a file too many',
      file('a', '1') + file('b', '1') + file('c', '1') + file('d', '1') + end,
      400,
      'RAGE_HTTP_TOO_MANY_FILES',
    ],
    ['a field too many', file('a', '1') + fields(5) + end, 400, 'RAGE_HTTP_TOO_MANY_PARAMS'],
    [
      'parts of no kind',
      `--${boundary}\r\nX: y\r\n\r\nz\r\n`.repeat(20) + end,
      400,
      'RAGE_HTTP_TOO_MANY_PARAMS',
    ],
    [
      'a field beyond the limit',
      file('a', '1') + part('name="b"', 'x'.repeat(1_001)) + end,
      413,
      'RAGE_HTTP_FIELDS_TOO_LARGE',
    ],
    [
      'fields beyond the limit together',
      part('name="b"', 'x'.repeat(600)) + part('name="c"', 'x'.repeat(600)) + end,
      413,
      'RAGE_HTTP_FIELDS_TOO_LARGE',
    ],
    [
      'an end inside a file',
      file('a', '1') + part('name="b"; filename="b"', 'x').slice(0, -3),
      400,
      'RAGE_HTTP_MALFORMED_BODY',
    ],
    [
      'an end inside a field',
      file('a', '1') + part('name="b"', 'x').slice(0, -3),
      400,
      'RAGE_HTTP_MALFORMED_BODY',
    ],
    [
      'an end inside headers',
      file('a', '1') + part('name="b"', 'x').slice(0, 40),
      400,
      'RAGE_HTTP_MALFORMED_BODY',
    ],
    ['no part and no end', 'x'.repeat(1000), 400, 'RAGE_HTTP_MALFORMED_BODY'],
    ['nothing', '\r\n', 400, 'RAGE_HTTP_MALFORMED_BODY'],
    ['a file without a field', part('filename="b"', 'x') + end, 400, 'RAGE_HTTP_MALFORMED_BODY'],
    ['a field without a name', part('x="b"', 'x') + end, 400, 'RAGE_HTTP_MALFORMED_BODY'],
    ['NUL in a value', part('name="a"', 'x\0file:0') + end, 400, 'RAGE_HTTP_MALFORMED_BODY'],
    ['NUL in a name', part('name="a\0"', 'x') + end, 400, 'RAGE_HTTP_MALFORMED_BODY'],
    [
      'a name that reaches a prototype',
      file('a', '1') + part('name="a[__proto__][b]"', 'x') + end,
      400,
      'RAGE_HTTP_POLLUTING_PARAMS',
    ],
    [
      'a name too deep',
      file('a', '1') + part(`name="a${'[b]'.repeat(40)}"`, 'x') + end,
      400,
      'RAGE_HTTP_PARAMS_TOO_DEEP',
    ],
  ])('because of %s is refused and leaves nothing', async (_, body, status, code) => {
    await serve()

    assert.deepEqual(await post(body), { status, text: code })
    assert.deepEqual(left(), [])
  })

  it('because it is cut off at any byte, or one byte of it is wrong, is answered and leaves nothing', {
    timeout: 60_000,
  }, async () => {
    await serve()
    const whole = file('a', 'content') + part('name="b[c]"', 'text') + file('d', '') + end
    const bodies: Buffer[] = []
    for (let at = 0; at < whole.length - 4; at += 1) {
      bodies.push(Buffer.from(whole.slice(0, at)))
      const wrong = Buffer.from(whole)
      wrong[at] = wrong[at]! ^ 0x0f
      bodies.push(wrong)
    }

    for (const [at, body] of bodies.entries()) {
      const { status, text } = await post(body)
      if (at % 2 === 0 && at > 0)
        assert.deepEqual({ at, status, text }, { at, status: 400, text: 'RAGE_HTTP_MALFORMED_BODY' })
      assert.ok(status === 200 || status === 400, `${status} for ${body}`)
    }
    await until(() => left().length === 0)
  })

  it('because it names no boundary is refused', async () => {
    await serve()

    assert.deepEqual(await post(end, { 'content-type': 'multipart/form-data' }), {
      status: 400,
      text: 'RAGE_HTTP_MALFORMED_BODY',
    })
  })

  it('because the disk refuses it is an error of the server that says why', async () => {
    server = await bodyServer({ uploads: { folder: '/dev/null/uploads' } })

    const { status, text } = await post(form([['a', blob('x'), 'x']]))

    assert.deepEqual({ status, text }, { status: 500, text: 'RAGE_HTTP_UPLOAD_FAILED' })
  })

  it('when a cleaner of temporary folders removed ours makes it anew', async () => {
    await serve()
    await post(form([['a', blob('x'), 'x']]))
    rmSync(folder, { recursive: true })

    assert.equal(JSON.parse((await post(form([['a', blob('again'), 'x']]))).text).a.text, 'again')
  })

  it.each(['before', 'after'])('has no field that reaches into a file, %s it', async (where) => {
    const paths: unknown[] = []
    await serve((body: { a: unknown }) => {
      for (const one of [body.a].flat()) if (one instanceof UploadedFile) paths.push(one.path)
      return null
    })
    const evil = part('name="a[path]"', '/etc/passwd')
    const own = part('name="a"; filename="a"', 'mine')
    await post((where === 'before' ? evil + own : own + evil) + end)

    assert.equal(paths.length, 1)
    assert.ok(String(paths[0]).startsWith(folder))
    await until(() => left().length === 0)
  })
})

describe('http: an upload whose client goes away', () => {
  const begin = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: 100000\r\n\r\n`

  const whole = (body: string): string => begin.replace('100000', String(body.length)) + body

  /** Sends some of a body, or all of it, and leaves. */
  const abort = (port: number, sent: string): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(sent, () => setImmediate(() => socket.destroy())),
      )
      socket.on('error', () => undefined)
      socket.on('close', () => resolve())
    })

  it('leaves no file, descriptor or listener, 2,000 times', { timeout: 60_000 }, async () => {
    await serve()
    await post(form([['a', blob('warm'), 'a']]))
    const descriptors = readdirSync('/proc/self/fd').length
    const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)])
    const starts = [
      begin + part('name="a"; filename="a"', 'x'.repeat(70_000)).slice(0, -2),
      begin + part('name="a"; filename="a"', 'whole') + part('name="b"', 'x').slice(0, 30),
      begin,
      `${begin.replace(type, 'application/json')}{"a":`,
      // Whole, but gone before anybody can have read it.
      whole(part('name="a"; filename="a"', 'x'.repeat(500_000)) + end),
      whole(part('name="a"; filename="a"', 'x') + end),
    ]

    for (let round = 0; round < 40; round += 1)
      await Promise.all(Array.from({ length: 50 }, (_, i) => abort(server.port, starts[i % starts.length]!)))

    await until(() => left().length === 0)
    await until(() => server.reading() === 0)
    await until(() => readdirSync('/proc/self/fd').length <= descriptors + 2)
    assert.deepEqual(
      process.eventNames().map((name) => [name, process.listenerCount(name)]),
      listeners,
    )
  })

  it('after the body, before the answer, leaves no file either', async () => {
    let arrived = () => {}
    const isHere = new Promise<void>((resolve) => (arrived = resolve))
    await serve(async (body: { a: UploadedFile }, res) => {
      assert.equal(left().length, 1)
      arrived()
      await new Promise((resolve) => res.once('close', resolve))
      return body.a.size
    })
    const body = part('name="a"; filename="a"', 'x') + end
    const socket = connect(server.port, '127.0.0.1')
    socket.write(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await isHere
    socket.destroy()

    await until(() => left().length === 0)
  })
})
