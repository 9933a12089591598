/**
 * An app as they are: session in PostgreSQL, passport, body-parser, multer, a pool with callbacks, an emitter that answers
 * later from a timer of its own. Two hundred requests at once: from the first middleware of Express to the last line of
 * the job that a subscriber enqueued, each line has the id and the user of its own request.
 */
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import bodyParser from 'body-parser'
import multer from 'multer'
import { Pool } from 'pg'
import { describe, it } from 'vitest'
import { Controller, CurrentAttributes, type Rage, Subscriber, Task } from '../src'
import { majors } from './adapters/express/support/majors'
import { atEnd, eventually, type Line, makeRage } from './runtime/support/runtimes'
import { isServed, postgresUrl } from './support/services'

// biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript would write them.
type Loose = any

const requireHere = createRequire(import.meta.url)
const session: Loose = requireHere('express-session')
const pgSession: Loose = requireHere('connect-pg-simple')
const { Passport }: Loose = requireHere('passport')
const { Strategy }: Loose = requireHere('passport-local')

const clients = 200
const stations = [
  'first middleware',
  'signed in',
  'uploaded',
  'stock checked',
  'controller',
  'subscriber',
  'job',
  'job, later',
]

interface User {
  readonly id: number
}

class Current extends CurrentAttributes<{ user: User }> {
  static serializers = {
    user: { dump: (user: User) => user.id, load: async (id: number) => ({ id }) },
  }
}

class OrderPlaced {
  readonly order: string
  constructor(order: string) {
    this.order = order
  }
}

class Ship extends Task<{ order: string }> {
  async perform({ order }: { order: string }) {
    note('job', order)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
    note('job, later', order)
  }
}

class ShipOrders extends Subscriber<OrderPlaced> {
  static override on = [OrderPlaced]
  async call({ order }: OrderPlaced) {
    note('subscriber', order)
    await Ship.enqueue({ order })
  }
}

class OrdersController extends Controller {
  async create() {
    const { order } = this.params as { order: string }
    note('controller', order)
    await rage.events.publish(new OrderPlaced(order))
    return { order }
  }
}

let rage: Rage

function note(station: string, order: string): void {
  rage.logger.info({ station, order, user: Current.get('user')?.id ?? null }, station)
}

/** Answers many at once, from a timer that the first of them started. */
class Stock extends EventEmitter {
  #asked: string[] = []

  check(order: string, answer: (order: string) => void): void {
    this.once(order, answer)
    this.#asked.push(order)
    if (this.#asked.length > 1) return
    setTimeout(() => {
      for (const one of this.#asked.splice(0)) this.emit(one, one)
    }, 5)
  }
}

function createShop(createApp: () => Loose, pool: Pool): Loose {
  const passport = signInThrough(pool)
  const stock = new Stock()
  const app = createApp()
  app.use(rage.context())
  app.use((req: Loose, _res: Loose, next: Loose) => {
    rage.logger.info({ station: 'first middleware', order: req.get('x-order') }, 'first middleware')
    next()
  })
  const store = new (pgSession(session))({ pool, tableName: table, pruneSessionInterval: false })
  app.use(session({ store, secret: 'of a test', resave: false, saveUninitialized: false }))
  app.use(passport.initialize(), passport.session())
  app.use(bodyParser.json(), bodyParser.urlencoded({ extended: false }))
  app.post('/login', passport.authenticate('local'), (_req: Loose, res: Loose) => res.json({}))
  app.use((req: Loose, _res: Loose, next: Loose) => {
    Current.set({ user: req.user })
    note('signed in', req.get('x-order'))
    next()
  })
  app.use(multer().single('receipt'), (req: Loose, _res: Loose, next: Loose) => {
    note('uploaded', req.body.order)
    stock.check(
      req.body.order,
      rage.bind((order: string) => {
        note('stock checked', order)
        next()
      }),
    )
  })
  app.use(rage.mount())
  return app
}

function signInThrough(pool: Pool): Loose {
  const passport: Loose = new Passport()
  passport.use(
    new Strategy((username: string, _password: string, done: Loose) => {
      pool.query(userById, [username], (error: unknown, result: Loose) => done(error, result?.rows[0]))
    }),
  )
  passport.serializeUser((user: User, done: Loose) => done(null, user.id))
  passport.deserializeUser((id: number, done: Loose) => {
    pool.query(userById, [id], (error: unknown, result: Loose) => done(error, result?.rows[0]))
  })
  return passport
}

const userById = 'SELECT $1::int AS id'
const table = `sessions_${process.pid}`

async function listen(app: Loose): Promise<string> {
  const server: Server = createServer(app as RequestListener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function signIn(url: string, user: number): Promise<string> {
  const response = await fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ username: String(user), password: 'x' }),
  })
  assert.equal(response.status, 200)
  return response.headers.getSetCookie()[0]!.split(';')[0]!
}

async function order(url: string, user: number, cookie: string): Promise<number> {
  const form = new FormData()
  form.set('order', `order-${user}`)
  form.set('receipt', new Blob([`receipt of ${user}`.repeat(1_000)]), 'receipt.txt')
  const response = await fetch(`${url}/orders`, {
    method: 'POST',
    body: form,
    headers: { cookie, 'x-order': `order-${user}`, 'x-request-id': `request-${user}` },
  })
  await response.text()
  return response.status
}

describe.skipIf(!(await isServed(postgresUrl)))('one request id through both stacks', () => {
  it.each(majors)('crosses no two of 200 requests, in %s', async (_name, createApp) => {
    const pool = new Pool({ connectionString: postgresUrl, max: 5 })
    atEnd(() => pool.end())
    await pool.query(
      `CREATE TABLE ${table} (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)`,
    )
    atEnd(async () => {
      await pool.query(`DROP TABLE ${table}`)
    })
    const made = makeRage({ logger: { level: 'info' } })
    rage = made.rage
    rage.register(Current, Ship, ShipOrders).routes((r) => r.post('/orders', [OrdersController, 'create']))
    const url = await listen(createShop(createApp as Loose, pool))
    const users = Array.from({ length: clients }, (_, index) => index + 1)
    const cookies = await Promise.all(users.map((user) => signIn(url, user)))
    made.lines.length = 0

    const statuses = await Promise.all(users.map((user, index) => order(url, user, cookies[index]!)))
    assert.deepEqual(new Set(statuses), new Set([200]))
    await eventually(() => at(made.lines, 'job, later').length === clients, 'every job')

    for (const user of users) {
      const lines = made.lines.filter(({ order }) => order === `order-${user}`)
      assert.deepEqual(
        lines.map(({ station, requestId, user }) => ({ station, requestId, user })),
        stations.map((station, index) => ({
          station,
          requestId: `request-${user}`,
          user: index === 0 ? undefined : user,
        })),
      )
    }
    const requests = made.lines.filter(({ msg, path }) => msg === 'request completed' && path === '/orders')
    assert.deepEqual(
      new Set(requests.map(({ requestId }) => requestId)),
      new Set(users.map((user) => `request-${user}`)),
    )
  })
})

function at(lines: readonly Line[], station: string): Line[] {
  return lines.filter((line) => line.station === station)
}
