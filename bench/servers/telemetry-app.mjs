/**
 * The sides of bench/telemetry.mjs: hello-JSON owned by a mount in Express 5, and a loop of jobs. Arguments: one or more
 * variants, each with a runtime and a port of its own: `idle` (nobody listens), `copy` and `stripped` (the same of a copy of
 * the build, and of one without call sites; their folders are in BENCH_BUILDS), `handler` (one handler of everything), `metrics` (all of them), `observed` (both).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { listen, ready } from '../support/in-child.mjs'

const require = createRequire(import.meta.url)
const variants = process.argv.slice(2)
/** Builds that are copies, by variant. */
const folders = JSON.parse(process.env.BENCH_BUILDS ?? '{}')
const sides = await Promise.all(variants.map(createSide))
ready(
  { ports: sides.map(({ port }) => port), port: sides[0].port },
  {
    jobs: ({ variant, total }) => sides[variants.indexOf(variant)].jobs(total),
    heard: (variant) => sides[variants.indexOf(variant)].heard(),
  },
)

async function createSide(variant) {
  // Required, as an Express app of its time does; the stripped build is no package.
  const { Controller, createRage, Task, TelemetryHandler } = require(
    folders[variant] === undefined ? 'rage-js' : join(folders[variant], 'src/index.js'),
  )
  class ItemsController extends Controller {
    show() {
      return { message: 'Hello, World!', id: this.params.id }
    }
  }
  let left = 0
  let finish = null
  class Noop extends Task {
    perform() {
      left -= 1
      if (left === 0) finish()
    }
  }
  let spans = 0
  class Everything extends TelemetryHandler {
    static {
      this.handle('*')
    }
    async call(_span, next) {
      const { error } = await next()
      if (error === null) spans += 1
    }
  }
  const storage = mkdtempSync(join(tmpdir(), 'rage-bench-'))
  process.on('exit', () => rmSync(storage, { recursive: true, force: true }))
  const isObserved = variant === 'observed'
  const rage = createRage({
    storage,
    signals: false,
    metrics: isObserved || variant === 'metrics',
    logger: { level: 'silent', requests: false },
  })
  if (isObserved || variant === 'handler') rage.register(Everything)
  rage.register(Noop)
  rage.routes((r) => r.get('/items/:id', [ItemsController, 'show']))
  const app = express()
  app.use(rage.mount())
  const port = await listen(createServer(app))
  await rage.boot()
  return {
    port,
    heard: () => spans,
    /** Jobs per second of CPU, from 64 callers until the last has run. */
    async jobs(total) {
      const before = process.cpuUsage()
      const finished = new Promise((resolve) => {
        left = total
        finish = resolve
      })
      let toCome = total
      const caller = async () => {
        while (toCome-- > 0) await Noop.enqueue()
      }
      await Promise.all(Array.from({ length: 64 }, caller))
      await finished
      const { user, system } = process.cpuUsage(before)
      return total / ((user + system) / 1e6)
    },
  }
}
