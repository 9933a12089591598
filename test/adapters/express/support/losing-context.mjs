/**
 * Middlewares, stores and clients of the registry, each as an app would use it: does the layer behind it still run in the
 * context of its own request? Each case gives a middleware for an app; what it waits for is shared by all requests, and
 * opened by the first that needs it.
 */
import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve))

/** A server that answers each line with the same line, a little later. */
async function echoServer() {
  const sockets = new Set()
  const server = createServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)))
    socket.on('data', (chunk) => setTimeout(() => socket.write(chunk), 2)).on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: server.address().port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** How clients of databases with callbacks are built: one socket, opened at the first call, and a queue of callbacks. */
export function callbackClient(port, open = (work) => work()) {
  let socket = null
  let rest = ''
  const waiting = []
  return {
    ask(text, done) {
      socket ??= open(() =>
        connect(port, '127.0.0.1').on('data', (chunk) => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop()
          for (const line of lines) waiting.shift()(null, line)
        }),
      )
      waiting.push(done)
      socket.write(`${text}\n`)
    },
    end: () => socket?.destroy(),
  }
}

/** A session store as stores for memcached, or redis before version 4, are: each method with a callback, over one socket. */
function callbackStore(session, client) {
  const held = new Map()
  return new (class extends session.Store {
    get(sid, done) {
      client.ask('get', () => done(null, held.get(sid) ?? null))
    }
    set(sid, value, done) {
      client.ask('set', () => done?.(null, held.set(sid, value)))
    }
    destroy(sid, done) {
      client.ask('del', () => done?.(null, held.delete(sid)))
    }
    touch(sid, value, done) {
      this.set(sid, value, done)
    }
  })()
}

const sessionOptions = { secret: 'x'.repeat(32), resave: false, saveUninitialized: true }
const text = { body: JSON.stringify({ a: 1 }), headers: { 'content-type': 'application/json' } }
function upload() {
  const form = new FormData()
  form.set('file', new Blob(['x'.repeat(200_000)]), 'x.txt')
  return { body: form, headers: {} }
}

/**
 * `make(services)` answers `{ use, end }`: a middleware or a list of them, and how to let go of what they opened.
 * `sent()` is the request. `needs` names a service. `loses`: with a plain AsyncLocalStorage, the layer behind it finds the
 * wrong context, or none, on Node 20, 22 and 24 alike. migration-guide/context.md has the same table.
 */
export const cases = [
  {
    name: 'body-parser',
    sent: () => text,
    make: () => ({ use: require('body-parser').json() }),
  },
  {
    name: 'multer, memory',
    sent: upload,
    make: () => ({ use: require('multer')().single('file') }),
  },
  {
    name: 'multer, disk',
    sent: upload,
    make: () => {
      const folder = mkdtempSync(join(tmpdir(), 'rage-multer-'))
      return {
        use: require('multer')({ dest: folder }).single('file'),
        end: () => rmSync(folder, { recursive: true }),
      }
    },
  },
  {
    name: 'express-fileupload',
    loses: true,
    sent: upload,
    make: () => ({ use: require('express-fileupload')() }),
  },
  {
    name: 'express-session with MemoryStore',
    make: () => ({ use: require('express-session')({ ...sessionOptions }) }),
  },
  {
    name: 'express-session with session-file-store',
    make: () => {
      const session = require('express-session')
      const folder = mkdtempSync(join(tmpdir(), 'rage-sessions-'))
      const store = new (require('session-file-store')(session))({
        path: folder,
        logFn: () => undefined,
        reapInterval: -1,
      })
      return {
        use: session({ ...sessionOptions, store }),
        end: () => rmSync(folder, { recursive: true, force: true }),
      }
    },
  },
  {
    name: 'express-session with connect-pg-simple',
    needs: 'postgres',
    make: ({ postgresUrl }) => {
      const session = require('express-session')
      const pool = new (require('pg').Pool)({ connectionString: postgresUrl, max: 2 })
      const Store = require('connect-pg-simple')(session)
      const store = new Store({
        pool,
        tableName: 'rage_context_sessions',
        createTableIfMissing: true,
        pruneSessionInterval: false,
      })
      return {
        use: session({ ...sessionOptions, store }),
        end: async () => {
          await pool.query('drop table if exists rage_context_sessions')
          await pool.end()
        },
      }
    },
  },
  {
    name: 'express-session with a store of callbacks',
    loses: true,
    needs: 'echo',
    make: ({ port }) => {
      const session = require('express-session')
      const client = callbackClient(port)
      return { use: session({ ...sessionOptions, store: callbackStore(session, client) }), end: client.end }
    },
  },
  {
    name: 'passport-local with a verify of callbacks',
    loses: true,
    needs: 'echo',
    sent: () => ({
      body: JSON.stringify({ username: 'a', password: 'b' }),
      headers: { 'content-type': 'application/json' },
    }),
    make: ({ port }) => {
      const passport = new (require('passport').Passport)()
      const client = callbackClient(port)
      passport.use(
        new (require('passport-local').Strategy)((name, _password, done) =>
          client.ask(name, (error, found) => done(error, { name: found })),
        ),
      )
      return {
        use: [
          require('body-parser').json(),
          passport.initialize(),
          passport.authenticate('local', { session: false }),
        ],
        end: client.end,
      }
    },
  },
  {
    name: 'a raw client of callbacks',
    loses: true,
    needs: 'echo',
    make: ({ port }) => {
      const client = callbackClient(port)
      return { use: (_req, _res, next) => client.ask('x', () => next()), end: client.end }
    },
  },
  {
    name: 'pg, a query with a callback',
    loses: true,
    needs: 'postgres',
    make: ({ postgresUrl }) => {
      const pool = new (require('pg').Pool)({ connectionString: postgresUrl, max: 1 })
      return {
        use: (_req, _res, next) => pool.query('select pg_sleep(0.002)', (error) => next(error)),
        end: () => pool.end(),
      }
    },
  },
  {
    name: 'pg, a client checked out with a callback',
    loses: true,
    needs: 'postgres',
    make: ({ postgresUrl }) => {
      const pool = new (require('pg').Pool)({ connectionString: postgresUrl, max: 1 })
      return {
        use: (_req, _res, next) =>
          pool.connect((error, client, release) => {
            if (error) return next(error)
            client.query('select pg_sleep(0.002)', (failure) => {
              release()
              next(failure)
            })
          }),
        end: () => pool.end(),
      }
    },
  },
  {
    name: 'pg, promises',
    needs: 'postgres',
    make: ({ postgresUrl }) => {
      const pool = new (require('pg').Pool)({ connectionString: postgresUrl, max: 1 })
      return {
        use: (_req, _res, next) => pool.query('select pg_sleep(0.002)').then(() => next(), next),
        end: () => pool.end(),
      }
    },
  },
  {
    name: 'generic-pool, promises',
    make: () => {
      const pool = require('generic-pool').createPool(
        { create: async () => ({}), destroy: async () => undefined },
        { max: 1 },
      )
      return {
        use: (_req, _res, next) =>
          pool.acquire().then((client) =>
            setTimeout(() => {
              pool.release(client)
              next()
            }, 2),
          ),
        end: () => pool.drain().then(() => pool.clear()),
      }
    },
  },
  {
    name: 'generic-pool of clients of callbacks',
    loses: true,
    needs: 'echo',
    make: ({ port }) => {
      const pool = require('generic-pool').createPool(
        { create: async () => callbackClient(port), destroy: async (client) => client.end() },
        { max: 1 },
      )
      return {
        use: (_req, _res, next) =>
          pool.acquire().then((client) =>
            client.ask('x', () => {
              pool.release(client)
              next()
            }),
          ),
        end: () => pool.drain().then(() => pool.clear()),
      }
    },
  },
  {
    name: 'ioredis, a command with a callback',
    needs: 'redis',
    make: ({ redisUrl }) => {
      const redis = new (require('ioredis'))(redisUrl, { lazyConnect: true })
      return { use: (_req, _res, next) => redis.ping(() => next()), end: () => redis.disconnect() }
    },
  },
  {
    name: 'ioredis, promises',
    needs: 'redis',
    make: ({ redisUrl }) => {
      const redis = new (require('ioredis'))(redisUrl, { lazyConnect: true })
      return {
        use: (_req, _res, next) => redis.ping().then(() => next(), next),
        end: () => redis.disconnect(),
      }
    },
  },
  {
    name: 'async, a queue with callbacks',
    loses: true,
    make: () => {
      const queue = require('async').queue((_task, done) => setTimeout(done, 2), 1)
      return { use: (_req, _res, next) => queue.push({}, () => next()) }
    },
  },
  {
    name: 'dataloader',
    make: () => {
      const DataLoader = require('dataloader')
      const loader = new DataLoader((keys) => new Promise((resolve) => setTimeout(() => resolve(keys), 2)), {
        cache: false,
      })
      return { use: (_req, _res, next) => loader.load(1).then(() => next(), next) }
    },
  },
  {
    name: 'an event emitter',
    loses: true,
    make: () => {
      const emitter = new EventEmitter().setMaxListeners(0)
      const timer = setInterval(() => emitter.emit('tick'), 3)
      return {
        use: (_req, _res, next) => emitter.once('tick', () => next()),
        end: () => clearInterval(timer),
      }
    },
  },
  {
    name: "the request's own end",
    loses: true,
    sent: () => text,
    make: () => ({ use: (req, _res, next) => req.on('end', () => next()).resume() }),
  },
  {
    name: 'compression',
    make: () => ({ use: require('compression')({ threshold: 0 }) }),
  },
  {
    name: 'connect-timeout',
    make: () => ({ use: require('connect-timeout')('5s') }),
  },
  {
    name: 'express-rate-limit',
    make: () => ({ use: require('express-rate-limit').rateLimit({ limit: 1_000, validate: false }) }),
  },
  {
    name: 'knex',
    needs: 'postgres',
    make: ({ postgresUrl }) => {
      const knex = require('knex')({ client: 'pg', connection: postgresUrl, pool: { min: 0, max: 1 } })
      return {
        use: (_req, _res, next) => knex.raw('select pg_sleep(0.002)').then(() => next(), next),
        end: () => knex.destroy(),
      }
    },
  },
]

/** The services of this machine that cases need. */
export async function services(urls) {
  const echo = await echoServer()
  return { ...urls, port: echo.port, close: echo.close }
}
