import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { makeRage, temporaryFolder } from '../../runtime/support/runtimes'
import { ask, type Loose, standalone } from './support/sides'

describe('connect views', () => {
  const views = (): string => {
    const made = temporaryFolder()
    for (const name of ['hello.tpl', 'hello.none', 'hello.engine', 'hello.path'])
      writeFileSync(join(made, name), 'hello %name% of %shop%')
    return made
  }
  const engine = (path: string, locals: Loose, done: Loose): void =>
    void import('node:fs').then(({ readFileSync }) =>
      done(
        null,
        readFileSync(path, 'utf8').replace(/%(\w+)%/g, (_match, name: string) => locals[name]),
      ),
    )

  it('uses the engines registered, with the locals of app, response and call', async () => {
    const handler = (req: Loose, res: Loose) => {
      req.app.locals.shop = 'app'
      res.locals.name = 'response'
      res.render('hello', { name: 'call' })
    }
    const listener = standalone(5, [handler], { views: views(), 'view engine': 'tpl' }, (rage) =>
      rage.engine('tpl', engine),
    )

    const seen = await ask(listener)

    assert.equal(seen.body, 'hello call of app')
    assert.equal(seen.headers['content-type'], 'text/html; charset=utf-8')
  })

  it.each([
    ['none.tpl', 'RAGE_CONNECT_VIEW_NOT_FOUND'],
    ['hello.none', 'RAGE_CONNECT_NO_VIEW_ENGINE'],
    ['hello', 'RAGE_CONNECT_NO_VIEW_ENGINE'],
    ['none.path', 'RAGE_CONNECT_VIEW_NOT_FOUND'],
  ])('hands the error of %s to next', async (view, code) => {
    const listener = standalone(
      5,
      [(_req, res) => res.render(view, {}, (error: Loose) => res.end(error.code))],
      { views: views() },
      (rage) => rage.engine('.tpl', engine),
    )

    assert.equal((await ask(listener)).body, code)
  })
})

describe.each([4, 5] as const)('connect views: without an engine registered, Express %s', (major) => {
  /** An application with a package of that name. */
  function appWith(name: string, source: string): string {
    const root = temporaryFolder()
    mkdirSync(join(root, 'node_modules', name), { recursive: true })
    writeFileSync(join(root, 'node_modules', name, 'index.js'), source)
    mkdirSync(join(root, 'views'))
    writeFileSync(join(root, `views/hello.${name}`), 'hello')
    return root
  }
  function rendering(root: string, view: string): RequestListener {
    const { rage } = makeRage({ root, connect: { express: major }, logger: { requests: false } })
    const handler = (_req: Loose, res: Loose): void =>
      res.render(view, { name: 'ada' }, (error: Loose, text: Loose) => res.send(text ?? error.message))
    rage.routes((r) => r.get('/x', handler))
    return rage.handler()
  }

  it('loads the module of the extension from the application', async () => {
    const root = appWith(
      'tea',
      'exports.__express = (path, locals, done) => done(null, "tea for " + locals.name)',
    )

    assert.equal((await ask(rendering(root, 'hello.tea'))).body, 'tea for ada')
  })

  it('says that a module is no engine', async () => {
    const root = appWith('tea', 'exports.render = () => undefined')

    assert.match(
      (await ask(rendering(root, 'hello.tea'))).body,
      /^RAGE_CONNECT_NO_VIEW_ENGINE: The view "hello.tea" cannot be rendered: the module "tea" does not provide a view engine\. /,
    )
  })

  it('loads no module for a view that is not there', async () => {
    const root = appWith('tea', 'throw new Error("loaded")')

    assert.match((await ask(rendering(root, 'other.tea'))).body, /^RAGE_CONNECT_VIEW_NOT_FOUND: /)
  })
})
