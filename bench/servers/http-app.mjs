/**
 * Express apps that answer hello-JSON, in the variants that bench/passthrough.mjs and bench/dispatch.mjs
 * and bench/context.mjs compare. Arguments: the major of Express, the number of routes, and one or more variants, each served on
 * a port of its own: `express`, `empty` (a middleware that does nothing), `mounted` (owns nothing), `context`, `rage`
 * (owns all); `mounted-alone` and `rage-alone` with Express exchanging prototypes as without a mount.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Controller, createRage } from 'rage-js'
import { listen, ready } from '../support/in-child.mjs'

const [major, routes, ...variants] = process.argv.slice(2)
const count = Number(routes)
const express = createRequire(import.meta.url)(major === '4' ? 'express4' : 'express')

class ItemsController extends Controller {
  show() {
    return { message: 'Hello, World!', id: this.params.id }
  }
}

function createRuntime() {
  const storage = mkdtempSync(join(tmpdir(), 'rage-bench-'))
  process.on('exit', () => rmSync(storage, { recursive: true, force: true }))
  return createRage({ storage, logger: { level: 'silent', requests: false } })
}

function createApp(name) {
  const [variant, alone] = name.split('-')
  const app = express()
  if (variant === 'empty') app.use((_req, _res, next) => next())
  else if (variant === 'storage') {
    const store = new AsyncLocalStorage()
    app.use((_req, _res, next) => store.run({}, next))
  } else if (variant !== 'express') {
    const rage = createRuntime()
    if (variant === 'context') app.use(rage.context())
    if (variant === 'rage') {
      rage.routes((r) => {
        for (let n = 0; n < count; n++) r.get(`/items${n}/:id`, [ItemsController, 'show'])
      })
    }
    app.use(rage.mount({ presetPrototypes: alone === undefined }))
  }
  if (variant !== 'rage') {
    for (let n = 0; n < count; n++) {
      app.get(`/items${n}/:id`, (req, res) => {
        res.json({ message: 'Hello, World!', id: req.params.id })
      })
    }
  }
  return app
}

const ports = []
for (const variant of variants) ports.push(await listen(createServer(createApp(variant))))
ready({ port: ports[0], ports })
