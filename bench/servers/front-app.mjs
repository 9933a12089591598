/**
 * Servers that answer hello-JSON, for bench/front.mjs. Argument: variants, each served on a port of its own: `front`
 * (a runtime in front of an Express 5 app), `handler` (the same without Express), `express` (5), `fastify` (5),
 * `http` (Node alone, answering the same bytes as `front`).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import fastify from 'fastify'
import { Controller, createRage } from 'rage-js'
import { listen, ready } from '../support/in-child.mjs'

class HelloController extends Controller {
  show() {
    return { message: 'Hello, World!' }
  }
}

function createRuntime() {
  const storage = mkdtempSync(join(tmpdir(), 'rage-bench-'))
  process.on('exit', () => rmSync(storage, { recursive: true, force: true }))
  const rage = createRage({ storage, logger: { level: 'silent', requests: false } })
  return rage.routes((r) => r.get('/hello', [HelloController, 'show']))
}

function createApp() {
  const app = express()
  app.get('/hello', (_req, res) => {
    res.json({ message: 'Hello, World!' })
  })
  return app
}

const servers = {
  front: () => createServer(createRuntime().front(createApp())),
  handler: () => createServer(createRuntime().handler()),
  express: () => createServer(createApp()),
  async fastify() {
    const app = fastify()
    app.get('/hello', async () => ({ message: 'Hello, World!' }))
    await app.ready()
    return createServer((req, res) => app.routing(req, res))
  },
  http: () =>
    createServer((_req, res) => {
      const body = JSON.stringify({ message: 'Hello, World!' })
      res.writeHead(200, {
        'Content-Type': 'application/json; charset=utf-8',
        'Content-Length': Buffer.byteLength(body),
      })
      res.end(body)
    }),
}

const ports = []
for (const variant of process.argv.slice(2)) ports.push(await listen(await servers[variant]()))
ready({ port: ports[0], ports })
