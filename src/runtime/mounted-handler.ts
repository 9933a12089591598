/**
 * What `app.use` of Express does around a handler below a path, for `r.mount`: `req.url` without the prefix,
 * `req.baseUrl` with it, and both as before once the handler passes the request on. An Express app also swaps the
 * prototypes of request and response; they are put back too.
 */
import type { Request, Response } from '../http'
import type { Done } from './host'

interface MountedRequest {
  readonly req: Request
  readonly res: Response
  /** The beginning of the raw path that matched, without a slash at its end. */
  readonly prefix: string
}

/** @returns what the handler gets as `next`, also for what it throws: puts everything back, once, and goes on. */
export function enterMount({ req, res, prefix }: MountedRequest, done: Done): Done {
  const { url = '/', baseUrl, params } = req
  const prototypes = [Object.getPrototypeOf(req), Object.getPrototypeOf(res)] as const
  const origin = originOf(url)
  const below = url.slice(origin.length + prefix.length)
  // As Express: `http://host` is an address without a slash too.
  const isSlashAdded = origin === '' && !below.startsWith('/')
  req.originalUrl ??= url
  req.baseUrl = (typeof baseUrl === 'string' ? baseUrl : '') + prefix
  req.url = isSlashAdded ? `/${below}` : origin + below
  let isOver = false
  return (error) => {
    if (isOver) return
    isOver = true
    if (Object.getPrototypeOf(req) !== prototypes[0]) Object.setPrototypeOf(req, prototypes[0])
    if (Object.getPrototypeOf(res) !== prototypes[1]) Object.setPrototypeOf(res, prototypes[1])
    // What the handler rewrote stays rewritten, below the prefix.
    const current = req.url ?? '/'
    const host = originOf(current)
    const rest = current.slice(host.length)
    req.url = host + prefix + (isSlashAdded && rest.startsWith('/') ? rest.slice(1) : rest)
    if (baseUrl === undefined) delete req.baseUrl
    else req.baseUrl = baseUrl
    req.params = params
    done(error)
  }
}

/** `http://host` of a proxy request in absolute form (`GET http://host/path`), else nothing. */
function originOf(url: string): string {
  return /^https?:\/\/[^/?]*/i.exec(url)?.[0] ?? ''
}
