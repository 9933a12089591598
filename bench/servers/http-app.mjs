/**
 * An Express app that answers hello-JSON, in the variants that bench/passthrough.mjs and bench/dispatch.mjs
 * compare. Arguments: the stack (`express`, `mounted`, `context`, `rage`), the number of routes, the major.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Controller, createRage } from 'rage-js'
import { listen, ready } from '../support/in-child.mjs'

const [stack, routes = '1', major = '5'] = process.argv.slice(2)
const count = Number(routes)
const express = createRequire(import.meta.url)(major === '4' ? 'express4' : 'express')

class ItemsController extends Controller {
  show() {
    return { message: 'Hello, World!', id: this.params.id }
  }
}

const app = express()
if (stack !== 'express') {
  const storage = mkdtempSync(join(tmpdir(), 'rage-bench-'))
  process.on('exit', () => rmSync(storage, { recursive: true, force: true }))
  const rage = createRage({ storage, logger: { level: 'silent', requests: false } })
  if (stack === 'rage') {
    rage.routes((r) => {
      for (let n = 0; n < count; n++) r.get(`/items${n}/:id`, [ItemsController, 'show'])
    })
  }
  if (stack === 'context') app.use(rage.context())
  app.use(rage.mount())
}
if (stack !== 'rage') {
  for (let n = 0; n < count; n++) {
    app.get(`/items${n}/:id`, (req, res) => {
      res.json({ message: 'Hello, World!', id: req.params.id })
    })
  }
}

ready({ port: await listen(createServer(app)) })
