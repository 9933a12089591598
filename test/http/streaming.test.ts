import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, it } from 'vitest'
import { type Request, type Response, StreamBody, type StreamSource } from '../../src/http'

let server: Server | null = null
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** Answers one request with the source; `written` tells how that ended. */
async function streaming(source: StreamSource, method = 'GET') {
  let settle!: (outcome: unknown) => void
  const written = new Promise((resolve) => {
    settle = resolve
  })
  let response!: Response
  server = createServer((req, res) => {
    response = res as Response
    new StreamBody(source).write(req as Request, response).then(() => settle('whole'), settle)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const req = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, method })
  req.on('error', () => undefined)
  return { req, written, response: () => response }
}

async function textOf(req: ReturnType<typeof get>): Promise<string> {
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of res) text += chunk
  return text
}

async function* generate() {
  yield 'a'
  yield Buffer.from('b')
  yield new Uint8Array([99])
}

describe('http: streaming', () => {
  it.each<[string, () => StreamSource]>([
    ['a generator', generate],
    ['a Readable', () => Readable.from(generate())],
    ['a web stream', () => Readable.toWeb(Readable.from(['a', 'b', 'c'])) as ReadableStream<string>],
    ['an array', () => ['a', 'b', 'c']],
  ])('sends %s piece by piece', async (_name, source) => {
    const { req, written } = await streaming(source())

    assert.equal(await textOf(req), 'abc')
    assert.equal(await written, 'whole')
  })

  it('reads no faster than the client', async () => {
    let made = 0
    const piece = Buffer.alloc(64 * 1024)
    const { req } = await streaming(
      (async function* () {
        for (; made < 1000; made++) yield piece
      })(),
    )
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    res.pause()
    await wait(300)

    assert.ok(made < 500, `${made} of 1000 pieces were made for a client that reads none`)
    res.destroy()
  })

  it('destroys a Readable at once when the client leaves', async () => {
    const source = new Readable({ read() {} })
    source.push('first')
    const { req, written } = await streaming(source)
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    res.destroy()
    await written

    assert.equal(source.destroyed, true)
  })

  it('ends a generator when the client leaves', async () => {
    let ended = false
    const { req, written } = await streaming(
      (async function* () {
        try {
          for (;;) {
            yield 'tick'
            await wait(5)
          }
        } finally {
          ended = true
        }
      })(),
    )
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    res.destroy()
    await written
    await wait(30)

    assert.equal(ended, true)
  })

  it('cancels a web stream when the client leaves', async () => {
    let cancelled = false
    const source = new ReadableStream<string>({
      start: (controller) => controller.enqueue('first'),
      cancel: () => {
        cancelled = true
      },
    })
    const { req, written } = await streaming(source)
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    res.destroy()
    await written

    assert.equal(cancelled, true)
  })

  it('writes nothing when the source fails before its first piece', async () => {
    const { written, response } = await streaming(
      new Readable({
        read() {
          this.destroy(new Error('early'))
        },
      }),
    )

    assert.match(String(await written), /early/)
    assert.equal(response().headersSent, false)
    assert.equal(response().destroyed, false)
    response().end()
  })

  it('destroys the connection when it fails later: half an answer must not look whole', async () => {
    const { req, written } = await streaming(
      (async function* () {
        yield 'half'
        await wait(10)
        throw new Error('late')
      })(),
    )

    await assert.rejects(textOf(req), { code: 'ECONNRESET' })
    assert.match(String(await written), /late/)
  })

  it('refuses objects: as a source, and as a piece', async () => {
    assert.throws(() => new StreamBody({ rows: [] } as never), { code: 'RAGE_HTTP_NOT_STREAMABLE' })
    assert.throws(() => new StreamBody('text' as never), { code: 'RAGE_HTTP_NOT_STREAMABLE' })
    const { written, response } = await streaming([{ id: 1 }] as never)

    assert.equal(((await written) as { code: string }).code, 'RAGE_HTTP_NOT_STREAMABLE')
    response().end()
  })

  it('reads nothing for HEAD', async () => {
    let reads = 0
    const { req, written } = await streaming(
      new Readable({
        read() {
          reads++
        },
      }),
      'HEAD',
    )

    assert.equal(await textOf(req), '')
    await written
    assert.equal(reads, 0)
  })

  it('leaves no listener behind on the response', async () => {
    const { req, response } = await streaming(generate())
    await textOf(req)

    assert.equal(response().listenerCount('drain'), 0)
    assert.equal(response().listenerCount('close'), 0)
  })
})
