/**
 * Whose values does a callback see? A client with one socket, opened when first needed, calls everybody's callbacks in the
 * context of whoever came first. Plainly done this is an identity bug; here it is a missing value with a warning.
 */
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import express, { type Express } from 'express'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Controller, CurrentAttributes, type Rage, Task } from '../../src'
import { callbackClient, type Services, services } from '../adapters/express/support/losing-context.mjs'
import { atEnd, eventually, makeRage } from '../runtime/support/runtimes'
import { postgresUrl, redisUrl } from '../support/services'

class Current extends CurrentAttributes<{ user: string }> {}

let all: Services
beforeAll(async () => {
  all = await services({ postgresUrl, redisUrl })
})
afterAll(() => all.close())

async function asking(app: Express): Promise<(user: string) => Promise<string>> {
  const server: Server = createServer(app as unknown as RequestListener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return async (user) => (await fetch(url, { headers: { user } })).text()
}

function client(open?: (work: () => unknown) => unknown) {
  const made = callbackClient(all.port, open)
  atEnd(() => made.end())
  return made
}

/** An app whose handler asks the client, and tells from within the callback whom it takes the user for. */
function appOf(
  rage: Rage,
  tell: (client: ReturnType<typeof callbackClient>, done: (seen: string) => void) => void,
  shared = client(),
): Express {
  const app = express()
  app.use(rage.context())
  app.use((req, _res, next) => {
    Current.set({ user: req.get('user')! })
    next()
  })
  app.get('/', (_req, res) => tell(shared, (seen) => void res.end(seen)))
  return app
}

async function warningsDuring(work: () => Promise<void>): Promise<string[]> {
  const warnings: string[] = []
  const listen = (warning: Error & { code?: string }): void => {
    if (warning.code === 'RAGE_W003') warnings.push(warning.message)
  }
  process.on('warning', listen)
  await work()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', listen)
  return warnings
}

describe('context: a callback of a connection that somebody else opened', () => {
  it('shows one user the values of another, with nothing but an AsyncLocalStorage', async () => {
    const store = new AsyncLocalStorage<string>()
    const shared = client()
    const app = express()
    app.use((req, _res, next) => store.run(req.get('user')!, next))
    app.get('/', (_req, res) => shared.ask('x', () => void res.end(store.getStore() ?? 'nobody')))
    const ask = await asking(app)

    assert.equal(await ask('alice'), 'alice')
    assert.equal(await ask('bob'), 'alice')
  })

  it('shows nobody once that request is over, and says so once per place', async () => {
    const { rage } = makeRage()
    const ask = await asking(
      appOf(rage, (shared, done) => shared.ask('x', () => done(Current.get('user') ?? 'nobody'))),
    )
    const seen: string[] = []

    const warnings = await warningsDuring(async () => {
      for (const user of ['alice', 'bob', 'carol', 'dave']) seen.push(await ask(user))
    })

    assert.deepEqual(seen, ['alice', 'nobody', 'nobody', 'nobody'])
    assert.equal(warnings.length, 1)
    assert.match(
      warnings[0]!,
      /Current was read at test\/context\/stale-reads\.test\.ts:\d+ .* request that has ended/,
    )
  })

  it('shows the right user with rage.bind, even while the other request is under way', async () => {
    const { rage } = makeRage()
    const ask = await asking(
      appOf(rage, (shared, done) =>
        shared.ask(
          'x',
          rage.bind(() => done(Current.get('user') ?? 'nobody')),
        ),
      ),
    )

    const seen = await Promise.all(['alice', 'bob', 'carol'].map(ask))

    assert.deepEqual(seen, ['alice', 'bob', 'carol'])
  })

  it('shows the right user with rage.bind(work, req), wherever it is bound', async () => {
    const { rage } = makeRage()
    const shared = client()
    const app = express()
    app.use(rage.context())
    app.use((req, _res, next) => {
      Current.set({ user: req.get('user')! })
      next()
    })
    app.get('/', (req, res) =>
      shared.ask('x', () => rage.bind(() => void res.end(Current.get('user') ?? 'nobody'), req)()),
    )

    assert.deepEqual(await Promise.all(['alice', 'bob'].map(await asking(app))), ['alice', 'bob'])
  })

  it('shows nobody, without a warning, where the connection is opened in rage.outside', async () => {
    const { rage } = makeRage()
    const shared = client((work) => rage.outside(work))
    const ask = await asking(
      appOf(rage, (given, done) => given.ask('x', () => done(Current.get('user') ?? 'nobody')), shared),
    )
    let seen: string[] = []

    const warnings = await warningsDuring(async () => {
      seen = await Promise.all(['alice', 'bob'].map(ask))
    })

    assert.deepEqual(seen, ['nobody', 'nobody'])
    assert.deepEqual(warnings, [])
  })

  it('cannot set values there', async () => {
    const { rage } = makeRage()
    const ask = await asking(
      appOf(rage, (shared, done) =>
        shared.ask('x', () => {
          try {
            Current.set({ user: 'mallory' })
            done('set')
          } catch (error) {
            done((error as { code: string }).code)
          }
        }),
      ),
    )

    assert.deepEqual([await ask('alice'), await ask('bob')], ['set', 'RAGE_CONTEXT_CLOSED'])
  })

  it('marks log lines that are written there', async () => {
    const { rage, lines } = makeRage({ logger: { requests: false } })
    const ask = await asking(
      appOf(rage, (shared, done) =>
        shared.ask('x', () => {
          rage.logger.info('answered')
          done('done')
        }),
      ),
    )

    await ask('alice')
    await ask('bob')

    assert.deepEqual(
      lines.map(({ unitEnded }) => unitEnded),
      [undefined, true],
    )
  })

  it('enqueues jobs there without the values of the other', async () => {
    const performedBy: (string | undefined)[] = []
    class Note extends Task {
      perform(): void {
        performedBy.push(Current.get('user'))
      }
    }
    const { rage } = makeRage()
    rage.register(Note, Current)
    await rage.boot()
    const ask = await asking(
      appOf(rage, (shared, done) => shared.ask('x', () => void Note.enqueue().then(() => done('done')))),
    )

    await ask('alice')
    await eventually(() => performedBy.length === 1)
    await ask('bob')
    await eventually(() => performedBy.length === 2)

    assert.deepEqual(performedBy, ['alice', undefined])
  })
})

describe('context: work that goes on after the response is closed', () => {
  /** Asks as Ada, and hangs up once the request has arrived. */
  async function hangUp(app: Express, arrived: () => boolean): Promise<void> {
    const server = createServer(app as unknown as RequestListener).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    atEnd(() => void server.close())
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nuser: ada\r\n\r\n')
    await eventually(arrived)
    socket.destroy()
  }

  it('sees its values until it has ended, if it is an action', async () => {
    const seen: (string | undefined)[] = []
    let arrived = false
    class OrdersController extends Controller {
      async show() {
        Current.set({ user: this.headers.user as string })
        const response = this.res
        const closed = new Promise((resolve) => response.once('close', resolve))
        arrived = true
        await closed
        await new Promise((resolve) => setImmediate(resolve))
        seen.push(Current.get('user'))
        setTimeout(() => seen.push(Current.get('user')), 5)
      }
    }
    const { rage } = makeRage()
    rage.routes((r) => void r.get('/', [OrdersController, 'show']))
    const app = express()
    app.use(rage.mount())

    await hangUp(app, () => arrived)
    await eventually(() => seen.length === 2)

    assert.deepEqual(seen, ['ada', undefined])
  })
})
