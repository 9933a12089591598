import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, it } from 'vitest'
import { Controller, Renderers } from '../../src/controller'
import { FileNotFoundError } from '../../src/http'
import { serve, serverOf } from './support/serve'

const folder = mkdtempSync(join(tmpdir(), 'rage-render-'))
writeFileSync(join(folder, 'a.txt'), 'hello')
afterAll(() => rmSync(folder, { recursive: true }))

const renderers = new Renderers()
renderers.add('csv', (rows, { separator = ',' }) => ({
  body: (rows as string[][]).map((row) => row.join(String(separator))).join('\n'),
  contentType: 'text/csv',
  status: 'accepted',
}))
renderers.add('lines', (rows) => ({ body: rows as string[] }))

let closed = 0

class Files extends Controller {
  static {
    this.rescueFrom(FileNotFoundError, (_error, controller) =>
      controller.render({ json: { missing: true }, status: 404 }),
    )
    this.afterAction('refuse', { only: 'refused' })
  }
  file() {
    this.render({ file: 'a.txt', root: folder, download: '→.txt' })
  }
  missing() {
    this.render({ file: join(folder, 'none.txt'), contentType: 'text/csv' })
  }
  stream() {
    this.render({ stream: Readable.from(['a', 'b']), contentType: 'text/csv', status: 'created' })
  }
  broken() {
    this.render({
      stream: (async function* () {
        yield* [] as string[]
        throw new FileNotFoundError({ file: 'x' })
      })(),
      contentType: 'text/csv',
    })
  }
  torn() {
    this.render({
      stream: (async function* () {
        yield 'half'
        await wait(10)
        throw new FileNotFoundError({ file: 'x' })
      })(),
    })
  }
  refused() {
    const stream = new Readable({ read() {} })
    stream.on('close', () => {
      closed += 1
    })
    this.render({ stream })
  }
  refuse() {
    throw new TypeError('refused')
  }
  csv() {
    this.render({ csv: [['a', 'b']], separator: ';' } as never)
  }
  lines() {
    this.render({ lines: ['a', 'b'], status: 200, contentType: 'text/plain' })
  }
  misspelt() {
    this.render({ cvs: [] })
  }
  both() {
    this.render({ text: 'a', html: 'b' })
  }
  async waiting() {
    const { signal } = this
    await once(signal, 'abort')
    reasons.push((signal.reason as { code: string }).code)
  }
  async calm() {
    signals.push(this.signal)
    return {}
  }
  problem() {
    this.renderProblem({ status: 'conflict', detail: 'sold out', sku: 'a' })
  }
}

const reasons: string[] = []
const signals: AbortSignal[] = []
const ask = (action: string) => serve(Files, action, {}, { renderers })

describe('controller: rendering of files and streams', () => {
  it('a file, for download, by ranges', async () => {
    const res = await ask('file').get('/').set('Range', 'bytes=1-2')

    assert.equal(res.status, 206)
    assert.equal(res.text, 'el')
    assert.equal(
      res.headers['content-disposition'],
      `attachment; filename="?.txt"; filename*=UTF-8''%E2%86%92.txt`,
    )
  })

  it('gives a missing file to rescue, without the type it would have had', async () => {
    const res = await ask('missing').get('/')

    assert.equal(res.status, 404)
    assert.deepEqual(res.body, { missing: true })
    assert.equal(res.headers['cache-control'], undefined)
  })

  it('a stream with status and type', async () => {
    const res = await ask('stream').get('/')

    assert.equal(res.status, 201)
    assert.equal(res.headers['content-type'], 'text/csv')
    assert.equal(res.text, 'ab')
  })

  it('gives what fails before the first byte to rescue', async () => {
    assert.deepEqual((await ask('broken').get('/')).body, { missing: true })
  })

  it('tears the connection after it, and reports past rescue', async () => {
    const errors: unknown[] = []
    await assert.rejects(
      async () => await serve(Files, 'torn', {}, { onError: (e) => errors.push(e) }).get('/'),
    )

    assert.equal(errors.length, 1)
    assert.ok(errors[0] instanceof FileNotFoundError)
  })

  it('an after-action that throws replaces the response, and its stream is let go', async () => {
    assert.equal((await ask('refused').get('/')).text, 'TypeError: refused')
    assert.equal(closed, 1)
  })
})

describe('controller: a stream that will not be sent', () => {
  let open: Readable[] = []
  const source = () => {
    const stream = new Readable({ read() {} })
    open.push(stream)
    return stream
  }
  class Leaking extends Controller {
    twice() {
      this.render({ stream: source() })
      this.render({ stream: source() })
    }
    same() {
      const stream = new ReadableStream<string>({ cancel: () => void cancelled.push('web') })
      this.render({ stream })
      this.render({ stream })
    }
    text() {
      this.render({ text: 'first' })
      this.render({ stream: source() })
    }
    custom() {
      this.render({ text: 'first' })
      this.render({ lines: source() })
    }
    generator() {
      this.render({ text: 'first' })
      this.render({ stream: lines() })
    }
    misspelt() {
      this.render({ stream: source(), status: 'fond' as never })
    }
    both() {
      this.render({ stream: source(), json: {} })
    }
  }
  async function* lines() {
    yield 'never'
  }
  const cancelled: string[] = []

  it.each([
    ['twice', /RAGE_CONTROLLER_DOUBLE_RENDER/, 2],
    ['text', /RAGE_CONTROLLER_DOUBLE_RENDER/, 1],
    ['custom', /RAGE_CONTROLLER_DOUBLE_RENDER/, 1],
    ['generator', /RAGE_CONTROLLER_DOUBLE_RENDER/, 0],
    ['misspelt', /RAGE_HTTP_UNKNOWN_STATUS/, 1],
    ['both', /RAGE_CONTROLLER_RENDER_OPTIONS/, 1],
  ] as const)('is destroyed: %s', async (action, error, streams) => {
    open = []
    const res = await serve(Leaking, action, {}, { renderers }).get('/')

    assert.match(res.text, error)
    assert.deepEqual(
      open.map(({ destroyed }) => destroyed),
      Array.from({ length: streams }, () => true),
    )
  })

  it('is cancelled once when it was rendered twice itself', async () => {
    assert.match((await serve(Leaking, 'same').get('/')).text, /RAGE_CONTROLLER_DOUBLE_RENDER/)
    assert.deepEqual(cancelled, ['web'])
  })
})

describe('controller: renderers of the application', () => {
  it('make body, type and status; other keys are their options', async () => {
    // `separator` is no key of render, so it must be refused beside a renderer too.
    assert.match((await ask('csv').get('/')).text, /RAGE_CONTROLLER_RENDER_OPTIONS: .*both csv and separator/)
    const res = await ask('lines').get('/')

    assert.equal(res.status, 200)
    assert.equal(res.text, 'ab')
  })

  it.each([
    ['misspelt', /the unknown key cvs\. Did you mean "csv"\?/],
    ['both', /both text and html/],
  ])('refuses %s', async (action, message) => {
    assert.match((await ask(action).get('/')).text, message)
  })
})

describe('controller: signal', () => {
  it('fires when the client goes away, with a coded reason', async () => {
    let done = 0
    const server = serverOf(Files, 'waiting', {}, { onDone: () => done++ }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const req = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
    req.on('error', () => undefined)
    await wait(50)
    req.destroy()
    while (done === 0) await wait(5)

    assert.deepEqual(reasons, ['RAGE_HTTP_CLIENT_GONE'])
    server.close()
  })

  it('stays silent after a complete answer', async () => {
    await ask('calm').get('/')
    await wait(20)

    assert.equal(signals[0]!.aborted, false)
  })
})

describe('controller: renderProblem', () => {
  it('writes a problem document with its own members', async () => {
    const res = await ask('problem').get('/')

    assert.equal(res.status, 409)
    assert.equal(res.headers['content-type'], 'application/problem+json; charset=utf-8')
    assert.deepEqual(JSON.parse(res.text ?? res.body.toString()), {
      title: 'Conflict',
      status: 409,
      detail: 'sold out',
      sku: 'a',
    })
  })
})
