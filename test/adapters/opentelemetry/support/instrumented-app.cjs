// An Express app with a mount, as a process of its own: the instrumentations patch modules for good.
const { ORDER, CONTEXT, LOSSY, EXPRESS = 'express', STORAGE } = process.env
if (ORDER === 'rage first') {
  require('rage-js')
  require('rage-js/opentelemetry')
}
if (ORDER !== 'sdk by --require') require('./instrumented-setup.cjs')

const express = require(EXPRESS)
const { Channel, Connection, Controller, createRage } = require('rage-js')
const { openTelemetry } = require('rage-js/opentelemetry')
const { trace } = require('@opentelemetry/api')

class ArticlesController extends Controller {
  async show() {
    await new Promise((resolve) => setImmediate(resolve))
    trace.getTracer('pg').startSpan('SELECT').end()
    this.logger.info('shown')
    return { slug: this.params.slug }
  }
}

class AppConnection extends Connection {}
class ChatChannel extends Channel {}

const lines = []
const rage = createRage({
  storage: STORAGE,
  signals: false,
  logger: {
    format: 'json',
    level: 'info',
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  },
  tracing: openTelemetry(),
})
rage.register(AppConnection, ChatChannel)
rage.routes((r) => {
  r.get('/articles/:slug', [ArticlesController, 'show'])
  r.get('/healthz', [ArticlesController, 'show'])
})

const app = express()
if (CONTEXT === 'true') app.use(rage.context())
if (LOSSY === 'true') app.use(lossy())
app.use('/api', rage.mount())
app.use(rage.mount())
app.get('/users/:id', (req, res) => res.json({ id: req.params.id }))

/** A store whose callbacks come from one timer, outside of any request. */
function lossy() {
  const waiting = []
  setInterval(() => {
    for (const wake of waiting.splice(0)) wake()
  }, 5).unref()
  return (_req, _res, next) => void waiting.push(next)
}

process.on('disconnect', () => process.exit(0))
process.on('message', async () => {
  await globalThis.flushSpans()
  process.send({ lines })
})
const server = app.listen(0, '127.0.0.1', async () => {
  await rage.boot()
  process.send({ port: server.address().port })
})
