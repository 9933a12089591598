import assert from 'node:assert/strict'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { createLoggers } from '../../src/logger'
import { createRedaction } from '../../src/logger/redaction'

const redact = createRedaction([])

/** What a logger with these settings writes. */
function written(
  write: (logger: ReturnType<typeof createLoggers>['logger']) => void,
  names?: readonly string[] | false,
): Record<string, unknown> {
  let text = ''
  const { logger } = createLoggers({
    level: 'info',
    format: 'json',
    destination: { write: (line: string) => void (text += line) },
    ...(names === undefined ? null : { redact: names }),
  })
  write(logger)
  const { time, level, ...line } = JSON.parse(text)
  return line
}

describe('logger: redaction by name', () => {
  for (const name of [
    'authorization',
    'Authorization',
    'Proxy-Authorization',
    'cookie',
    'Set-Cookie',
    'password',
    'db_password',
    'passwordConfirmation',
    'newPasswd',
    'secret',
    'clientSecret',
    'token',
    'access_token',
    'X-CSRF-Token',
    'x-api-key',
    'apiKey',
    'privateKey',
    'credentials',
  ]) {
    it(`takes the value of ${name} out`, () => {
      assert.deepEqual(redact({ [name]: 'value', other: 1 }), { [name]: '[Redacted]', other: 1 })
    })
  }

  for (const fields of [
    { tokenCount: 5, maxTokens: 4096, tokens: 12 },
    { hasPassword: true, password: null, token: undefined },
    { passwordless: 'yes', secretary: 'Ada', cookieBanner: 'shown', author: 'Bo' },
    { at: new Date(0), bytes: Buffer.from('token') },
  ]) {
    it(`leaves ${Object.keys(fields).join(', ')} as they are, uncopied`, () => {
      assert.equal(redact(fields), fields)
    })
  }

  it('takes out lists and objects as a whole, and lists of texts named in the plural', () => {
    assert.deepEqual(redact({ cookies: { sid: 'a' }, tokens: ['a', 'b'], secret: { a: 1 } }), {
      cookies: '[Redacted]',
      tokens: '[Redacted]',
      secret: '[Redacted]',
    })
  })

  it('finds them in nested objects, lists, instances and what toJSON answers; the original is untouched', () => {
    class User {
      name = 'Ada'
      password = 'pw'
    }
    const fields = {
      headers: { accept: '*/*', authorization: 'Bearer x' },
      users: [new User(), 'text'],
      client: { toJSON: () => ({ config: { headers: { Authorization: 'Basic y' } } }) },
    }

    assert.deepEqual(redact(fields), {
      headers: { accept: '*/*', authorization: '[Redacted]' },
      users: [{ name: 'Ada', password: '[Redacted]' }, 'text'],
      client: { config: { headers: { Authorization: '[Redacted]' } } },
    })
    assert.equal(fields.headers.authorization, 'Bearer x')
  })

  it('shows nothing of what it has not looked at: deeper than eight levels, and beyond a thousand objects', () => {
    let deep: object = { password: 'pw' }
    for (let level = 0; level < 10; level++) deep = { deep }
    const shown = JSON.stringify(redact({ deep }))
    const wide = JSON.stringify(redact({ list: Array.from({ length: 1_500 }, () => ({ password: 'pw' })) }))

    assert.equal(shown.includes('pw'), false)
    assert.equal(shown.includes('[Object]'), true)
    assert.equal(wide.includes('pw'), false)
  })

  it('ends on objects that know each other', () => {
    const a: Record<string, unknown> = { name: 'a', password: 'pw' }
    a.self = { again: a }

    assert.equal(JSON.stringify(redact({ a })).includes('pw'), false)
  })

  it('shows nothing of sockets and streams: their fields hold headers as text', () => {
    const stream = Object.assign(new Readable(), { rawHeaders: ['set-cookie', 'sid=pw'] })
    const answer = Object.assign(new Readable(), {
      toJSON: () => ({ headers: { cookie: 'sid=pw' }, ok: true }),
    })

    assert.deepEqual(redact({ stream, nested: { stream }, answer }), {
      stream: '[Object]',
      nested: { stream: '[Object]' },
      answer: { headers: { cookie: '[Redacted]' }, ok: true },
    })
  })

  it('goes round a field that throws when it is read', () => {
    const fields = {
      password: 'pw',
      nested: {
        get broken() {
          throw new Error('unreadable')
        },
      },
    }

    assert.deepEqual(redact(fields), { password: '[Redacted]', nested: '[Unreadable]' })
  })
})

describe('logger: redaction of lines', () => {
  it('holds for fields, fields of children, and what an error carries', () => {
    const error = Object.assign(new Error('refused'), { config: { headers: { Authorization: 'Bearer x' } } })

    const line = written((logger) =>
      logger.child({ token: 't0k' }).error({ err: error, password: 'pw' }, 'failed'),
    )

    assert.equal(line.token, '[Redacted]')
    assert.equal(line.password, '[Redacted]')
    const { message, config } = line.err as { message: string; config: unknown }
    assert.equal(message, 'refused')
    assert.deepEqual(config, { headers: { Authorization: '[Redacted]' } })
  })

  it('holds for the errors of HTTP clients, which carry their requests and responses', async () => {
    const server = createServer((_req, res) => {
      res.statusCode = 401
      res.setHeader('set-cookie', 'sid=pw')
      res.end()
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const headers = { authorization: 'Bearer pw' }
    const response = await new Promise<IncomingMessage>((resolve) => get(url, { headers }, resolve))
    const { req: request } = response as IncomingMessage & { req: unknown }
    response.resume()
    const ofAxios = Object.assign(new Error('refused'), { request, response: { request, headers: {} } })
    const answer = await supertest(url).post('/').set(headers).send({ password: 'pw' })
    const ofSuperagent = Object.assign(new Error('refused'), { response: answer })
    server.close()
    server.closeAllConnections()

    for (const fields of [
      { err: ofAxios },
      { error: ofAxios },
      { err: ofSuperagent },
      { error: ofSuperagent },
      { request, response },
      { req: request, res: response },
    ]) {
      const line = written((logger) => logger.error(fields, 'failed'))
      assert.doesNotMatch(JSON.stringify(line), /pw/, Object.keys(fields).join(' '))
    }
    const { err } = written((logger) => logger.error(ofSuperagent)) as { err: { response: unknown } }
    assert.equal((err.response as { status: number }).status, 401)
  })

  it('takes out further names that the options give, however they are written', () => {
    const line = written((logger) => logger.info({ user: { Tax_Id: '1', name: 'Ada' } }, 'seen'), ['taxId'])

    assert.deepEqual(line, { user: { Tax_Id: '[Redacted]', name: 'Ada' }, msg: 'seen' })
  })

  it('can be turned off', () => {
    const line = written((logger) => logger.info({ password: 'pw' }, 'seen'), false)

    assert.deepEqual(line, { password: 'pw', msg: 'seen' })
  })
})
