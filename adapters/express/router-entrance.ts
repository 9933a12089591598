/**
 * Spares a request the way through the layer of `rage.context()`, which costs what an empty middleware costs, some 4 % of a
 * hello-JSON request: where that is the first layer of an app of Express 5, its router is entered in the context, and the
 * layer matches nothing. By then Express has given the request its prototypes, as for a layer. Source: bench/context.mjs.
 */
import type { Middleware } from '../../src/runtime'
import { type Layer, layersOf } from './router-stack'

type Router = Middleware & { handle?: Middleware }

/**
 * @param layer of the context, in the stack of `parent`, for all paths.
 * @param enter calls `next` in the context of the request.
 * @returns whether it is done: elsewhere, the layer stays what it is.
 */
export function enterAtRouter(parent: unknown, layer: Layer, enter: Middleware): boolean {
  // Express 4 makes requests its own in a layer: no router is entered with them.
  const app = parent as { lazyrouter?: unknown; router?: Router }
  if (app.lazyrouter !== undefined || layersOf(parent)?.[0] !== layer) return false
  const { router } = app
  if (typeof router !== 'function' || typeof router.handle !== 'function') return false
  const { handle } = router
  router.handle = function enterRouter(this: unknown, req, res, done) {
    let isInside = false
    try {
      enter(req, res, () => {
        isInside = true
        handle.call(this as never, req, res, done)
      })
    } catch (error) {
      // Nobody catches what a router throws.
      if (isInside) throw error
      done(error)
    }
  }
  layer.match = () => false
  return true
}
