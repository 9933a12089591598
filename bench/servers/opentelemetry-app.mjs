/**
 * Express 5 apps that answer hello-JSON and are traced, with the SDK's own batches and an exporter that drops them.
 * Arguments: one or more variants, each served on a port of its own: `official` (the instrumentations of http and express),
 * `owned` (a mount that owns the route, with `openTelemetry()`), `legacy` (the route is Express's, behind
 * `rage.context()`); `owned-off` is without an SDK, and `owned-untraced` without `openTelemetry()` too.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen, ready } from '../support/in-child.mjs'

const require = createRequire(import.meta.url)
const variants = process.argv.slice(2)
if (!variants.every((variant) => variant.includes('-'))) startSdk()

const express = require('express')
const ports = []
for (const variant of variants) ports.push(await listen(createServer(createApp(variant))))
ready({ port: ports[0], ports })

function createApp(name) {
  const [variant, less] = name.split('-')
  const app = express()
  if (variant !== 'official') app.use(handlerOfRage(variant, less))
  if (variant !== 'owned') {
    app.get('/items0/:id', (req, res) => {
      res.json({ message: 'Hello, World!', id: req.params.id })
    })
  }
  return app
}

function startSdk() {
  const { context, trace } = require('@opentelemetry/api')
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
  const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base')
  const exporter = { export: (_spans, done) => done({ code: 0 }), shutdown: async () => undefined }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager())
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }),
  )
  if (!variants.includes('official')) return
  const { registerInstrumentations } = require('@opentelemetry/instrumentation')
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
  const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express')
  registerInstrumentations({ instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()] })
}

function handlerOfRage(variant, less) {
  const { Controller, createRage } = require('rage-js')
  const { openTelemetry } = require('rage-js/opentelemetry')
  const storage = mkdtempSync(join(tmpdir(), 'rage-bench-'))
  process.on('exit', () => rmSync(storage, { recursive: true, force: true }))
  const rage = createRage({
    storage,
    logger: { level: 'silent', requests: false },
    tracing: less === 'untraced' ? null : openTelemetry(),
  })
  if (variant === 'legacy') return rage.context()
  class ItemsController extends Controller {
    show() {
      return { message: 'Hello, World!', id: this.params.id }
    }
  }
  rage.routes((r) => r.get('/items0/:id', [ItemsController, 'show']))
  return rage.mount()
}
