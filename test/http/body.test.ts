import assert from 'node:assert/strict'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { hasUnreadBody, type Request, readBody } from '../../src/http'

/** Answers what was read, or the status and code of the error. */
const server = () =>
  createServer(async (req, res) => {
    try {
      const unread = hasUnreadBody(req as Request)
      res.end(
        JSON.stringify({
          unread,
          body: unread ? await readBody(req as Request, { bodyLimitBytes: 64 }) : null,
        }),
      )
    } catch (error) {
      const { status, code } = error as { status: number; code: string }
      res.statusCode = status
      res.end(code)
    }
  })

describe('http: a body', () => {
  it('of JSON is parsed', async () => {
    const res = await supertest(server())
      .post('/')
      .send({ a: [1] })

    assert.deepEqual(JSON.parse(res.text), { unread: true, body: { a: [1] } })
  })

  it('of a form is parsed', async () => {
    const res = await supertest(server()).post('/').type('form').send('a=1&b=2&b=3')

    assert.deepEqual(JSON.parse(res.text).body, { a: '1', b: ['2', '3'] })
  })

  it('of another type, or none, is left alone', async () => {
    assert.equal(
      JSON.parse((await supertest(server()).post('/').type('text/csv').send('a,b')).text).unread,
      false,
    )
    assert.equal(JSON.parse((await supertest(server()).get('/')).text).unread, false)
  })

  it.each([
    ['{"a":', 400, 'RAGE_HTTP_MALFORMED_BODY'],
    ['"a string"', 400, 'RAGE_HTTP_MALFORMED_BODY'],
    [`{"a":"${'x'.repeat(80)}"}`, 413, 'RAGE_HTTP_BODY_TOO_LARGE'],
  ])('%j is refused', async (source, status, code) => {
    const res = await supertest(server()).post('/').type('json').send(source)

    assert.equal(res.status, status)
    assert.equal(res.text, code)
  })

  it.each([
    ['content-encoding', 'gzip'],
    ['content-type', 'application/json; charset=utf-16'],
  ])('with %s %s is refused', async (name, value) => {
    const res = await supertest(server()).post('/').type('json').set(name, value).send('{}')

    assert.equal(res.status, 415)
    assert.equal(res.text, 'RAGE_HTTP_UNSUPPORTED_BODY')
  })

  it('that grows over the limit without a length is cut off', async () => {
    const running = server().listen(0)
    const { port } = running.address() as AddressInfo
    const req = httpRequest({ port, method: 'POST', headers: { 'content-type': 'application/json' } })
    req.write(`{"a":"${'x'.repeat(50)}`)
    req.end(`${'x'.repeat(50)}"}`)

    const status = await new Promise((resolve) =>
      req.on('response', (res) => resolve(res.resume().statusCode)),
    )

    assert.equal(status, 413)
    running.close()
  })
})

describe('http: a body whose client has gone', () => {
  it('before anybody read it is refused, not waited for', async () => {
    const refused = new Promise<unknown>((resolve) => {
      const own = createServer((req) => {
        req.once('close', () => {
          readBody(req as Request, { bodyLimitBytes: 64 }).catch(resolve)
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
})
