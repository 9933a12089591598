import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Controller, type RageOptions } from '../../src'
import { makeRage } from './support/runtimes'

/** A route whose action throws what `thrown` gives. */
function failing(thrown: () => unknown, options: RageOptions = {}) {
  const { rage, lines } = makeRage(options)
  const reports: unknown[] = []
  rage.errors.register((error) => void reports.push(error))
  class Failing extends Controller {
    index() {
      throw thrown()
    }
    late() {
      this.res.write('half')
      throw thrown()
    }
  }
  rage.routes((r) => {
    r.get('/', [Failing, 'index'])
    r.get('/late', [Failing, 'late'])
  })
  return { client: supertest(createServer(rage.handler())), lines, reports }
}

const secret = () => new Error('the password is tea')

describe('standalone errors: in production', () => {
  it('a server error leaks neither message nor stack, and is reported once', async () => {
    const { client, reports, lines } = failing(secret, { environment: 'production' })

    const { body, text, headers } = await client.get('/').set('X-Request-Id', 'r1').expect(500)

    assert.deepEqual(body, {
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      requestId: 'r1',
    })
    assert.ok(!text.includes('tea') && !text.includes('standalone-errors'))
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(reports.length, 1)
    assert.equal(lines.filter(({ msg }) => msg === 'the password is tea').length, 1)
  })

  it('a server error stands in the log once, and the line of its request only says that it failed', async () => {
    const { client, lines } = failing(secret, { environment: 'production' })

    await client.get('/').set('X-Request-Id', 'r1').expect(500)

    const told = lines.filter((line) => JSON.stringify(line).includes('tea'))
    assert.deepEqual(
      told.map(({ msg, requestId, status }) => [msg, requestId, status]),
      [['the password is tea', 'r1', 500]],
    )
    const request = lines.find(({ msg }) => msg === 'request failed')!
    assert.deepEqual(
      [request.level, request.status, request.requestId, request.arm, request.err],
      [50, 500, 'r1', 'rage', undefined],
    )
  })

  it('the code of somebody else’s error is not told', async () => {
    const { client } = failing(() => Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), {
      environment: 'production',
    })

    assert.equal((await client.get('/').expect(500)).body.code, undefined)
  })

  it.each([
    ['a client error', { status: 422 }, 422, 'told'],
    ['statusCode alone', { statusCode: 409 }, 409, 'told'],
    ['a client error that is not to be shown', { status: 404, expose: false }, 404, undefined],
    ['a server error that is to be shown', { status: 503, expose: true }, 503, 'told'],
    ['what is no error status', { status: 200 }, 500, undefined],
    ['a status out of range', { status: 99_999 }, 500, undefined],
  ])('%s decides what is told', async (_name, members, status, detail) => {
    const { client } = failing(() => Object.assign(new Error('told'), members), { environment: 'production' })

    const { body } = await client.get('/').expect(status)

    assert.equal(body.detail, detail)
  })

  it('a client error is not reported', async () => {
    const { client, reports } = failing(() => Object.assign(new Error('no'), { status: 400 }))

    await client.get('/').expect(400)

    assert.deepEqual(reports, [])
  })
})

describe('standalone errors: in development', () => {
  it('message and stack are shown, escaped in HTML', async () => {
    const { client } = failing(() => new Error('<script>'), { environment: 'development' })

    const { text, headers } = await client.get('/').set('Accept', 'text/html,*/*;q=0.1').expect(500)

    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
    assert.ok(text.includes('&#60;script&#62;') && !text.includes('<script>'))
    assert.match(text, /standalone-errors\.test\.ts/)
  })
})

describe('standalone errors: the form of the answer', () => {
  it.each([
    [undefined, 'application/problem+json; charset=utf-8'],
    ['*/*', 'application/problem+json; charset=utf-8'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text/html; charset=utf-8'],
    ['text/plain', 'text/plain; charset=utf-8'],
    ['text/html;q=0.2, application/json', 'application/problem+json; charset=utf-8'],
    ['image/png', 'application/problem+json; charset=utf-8'],
    ['text/html;q=x, ,;;', 'application/problem+json; charset=utf-8'],
  ])('for Accept %s is %s', async (accept, type) => {
    const { client } = failing(secret)
    const request = client.get('/')
    if (accept !== undefined) request.set('Accept', accept)
    else request.unset('Accept')

    const { headers } = await request.expect(500)

    assert.equal(headers['content-type'], type)
    assert.equal(headers.vary, 'Accept')
  })

  it('has no body for HEAD', async () => {
    const { client } = failing(secret)

    const { headers, text } = await client.head('/').expect(500)

    assert.equal(text, undefined)
    assert.ok(Number(headers['content-length']) > 0)
  })

  it('takes no headers from an error without a status: those are of somebody else', async () => {
    const { client } = failing(() =>
      Object.assign(new Error('upstream'), { headers: { 'X-Internal': 'secret' } }),
    )

    const { headers } = await client.get('/').expect(500)

    assert.equal(headers['x-internal'], undefined)
  })

  it('takes headers from the error and drops those of the body that was planned', async () => {
    const { rage } = makeRage()
    class Failing extends Controller {
      index() {
        this.res.setHeader('ETag', '"x"').setHeader('Content-Encoding', 'gzip').setHeader('X-Kept', 'yes')
        throw Object.assign(new Error('wait'), {
          status: 429,
          headers: { 'Retry-After': '7', 'bad name': 'x' },
        })
      }
    }
    rage.routes((r) => r.get('/', [Failing, 'index']))

    const { headers } = await supertest(createServer(rage.handler())).get('/').expect(429)

    assert.equal(headers['retry-after'], '7')
    assert.equal(headers['x-kept'], 'yes')
    assert.equal(headers.etag, undefined)
    assert.equal(headers['content-encoding'], undefined)
  })

  it('is a broken connection once the head has been sent', async () => {
    const { client, reports } = failing(secret)

    await assert.rejects(async () => void (await client.get('/late')), /aborted|socket hang up/)
    assert.equal(reports.length, 1)
  })

  it.each([
    ['null', null],
    ['a string', 'text'],
    [
      'a hostile object',
      {
        get status() {
          throw new Error('no')
        },
        toString() {
          throw new Error('no')
        },
      },
    ],
  ])('is 500 for %s', async (_name, thrown) => {
    const { client } = failing(() => thrown)

    await client.get('/').expect(500)
  })
})
