import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import { describe, it } from 'vitest'
import { CurrentAttributes } from '../../../src'
import { currentContext } from '../../../src/context'
import { atEnd, makeRage } from '../../runtime/support/runtimes'

class Current extends CurrentAttributes<{ user: string }> {}

async function answer(app: Express, path = '/'): Promise<{ status: number; text: string }> {
  const server = createServer(app as unknown as RequestListener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)
  return { status: response.status, text: await response.text() }
}

const tell = (_req: unknown, res: { end: (text: string) => void }): void =>
  res.end(String(currentContext()?.kind))

describe('context: the router of an app in Express 5', () => {
  it('is entered in the context where rage.context() comes first, its layer being passed over', async () => {
    const { rage } = makeRage()
    const app = express()
    app.use(rage.context())
    app.use(tell)

    assert.equal((await answer(app)).text, 'request')
    assert.equal((app.router.stack[0] as unknown as { match: (path: string) => unknown }).match('/'), false)
  })

  it('is left alone where something comes before it, such as a middleware that gives requests an id', async () => {
    const { rage } = makeRage()
    const app = express()
    app.use((req, _res, next) => {
      Object.assign(req, { id: 'given' })
      assert.equal(currentContext(), null)
      next()
    })
    app.use(rage.context())
    app.use((_req, res) => void res.end(currentContext()!.requestId))

    assert.equal((await answer(app)).text, 'given')
  })

  it('is left alone where the context is for some paths only', async () => {
    const { rage } = makeRage()
    const app = express()
    app.use('/api', rage.context())
    app.use(tell)

    assert.equal((await answer(app, '/api/x')).text, 'request')
    assert.equal((await answer(app, '/other')).text, 'undefined')
  })

  it('has its errors handled by the app, and those of a sub-app by whom it is mounted in', async () => {
    const { rage } = makeRage()
    const inner = express()
    inner.use(rage.context())
    inner.use((_req, _res, next) => {
      Current.set({ user: 'ada' })
      next(new Error('inner'))
    })
    const app = express()
    app.use('/sub', inner)
    app.use(
      ((error, _req, res, _next) =>
        void res
          .status(418)
          .end(`${error.message} ${Current.get('user')}`)) as import('express').ErrorRequestHandler,
    )

    assert.deepEqual(await answer(app, '/sub'), { status: 418, text: 'inner ada' })
  })
})
