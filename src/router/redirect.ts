/** `redirect('/new')` as the target of a route: sends clients of an old address to the new one. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { BadRedirectError } from './errors'

const statuses = [301, 302, 303, 307, 308]

/**
 * A handler that redirects: `r.get('/stories/:slug', redirect('/articles/:slug'))`.
 *
 * @param to      a path or an absolute address; `:name` and `*name` in its path stand for the route's parameters.
 * @param options `status`: 301 (default), 302, 303, 307 or 308. 301 and 308 are kept by browsers.
 * @throws BadRedirectError
 */
export function redirect(
  to: string,
  options: { readonly status?: 301 | 302 | 303 | 307 | 308 } = {},
): (req: IncomingMessage, res: ServerResponse) => void {
  const { status = 301 } = options
  if (typeof to !== 'string' || !/^(?:\/|https?:\/\/[^/]+)/.test(to) || !/^[\x21-\x7e]+$/.test(to)) {
    throw new BadRedirectError({ given: to, reason: 'is neither a path nor an absolute http address' })
  }
  if (!statuses.includes(status))
    throw new BadRedirectError({ given: status, reason: 'is no status of a redirect' })
  const [, origin, path] = /^(https?:\/\/[^/]+)?(.*)$/.exec(to) as unknown as [
    string,
    string | undefined,
    string,
  ]
  const redirecting = (req: IncomingMessage, res: ServerResponse): void => {
    const { params = {} } = req as { params?: Readonly<Record<string, string>> }
    const filled = path.replace(/[:*]([A-Za-z_]\w*)/g, (_, name: string) => encoded(params[name] ?? ''))
    res.statusCode = status
    // A parameter must not lead to another host: "//host" and "/\host" are addresses of their own.
    res.setHeader(
      'Location',
      (origin ?? '') + (origin === undefined ? filled.replace(/^\/{2,}/, '/') : filled),
    )
    res.setHeader('Content-Length', '0')
    res.end()
  }
  Object.defineProperty(redirecting, 'name', { value: `redirect(${status}, ${inspect(to)})` })
  return redirecting
}

/** The slashes of a wildcard stay; everything else that means something in an address is escaped. */
function encoded(value: string): string {
  return value.split('/').map(encodeURIComponent).join('/')
}
