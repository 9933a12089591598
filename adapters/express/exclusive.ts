/**
 * What `mount({ exclusive: true })` does with a request that no route takes: below the prefixes of owned routes it
 * is refused, so that legacy code that is to be gone cannot answer; elsewhere it falls through as ever.
 */
import type { Request, Response } from '../../src/http'
import {
  type Done,
  type HostedApplication,
  MethodNotAllowedError,
  RouteNotFoundError,
} from '../../src/runtime'
import type { Routing } from './settings'

interface Missed {
  readonly req: Request
  readonly res: Response
  readonly pathname: string
  readonly rules: Routing
}

/** Passes the request on, answers OPTIONS with the methods there are, or hands `next` a 404 or 405. */
export function refuseOwned(app: HostedApplication, { req, res, pathname, rules }: Missed, next: Done): void {
  // `http://user@host/orders`: Express finds a path in it, and we none. Nobody who means well sends that.
  if (!/^[/*]/.test(pathname))
    return next(new RouteNotFoundError({ method: req.method ?? 'GET', path: pathname }))
  const isBelow = app.ownsPrefix(pathname, rules)
  if (!isBelow && !app.ownsPath(pathname)) return next()
  const method = req.method ?? 'GET'
  const allow = app.allowedMethods(pathname, rules, req).join(', ')
  if (allow === '') return isBelow ? next(new RouteNotFoundError({ method, path: pathname })) : next()
  res.setHeader('Allow', allow)
  if (method !== 'OPTIONS') return next(new MethodNotAllowedError({ method, path: pathname, allow }))
  res.statusCode = 204
  res.end()
}
