/**
 * `rage.handler()`: owned routes without any framework around them. What no route owns is answered here as
 * Express would answer it (404, automatic OPTIONS), and stricter where HTTP asks for it (405 with `Allow`, 400
 * for malformed escapes). With a `next`, as Connect passes one, it falls through like the mount.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pathnameOf, type Request, type Response } from '../http'
import { MalformedUrlError, MethodNotAllowedError, RouteNotFoundError } from './errors'
import type { Done, Entry, Fail, Host, HostedApplication, Surface } from './host'

interface Parts {
  readonly app: HostedApplication
  readonly host: Host
  readonly surface: Surface
  readonly fail: Fail
}

export function createHandler({ app, host, surface, fail }: Parts): Entry {
  const { response, routing } = surface

  const handle = (req: Request, res: Response, next?: Done): void => {
    const pathname = pathnameOf(req.url ?? '/')
    if (app.cablePath === pathname && req.headers.upgrade !== undefined) return host.takeUpgrade(req, res)
    const match = app.find(req.method!, pathname, routing, req)
    if (match !== null)
      return app.serve(match, req, res, response, next ?? ((error) => settle(req, res, pathname, error)))
    if (next !== undefined) return next()
    miss(req, res, pathname)
  }

  /** An owned route has passed the request on, with or without an error. */
  const settle = (req: Request, res: Response, pathname: string, error: unknown): void => {
    if (error && error !== 'route' && error !== 'router') return fail(req, res, error)
    // As Express's last layer: a handler that has answered and then calls next() changes nothing.
    if (res.headersSent || res.writableEnded) return
    // There is nobody to pass it on to.
    app.contextOf(req).arm = 'rage'
    fail(req, res, new RouteNotFoundError({ method: req.method!, path: pathname }))
  }

  const miss = (req: Request, res: Response, pathname: string): void => {
    app.logRequest(req, res)
    const context = app.contextOf(req)
    context.arm = 'rage'
    res.setHeader('X-Request-Id', context.requestId)
    const method = req.method!
    if (method === 'OPTIONS' && pathname === '*') return answerOptions(res, null)
    if (isMalformed(pathname)) return fail(req, res, new MalformedUrlError({ path: pathname }))
    const allowed = app.allowedMethods(pathname, routing, req)
    if (allowed.length === 0) return fail(req, res, new RouteNotFoundError({ method, path: pathname }))
    const allow = allowed.join(', ')
    if (method === 'OPTIONS') return answerOptions(res, allow)
    res.setHeader('Allow', allow)
    fail(req, res, new MethodNotAllowedError({ method, path: pathname, allow }))
  }

  const entry: Entry = (req: IncomingMessage, res: ServerResponse, next?: Done) =>
    // Node's objects, which take any property; their types do not say so.
    handle(req as Request, res as Response, next)
  host.adopt(entry)
  return entry
}

/** As Express 5 answers: the methods as header and as text. @param allow `null` = of the server as a whole. */
function answerOptions(res: Response, allow: string | null): void {
  res.statusCode = allow === null ? 204 : 200
  if (allow !== null) {
    res.setHeader('Allow', allow)
    res.setHeader('Content-Type', 'text/plain; charset=utf-8')
    res.setHeader('Content-Length', Buffer.byteLength(allow))
    res.setHeader('X-Content-Type-Options', 'nosniff')
    res.end(allow)
  } else res.end()
}

function isMalformed(pathname: string): boolean {
  if (!pathname.includes('%')) return false
  try {
    decodeURIComponent(pathname)
    return false
  } catch {
    return true
  }
}
