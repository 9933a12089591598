/**
 * Puts requests back into their context at every layer behind `rage.context()`. A middleware that calls `next()` from a
 * callback of a shared connection, a queue or an emitter takes the rest of the request into the context of whoever opened
 * that, or into none. Each layer of the app, of its routes and of its routers, and each function for a parameter, therefore
 * first looks whether it runs in a context of its own request. One comparison where it does: bench/context.mjs.
 */
import { currentContext, runInContext } from '../../src/context'
import type { Request } from '../../src/http'
import type { HostedApplication } from '../../src/runtime'
import { type Layer, layersOf, paramsOf } from './router-stack'

type CallRequest = (this: unknown, req: Request, res: unknown, next: unknown) => unknown
type CallParam = (req: Request, res: unknown, next: unknown, value: unknown, name: unknown) => unknown
type CallError = (this: unknown, error: unknown, req: Request, res: unknown, next: unknown) => unknown

/** A layer of Express 5 or 4; where it has other methods, it is left alone. */
interface CalledLayer extends Layer {
  readonly route?: { readonly stack?: readonly Layer[] }
  handleRequest?: CallRequest
  handleError?: CallError
  handle_request?: CallRequest
  handle_error?: CallError
}

/** A stack of layers, and how many it had when they were last looked at. */
interface Watched {
  readonly stack: readonly Layer[]
  /** Whose stack it is: an app or router; `null` = a route, which has no parameters of its own. */
  readonly owner: unknown
  /** Those up to it come before the context. */
  readonly after: Layer | null
  length: number
}

export class Reentry {
  readonly #app: HostedApplication
  readonly #known = new WeakSet<Layer>()
  readonly #knownParams = new WeakSet<CallParam>()
  #parent: unknown = null
  #layer: Layer | null = null
  #watched: Watched | null = null

  constructor(app: HostedApplication) {
    this.#app = app
  }

  /** @param layer of the context, in the stack of `parent`. */
  mountedAt(parent: unknown, layer: Layer): void {
    // In a second app there would be two stacks to look at for each request: there, only its own layer enters.
    if (this.#parent !== null) return
    this.#parent = parent
    this.#layer = layer
  }

  /** Called with each request: layers that have come since the last one are seen to. */
  update(): void {
    if (this.#watched !== null) {
      if (this.#watched.stack.length !== this.#watched.length) this.#look(this.#watched)
      return
    }
    if (this.#parent === null) return
    const stack = layersOf(this.#parent)
    if (stack === null) this.#parent = null
    else {
      this.#watched = { stack, owner: this.#parent, after: this.#layer, length: 0 }
      this.#look(this.#watched)
    }
  }

  #look(watched: Watched): void {
    const { stack, owner, after } = watched
    watched.length = stack.length
    // Called before the layer they are for. They come with their routes: when those have come, so have they.
    for (const functions of paramsOf(owner)) this.#enterAtParam(functions)
    for (const layer of stack.slice(after === null ? 0 : stack.indexOf(after) + 1)) {
      if (this.#known.has(layer)) continue
      this.#known.add(layer)
      this.#enterAt(layer)
    }
  }

  #enterAt(layer: CalledLayer): void {
    const { route, handle } = layer
    const stack = route?.stack ?? layersOf(handle)
    const owner = route === undefined ? handle : null
    const inner: Watched | null = Array.isArray(stack) ? { stack, owner, after: null, length: 0 } : null
    if (inner !== null) this.#look(inner)
    for (const name of ['handleRequest', 'handle_request'] as const) {
      const call = layer[name]
      if (typeof call === 'function') layer[name] = this.#enteringRequest(call, inner)
    }
    for (const name of ['handleError', 'handle_error'] as const) {
      const call = layer[name]
      if (typeof call === 'function') layer[name] = this.#enteringError(call)
    }
  }

  #enterAtParam(functions: unknown[]): void {
    for (const [index, call] of functions.entries()) {
      if (typeof call !== 'function' || this.#knownParams.has(call as CallParam)) continue
      const enter = this.#enteringParam(call as CallParam)
      this.#knownParams.add(enter)
      functions[index] = enter
    }
  }

  #enteringParam(call: CallParam): CallParam {
    const app = this.#app
    return function enter(req, res, next, value, name) {
      if (currentContext()?.isOf(req) === true) return call(req, res, next, value, name)
      const context = app.knownContextOf(req)
      if (context === null) return call(req, res, next, value, name)
      return runInContext(context, () => call(req, res, next, value, name))
    }
  }

  #enteringRequest(call: CallRequest, inner: Watched | null): CallRequest {
    const app = this.#app
    const look = (watched: Watched): void => this.#look(watched)
    return function enter(this: unknown, req, res, next) {
      if (inner !== null && inner.stack.length !== inner.length) look(inner)
      if (currentContext()?.isOf(req) === true) return call.call(this, req, res, next)
      const context = app.knownContextOf(req)
      if (context === null) return call.call(this, req, res, next)
      return runInContext(context, () => call.call(this, req, res, next))
    }
  }

  #enteringError(call: CallError): CallError {
    const app = this.#app
    return function enter(this: unknown, error, req, res, next) {
      if (currentContext()?.isOf(req) === true) return call.call(this, error, req, res, next)
      const context = app.knownContextOf(req)
      if (context === null) return call.call(this, error, req, res, next)
      return runInContext(context, () => call.call(this, error, req, res, next))
    }
  }
}
