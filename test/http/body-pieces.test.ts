import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, it } from 'vitest'
import type { Request } from '../../src/http'
import { readPieces, type TakePiece } from '../../src/http/body-pieces'

const limits = { limitBytes: 200_000_000, option: 'an option', timeoutMs: 200 }
const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

/** A client that has sent `head`, and what became of its body. */
async function reading(
  take: TakePiece,
  head: string,
  limitBytes = limits.limitBytes,
): Promise<{ client: Socket; outcome: Promise<string> }> {
  let settle = (_: string): void => {}
  const outcome = new Promise<string>((resolve) => {
    settle = resolve
  })
  const server = createServer((req, res) => {
    readPieces(req as Request, { ...limits, limitBytes }, take).then(
      () => settle('read'),
      (error: { code?: string; message: string }) => settle(error.code ?? error.message),
    )
    res.flushHeaders()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => undefined)
  client.write(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`)
  cleanUps.push(() => {
    client.destroy()
    server.close()
    server.closeAllConnections()
  })
  return { client, outcome }
}

const aWhile = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('http: the pieces of a body', () => {
  it('are handed over one after the other, and the client waits meanwhile', async () => {
    const size = 100_000_000
    let isTaking = false
    let taken = 0
    let release = (): void => {}
    const isHeld = new Promise<void>((resolve) => {
      release = resolve
    })
    const take: TakePiece = async (piece) => {
      assert.ok(!isTaking)
      isTaking = true
      taken += piece.length
      await isHeld
      isTaking = false
    }
    const { client, outcome } = await reading(take, `Content-Length: ${size}`)
    client.end(Buffer.alloc(size))

    // Longer than a client may be silent: it is we who hold it back.
    await aWhile(400)
    assert.ok(taken < 200_000, `${taken} bytes taken`)
    assert.ok(client.bytesWritten - client.writableLength < 30_000_000)

    release()
    assert.equal(await outcome, 'read')
    assert.equal(taken, size)
  })

  it('end with the error of who takes them', async () => {
    const thrown = await reading(() => {
      throw new Error('thrown')
    }, 'Content-Length: 3')
    thrown.client.write('abc')
    assert.equal(await thrown.outcome, 'thrown')

    const rejected = await reading(() => Promise.reject(new Error('rejected')), 'Content-Length: 3')
    rejected.client.write('abc')
    assert.equal(await rejected.outcome, 'rejected')
  })

  it('are bounded by what was sent where nothing comes out of it', async () => {
    const { client, outcome } = await reading(
      () => undefined,
      'Content-Encoding: gzip\r\nTransfer-Encoding: chunked',
      64,
    )
    const members = Buffer.concat(Array(200).fill(gzipSync('')))
    client.write(`${members.length.toString(16)}\r\n`)
    client.write(members)

    assert.equal(await outcome, 'RAGE_HTTP_BODY_TOO_LARGE')
  })
})
