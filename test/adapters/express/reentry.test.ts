/** The table of migration-guide/context.md: who takes a request out of its context, and that `rage.context()` puts it back. */
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import connect from 'connect'
import type { RequestHandler } from 'express'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { CurrentAttributes } from '../../../src'
import { atEnd, makeRage } from '../../runtime/support/runtimes'
import { isServed, postgresUrl, redisUrl } from '../../support/services'
import { type Case, cases, type Services, services } from './support/losing-context.mjs'
import { majors } from './support/majors'

class Current extends CurrentAttributes<{ user: string }> {}

const served = { postgres: await isServed(postgresUrl), redis: await isServed(redisUrl), echo: true }
const possible = cases.filter(({ needs }) => needs === undefined || served[needs])

let all: Services
beforeAll(async () => {
  all = await services({ postgresUrl, redisUrl })
})
afterAll(() => all.close())

/** Each user asks twice, the second time with their cookie; answers whom the last layer took them for. */
async function seenBy(app: RequestListener, { sent }: Case): Promise<Record<string, string>> {
  const server = createServer(app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const ask = async (user: string, cookie?: string | undefined): Promise<Response> => {
    const { body, headers } = sent?.() ?? { body: null, headers: {} }
    const own = cookie === undefined ? { ...headers, user } : { ...headers, user, cookie }
    return fetch(url, { method: body === null ? 'GET' : 'POST', body, headers: own })
  }
  const askTwice = async (user: string): Promise<[string, string]> => {
    const first = await ask(user)
    await first.text()
    const second = await ask(user, first.headers.get('set-cookie')?.split(';')[0])
    return [user, await second.text()]
  }
  const alone = [await askTwice('alice'), await askTwice('bob')]
  const together = await Promise.all(['carol', 'dave', 'erin', 'frank'].map(askTwice))
  return Object.fromEntries([...alone, ...together])
}

const everybodyRight = {
  alice: 'alice',
  bob: 'bob',
  carol: 'carol',
  dave: 'dave',
  erin: 'erin',
  frank: 'frank',
}

function made(each: Case): RequestHandler[] {
  const { use, end } = each.make(all)
  if (end !== undefined) atEnd(() => void end())
  return [use].flat()
}

describe.each(majors)('context: a request in %s, behind', (_, express) => {
  it.each(possible)('$name, without rage.context()', async (each) => {
    const store = new AsyncLocalStorage<string>()
    const app = express()
    app.use((req, _res, next) => store.run(req.get('user')!, next))
    app.use(...made(each))
    app.use((_req, res) => void res.end(store.getStore() ?? 'nobody'))

    const seen = await seenBy(app as unknown as RequestListener, each)

    if (each.loses) assert.notDeepEqual(seen, everybodyRight)
    else assert.deepEqual(seen, everybodyRight)
  })

  it.each(possible)('$name, with rage.context()', async (each) => {
    const { rage } = makeRage()
    const app = express()
    app.use(rage.context())
    app.use((req, _res, next) => {
      Current.set({ user: req.get('user')! })
      next()
    })
    app.use(...made(each))
    app.use((_req, res) => void res.end(Current.get('user') ?? 'nobody'))

    assert.deepEqual(await seenBy(app as unknown as RequestListener, each), everybodyRight)
  })

  it.each(possible.filter(({ loses }) => loses))(
    '$name, in the middle of a route and of a router',
    async (each) => {
      const { rage } = makeRage()
      const app = express()
      app.use(rage.context())
      app.use((req, _res, next) => {
        Current.set({ user: req.get('user')! })
        next()
      })
      const router = express.Router()
      const answer: RequestHandler = (_req, res) => void res.end(Current.get('user') ?? 'nobody')
      router.all('/', ...made(each), answer)
      app.use('/', router)

      assert.deepEqual(await seenBy(app as unknown as RequestListener, each), everybodyRight)
    },
  )
})

describe('context: a request in Connect, whose layers cannot be seen,', () => {
  const loses = possible.find(({ name }) => name === 'a raw client of callbacks')!

  function appWith(
    around: (rage: ReturnType<typeof makeRage>['rage'], use: RequestHandler) => RequestHandler[],
  ) {
    const { rage } = makeRage()
    const app = connect()
    app.use(rage.context() as never)
    app.use((req, _res, next) => {
      Current.set({ user: req.headers.user as string })
      next()
    })
    for (const use of around(rage, made(loses)[0]!)) app.use(use as never)
    app.use((_req, res) => void res.end(Current.get('user') ?? 'nobody'))
    return app as unknown as RequestListener
  }

  it('finds nobody where it was lost, not the user who opened the connection', async () => {
    const seen = await seenBy(
      appWith((_rage, use) => [use]),
      loses,
    )

    assert.equal(seen.bob, 'nobody')
  })

  it('is put back by rage.context() behind the middleware', async () => {
    const app = appWith((rage, use) => [use, rage.context() as unknown as RequestHandler])

    assert.deepEqual(await seenBy(app, loses), everybodyRight)
  })

  it('keeps its context with rage.bind(next)', async () => {
    const app = appWith((rage, use) => [(req, res, next) => use(req, res, rage.bind(next))])

    assert.deepEqual(await seenBy(app, loses), everybodyRight)
  })
})

describe('context: re-entering', () => {
  it.each(majors)('sees layers that are added later, in %s, and error handlers', async (_, express) => {
    const { rage } = makeRage()
    const each = possible.find(({ name }) => name === 'a raw client of callbacks')!
    const app = express()
    app.use(rage.context())
    app.use((req, _res, next) => {
      Current.set({ user: req.get('user')! })
      next()
    })
    app.use(...made(each))
    const router = express.Router()
    app.use(router)
    await seenBy(app as unknown as RequestListener, each)

    router.use((_req, _res, next) => next(new Error('stop')))
    app.use(
      ((_error, _req, res, _next) =>
        void res.end(Current.get('user') ?? 'nobody')) as import('express').ErrorRequestHandler,
    )

    assert.deepEqual(await seenBy(app as unknown as RequestListener, each), everybodyRight)
  })

  it.each(majors)(
    'holds for the functions of param, of the app and of a router, in %s',
    async (_, express) => {
      const { rage } = makeRage()
      const each = possible.find(({ name }) => name === 'a raw client of callbacks')!
      const app = express()
      app.use(rage.context())
      app.use((req, _res, next) => {
        Current.set({ user: req.get('user')! })
        req.url = '/shops/1/orders/7'
        next()
      })
      app.use(...made(each))
      const router = express.Router({ mergeParams: true })
      router.use(...made(each))
      router.get('/orders/:order', (_req, res) => void res.end(res.locals.users.join()))
      app.param('shop', (_req, res, next) => {
        res.locals.users = [Current.get('user')]
        next()
      })
      router.param('order', (_req, res, next) => {
        res.locals.users.push(Current.get('user'))
        next()
      })
      app.use('/shops/:shop', router)

      const seen = await seenBy(app as unknown as RequestListener, each)

      for (const [user, users] of Object.entries(seen)) assert.equal(users, `${user},${user}`)
    },
  )

  it.each(majors)(
    'leaves a transaction alone that goes around the rest of the request, in %s',
    async (_, express) => {
      const { rage } = makeRage()
      const done: string[] = []
      const app = express()
      app.use(rage.context())
      app.use((_req, _res, next) => {
        const unit = rage.transaction()
        unit.run(() => next())
        unit.rollback()
      })
      app.use((_req, res) => {
        void rage.afterCommit(() => void done.push('committed'))
        res.end()
      })
      await seenBy(app as unknown as RequestListener, { name: '', make: () => ({ use: [] }) })

      assert.deepEqual(done, [])
    },
  )

  it('is told on the page as it is tested here', () => {
    const page = readFileSync('migration-guide/context.md', 'utf8')
    const rows = [...page.matchAll(/^\| ([^|]+?) \| (lost|kept) \|/gm)].map(([, name, verdict]) => [
      name,
      verdict,
    ])

    assert.deepEqual(rows.sort(), cases.map(({ name, loses }) => [name, loses ? 'lost' : 'kept']).sort())
  })
})
