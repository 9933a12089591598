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
    'smtpPwd',
    'SMTP_OTP',
    'userSSN',
    'card-cvv',
    'cvc',
    'x-jwt',
    '_csrf',
    'salt',
    'clientCertificate',
    'passwordHash',
    'password_digest',
    'secret_key_base',
    'encryption-key',
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
    { passed: 'yes', compass: 'north', bypass: 'A7', basalt: 'rock', otpSentAt: 'noon', pass: 12 },
    { cacheKey: 'a', foreign_key: 'b', publicKey: 'c', passenger: 'Ada', encrypted: 'yes' },
    { url: '/orders?page=2#top', path: '/token/7', href: new URL('http://shop.example/?page=2') },
    { data: '{"name":"Ada","max_tokens":12}', body: 'name=Ada&max_tokens=12', text: 'a=b' },
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

describe('logger: redaction in the text of addresses and bodies', () => {
  it('takes the values of secret parameters out of addresses, and the password of their user', () => {
    const shown = redact({
      url: '/orders?page=2&token=pw&sort=a',
      originalUrl: '/a?user%5Bpassword%5D=pw',
      config: {
        baseURL: 'https://bo:pw@shop.example/',
        path: '?api_key=pw',
        href: new URL('http://a/?jwt=pw'),
      },
      headers: { location: '/cb#access_token=pw&state=1' },
    })

    assert.deepEqual(shown, {
      url: '/orders?page=2&token=[Redacted]&sort=a',
      originalUrl: '/a?user%5Bpassword%5D=[Redacted]',
      config: {
        baseURL: 'https://bo:[Redacted]@shop.example/',
        path: '?api_key=[Redacted]',
        href: 'http://a/?jwt=[Redacted]',
      },
      headers: { location: '/cb#access_token=[Redacted]&state=1' },
    })
  })

  it('takes them out of bodies, JSON and forms', () => {
    assert.deepEqual(
      redact({
        data: '{"user":{"name":"Ada","password":"pw"},"max_tokens":12}',
        body: 'name=Ada&user[password]=pw&%zz=1',
        response: { text: ' [{"token":"pw"}]' },
      }),
      {
        data: '{"user":{"name":"Ada","password":"[Redacted]"},"max_tokens":12}',
        body: 'name=Ada&user[password]=[Redacted]&%zz=1',
        response: { text: '[{"token":"[Redacted]"}]' },
      },
    )
  })

  it('shows nothing of JSON that cannot be parsed, if there is a secret in it', () => {
    const cut = '{"name":"Ada","tokens":12,"list":['

    assert.deepEqual(redact({ data: '{"password": "pw", "na' }), { data: '[Redacted]' })
    assert.deepEqual(redact({ data: cut }), { data: cut })
  })

  it('is done with long names and texts at once', () => {
    const long = 'a'.repeat(1_000_000)
    const began = performance.now()

    redact({
      [`${long}-b`]: 1,
      data: `{"${long}`,
      body: `${long}=1`,
      url: `//${long}?${'&'.repeat(1_000_000)}`,
    })

    assert.ok(performance.now() - began < 2_000)
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

  it('holds for errors with a toJSON of their own, which is not asked', () => {
    const error = Object.assign(new Error('refused'), { code: 7, toJSON: () => ({ password: 'pw' }) })

    const { err } = written((logger) => logger.error(error)) as { err: Record<string, unknown> }

    assert.deepEqual([err.message, err.code, JSON.stringify(err).includes('pw')], ['refused', 7, false])
    assert.equal(JSON.parse(JSON.stringify(error)).password, 'pw')
  })

  it('holds for the address and the body of an HTTP client that stand in its error', () => {
    const config = { url: '/?token=pw', data: '{"password":"pw","page":2}' }

    const { err } = written((logger) => logger.error(Object.assign(new Error('refused'), { config })))

    assert.deepEqual((err as { config: unknown }).config, {
      url: '/?token=[Redacted]',
      data: '{"password":"[Redacted]","page":2}',
    })
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
