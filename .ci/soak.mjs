/**
 * Sends many requests through an Express app with a mount, owned and legacy ones, and reports how the heap after garbage
 * collection grew; then aborts requests midway and counts what is left of them. Exits with 1 beyond the limits.
 *
 *     npm run build && node --expose-gc .ci/soak.mjs [REQUESTS=1000000] [ABORTED=10000] [MAJOR=5]
 *
 * Limits: 2 MB of heap; no listener, socket, file or request more than before.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const [requests = 1_000_000, aborted = 10_000, major = 5] = process.argv.slice(2).map(Number)
const require = createRequire(import.meta.url)
const express = require(major === 4 ? 'express4' : 'express')
const { Controller, createRage } = require(resolve(import.meta.dirname, '../dist/src/index.js'))
const limitBytes = 2 * 1024 * 1024
/** Requests of one connection that are under way together. */
const batch = 50

class SoakController extends Controller {
  show() {
    return { id: this.params.id }
  }
  create() {
    return { body: this.params.a }
  }
  async slow() {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return { slow: true }
  }
}

const storage = mkdtempSync(join(tmpdir(), 'rage-soak-'))
process.on('exit', () => rmSync(storage, { recursive: true, force: true }))
const rage = createRage({ storage, signals: false, logger: { level: 'silent' } })
rage.routes((r) => {
  r.get('/owned/:id', [SoakController, 'show'])
  r.post('/owned', [SoakController, 'create'])
  r.get('/slow', [SoakController, 'slow'])
})
const app = express()
app.use(rage.context(), rage.mount())
app.get('/legacy/:id', (req, res) => res.json({ id: req.params.id }))
app.use((_error, _req, res, _next) => res.headersSent || res.status(400).end())
const server = createServer(app)
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
await rage.boot()

const body = '{"a":"b"}'
const lines = [
  'GET /owned/7 HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /legacy/7 HTTP/1.1\r\nHost: x\r\n\r\n',
  `POST /owned HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  'GET /none HTTP/1.1\r\nHost: x\r\n\r\n',
]
const pipelined = Array.from({ length: batch }, (_, n) => lines[n % lines.length]).join('')

await send(Math.min(requests, 30_000))
const before = await settledHeap()
const rest = openThings()
const start = Date.now()
await send(requests)
const grown = (await settledHeap()) - before
const perSecond = Math.round((requests / (Date.now() - start)) * 1_000)
console.log(
  `${requests} requests (${perSecond} a second), Express ${major}: the heap grew by ${megabytes(grown)}`,
)

await abort(aborted)
await new Promise((resolve) => setTimeout(resolve, 200))
const afterAborts = (await settledHeap()) - before
const left = openThings()
console.log(
  `${aborted} aborted: heap ${megabytes(afterAborts)}, ${JSON.stringify(rest)} before, ${JSON.stringify(left)} after`,
)
const { finished, abandoned } = await rage.drain()
console.log(`drain: ${finished} finished, ${abandoned.length} abandoned`)

const leaks = JSON.stringify(rest) !== JSON.stringify(left) || abandoned.length > 0
process.exitCode = grown > limitBytes || afterAborts > limitBytes || leaks ? 1 : 0
await rage.stop()
server.closeAllConnections()
server.close()

/** Over one connection, `batch` at a time. */
function send(count) {
  return new Promise((resolve, reject) => {
    const socket = connect(server.address().port, '127.0.0.1')
    let sent = 0
    let answered = 0
    const next = () => {
      if (sent >= count) return socket.end(resolve)
      sent += batch
      socket.write(pipelined)
    }
    socket.setEncoding('latin1')
    let tail = ''
    socket.on('data', (chunk) => {
      const text = tail + chunk
      answered += text.split('HTTP/1.1 ').length - 1
      // A status line may be cut in two; what is kept is shorter than what is counted.
      tail = text.slice(-8)
      if (answered >= sent) next()
    })
    socket.on('error', reject)
    next()
  })
}

/** Leaves in the middle of a body, while an action runs, and while it answers. */
async function abort(count) {
  const ways = [
    `POST /owned HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n${body.slice(0, 4)}`,
    'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /owned/7 HTTP/1.1\r\nHost: x\r\n\r\n',
  ]
  for (let done = 0; done < count; done += batch) {
    await Promise.all(
      Array.from({ length: batch }, (_, n) => {
        const socket = connect(server.address().port, '127.0.0.1')
        return new Promise((resolve) => {
          socket.on('error', () => undefined)
          socket.on('close', resolve)
          socket.on('connect', () => {
            socket.write(ways[n % ways.length])
            setTimeout(() => socket.destroy(), n % 5)
          })
        })
      }),
    )
  }
}

async function settledHeap() {
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    globalThis.gc()
  }
  return process.memoryUsage().heapUsed
}

function openThings() {
  const listeners = process.eventNames().reduce((sum, event) => sum + process.listenerCount(event), 0)
  const files = readdirSync('/proc/self/fd').length
  const sockets = process.getActiveResourcesInfo().filter((kind) => /TCPSocket|FS/.test(kind)).length
  return { listeners, files, sockets }
}

function megabytes(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(2)} MB`
}
