/** Lines that an Express app, the runtime in it and the jobs of both write for one request belong together. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import express from 'express'
import express4 from 'express4'
import { pino } from 'pino'
import { pinoHttp } from 'pino-http'
import supertest from 'supertest'
import { beforeAll, describe, it } from 'vitest'
import winston from 'winston'
import { Controller, createRage, Task } from '../src'
import { eventually, makeRage, temporaryFolder } from './runtime/support/runtimes'
import { root } from './support/repository'

class Mail extends Task {
  override perform() {}
}

class OrdersController extends Controller {
  async show() {
    this.logger.info('in the controller')
    this.req.log.info('req.log in the controller')
    await Mail.enqueue()
    return { id: 7 }
  }
}

for (const [name, framework] of [
  ['Express 5', express],
  ['Express 4', express4 as unknown as typeof express],
] as const) {
  describe(`lines of one request: ${name}`, () => {
    it('carry its id and tags: legacy handlers, controllers, jobs and the line of the request', async () => {
      const { rage, lines } = makeRage({
        logger: { tags: ['shop', (req) => req.headers.host!.split(':')[0]] },
      })
      rage.register(Mail).routes((r) => r.get('/orders/:id', [OrdersController, 'show']))
      const app = framework()
      app.use(rage.context())
      app.use((_req, _res, next) => rage.logger.tagged('checkout', next))
      app.use((req, _res, next) => {
        req.log.info('legacy')
        rage.logger.info('rage.logger in legacy')
        next()
      })
      app.use(rage.mount())

      await supertest(app).get('/orders/7?token=1').set('X-Request-Id', 'r1').expect(200)
      await eventually(() => lines.some(({ msg }) => msg === 'job finished'))
      await eventually(() => lines.some(({ msg }) => msg === 'request completed'))

      const ofRequest = lines.filter(({ requestId }) => requestId === 'r1')
      const tagsOf = (msg: string): unknown => ofRequest.find((line) => line.msg === msg)?.tags
      const host = '127.0.0.1'
      assert.deepEqual(tagsOf('legacy'), ['shop', host, 'checkout'])
      assert.deepEqual(tagsOf('rage.logger in legacy'), ['shop', host, 'checkout'])
      assert.deepEqual(tagsOf('in the controller'), ['shop', host, 'checkout'])
      assert.deepEqual(tagsOf('req.log in the controller'), ['shop', host, 'checkout'])
      assert.deepEqual(tagsOf('job finished'), ['shop', host, 'checkout'])
      const { time, durationMs, tags, ...line } = ofRequest.find(({ msg }) => msg === 'request completed')!
      assert.deepEqual((tags as string[]).slice(0, 2), ['shop', host])
      assert.deepEqual(line, {
        level: 30,
        requestId: 'r1',
        method: 'GET',
        path: '/orders/7',
        status: 200,
        route: '/orders/:id',
        controller: 'OrdersController',
        action: 'show',
        arm: 'rage',
        msg: 'request completed',
      })
    })

    it('keep the req.log and the line of an app with its own pino-http, under one id', async () => {
      const own: Record<string, unknown>[] = []
      const { rage, lines } = makeRage()
      rage.register(Mail).routes((r) => r.get('/orders/:id', [OrdersController, 'show']))
      const app = framework()
      const logger = pino({ base: null }, { write: (line: string) => void own.push(JSON.parse(line)) })
      app.use(pinoHttp({ logger, genReqId: () => 'from-pino-http' }))
      app.use(rage.context(), rage.mount())

      await supertest(app).get('/orders/7').expect(200)
      await eventually(() => own.some(({ msg }) => msg === 'request completed'))

      assert.equal(lines.find(({ msg }) => msg === 'in the controller')?.requestId, 'from-pino-http')
      assert.equal(
        lines.some(({ msg }) => msg === 'request completed'),
        false,
      )
      assert.deepEqual(
        own.map(({ msg }) => msg),
        ['req.log in the controller', 'request completed'],
      )
    })
  })
}

describe('lines of one request: through a logger of the app', () => {
  it('winston is given all of them', async () => {
    const seen: Record<string, unknown>[] = []
    const write = (info: Record<string, unknown>, next: () => void): void => {
      seen.push(info)
      next()
    }
    const logger = winston.createLogger({
      level: 'debug',
      transports: [new winston.transports.Console({ log: write })],
    })
    const { rage } = makeRage({ logger: { use: logger, level: 'auto', destination: null } })
    rage.register(Mail).routes((r) => r.get('/orders/:id', [OrdersController, 'show']))

    await supertest(rage.handler()).get('/orders/7').set('X-Request-Id', 'r1').expect(200)
    await eventually(() => seen.some(({ message }) => message === 'request completed'))
    await eventually(() => seen.some(({ message }) => message === 'job finished'))

    const messages = seen.filter(({ requestId }) => requestId === 'r1').map(({ message }) => message)
    for (const message of ['in the controller', 'req.log in the controller', 'job enqueued', 'job finished'])
      assert.ok(messages.includes(message), message)
  })

  it('one without the methods is refused when the runtime is made', () => {
    const use = { info() {}, note() {} }

    assert.throws(() => createRage({ storage: temporaryFolder(), logger: { use: use as never } }), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
    })
  })
})

describe('the format of lines', () => {
  // The child uses the built package, as applications do.
  beforeAll(() => void execFileSync(process.execPath, ['.ci/build.mjs'], { cwd: root }), 120_000)

  /** What a process prints: of its lines, and of its warnings. */
  function printed(
    environment: string,
    options: object,
    hidesPretty: boolean,
  ): { out: string; warned: string } {
    const script = `
      const Module = require('module')
      const resolve = Module._resolveFilename
      if (${hidesPretty}) Module._resolveFilename = function (name, ...rest) {
        if (name === 'pino-pretty') throw Object.assign(new Error('not here'), { code: 'MODULE_NOT_FOUND' })
        return resolve.call(this, name, ...rest)
      }
      process.on('warning', ({ code }) => console.log('WARNED ' + code))
      const { createRage } = require('./dist/src')
      try {
        createRage({ logger: ${JSON.stringify(options)} }).logger.warn({ order: 7 }, 'hello')
      } catch ({ code }) {
        console.log('THROWN ' + code)
      }`
    const text = execFileSync(process.execPath, ['-e', script], {
      cwd: root,
      env: { ...process.env, NODE_ENV: environment, NO_WARNINGS: '1' },
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    })
    const lines = text.trimEnd().split('\n')
    return {
      out: lines.filter((line) => !line.startsWith('WARNED')).join('\n'),
      warned: lines.filter((line) => line.startsWith('WARNED')).join(),
    }
  }

  it('is text in development, JSON in production, JSON with a hint without pino-pretty', () => {
    const text = printed('development', {}, false)
    const production = printed('production', {}, false)
    const without = printed('development', {}, true)

    assert.match(text.out, /WARN.*hello[\s\S]*order.*7/)
    assert.equal(text.out.startsWith('{'), false)
    assert.equal(text.warned, '')
    assert.equal(JSON.parse(production.out).msg, 'hello')
    assert.equal(production.warned, '')
    assert.equal(JSON.parse(without.out).msg, 'hello')
    assert.equal(without.warned, 'WARNED RAGE_W043')
  })

  it('is refused as text without pino-pretty when it was asked for', () => {
    assert.equal(printed('production', { format: 'text' }, true).out, 'THROWN RAGE_LOGGER_NO_PRETTY')
  })
})
