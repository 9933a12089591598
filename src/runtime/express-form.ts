/**
 * What handlers and middleware in Express's form find on a request, and how they are called. Whatever is changed for
 * them on a request that a host goes on with is put back.
 */
import type { IncomingMessage } from 'node:http'
import type { Request, Response } from '../http'
import { isThenable } from '../kernel'
import type { Done, Surface } from './host'
import type { Handler, OwnedMatch } from './owned-routes'

interface Entering {
  readonly surface: Surface
  readonly match: OwnedMatch
  readonly req: Request
  readonly res: Response
}

/** @returns `done`, behind which the request has its own `params` and `next` again. */
export function enterExpressForm({ surface, match, req, res }: Entering, done: Done): Done {
  // Does nothing where Express is around.
  surface.dress(req, res, done)
  const { params, next } = req
  const { route } = match.store.value
  req.params = match.params
  // Stays, as in Express: error middleware and loggers read which route it was.
  if (route !== null) req.route = route
  return (error) => {
    req.params = params
    req.next = next
    done(error)
  }
}

/** As Express 5 calls a handler, in both majors and also when the request had to wait for boot: nothing gets lost. */
export function callHandler(handler: Handler, req: Request, res: Response, next: Done): void {
  // `res.format`, `res.sendFile` and `res.render` hand it their errors.
  req.next = next
  try {
    const answer = handler(req, res, next)
    if (isThenable(answer)) answer.then(undefined, (error: unknown) => next(failureOf(error)))
  } catch (error) {
    next(failureOf(error))
  }
}

/** What the host takes for a failure: `next(undefined)`, `next('route')` and `next('router')` pass the request on. */
export function failureOf(thrown: unknown): unknown {
  if (thrown && thrown !== 'route' && thrown !== 'router') return thrown
  return new Error(`An action threw ${String(thrown)}.`)
}

/**
 * Shows a request to constraints as handlers will see it: `req.hostname` knows which proxies to believe, by the same
 * settings. Nothing stays on it.
 */
export function asHandlersSee<T>(request: IncomingMessage, prototype: object, look: () => T): T {
  // Express has been here, or another host that made the request its own.
  if ((request as { app?: unknown }).app !== undefined) return look()
  const bare = Object.getPrototypeOf(request)
  Object.setPrototypeOf(request, prototype)
  try {
    return look()
  } finally {
    Object.setPrototypeOf(request, bare)
  }
}
