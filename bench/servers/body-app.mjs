/**
 * An Express 5 app with a mount that owns `POST /orders`, for bench/body.mjs. Arguments: variants, each served on a port
 * of its own: `rage` (the body is parsed by us), `express` (by `express.json()` before the mount).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { Controller, createRage } from 'rage-js'
import { listen, ready } from '../support/in-child.mjs'

class OrdersController extends Controller {
  create() {
    return { lines: this.params.order.lines.length }
  }
}

function createApp(variant) {
  const storage = mkdtempSync(join(tmpdir(), 'rage-bench-'))
  process.on('exit', () => rmSync(storage, { recursive: true, force: true }))
  const rage = createRage({ storage, logger: { level: 'silent', requests: false } })
  rage.routes((r) => r.post('/orders', [OrdersController, 'create']))
  const app = express()
  if (variant === 'express') app.use(express.json())
  app.use(rage.mount())
  return app
}

const ports = []
for (const variant of process.argv.slice(2)) ports.push(await listen(createServer(createApp(variant))))
ready({ port: ports[0], ports })
