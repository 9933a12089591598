import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
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

describe('http: a Readable that fails while nobody reads it', () => {
  /** Every process has listeners of vitest; what reaches one would have ended a server. */
  const uncaught = async (act: () => Promise<unknown>): Promise<unknown[]> => {
    const errors: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const keep = (error: unknown) => void errors.push(error)
    process.on('uncaughtException', keep)
    try {
      await act()
      await wait(50)
    } finally {
      process.off('uncaughtException', keep)
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
    return errors
  }
  const missing = () => createReadStream('/nowhere/missing')

  it('is no error of the process: for HEAD, and when it is let go of', async () => {
    const errors = await uncaught(async () => {
      server = createServer((req, res) => {
        void new StreamBody(missing()).write(req as Request, res as Response)
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      await once(get({ host: '127.0.0.1', port, method: 'HEAD' }), 'response')
      new StreamBody(missing()).discard()
    })
    assert.deepEqual(errors, [])
  })

  it('is told to whoever writes it later', async () => {
    let outcome: unknown
    const errors = await uncaught(async () => {
      const source = missing()
      const body = new StreamBody(source)
      await wait(50)
      server = createServer((req, res) => {
        body.write(req as Request, res as Response).then(
          () => undefined,
          (error) => {
            outcome = error
            res.end()
          },
        )
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      await textOf(get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }))
    })
    assert.deepEqual(errors, [])
    assert.equal((outcome as NodeJS.ErrnoException).code, 'ENOENT')
  })
})
