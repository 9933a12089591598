/**
 * Writes a finished body as Express's `res.send` would: type, length, ETag, 304 for a fresh copy, no body for
 * HEAD. Always through the response's current `setHeader` and `end`, which compression, session and logging
 * middlewares replace.
 */
import { isFresh } from './freshness'
import type { Request, Response, ResponseSettings } from './messages'

/** What an action rendered: complete, not yet written. */
export interface Rendered {
  readonly status: number
  /** `null` keeps the type that was set on the response, if any. */
  readonly contentType: string | null
  /** `null` = no body. */
  readonly body: string | Buffer | null
}

export function send(req: Request, res: Response, rendered: Rendered, settings: ResponseSettings): void {
  const { body, contentType } = rendered
  res.statusCode = rendered.status
  if (body === null) return sendEmpty(res)
  if (contentType !== null) res.setHeader('Content-Type', contentType)
  res.setHeader('Content-Length', typeof body === 'string' ? Buffer.byteLength(body) : body.length)
  if (settings.etag !== null && !res.hasHeader('ETag')) {
    const etag = settings.etag(body, 'utf8')
    if (etag !== undefined) res.setHeader('ETag', etag)
  }
  const { headers } = req
  if (headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined) {
    const isUnchanged = isFresh(headers, textHeader(res, 'ETag'), textHeader(res, 'Last-Modified'))
    if (isUnchanged && isCacheable(req, rendered.status)) res.statusCode = 304
  }
  const { statusCode } = res
  if (statusCode === 304 || statusCode === 204 || statusCode === 205) return sendEmpty(res)
  if (req.method === 'HEAD') res.end()
  else res.end(body, 'utf8')
}

/** A status without content carries no headers that describe content. */
function sendEmpty(res: Response): void {
  const { statusCode } = res
  if (statusCode === 204 || statusCode === 304) {
    res.removeHeader('Content-Type')
    res.removeHeader('Content-Length')
    res.removeHeader('Transfer-Encoding')
  } else {
    res.setHeader('Content-Length', '0')
  }
  res.end()
}

function isCacheable(req: Request, status: number): boolean {
  return (
    (req.method === 'GET' || req.method === 'HEAD') && ((status >= 200 && status < 300) || status === 304)
  )
}

function textHeader(res: Response, name: string): string | undefined {
  const value = res.getHeader(name)
  return typeof value === 'string' ? value : undefined
}
