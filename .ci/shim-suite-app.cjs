/**
 * What `.ci/shim-suite.mjs` puts in the place of Express: `express()` and `express.Router()` collect layers. An app is a
 * runtime with a mount at its root, which calls the layers one after the other; each layer with a path is a route of a
 * runtime of its own, so that they keep their order. Nothing of Express takes part in a request, its middlewares
 * (`express.json`, `express.static`) excepted, which are packages of their own.
 */
'use strict'
const { METHODS, createServer } = require('node:http')
const { join } = require('node:path')

/** Replaces what `require('express')` answers in this process. */
exports.standIn = ({ checkout, major, scratch, dist }) => {
  const { createRage } = require(join(dist, 'src/index.js'))
  const file = require.resolve(join(checkout, 'lib/express.js'))
  const express = require(file)
  let count = 0

  const runtimeWith = (settings) =>
    createRage({
      root: checkout,
      environment: 'development',
      storage: join(scratch, String(count++)),
      signals: false,
      logger: { level: 'silent', requests: false },
      connect: { express: major, settings },
    })

  /** A handler for what `draw` puts into a runtime. */
  const serving = (draw, { settings = {}, engines = [] } = {}) => {
    const rage = runtimeWith(settings)
    for (const [extension, render] of engines) rage.engine(extension, render)
    rage.routes(draw)
    return rage.handler()
  }

  function createApplication() {
    const settings = {}
    const engines = []
    const app = createRouter({ settings, engines })
    const { get } = app
    app.locals = {}
    app.settings = settings
    app.use((req, _res, next) => {
      Object.assign(req.app.locals, app.locals)
      next()
    })
    app.set = (name, ...value) => {
      if (value.length === 0) return settings[name]
      // Refuses at once what it does not know, as Express does.
      runtimeWith({ [name]: value[0] })
      settings[name] = value[0]
      return app
    }
    app.get = (path, ...handlers) => (handlers.length === 0 ? settings[path] : get(path, ...handlers))
    app.enable = (name) => app.set(name, true)
    app.disable = (name) => app.set(name, false)
    app.engine = (extension, render) => {
      engines.push([extension, render])
      return app
    }
    app.listen = (...args) => createServer(app).listen(...args)
    return app
  }

  /** A function for servers and for `use`. */
  function createRouter(made) {
    const layers = []
    let handler
    const router = (req, res, next) => {
      handler ??= serving((r) => r.mount('/', inSequence(layers)), made)
      handler(req, res, next)
    }
    const add = (path, handlers, draw) => {
      for (const handle of handlers.flat(Number.POSITIVE_INFINITY))
        layers.push(path === '/' && draw === null ? handle : serving((r) => draw(r, path, handle)))
      return router
    }
    router.use = (...args) => {
      const path = typeof args[0] === 'string' ? args.shift() : '/'
      return add(path, args, path === '/' ? null : (r, at, handle) => r.mount(at, handle))
    }
    router.all = (path, ...handlers) =>
      add(path, handlers, (r, at, handle) => r.match(at, handle, { via: 'all' }))
    for (const verb of METHODS.map((method) => method.toLowerCase()))
      router[verb] = (path, ...handlers) =>
        add(path, handlers, (r, at, handle) => r.match(at, handle, { via: [verb] }))
    return router
  }

  createApplication.Router = () => createRouter()
  for (const name of ['json', 'raw', 'static', 'text', 'urlencoded']) createApplication[name] = express[name]
  require.cache[file].exports = createApplication
}

/** One handler that calls the layers in turn, those with four parameters for errors. */
function inSequence(layers) {
  return (req, res, done) => {
    const from = (index) => (error) => {
      const isError = Boolean(error) && error !== 'route'
      const at = layers.findIndex((layer, place) => place >= index && (layer.length === 4) === isError)
      if (at === -1) return done(error)
      const next = from(at + 1)
      req.next = next
      try {
        const answer = isError ? layers[at](error, req, res, next) : layers[at](req, res, next)
        if (answer instanceof Promise) answer.catch(next)
      } catch (thrown) {
        next(thrown)
      }
    }
    from(0)()
  }
}
