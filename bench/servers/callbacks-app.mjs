/**
 * Runtimes without Express that answer hello-JSON, for bench/callbacks.mjs. Arguments: variants, each served on a port
 * of its own: `none`, `five` (two before-actions by name, one with a condition, two after-actions), `around` (four of
 * them in an around-action, which is asynchronous).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Controller, createRage } from 'rage-js'
import { listen, ready } from '../support/in-child.mjs'

const chains = {
  none() {},
  five(controller) {
    controller.beforeAction('authenticate')
    controller.beforeAction('authorize', { only: ['show'] })
    controller.beforeAction('load', { unless: (it) => it.user === null })
    controller.afterAction('check')
    controller.afterAction('count')
  },
  around(controller) {
    controller.aroundAction('within')
    controller.beforeAction('authenticate')
    controller.beforeAction('authorize', { only: ['show'] })
    controller.beforeAction('load', { unless: (it) => it.user === null })
    controller.afterAction('check')
  },
}

function createController(variant) {
  return class HelloController extends Controller {
    static {
      chains[variant](this)
    }
    user = null
    message = ''
    counted = 0

    show() {
      return { message: 'Hello, World!' }
    }
    authenticate() {
      this.user = { name: 'ann' }
    }
    authorize() {
      if (this.user === null) this.head(401)
    }
    load() {
      this.message = 'Hello, World!'
    }
    check() {
      if (this.rendered.status !== 200) throw new Error('not answered')
    }
    count() {
      this.counted += 1
    }
    async within(next) {
      await next()
    }
  }
}

function createHandler(variant) {
  const storage = mkdtempSync(join(tmpdir(), 'rage-bench-'))
  process.on('exit', () => rmSync(storage, { recursive: true, force: true }))
  const rage = createRage({ storage, logger: { level: 'silent', requests: false } })
  return rage.routes((r) => r.get('/hello', [createController(variant), 'show'])).handler()
}

const ports = []
for (const variant of process.argv.slice(2)) ports.push(await listen(createServer(createHandler(variant))))
ready({ port: ports[0], ports })
